"""Time and geo series of an hour: one CSV per tier, decoded from the granules.

Granules are decoded in a separate process. One that cannot be trusted goes to quarantine with its reason, and
into the ledger; the hour continues without it. Granules that can be read but have lost rows (orphans, counts
that disagree) are kept and counted. With DASK_SCHEDULER the workers of the cluster fetch and decode, and
write the files of the lake. Feeds `load`.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from lightning_eda.assets.catalog import LIGHTNING, OWNERS, about
from lightning_eda.assets.ingestor.extract import extract
from lightning_eda.assets.ingestor.on_workers import write_on_workers
from lightning_eda.checks.lightning import (
    NO_GRANULE_QUARANTINED,
    PARENTS_RESOLVE,
    check_no_granule_quarantined,
    check_parents_resolve,
)
from lightning_eda.glm.paths import HourFolders
from lightning_eda.glm.windows import Window
from lightning_eda.partitions import hourly, one_run, partition_key, run_window
from lightning_eda.reporting import Metadata, PartitionReport, file_link, report_partitions, retried_failures
from lightning_eda.resources import DaskResource, DataFolderResource, GlmResource, LakeResource, PinResource
from lightning_eda.series import GRANULES, LOADED_AT, TIER_TABLES

if TYPE_CHECKING:
    from lightning_eda.glm.transform.hour import HourSeries


@dg.asset(
    group_name="ingestor",
    code_version="1",
    description=__doc__,
    owners=OWNERS,
    tags=LIGHTNING,
    metadata=about(*TIER_TABLES.values(), GRANULES, without=(LOADED_AT,)),
    partitions_def=hourly,
    backfill_policy=one_run,
    kinds={"python", "csv"},
    deps=[extract],
    check_specs=[NO_GRANULE_QUARANTINED, PARENTS_RESOLVE],
)
def transform(
    context: dg.AssetExecutionContext,
    glm: GlmResource,
    pin: PinResource,
    folders: DataFolderResource,
    lake: LakeResource,
    dask: DaskResource,
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """See the module."""
    all_series, reports = [], []
    with retried_failures(context):
        window = run_window(context, pin.pin())
        if dask.is_set():
            made = write_on_workers(context, window, glm, folders, lake, dask, datetime.now(UTC))
        else:
            made = _write_here(window, glm, folders)
        for series, seconds in made:
            for name, reason in series.quarantined.items():
                context.log.warning(f"quarantined {name}: {reason.removeprefix(f'{name}: ')}")
            all_series.append(series)
            reports.append(_report(series, seconds, links=not dask.is_set()))
    checks = [check_no_granule_quarantined(all_series), check_parents_resolve(all_series)]
    return report_partitions(context, reports, checks)


def _write_here(
    window: Window, glm: GlmResource, folders: DataFolderResource
) -> Iterator[tuple["HourSeries", float]]:
    """The series of each hour, and the seconds it took."""
    from lightning_eda.glm.transform.decoder import Decoder

    with Decoder() as decoder:
        # Here and not above: these load Arrow, 0.2 s in which the decoder starts.
        from lightning_eda.glm.extract.record import read_extraction
        from lightning_eda.glm.transform.hour import write_hour_series

        for hour in window.hours():
            begin = time.monotonic()
            extraction = read_extraction(HourFolders(folders.folder(), glm.bucket_name(), hour))
            series = write_hour_series(extraction, glm.tier_names(), decoder, glm.own_satellites())
            yield series, time.monotonic() - begin


def _report(series: "HourSeries", seconds: float, links: bool) -> PartitionReport:
    counts = {f"granules_{status}": number for status, number in series.statuses.items()}
    rows = {f"rows_{table}": number for table, number in series.rows.items()}
    details: Metadata = {}
    if links:
        details |= {f"csv_{table}": file_link(file.path) for table, file in series.files.items()}
    if links and series.quarantined:
        details["quarantine"] = file_link(series.folders.quarantine)
    return PartitionReport(
        partition_key(series.folders.hour),
        {
            "dagster/row_count": sum(series.rows.values()),
            **rows,
            **counts,
            "orphan_rows": series.orphans,
            "size_bytes": series.size_bytes,
            "seconds": round(seconds, 3),
        },
        details,
    )
