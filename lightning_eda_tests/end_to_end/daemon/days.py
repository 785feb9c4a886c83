"""Days of small simulated hours, some of them with a fault, and what the database must hold of them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lightning_eda.glm.transform.decoder import Decoder
from lightning_eda.glm.transform.hour import read_hour_series, write_hour_series
from lightning_eda.partitions import partition_key
from lightning_eda.warehouse.writing.hour import replace_hour
from lightning_eda_tests.support.hours import HOUR, fetch_again, simulate

DAY = HOUR.replace(hour=0)
GRANULES = 2
NO_FLASHES, DAMAGED, MISSING = (3, 15), 11, 7  # hours of each day
HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


def hours_of(days: int) -> list[datetime]:
    """The hours of some days, from DAY on."""
    return [DAY + timedelta(hours=hour) for hour in range(24 * days)]


def keys_of(days: int) -> list[str]:
    """Their partition keys."""
    return [partition_key(hour) for hour in hours_of(days)]


def simulate_days(archive: Path, days: int) -> None:
    """Granules of each hour: two hours of a day see no flash, one has a cut file, one has no folder."""
    for hour in hours_of(days):
        if hour.hour in NO_FLASHES:
            simulate(archive, hour, GRANULES, faults=[("empty", 0), ("empty", 1)])
        elif hour.hour == DAMAGED:
            simulate(archive, hour, GRANULES, faults=[("truncated", 1)])
        elif hour.hour != MISSING:
            simulate(archive, hour, GRANULES)


def ingest_serially(place: Path, days: int) -> Path:
    """Takes the hours of `place/archive` one after the other, without Dagster; the database."""
    database = place / "serial.duckdb"
    with Decoder() as decoder:
        for hour in hours_of(days):
            extraction = fetch_again(place, hour)
            write_hour_series(extraction, ("flash",), decoder)
            series = read_hour_series(extraction.folders)
            paths = {table: file.path for table, file in series.files.items()}
            replace_hour(database, hour, series.satellites, paths, datetime.now(UTC))
    return database


@contextmanager
def held(database: Path) -> Iterator[None]:
    """A foreign program that has the database open, as a notebook would."""
    database.parent.mkdir(parents=True, exist_ok=True)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdin and holder.stdout
        assert holder.stdout.readline() == b"held\n"
        try:
            yield
        finally:
            holder.stdin.close()
            holder.wait(30)
