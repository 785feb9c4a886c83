"""Simulated hours on disk, for tests of what comes after extract."""

from datetime import UTC, datetime
from pathlib import Path

from lightning_eda.glm.extract.record import Extraction
from lightning_eda.glm.extract.source import fetch_hour
from lightning_eda.glm.paths import HourFolders
from lightning_eda.simulator import Activity, simulate_hour
from lightning_eda.storage.folder import FolderStore

HOUR = datetime(2024, 7, 1, 20, tzinfo=UTC)
KEY = f"{HOUR:%Y-%m-%d-%H:%M}"
BUCKET = "noaa-goes18"
FEW = Activity(flashes_per_granule=6.0)


def simulate(
    archive: Path, hour: datetime = HOUR, granules: int = 4, faults=(), seed: int = 5, satellite="G18"
):
    """A few small granules of an hour in an archive folder."""
    return simulate_hour(archive, satellite, hour, seed, granules=granules, faults=list(faults), activity=FEW)


def fetched(tmp_path: Path, hour: datetime = HOUR, **options) -> Extraction:
    """The extraction of a simulated hour."""
    simulate(tmp_path / "archive", hour, **options)
    return fetch_again(tmp_path, hour)


def fetch_again(tmp_path: Path, hour: datetime = HOUR) -> Extraction:
    """The extraction of what the archive holds now."""
    return fetch_hour(FolderStore(tmp_path / "archive"), HourFolders(tmp_path / "data", BUCKET, hour))
