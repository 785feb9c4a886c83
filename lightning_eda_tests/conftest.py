"""Fixtures shared by all tests."""

import atexit
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from lightning_eda.glm.transform.decoder import stop_idle
from lightning_eda_tests.servers.quick_clients import quicken_clients
from lightning_eda_tests.support.examples import register_profiles

SHARED = Path(__file__).parents[2] / "shared"
atexit.register(gc.unfreeze)  # libraries that count their objects at the end find them gone
gc.disable()  # until all tests are collected: a fifth of that time or less went by looking at what stays
register_profiles()
quicken_clients()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that wait for daemons, browsers and commands come first, so none is waited for at the end."""
    items.sort(key=lambda item: "/end_to_end/" not in item.nodeid)


def pytest_collection_finish() -> None:
    """What was imported stays: no test pays for looking at it again."""
    gc.freeze()
    gc.enable()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes make no id: packed ones hold the time, and two workers would collect different tests."""
    return argname if isinstance(val, bytes) else None


def shared_path(name: str) -> Path:
    """A folder of real data beside the repository; the test is skipped where it is absent."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"real data is not beside this checkout: no shared/{name}")
    return path


@pytest.fixture
def no_idle_decoder() -> Iterator[None]:
    """Decoder processes of the test are its own: none is there before, and none stays."""
    stop_idle()
    yield
    stop_idle()


@pytest.fixture(scope="session")
def granules_folder() -> Path:
    """Real granules, one file each."""
    return shared_path("granules")


@pytest.fixture(scope="session")
def references_folder() -> Path:
    """True values of the real granules, one Parquet file per granule and tier."""
    return shared_path("refs")


@pytest.fixture(scope="session")
def events_file() -> Path:
    """1.94 million real event positions."""
    return shared_path("data") / "g18_events_2024-10-01T00-06.parquet"
