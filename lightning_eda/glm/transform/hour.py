"""From the granules of an hour to its series: decode, quarantine what cannot be trusted, record the rest.

The record, series.json, is written last and holds size and hash of each CSV, so that `load` can tell an hour
that is finished from one whose writer was killed.
"""

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from lightning_eda.errors import SeriesError
from lightning_eda.glm.extract.fetch import REASON_SUFFIX
from lightning_eda.glm.extract.record import Extraction, FetchedGranule
from lightning_eda.glm.granule import GranuleHeader
from lightning_eda.glm.paths import HourFolders
from lightning_eda.glm.transform.csv_files import LEDGER_COLUMNS, SeriesFile, write_ledger
from lightning_eda.glm.transform.decoder import Decoder
from lightning_eda.glm.transform.messages import HourRequest, Undecoded
from lightning_eda.series import GRANULES, TABLE_NAMES
from lightning_eda.series.tables import QUARANTINED, UNDECODED
from lightning_eda.storage.atomic import remove_file, remove_litter, storage_error, write_atomic
from lightning_eda.storage.lock import sole_use

RECORD = "series.json"
RECORD_FORMAT = 1
HEADER_COLUMNS = [field.name for field in fields(GranuleHeader) if field.name in LEDGER_COLUMNS]


@dataclass(frozen=True)
class HourSeries:
    """The series of one hour on disk.

    Attributes:
        folders: Where the hour lies.
        tiers: The tiers decoded.
        satellites: Whose hour it is: those found now or earlier in the same store, and the bucket's own.
        store: Where the granules come from, for people.
        source_known: False when nothing at all of the product is there.
        statuses: Number of granules of each status; "undecoded" only where there is one.
        orphans: Groups and events whose parents are not in their files, over all granules.
        quarantined: Name of each granule in quarantine, the undecoded ones included, and the reason.
        files: The CSVs by table name.
    """

    folders: HourFolders
    tiers: tuple[str, ...]
    satellites: tuple[str, ...]
    store: str
    source_known: bool
    statuses: dict[str, int]
    orphans: int
    quarantined: dict[str, str]
    files: dict[str, SeriesFile]

    @property
    def rows(self) -> dict[str, int]:
        """Rows of each tier's CSV by table name."""
        return {table: file.rows for table, file in self.files.items() if table != GRANULES.name}

    @property
    def size_bytes(self) -> int:
        """Bytes of all CSVs."""
        return sum(file.size_bytes for file in self.files.values())


def write_hour_series(
    extraction: Extraction, tiers: Iterable[str], decoder: Decoder, own_satellites: Collection[str] = ()
) -> HourSeries:
    """Decodes an hour and writes its CSVs, ledger and record.

    Args:
        extraction: The granules.
        tiers: The tiers to write.
        decoder: The process that decodes.
        own_satellites: Satellites the hour is of even when no granule of theirs was found, so that an hour
            that was emptied at its source is emptied here too.

    Raises:
        StorageError: The data folder cannot be written, or another run is at work in it for too long.
        DecoderError: The decoder does not work.
    """
    with sole_use(extraction.folders.transform):
        return _write(extraction, tuple(tiers), decoder, own_satellites)


def _write(
    extraction: Extraction, tiers: tuple[str, ...], decoder: Decoder, own_satellites: Collection[str]
) -> HourSeries:
    folders = extraction.folders
    granules = [granule for granule in extraction.granules if granule.rejected is None]
    paths = tuple(extraction.path(granule) for granule in granules)
    reply = decoder.decode(HourRequest(paths, folders.transform, tiers))
    outcomes: list[tuple[FetchedGranule, GranuleHeader | str]] = [
        (granule, granule.rejected) for granule in extraction.granules if granule.rejected is not None
    ]
    outcomes += zip(granules, reply.granules, strict=True)
    for granule, outcome in outcomes:
        _sort_out(folders, granule, outcome)
    ledger = write_ledger(folders.transform, [_ledger_row(*outcome) for outcome in outcomes])
    headers = [outcome for _, outcome in outcomes if isinstance(outcome, GranuleHeader)]
    statuses = Counter(header.status for header in headers)
    undecoded = sum(isinstance(outcome, Undecoded) for _, outcome in outcomes)
    statuses[QUARANTINED] = len(outcomes) - len(headers) - undecoded
    series = HourSeries(
        folders=folders,
        tiers=tiers,
        satellites=tuple(sorted({*extraction.satellites, *satellites_gone(extraction, own_satellites)})),
        store=extraction.store,
        source_known=extraction.source_known,
        statuses={
            **{status: statuses[status] for status in ("ok", "empty", "inconsistent", QUARANTINED)},
            **({UNDECODED: undecoded} if undecoded else {}),
        },
        orphans=sum(header.orphan_groups + header.orphan_events for header in headers),
        quarantined={granule.file: outcome for granule, outcome in outcomes if isinstance(outcome, str)},
        files={file.table: file for file in (ledger, *reply.files)},
    )
    _write_record(series)  # last: where the record is, all that it names is there
    return series


