"""The hour in DuckDB: tables `flashes`, `groups`, `events` and the ledger `granules`.

Each hour replaces what the database held of it in one transaction, so running it again changes nothing and
a killed run leaves the old hour or the new one. The database is open only for that moment; whoever else holds
it is waited for, and named if it takes too long.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from lightning_eda.assets.catalog import LIGHTNING, OWNERS, about
from lightning_eda.assets.ingestor.transform import transform
from lightning_eda.checks.lightning import COORDINATES_IN_RANGE, IDS_ARE_UNIQUE, check_coordinates, check_ids
from lightning_eda.glm.origin import source_text
from lightning_eda.glm.paths import HourFolders
from lightning_eda.partitions import hourly, one_run, partition_key, run_window
from lightning_eda.reporting import PartitionReport, file_link, preview, report_partitions, retried_failures
from lightning_eda.resources import DataFolderResource, GlmResource, PinResource, WarehouseResource
from lightning_eda.series import GRANULES, HOUR, TIER_TABLES
from lightning_eda.storage.lock import sole_use

if TYPE_CHECKING:
    import pyarrow as pa

    from lightning_eda.glm.transform.hour import HourSeries
    from lightning_eda.warehouse.queries import Integrity
    from lightning_eda.warehouse.writing.hour import LoadResult

# What fits into the page; "Columns" has them all.
SHOWN = ["flash_id", "flash_time_of_first_event", "flash_lat", "flash_lon", "flash_energy", "flash_area"]


@dg.asset(
    group_name="ingestor",
    code_version="1",
    description=__doc__,
    owners=OWNERS,
    tags=LIGHTNING,
    metadata=about(*TIER_TABLES.values(), GRANULES),
    partitions_def=hourly,
    backfill_policy=one_run,
    kinds={"duckdb"},
    deps=[transform],
    check_specs=[IDS_ARE_UNIQUE, COORDINATES_IN_RANGE],
    pool="duckdb",
)
def load(
    context: dg.AssetExecutionContext,
    glm: GlmResource,
    pin: PinResource,
    folders: DataFolderResource,
    warehouse: WarehouseResource,
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """See the module."""
    from lightning_eda.glm.transform.hour import read_hour_series
    from lightning_eda.warehouse.writing.hour import replace_hour

    database = warehouse.file()
    reports, findings = [], []
    with retried_failures(context):
        for hour in run_window(context, pin.pin()).hours():
            begin = time.monotonic()
            place = HourFolders(folders.folder(), glm.bucket_name(), hour)
            with sole_use(place.transform):
                series = read_hour_series(place)
                paths = {table: file.path for table, file in series.files.items()}
                result = replace_hour(database, hour, series.satellites, paths, now=datetime.now(UTC))
            found, flashes = _read_back(database, hour, _reported(series))
            findings.append(found)
            reports.append(_report(series, result, found, flashes, database, time.monotonic() - begin))
            for warning in _warnings(series, result):
                context.log.warning(warning)
    return report_partitions(context, reports, [check_ids(findings), check_coordinates(findings)])


def _read_back(
    database: Path, hour: datetime, satellites: tuple[str, ...] | None
) -> tuple["Integrity", "pa.Table"]:
    """What is wrong in the hour, and its first flashes."""
    from lightning_eda.warehouse.queries import flash_rows_preview, integrity, reading

    with reading(database) as opened:
        found = integrity(opened, hour, hour + HOUR, satellites)
        return found, flash_rows_preview(opened, hour, hour + HOUR, satellites=satellites)


def _report(
    series: "HourSeries",
    result: "LoadResult",
    found: "Integrity",
    flashes: "pa.Table",
    database: Path,
    seconds: float,
) -> PartitionReport:
    # A tier that was not asked for is told only where rows of it are left.
    asked = {tier: counts for tier, counts in found.tiers.items() if tier in series.files or counts.rows}
    rows = {f"rows_{tier}": counts.rows for tier, counts in asked.items()}
    return PartitionReport(
        partition_key(result.hour),
        {
            "dagster/row_count": sum(rows.values()),
            **rows,
            "rows_granules": found.granules,
            "rows_replaced": sum(result.replaced.values()),
            "locked_seconds": round(result.locked_seconds, 3),
            "seconds": round(seconds, 3),
        },
        {
            "changed": result.changed,
            "status": _status(series),
            "source": source_text(series.store, series.folders.extract),
            "database": file_link(database),
            "flashes": preview(flashes.select(SHOWN)),
        },
    )


def _reported(series: "HourSeries") -> tuple[str, ...] | None:
    """Whose rows to report: those replaced; None, all, where the source is not known and all stayed."""
    return series.satellites if series.source_known else None


def _status(series: "HourSeries") -> str:
    """What was loaded, in a word or a sentence."""
    if sum(series.statuses.values()):
        return "loaded"
    if series.source_known:
        return "empty: no granule was found"
    return f"nothing of the product is in {series.store}, so nothing was replaced: is it the right place?"


def _warnings(series: "HourSeries", result: "LoadResult") -> Iterator[str]:
    """What a person should look at: an unknown place, or granules that the source does not have any more."""
    if not series.source_known:
        yield f"{result.hour:%Y-%m-%dT%HZ}: {_status(series)}"
    before, now = result.replaced["granules"], result.rows["granules"]
    if now < before:
        yield (
            f"{result.hour:%Y-%m-%dT%HZ}: {before - now} of {before} granules that were loaded are not in "
            f"{series.store} any more, so their rows were taken out"
        )
