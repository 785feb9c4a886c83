"""An hour of granules as files of the lake: what the assets and the workers of a cluster share.

`write_here` takes the series that `transform` left in the data folder; `do_hour` starts from the bucket, in a
folder of its own, and needs nothing but the package, S3 and scratch space.
"""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightning_eda.errors import ObjectNotFoundError, SeriesError
from lightning_eda.glm.extract.source import fetch_hour
from lightning_eda.glm.paths import HourFolders
from lightning_eda.glm.transform.decoder import Decoder
from lightning_eda.glm.transform.hour import HourSeries, write_hour_series
from lightning_eda.lake.hour import FRESH, HourFiles, write_hour
from lightning_eda.lake.layout import LEDGER, HourKey, LedgerName
from lightning_eda.lake.location import Lake
from lightning_eda.lake.snapshot import open_snapshot
from lightning_eda.series import GRANULES, HOUR, LOADED_AT, TABLES
from lightning_eda.storage.atomic import write_atomic
from lightning_eda.storage.object_store import ObjectStore
from lightning_eda.storage.scratch import scratch_folder
from lightning_eda.warehouse.database.memory import memory_database
from lightning_eda.warehouse.queries import Integrity, integrity
from lightning_eda.warehouse.span import utc_naive
from lightning_eda.warehouse.writing.series import read_series

if TYPE_CHECKING:
    import pyarrow as pa

RECORD = "lake.json"
SCRATCH = "lightning_eda"  # in the system's folder for temporary files: TMPDIR

Known = Mapping[HourKey, LedgerName]


@dataclass(frozen=True)
class HourTask:
    """All that a worker is told of an hour.

    Attributes:
        hour: Start of the hour, UTC.
        bucket: Name of the bucket, for the names of folders.
        store: Where the granules are.
        product: First part of their keys.
        tiers: The tiers to decode.
        own_satellites: As for `write_hour_series`.
        concurrency: Granules fetched at once.
        lake: Where the files go.
        known: What the lake holds of the hour.
        began: When the run began, aware; goes into `loaded_at`.
    """

    hour: datetime
    bucket: str
    store: ObjectStore
    product: str
    tiers: tuple[str, ...]
    own_satellites: tuple[str, ...]
    concurrency: int
    lake: Lake
    known: Known
    began: datetime


@dataclass(frozen=True)
class WrittenHour:
    """An hour whose files are in the lake's store, not committed yet.

    Attributes:
        series: What became of its granules; its folders may be gone.
        files: The files of each satellite.
        found: What the checks found in the rows.
        granules_fetched: Granules read from the bucket for it.
        fetched_bytes: Their bytes.
        seconds: How long it took.
    """

    series: HourSeries
    files: tuple[HourFiles, ...]
    found: Integrity
    granules_fetched: int = 0
    fetched_bytes: int = 0
    seconds: float = 0.0


def known_hours(lake: Lake, start: datetime, end: datetime) -> dict[HourKey, LedgerName]:
    """What the lake holds of the hours of a window."""
    snapshot = open_snapshot(lake, start, end)
    return snapshot.hours if snapshot else {}


def do_hour(task: HourTask) -> WrittenHour:
    """Fetches, decodes and writes an hour; what it leaves on the disk is gone when it returns.

    Raises:
        LightningEdaError: The hour cannot be fetched, decoded or written.
    """
    begin = time.monotonic()
    with scratch_folder(Path(tempfile.gettempdir()) / SCRATCH) as scratch, Decoder() as decoder:
        folders = HourFolders(scratch, task.bucket, task.hour)
        extraction = fetch_hour(task.store, folders, task.product, task.concurrency)
        series = write_hour_series(extraction, task.tiers, decoder, task.own_satellites)
        written = write_here(task.lake, series, task.known, task.began)
    return WrittenHour(
        written.series,
        written.files,
        written.found,
        extraction.fetched,
        extraction.bytes_fetched,
        round(time.monotonic() - begin, 3),
    )


def write_here(lake: Lake, series: HourSeries, known: Known, now: datetime) -> WrittenHour:
    """Writes the series of an hour as files of the lake; what is in it already is not written again.

    Raises:
        SeriesError: A CSV is not as `transform` left it.
        StorageError: The store of the lake cannot be written.
    """
    hour = series.folders.hour
    tables = {
        name: read_series(file.path, TABLES[name], hour, series.satellites)
        for name, file in series.files.items()
    }
    files = [
        write_hour(lake, key, _of_satellite(tables, key.satellite), known.get(key), now)
        for key in (HourKey(hour, satellite) for satellite in series.satellites)
    ]
    return WrittenHour(series, tuple(files), _checked(tables, hour, now))


def save_written(place: HourFolders, written: WrittenHour | str) -> None:
    """Leaves an hour, or why it failed, for `load`."""
    from pydantic import TypeAdapter

    adapter: TypeAdapter[Any] = TypeAdapter(WrittenHour | str)
    write_atomic(place.transform / RECORD, adapter.dump_json(written))


def read_written(place: HourFolders, lake: Lake, now: datetime) -> WrittenHour:
    """The hour that `transform` had the workers write.

    Raises:
        SeriesError: There is none, the hour failed, or a vacuum has taken its files since.
    """
    from pydantic import TypeAdapter

    path = place.transform / RECORD
    adapter: TypeAdapter[Any] = TypeAdapter(WrittenHour | str)
    try:
        written = adapter.validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise SeriesError(f"{path} cannot be used ({error}): run transform for this hour again") from error
    if not isinstance(written, WrittenHour):
        raise SeriesError(str(written))
    for hour in written.files:
        _require_files(lake, hour, now)
    return written


def _require_files(lake: Lake, hour: HourFiles, now: datetime) -> None:
    """SeriesError where files that were written long ago, and were never committed, are gone."""
    if hour.ledger is None or hour.ledger_file is None or now - hour.ledger.loaded_at < FRESH:
        return  # empty, or as it was in the lake, or too young for a vacuum
    for table, file in {**hour.tiers, LEDGER: hour.ledger_file}.items():
        try:
            lake.store.stat_object(lake.key(table, file.path))
        except ObjectNotFoundError as error:
            raise SeriesError(
                f"{lake.address(table)}/{file.path} is gone since transform wrote it: run transform for "
                f"{hour.key.text} again"
            ) from error


def _of_satellite(tables: Mapping[str, "pa.Table"], satellite: str) -> dict[str, "pa.Table"]:
    import pyarrow.compute as pc

    return {name: rows.filter(pc.equal(rows["satellite"], satellite)) for name, rows in tables.items()}


def _checked(tables: Mapping[str, "pa.Table"], hour: datetime, now: datetime) -> Integrity:
    """What the checks of `load` find in the rows."""
    import pyarrow as pa

    ledger = tables[GRANULES.name]
    moment = pa.repeat(pa.scalar(utc_naive(now), pa.timestamp("us")), ledger.num_rows)
    rows = {**tables, GRANULES.name: ledger.append_column(LOADED_AT, moment)}
    with memory_database({name: [table] for name, table in rows.items()}) as connection:
        return integrity(connection, hour, hour + HOUR)
