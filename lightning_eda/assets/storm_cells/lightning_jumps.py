"""Lightning jumps: storms whose flash rate grew far faster than before, often ahead of severe weather.

A jump is a change of the two-minute count of a storm by at least `sigma` standard deviations of the five
changes before (Schultz and others 2011), at a rate of at least `flashes_per_minute`; the defaults are those
that Erdmann and Poelman (2023, doi 10.1175/JAMC-D-22-0144.1) tuned for GLM. Writes the table
`lightning_jumps`. This is research and no warning: nobody watches over it.
"""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from lightning_eda.assets.catalog import about
from lightning_eda.assets.day_reports import day_reports
from lightning_eda.assets.storm_cells.storm_asset import storm_asset
from lightning_eda.assets.storm_cells.storm_tracks import storm_tracks
from lightning_eda.assets.storm_cells.track_finding import NO_TRACKS, tracks_are_known
from lightning_eda.reporting import (
    PartitionReport,
    RunConfig,
    file_link,
    preview,
    report_partitions,
    retried_failures,
)
from lightning_eda.resources import WarehouseResource
from lightning_eda.series.storms import LIGHTNING_JUMPS
from lightning_eda.texts import counted

if TYPE_CHECKING:
    import pyarrow as pa

WHAT_IT_IS = "research, not a warning: thresholds for GLM by Erdmann and Poelman 2023"


class LightningJumpsConfig(RunConfig):
    """What a jump is.

    Source: Erdmann and Poelman 2023, whose sigma is 1.0 to 1.5 for GLM; 2 is the classic value for mapping
    arrays, which see about three times the flashes.
    """

    sigma: float = Field(1.5, ge=0, description="Least change, in standard deviations of the five before.")
    flashes_per_minute: float = Field(15.0, ge=0, description="Least flash rate of the two minutes.")
    one_within_minutes: float = Field(
        6.0, ge=0, le=60, description="Jumps so near each other in time are one, minutes."
    )


@storm_asset(
    code_version="1",
    description=__doc__,
    metadata=about(LIGHTNING_JUMPS),
    kinds={"duckdb"},
    deps=[storm_tracks],
)
def lightning_jumps(
    context: dg.AssetExecutionContext, config: LightningJumpsConfig, warehouse: WarehouseResource
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """See the module."""
    from lightning_eda.warehouse.track_queries import jumps_of_day
    from lightning_eda.warehouse.writing.day_rows import replace_day

    database = warehouse.file()

    def of_day(day: date) -> PartitionReport:
        jumps = jumps_of_day(
            database, day, config.sigma, config.flashes_per_minute, config.one_within_minutes
        )
        replace_day(database, day, {LIGHTNING_JUMPS: jumps})
        if not tracks_are_known(context.instance, database, day):
            context.log.warning(f"{day}: {NO_TRACKS}")
        context.log.info(f"{day}: {counted(jumps.num_rows, 'lightning jump')}")
        return _report(str(day), jumps, database)

    with retried_failures(context):
        return report_partitions(context, day_reports(context, of_day))


def _report(day: str, jumps: "pa.Table", database: Path) -> PartitionReport:
    return PartitionReport(
        day,
        {"dagster/row_count": jumps.num_rows, "storms": len(jumps["track"].unique())},
        {
            "jumps": preview(jumps, 20),
            "what_it_is": WHAT_IT_IS,
            "database": file_link(database),
        },
    )
