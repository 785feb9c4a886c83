"""The storm page of a day: which storm, where to, how strong, is it growing.

One HTML file, `storms.html`, that opens from disk without a network: density under the tracks, flashes that
fade, a slider over the day, and for each storm the curve of its flash rate with its jumps. Where
`flash_density` has not run for hours of the day, the page says so and has no density of them. Writes the
storms as GeoParquet and GeoJSON beside it.
"""

from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from lightning_eda.assets.catalog import about
from lightning_eda.assets.day_reports import day_reports
from lightning_eda.assets.grids.flash_density import flash_density
from lightning_eda.assets.storm_cells.lightning_jumps import WHAT_IT_IS, lightning_jumps
from lightning_eda.assets.storm_cells.page_making import make_page
from lightning_eda.assets.storm_cells.pair_finding import NOT_LOADED, TABLES_ASKED, day_window
from lightning_eda.assets.storm_cells.storm_asset import storm_asset
from lightning_eda.assets.storm_cells.track_finding import NO_TRACKS, tracks_are_known
from lightning_eda.reporting import (
    DROP_ARTIFACTS,
    PartitionReport,
    RunConfig,
    file_link,
    picture,
    report_partitions,
    retried_failures,
)
from lightning_eda.resources import DataFolderResource, LakeResource, WarehouseResource

if TYPE_CHECKING:
    from lightning_eda.assets.storm_cells.page_making import StormPage


class StormPageConfig(RunConfig):
    """Which flashes."""

    drop_artifacts: bool = DROP_ARTIFACTS


@storm_asset(
    code_version="4",
    description=__doc__,
    metadata=about(),
    kinds={"html", "geoparquet"},
    deps=[lightning_jumps, flash_density],
)
def storm_page(
    context: dg.AssetExecutionContext,
    config: StormPageConfig,
    folders: DataFolderResource,
    warehouse: WarehouseResource,
    lake: LakeResource,
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """See the module."""
    from lightning_eda.warehouse.track_queries import tracks_of_day

    def of_day(day: date) -> PartitionReport:
        place = day_window(folders.folder(), day)
        tables = tracks_of_day(warehouse.file(), day)
        with lake.hours(warehouse, place.start, place.end, TABLES_ASKED) as hours:
            made = make_page(hours, tables, place, config.drop_artifacts)
        if not any(scene.flashes.num_rows for scene in made.scenes):
            context.log.warning(f"{day}: {NOT_LOADED}")
        elif not tracks_are_known(context.instance, warehouse.file(), day):
            context.log.warning(f"{day}: {NO_TRACKS}, then lightning_jumps")
        context.log.info(f"{day}: {made.path}")
        return _report(str(day), made)

    with retried_failures(context):
        return report_partitions(context, day_reports(context, of_day))


def _report(day: str, made: "StormPage") -> PartitionReport:
    return PartitionReport(
        day,
        {
            "storms": sum(scene.tracks.num_rows for scene in made.scenes),
            "jumps": sum(scene.jumps.num_rows for scene in made.scenes),
            "flashes": sum(scene.flashes.num_rows for scene in made.scenes),
            "size_bytes": made.path.stat().st_size,
        },
        {
            "words": "; ".join(f"{one.title}: {one.words} {one.density_words}" for one in made.scenes),
            **{
                f"map_{one.satellite}": picture(made.thumbnails[one.satellite], one.words)
                for one in made.scenes
            },
            "jumps_are": WHAT_IT_IS,
            **{f"file_{path.name}": file_link(path) for path in (made.path, *made.shapes)},
        },
    )