def read_hour_series(folders: HourFolders) -> HourSeries:
    """The series that `transform` left for an hour, with every CSV checked against the record.

    Raises:
        SeriesError: There is no record, or a CSV is not the one it was written for.
    """
    path = folders.transform / RECORD
    try:
        record: dict[str, Any] = json.loads(path.read_bytes())
        if record["format"] != RECORD_FORMAT or datetime.fromisoformat(record["hour"]) != folders.hour:
            raise ValueError("it is of another hour or another version")
        files = {
            file["table"]: SeriesFile(**{**file, "path": folders.transform / Path(file["path"]).name})
            for file in record["files"]
        }
        series = HourSeries(
            folders,
            tuple(record["tiers"]),
            tuple(record["satellites"]),
            record["store"],
            record["source_known"],
            record["statuses"],
            record["orphans"],
            record["quarantined"],
            files,
        )
    except FileNotFoundError as error:
        raise SeriesError(f"{path} is absent: run transform for this hour first") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SeriesError(f"{path} cannot be used ({error}): run transform for this hour again") from error
    for file in files.values():
        _require_unchanged(file)
    return series


def satellites_gone(extraction: Extraction, own_satellites: Collection[str]) -> set[str]:
    """Satellites whose granules of the hour may be gone from the source, and so go from database and grids.

    None where the source itself is in doubt.
    """
    if not extraction.source_known:
        return set()
    try:
        record = json.loads((extraction.folders.transform / RECORD).read_bytes())
        same_store = record["store"] == extraction.store
        found = {str(satellite) for satellite in record["satellites"]} if same_store else set()
    except (OSError, ValueError, KeyError, TypeError):
        found = set()  # the first time, or a record that is damaged
    return {*found, *own_satellites}


def _require_unchanged(file: SeriesFile) -> None:
    try:
        with file.path.open("rb") as data:
            digest = hashlib.file_digest(data, "sha256").hexdigest()
    except OSError as error:
        raise SeriesError(
            f"{file.path} cannot be read ({error}): run transform for this hour again"
        ) from error
    if digest != file.sha256:
        raise SeriesError(f"{file.path} is not as transform left it: run transform for this hour again")


def _write_record(series: HourSeries) -> None:
    folder = series.folders.transform
    stale = {f"{table}.csv" for table in TABLE_NAMES.values() if table not in series.files}
    record = {
        "format": RECORD_FORMAT,
        "hour": series.folders.hour.isoformat(),
        "tiers": series.tiers,
        "satellites": series.satellites,
        "store": series.store,
        "source_known": series.source_known,
        "statuses": series.statuses,
        "orphans": series.orphans,
        "quarantined": series.quarantined,
        "files": [{**vars(file), "path": file.path.name} for file in series.files.values()],
    }
    write_atomic(folder / RECORD, (json.dumps(record, indent=1) + "\n").encode())
    for name in stale:
        remove_file(folder / name)
    remove_litter(folder)


def _sort_out(folders: HourFolders, granule: FetchedGranule, outcome: GranuleHeader | str) -> None:
    """Puts a copy of a granule that cannot be trusted into quarantine with the reason; takes others out."""
    kept = folders.quarantine / granule.file
    reason_file = kept.with_name(kept.name + REASON_SUFFIX)
    if not isinstance(outcome, str):
        remove_file(kept)
        remove_file(reason_file)
        return
    if granule.rejected is not None:
        return  # `extract` put it there
    write_atomic(reason_file, f"{outcome}\n{granule.key}\n".encode())
    _link_or_copy(folders.extract / granule.file, kept)


def _link_or_copy(source: Path, target: Path) -> None:
    """The same bytes under another name, at no cost where the file system has hard links."""
    try:
        remove_file(target)
        with suppress(OSError):
            os.link(source, target)
            return
        shutil.copyfile(source, target)
    except OSError as error:
        raise storage_error(target, error) from error


def _ledger_row(granule: FetchedGranule, outcome: GranuleHeader | str) -> dict[str, Any]:
    name = granule.name
    row: dict[str, Any] = dict.fromkeys(LEDGER_COLUMNS)
    row |= {
        "satellite": name.satellite,
        "granule_start": name.start,
        "granule_end": name.end,
        "granule_created": name.created,
        "object_key": granule.key,
        "size_bytes": granule.size,
        "etag": granule.etag,
        "status": UNDECODED if isinstance(outcome, Undecoded) else QUARANTINED,
        "reason": outcome if isinstance(outcome, str) else None,
    }
    if isinstance(outcome, GranuleHeader):
        row |= {column: getattr(outcome, column) for column in HEADER_COLUMNS}
    return row
