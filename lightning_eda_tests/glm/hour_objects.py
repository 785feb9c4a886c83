"""Objects of one hour under the bucket's layout: true names, random bytes behind the HDF5 signature."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from lightning_eda.glm.hdf5.limits import HDF5_SIGNATURE
from lightning_eda.glm.names import GranuleName, hour_prefix
from lightning_eda.storage.backoff import Backoff

HOUR = datetime(2022, 12, 31, 5, tzinfo=UTC)
PREFIX = hour_prefix(HOUR)


def quick_backoff() -> Backoff:
    """The product's number of tries with short, seeded pauses."""
    return Backoff(first_s=0.005, longest_s=0.02, random=Random(7))


def granule_file(slot: int, satellite: str = "G18", created_s: float = 22.0, hour: datetime = HOUR) -> str:
    """The file name of the granule that starts at 20 s times `slot` in the hour."""
    start = hour + timedelta(seconds=20 * slot)
    end, created = start + timedelta(seconds=20), start + timedelta(seconds=created_s)
    return str(GranuleName(satellite, start, end, created))


def granule_bytes(seed: int, size: int = 3000) -> bytes:
    """Bytes that begin like an HDF5 file."""
    return HDF5_SIGNATURE + Random(seed).randbytes(size - len(HDF5_SIGNATURE))


def hour_objects(count: int, size: int = 3000) -> dict[str, bytes]:
    """The first `count` granules of the hour: bytes by key."""
    return {PREFIX + granule_file(slot): granule_bytes(slot, size) for slot in range(count)}


def files_in(folder: Path) -> dict[str, bytes]:
    """The bytes of every granule file in a folder, by name."""
    return {path.name: path.read_bytes() for path in folder.glob("*.nc")}


def by_name(objects: dict[str, bytes]) -> dict[str, bytes]:
    """The same objects by file name."""
    return {key.rpartition("/")[2]: data for key, data in objects.items()}
