"""The hour in DuckDB: tables `flashes`, `groups`, `events` and the ledger `granules`.

Each hour replaces what the database held of it in one transaction, so running it again changes nothing and
a killed run leaves the old hour or the new one. The database is open only for that moment; whoever else holds
it is waited for, and named if it takes too long. With LIGHTNING_LAKE the hours go into Delta tables there,
all that the run has in one commit, with the same promise.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from lightning_eda.assets.catalog import LIGHTNING, OWNERS, about
from lightning_eda.assets.ingestor.loading import FailedHours, Loaded, load_hours
from lightning_eda.assets.ingestor.transform import transform
from lightning_eda.checks.lightning import COORDINATES_IN_RANGE, IDS_ARE_UNIQUE, check_coordinates, check_ids
from lightning_eda.glm.origin import source_text
from lightning_eda.glm.paths import HourFolders
from lightning_eda.partitions import hourly, one_run, partition_key, run_window
from lightning_eda.reporting import PartitionReport, file_link, preview, report_partitions, retried_failures
from lightning_eda.resources import (
    DaskResource,
    DataFolderResource,
    GlmResource,
    LakeResource,
    PinResource,
    WarehouseResource,
)
from lightning_eda.series import GRANULES, TIER_TABLES

if TYPE_CHECKING:
    from lightning_eda.glm.transform.hour import HourSeries
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
    lake: LakeResource,
    dask: DaskResource,
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """See the module."""
    reports, findings = [], []
    with retried_failures(context):
        hours = run_window(context, pin.pin()).hours()
        places = [HourFolders(folders.folder(), glm.bucket_name(), hour) for hour in hours]
        failed = FailedHours(context)
        for loaded in load_hours(lake, warehouse, dask, places, failed):
            findings.append(loaded.found)
            reports.append(_report(loaded))
            for warning in _warnings(loaded.series, loaded.result):
                context.log.warning(warning)
        failed.require_none(reports)
    return report_partitions(context, reports, [check_ids(findings), check_coordinates(findings)])


def _report(loaded: Loaded) -> PartitionReport:
    series, result, found = loaded.series, loaded.result, loaded.found
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
            "seconds": round(loaded.seconds, 3),
        },
        {
            "changed": result.changed,
            "status": _status(series),
            "source": source_text(series.store, series.folders.extract),
            "database": file_link(loaded.place),
            "flashes": preview(loaded.flashes.select(SHOWN)),
        },
    )


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
    before, now = result.replaced[GRANULES.name], result.rows[GRANULES.name]
    if now < before:
        yield (
            f"{result.hour:%Y-%m-%dT%HZ}: {before - now} of {before} granules that were loaded are not in "
            f"{series.store} any more, so their rows were taken out"
        )
