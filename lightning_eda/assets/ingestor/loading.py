"""Steps of `load`: the hours of a run, into the database or into the lake."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from lightning_eda.errors import LightningEdaError, SeriesError
from lightning_eda.glm.paths import HourFolders
from lightning_eda.partitions import is_range
from lightning_eda.reporting import PartitionReport
from lightning_eda.resources import DaskResource, LakeResource, WarehouseResource
from lightning_eda.series import FLASHES, GRANULES, HOUR, TABLES
from lightning_eda.storage.lock import sole_use
from lightning_eda.texts import named

if TYPE_CHECKING:
    import pyarrow as pa

    from lightning_eda.fleet.hour import WrittenHour
    from lightning_eda.glm.transform.hour import HourSeries
    from lightning_eda.lake.commit import Committed
    from lightning_eda.lake.location import Lake
    from lightning_eda.warehouse.queries import Integrity
    from lightning_eda.warehouse.writing.hour import LoadResult

HOURS_AT_ONCE = 24  # in one commit, and lost to a killed run at most


@dataclass(frozen=True)
class Loaded:
    """An hour that is loaded.

    Attributes:
        series: What became of its granules.
        result: What loading did.
        found: What the checks found.
        flashes: The first flashes.
        place: The database, or the lake.
        seconds: How long it took.
    """

    series: "HourSeries"
    result: "LoadResult"
    found: "Integrity"
    flashes: "pa.Table"
    place: str
    seconds: float


@dataclass
class FailedHours:
    """The hours that a cluster could not make; the others of the run are loaded all the same."""

    context: dg.AssetExecutionContext
    errors: dict[str, LightningEdaError] = field(default_factory=dict)

    def require_none(self, reports: Sequence[PartitionReport]) -> None:
        """Fails the run with a sentence for each hour that failed; what is loaded is reported before."""
        if not self.errors:
            return
        for report in reports if is_range(self.context) else []:
            # What a step logs is lost when it fails.
            self.context.instance.report_runless_asset_event(
                dg.AssetMaterialization(
                    self.context.asset_key,
                    metadata={**report.numbers, **report.details},
                    partition=report.partition,
                )
            )
        words = named([f"{hour}: {error}" for hour, error in self.errors.items()])
        hours = len(self.errors) + len(reports)
        raise dg.Failure(
            f"{len(self.errors)} of {hours} hours failed, the others are loaded. {words}", allow_retries=False
        )


def load_hours(
    lake: LakeResource,
    warehouse: WarehouseResource,
    dask: DaskResource,
    places: Sequence[HourFolders],
    failed: FailedHours,
) -> Iterator[Loaded]:
    """Loads hours where they belong; those that the workers of a cluster could not make are noted."""
    if lake.is_set() or dask.is_set():
        return _into_lake(lake, warehouse, dask, places, failed)
    return _into_database(warehouse, places)


def _into_database(warehouse: WarehouseResource, places: Sequence[HourFolders]) -> Iterator[Loaded]:
    """Replaces hours in the DuckDB file, each in a transaction of its own."""
    from lightning_eda.glm.transform.hour import read_hour_series
    from lightning_eda.warehouse.queries import flash_rows_preview, integrity, reading
    from lightning_eda.warehouse.writing.hour import replace_hour

    database = warehouse.file()
    for place in places:
        begin, hour = time.monotonic(), place.hour
        with sole_use(place.transform):
            series = read_hour_series(place)
            paths = {table: file.path for table, file in series.files.items()}
            result = replace_hour(database, hour, series.satellites, paths, now=datetime.now(UTC))
        satellites = reported(series)
        with reading(database) as opened:
            found = integrity(opened, hour, hour + HOUR, satellites)
            flashes = flash_rows_preview(opened, hour, hour + HOUR, satellites=satellites)
        yield Loaded(series, result, found, flashes, str(database), time.monotonic() - begin)


def _into_lake(
    lake: LakeResource,
    warehouse: WarehouseResource,
    dask: DaskResource,
    places: Sequence[HourFolders],
    failed: FailedHours,
) -> Iterator[Loaded]:
    """Commits hours to the lake, a day of them at once; those that the workers could not make are noted."""
    from lightning_eda.lake.commit import commit_hours
    from lightning_eda.warehouse.queries import flash_rows_preview

    target = lake.lake()
    for first in range(0, len(places), HOURS_AT_ONCE):
        begin = time.monotonic()
        written = list(_written(target, dask, places[first : first + HOURS_AT_ONCE], failed))
        committed = commit_hours(target, [file for one in written for file in one.files])
        seconds = (time.monotonic() - begin) / max(len(written), 1)
        for one in written:
            hour, satellites = one.series.folders.hour, reported(one.series)
            with lake.hours(warehouse, hour, hour + HOUR, (FLASHES.name,), satellites) as rows:
                flashes = flash_rows_preview(rows, hour, hour + HOUR)
            yield Loaded(
                one.series, _result(one, committed, seconds), one.found, flashes, target.describe(), seconds
            )


def reported(series: "HourSeries") -> tuple[str, ...] | None:
    """Whose rows to report: those replaced; None, all, where the source is not known and all stayed."""
    return series.satellites if series.source_known else None


def _written(
    lake: "Lake", dask: DaskResource, places: Sequence[HourFolders], failed: FailedHours
) -> Iterator["WrittenHour"]:
    """The hours as files in the store of the lake: made by the workers, or here from the CSVs."""
    from lightning_eda.fleet.hour import known_hours, read_written, write_here
    from lightning_eda.glm.transform.hour import read_hour_series

    known = {} if dask.is_set() else known_hours(lake, places[0].hour, places[-1].hour + HOUR)
    for place in places:
        with sole_use(place.transform):
            if not dask.is_set():
                yield write_here(lake, read_hour_series(place), known, datetime.now(UTC))
                continue
            try:
                yield read_written(place, lake, datetime.now(UTC))
            except SeriesError as error:
                failed.errors[f"{place.hour:%Y-%m-%dT%HZ}"] = error


def _result(one: "WrittenHour", committed: "Committed", seconds: float) -> "LoadResult":
    from lightning_eda.warehouse.writing.hour import LoadResult

    keys = [file.key for file in one.files]
    before = {table: sum(committed.replaced[key].get(table, 0) for key in keys) for table in TABLES}
    now = {name: tier.rows for name, tier in one.found.tiers.items()} | {GRANULES.name: one.found.granules}
    changed = bool(committed.changed & set(keys))
    return LoadResult(one.series.folders.hour, changed, now, before, seconds)
