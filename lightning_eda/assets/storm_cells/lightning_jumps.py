"""Lightning jumps: storms whose flash rate grew far faster than before, often ahead of severe weather.

A jump is a change of the two-minute count of a storm by at least `sigma` standard deviations of the five
changes before (Schultz and others 2011), at a rate of at least `flashes_per_minute`; the defaults are those
that Erdmann and Poelman (2023, doi 10.1175/JAMC-D-22-0144.1) tuned for GLM. Writes the table
`lightning_jumps`. This is research and no warning: nobody watches over it.
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from lightning_eda.assets.catalog import LIGHTNING, OWNERS, about
from lightning_eda.assets.day_failures import DayFailures
from lightning_eda.assets.storm_cells.storm_tracks import storm_tracks
from lightning_eda.assets.storm_cells.track_finding import NO_TRACKS, find_jumps, tracks_are_known
from lightning_eda.partitions import lightning_daily, one_run, run_days
from lightning_eda.reporting import (
    PartitionReport,
    RunConfig,
    file_link,
    preview,
    report_partitions,
    retried_failures,
)
from lightning_eda.resources import WarehouseResource
from lightning_eda.warehouse.schema.tracks import LIGHTNING_JUMPS

if TYPE_CHECKING:
    import pyarrow as pa

WHAT_IT_IS = "research, not a warning: thresholds for GLM by Erdmann and Poelman 2023"


class LightningJumpsConfig(RunConfig):
    """What a jump is."""

    sigma: float = Field(1.5, ge=0, description="Least change, in standard deviations of the five before.")
    flashes_per_minute: float = Field(15.0, ge=0, description="Least flash rate of the two minutes.")
    one_within_minutes: float = Field(
        6.0, ge=0, le=60, description="Jumps so near each other in time are one, minutes."
    )


@dg.asset(
    group_name="storm_cells",
    code_version="1",
    description=__doc__,
    partitions_def=lightning_daily,
    backfill_policy=one_run,
    owners=OWNERS,
    tags=LIGHTNING,
    metadata=about(LIGHTNING_JUMPS),
    kinds={"duckdb"},
    deps=[storm_tracks],
)
def lightning_jumps(
    context: dg.AssetExecutionContext, config: LightningJumpsConfig, warehouse: WarehouseResource
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """See the module."""
    from lightning_eda.warehouse.writing.track_tables import replace_jumps

    reports, failures, database = [], DayFailures(context), warehouse.file()
    limits = (config.sigma, config.flashes_per_minute, config.one_within_minutes)
    with retried_failures(context):
        for day in run_days(context):
            begin = time.monotonic()
            with failures.of(day):
                jumps = find_jumps(database, day, *limits)
                replace_jumps(database, day, jumps)
                if not tracks_are_known(context.instance, database, day):
                    context.log.warning(f"{day}: {NO_TRACKS}")
                context.log.info(f"{day}: {jumps.num_rows:,} lightning jumps")
                reports.append(_report(str(day), jumps, database, time.monotonic() - begin))
        failures.require_none(reports)
    return report_partitions(context, reports)


def _report(day: str, jumps: "pa.Table", database: Path, seconds: float) -> PartitionReport:
    return PartitionReport(
        day,
        {
            "dagster/row_count": jumps.num_rows,
            "storms": len(jumps["track"].unique()),
            "seconds": round(seconds, 3),
        },
        {
            "jumps": preview(jumps.drop_columns(["day", "flashes"]), 20),
            "what_it_is": WHAT_IT_IS,
            "database": file_link(database),
        },
    )
