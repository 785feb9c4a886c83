"""Nothing needs a network but real buckets."""

import socket

import pytest

from lightning_eda_tests.hours import simulate


@pytest.fixture
def no_sockets(monkeypatch):
    """Any attempt to reach another machine, or to look one up, fails the test."""

    def refuse(*arguments, **_):
        raise AssertionError(f"the network was asked for {arguments}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_an_hour_ends_in_a_report_without_a_network(tmp_path, settings, run, no_sockets):
    """From an archive folder to the maps."""
    simulate(tmp_path / "archive")
    few = {"ops": {"kmeans_cluster": {"config": {"k_max": 4, "n_init": 2}}}}
    assert run(settings(), "2024-07-01-20:00", few, group=None).success
