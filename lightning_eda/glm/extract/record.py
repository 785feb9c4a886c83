"""What `extract` found and fetched for one hour, and its record on disk, `extract.json`."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lightning_eda.errors import GranuleNameError, StorageError
from lightning_eda.glm.names import GRANULE_S, GRANULES_PER_HOUR, GranuleName
from lightning_eda.glm.paths import HourFolders
from lightning_eda.storage.atomic import storage_error, write_atomic

MANIFEST = "extract.json"
MANIFEST_FORMAT = 1
COUNTS = ("unrecognised", "superseded", "vanished", "fetched", "bytes_fetched", "requests")


@dataclass(frozen=True)
class FetchedGranule:
    """One granule on disk.

    Attributes:
        file: File name, in the extract folder or, when rejected, in the quarantine folder.
        key: Key of the object it came from.
        size: Bytes.
        etag: The object's version mark.
        md5: MD5 of the bytes on disk, hex.
        rejected: Why the bytes are not a granule; None when nothing speaks against them yet.
    """

    file: str
    key: str
    size: int
    etag: str
    md5: str
    rejected: str | None = None

    @property
    def name(self) -> GranuleName:
        """The facts its name states."""
        return GranuleName.parse(self.file)


@dataclass(frozen=True)
class Extraction:
    """The granules of one hour as fetched.

    Attributes:
        folders: Where the hour lies.
        store: Where the granules come from, for people.
        granules: In name order, the rejected ones included.
        unrecognised: Objects under the hour's prefix that are no granule of it.
        superseded: Granules that lost to a newer file of the same satellite and start.
        vanished: Objects that were gone when they were to be read.
        fetched: Granules read from the store this time; the others were already there.
        bytes_fetched: Bytes of those.
        requests: Requests sent this time, listing and retries included.
        source_known: False when nothing at all of the product is there, so that the hour may not be empty
            but the address wrong: then nothing is removed on account of it, here or in the database.
    """

    folders: HourFolders
    store: str
    granules: tuple[FetchedGranule, ...]
    unrecognised: int = 0
    superseded: int = 0
    vanished: int = 0
    fetched: int = 0
    bytes_fetched: int = 0
    requests: int = 0
    source_known: bool = True

    @property
    def found(self) -> int:
        """Granules on disk, the rejected ones included."""
        return len(self.granules)

    @property
    def already_there(self) -> int:
        """Granules that an earlier run had fetched and that are still right."""
        return self.found - self.fetched

    @property
    def rejected(self) -> tuple[FetchedGranule, ...]:
        """Granules whose bytes are in quarantine."""
        return tuple(granule for granule in self.granules if granule.rejected is not None)

    @property
    def size_bytes(self) -> int:
        """Bytes of all granules."""
        return sum(granule.size for granule in self.granules)

    @property
    def satellites(self) -> tuple[str, ...]:
        """The satellites in the names, sorted."""
        return tuple(sorted({granule.name.satellite for granule in self.granules}))

    @property
    def expected(self) -> int:
        """Granules of a complete hour: 180 for each satellite found, and for none."""
        return GRANULES_PER_HOUR * max(len(self.satellites), 1)

    @property
    def gaps(self) -> tuple[datetime, ...]:
        """The 20 s starts, aware UTC, that a satellite of the hour has no granule for, in order."""
        step = timedelta(seconds=GRANULE_S)
        hour = self.folders.hour
        names = [granule.name for granule in self.granules]
        seen = [
            {(name.start - hour) // step for name in names if name.satellite == satellite}
            for satellite in self.satellites
        ]
        full = set.intersection(*seen) if seen else set()
        return tuple(hour + slot * step for slot in range(GRANULES_PER_HOUR) if slot not in full)

    def path(self, granule: FetchedGranule) -> Path:
        """Where a granule's bytes are."""
        folder = self.folders.extract if granule.rejected is None else self.folders.quarantine
        return folder / granule.file


def write_extraction(extraction: Extraction, complete: bool = True) -> None:
    """Writes the record of an hour.

    Args:
        extraction: What to record.
        complete: False when objects are still missing; such a record only spares the next run its reads.

    Raises:
        StorageError: The folder cannot be written.
    """
    record = {
        "format": MANIFEST_FORMAT,
        "complete": complete,
        "hour": extraction.folders.hour.astimezone(UTC).isoformat(),
        **{name: getattr(extraction, name) for name in ("store", "source_known", *COUNTS)},
    }
    lines = ",\n".join(json.dumps(vars(granule)) for granule in extraction.granules)
    text = f'{json.dumps(record)[:-1]},\n"granules": [\n{lines}\n]}}\n'
    write_atomic(extraction.folders.extract / MANIFEST, text.encode())


def read_extraction(folders: HourFolders) -> Extraction:
    """The record that `extract` left for an hour.

    Raises:
        StorageError: There is none, it is damaged, or the hour was not completely fetched.
    """
    path = folders.extract / MANIFEST
    extraction, complete = _parse(folders, path)
    if not complete:
        raise StorageError(f"{path} says that objects are still missing: run extract for this hour again")
    return extraction


def known_granules(folders: HourFolders) -> dict[str, FetchedGranule]:
    """What earlier runs recorded, by file name; empty when there is no readable record."""
    try:
        extraction, _ = _parse(folders, folders.extract / MANIFEST)
    except StorageError:
        return {}  # without a record every file is judged by its listing alone
    return {granule.file: granule for granule in extraction.granules}


def _parse(folders: HourFolders, path: Path) -> tuple[Extraction, bool]:
    try:
        record: dict[str, Any] = json.loads(path.read_bytes())
        granules = tuple(FetchedGranule(**fields) for fields in record["granules"])
        for granule in granules:
            GranuleName.parse(granule.file)
        if record["format"] != MANIFEST_FORMAT or datetime.fromisoformat(record["hour"]) != folders.hour:
            raise ValueError("it is of another hour or another version")
        counts = {name: int(record[name]) for name in COUNTS}
        known = record["source_known"] is True
        extraction = Extraction(folders, str(record["store"]), granules, **counts, source_known=known)
        return extraction, record["complete"] is True
    except FileNotFoundError as error:
        raise StorageError(f"{path} is absent: run extract for this hour first") from error
    except OSError as error:
        raise storage_error(path, error) from error
    except (ValueError, KeyError, TypeError, GranuleNameError) as error:
        raise StorageError(f"{path} is damaged ({error}): run extract for this hour again") from error
