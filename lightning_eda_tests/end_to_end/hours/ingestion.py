"""A process that takes one hour from S3 into DuckDB, as the three assets do, and can be killed on the way."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from lightning_eda.glm.extract.record import read_extraction
from lightning_eda.glm.extract.source import fetch_hour
from lightning_eda.glm.paths import HourFolders
from lightning_eda.glm.transform.decoder import Decoder
from lightning_eda.glm.transform.hour import read_hour_series, write_hour_series
from lightning_eda.storage.backoff import Backoff
from lightning_eda.storage.s3.store import S3Store
from lightning_eda.warehouse.writing.hour import replace_hour
from lightning_eda_tests.support.hours import BUCKET, HOUR
from lightning_eda_tests.support.processes import new_process, pipe

STEPS = ("extract", "transform", "load")
TIERS = ("flash", "group", "event")


@dataclass(frozen=True)
class Place:
    """Where the granules come from, and where an ingestion writes.

    Attributes:
        endpoint_url: The S3 server.
        bucket: The bucket on it.
        root: A folder of this ingestion alone.
    """

    endpoint_url: str
    bucket: str
    root: Path

    @property
    def folders(self) -> HourFolders:
        """The hour's folders."""
        return HourFolders(self.root / "data", BUCKET, HOUR)

    @property
    def database(self) -> Path:
        """The database file."""
        return self.root / "db" / "lightning.duckdb"

    def store(self) -> S3Store:
        """The bucket, with the product's number of tries and shorter pauses."""
        return S3Store(
            self.bucket, endpoint_url=self.endpoint_url, region="us-east-1", backoff=Backoff(first_s=0.01)
        )

    def extract(self) -> None:
        """As the asset."""
        fetch_hour(self.store(), self.folders, backoff=Backoff(first_s=0.01))

    def transform(self) -> None:
        """As the asset."""
        with Decoder() as decoder:
            write_hour_series(read_extraction(self.folders), TIERS, decoder)

    def load(self) -> None:
        """As the asset."""
        series = read_hour_series(self.folders)
        paths = {table: file.path for table, file in series.files.items()}
        replace_hour(self.database, HOUR, series.satellites, paths, datetime.now(UTC))


class IngestingProcess:
    """A process that ingests once it is told to, and says when it begins a step.

    Args:
        place: From where to where.
    """

    def __init__(self, place: Place) -> None:
        self._ours, theirs = pipe()
        self.process = new_process(_ingest_when_told, theirs, place, daemon=True)
        self.process.start()
        theirs.close()
        self._expect("ready")

    def run_to(self, step: str) -> None:
        """Lets it run until it begins a step."""
        self._ours.send("go")
        for name in STEPS[: STEPS.index(step) + 1]:
            self._expect(name)

    def finish(self) -> dict[str, float]:
        """Lets it run to its end, which must be a good one; seconds of each step."""
        self._ours.send("go")
        seconds = {}
        for step in STEPS:
            self._expect(step)
            begin = time.perf_counter()
            assert self._ours.poll(60)
            seconds[step] = time.perf_counter() - begin
        self._expect("done")
        self.process.join()
        assert self.process.exitcode == 0
        return seconds

    def kill(self) -> list[int]:
        """Ends it with SIGKILL, wherever it is; the ids of the processes it leaves behind."""
        children = children_of(self.process.pid)
        self.process.kill()
        self.process.join()
        self._ours.close()
        return children

    def _expect(self, word: str) -> None:
        assert self._ours.poll(60), f"it did not come to {word}"
        assert self._ours.recv() == word


def children_of(pid: int | None) -> list[int]:
    """Ids of the direct children of a process; empty where the system does not show them."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in lists for child in path.read_text().split()]


def is_running(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


def _ingest_when_told(parent: Connection, place: Place) -> None:
    parent.send("ready")
    parent.recv()
    for step in STEPS:
        parent.send(step)
        getattr(place, step)()
    parent.send("done")
