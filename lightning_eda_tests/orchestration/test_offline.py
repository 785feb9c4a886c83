"""Nothing needs a network but real buckets: no asset, and no process that an asset starts, asks for one."""

import gzip
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from itertools import combinations
from pathlib import Path

import pytest

from lightning_eda.settings import CsvSettings, DistanceSettings
from lightning_eda_tests.support.hours import simulate
from lightning_eda_tests.warehouse.detections import store

DAY = "2024-07-01"
# Python runs a file of this name first in every process: it notes the process, and refuses it the network.
SITECUSTOMIZE = """
import os, socket, sys

def note(word, text):
    with open(os.environ["NETWORK_NOTES"], "a") as notes:
        notes.write(f"{word} {text!r}\\n")

def refuse(event, arguments):
    reaches_out = event in {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo",
                            "socket.gethostbyname", "socket.gethostbyaddr"}
    if reaches_out or event == "socket.__new__" and arguments[1] in {socket.AF_INET, socket.AF_INET6}:
        note("asked", (event, *map(str, arguments[1:])))
        raise RuntimeError(f"no network here: {event}")

note("started", sys.orig_argv)
sys.addaudithook(refuse)
"""


class Notes:
    """What the processes of a test did.

    Attributes:
        asked: Each request for a network.
        started: The command line of each process that was started.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._asked_here: list[str] = []
        file.touch()

    def refuse(self, *arguments: object, **_: object) -> None:
        self._asked_here.append(str(arguments))
        raise AssertionError(f"the network was asked for {arguments}")

    @property
    def asked(self) -> list[str]:
        return self._asked_here + self._lines("asked ")

    @property
    def started(self) -> list[str]:
        return self._lines("started ")

    def _lines(self, word: str) -> list[str]:
        return [line for line in self.file.read_text().splitlines() if line.startswith(word)]


@pytest.fixture
def blocked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_idle_decoder: None) -> Notes:
    """No address can be looked up or connected to, here and in every Python process started from here."""
    notes = Notes(tmp_path / "network_notes")
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "sitecustomize.py").write_text(SITECUSTOMIZE)
    monkeypatch.setenv("NETWORK_NOTES", str(notes.file))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "first"), prepend=os.pathsep)
    monkeypatch.setattr(socket, "getaddrinfo", notes.refuse)
    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, notes.refuse)
    return notes


@pytest.fixture
def no_network(blocked: Notes) -> Iterator[Notes]:
    """As `blocked`; the test fails if anything asked, also when whoever asked went on without."""
    yield blocked
    assert blocked.asked == []


@pytest.mark.parametrize(
    "attempt",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import socket; socket.socket(socket.AF_INET)",
        "import urllib.request; urllib.request.urlopen('http://localhost:9')",
    ],
)
def test_a_process_started_here_has_no_network(blocked: Notes, attempt: str):
    """The block that the other tests rest on is real."""
    done = subprocess.run([sys.executable, "-c", attempt], stderr=subprocess.PIPE, text=True, check=False)
    assert "RuntimeError: no network here" in done.stderr
    assert len(blocked.asked) == len(blocked.started) == 1


def test_this_process_has_no_network(blocked: Notes):
    """Neither by name nor by number."""
    for address in ("localhost", "127.0.0.1"):
        with pytest.raises(AssertionError, match="the network was asked for"):
            socket.create_connection((address, 9))
    assert len(blocked.asked) == 2


@pytest.mark.slow
def test_an_hour_ends_in_a_report(tmp_path, settings, run, no_network: Notes):
    """From an archive folder to the maps; the decoder's process is one of those without a network."""
    simulate(tmp_path / "archive")
    few = {"ops": {"kmeans_cluster": {"config": {"k_max": 4, "n_init": 2}}}}
    assert run(settings(), "2024-07-01-20:00", few, group=None).success
    assert any("glm.transform.child" in line for line in no_network.started)


@pytest.mark.slow
def test_a_day_ends_in_storm_cells(tmp_path, settings, run, no_network: Notes):
    """Pairs, cells and their map, in the folder that stands in for a bucket."""
    made, start = settings(), datetime(2024, 7, 1, 20)
    (tmp_path / "data").mkdir()
    rows = [
        {"granule_start": start, "flash_id": number, "flash_time_of_first_event": start, "flash_lat": 10.0}
        for number in range(6)
    ]
    store(Path(made.duckdb_path), flashes=rows)
    assert run(made, DAY, group="storm_cells").success
    assert (tmp_path / "data" / "bucket" / "storm_cells" / f"day={DAY}" / "clusters.csv.gz").exists()


def test_distances_in_a_folder_end_in_clusters(tmp_path, settings, run, no_network: Notes):
    """BUCKET with a slash in it."""
    folder = tmp_path / "bucket" / "in" / f"day={DAY}"
    folder.mkdir(parents=True)
    rows = "".join(f"{a},{b},0.1\n" for a, b in combinations("abcdef", 2))
    (folder / "pairs.csv.gz").write_bytes(gzip.compress(rows.encode()))
    chosen = DistanceSettings(bucket=str(tmp_path / "bucket"), input_folder="in", output_folder="out")
    assert run(settings(distances=chosen), DAY, group="distance_clustering").success
    assert (tmp_path / "bucket" / "out" / f"day={DAY}" / "clusters.csv.gz").exists()


def test_a_csv_in_a_folder_becomes_a_partition(tmp_path, settings, run, no_network: Notes):
    """CSV_BUCKET_SRC and CSV_BUCKET_DSTN with a slash in them, and no Glue table."""
    folder = tmp_path / "uploads" / "incoming" / "20240701"
    folder.mkdir(parents=True)
    (folder / "orders.csv").write_text("id,amount\n1,2.5\n")
    (tmp_path / "lake").mkdir()
    chosen = CsvSettings(
        bucket_src=str(tmp_path / "uploads"),
        prefix="incoming",
        substr="orders",
        bucket_dstn=str(tmp_path / "lake"),
        pathoutput="tables/orders",
    )
    assert run(settings(csv=chosen), DAY, group="s3_tables").success
    assert len(list((tmp_path / "lake" / "tables" / "orders" / "data_ref=20240701").glob("*.parquet"))) == 1
