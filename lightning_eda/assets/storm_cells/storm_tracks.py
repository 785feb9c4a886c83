"""Storm tracks: every storm of a day under one name, where it moves, how fast, and what becomes of it.

Every five minutes the flashes of the last ten are clustered; cells that share flashes are one storm. Births,
splits, mergers and ends are told; two storms that cross keep their names, also over midnight. Writes the
tables `storm_tracks`, `storm_track_points` (with where the centre should be 30 minutes later, and how far off
that was) and `storm_track_rates`. Days after this one whose storms change by it are made again in the same
run, so the order in which days are loaded and tracked makes no difference. A day without flashes is a result.
"""

from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from lightning_eda.assets.catalog import about
from lightning_eda.assets.day_reports import day_reports, report_apart
from lightning_eda.assets.ingestor.load import load
from lightning_eda.assets.storm_cells.pair_finding import NO_FLASHES, NOT_LOADED, day_window
from lightning_eda.assets.storm_cells.storm_asset import storm_asset
from lightning_eda.assets.storm_cells.track_finding import StormTracksConfig, replace_days
from lightning_eda.reporting import PartitionReport, file_link, preview, report_partitions, retried_failures
from lightning_eda.resources import DataFolderResource, LakeResource, WarehouseResource
from lightning_eda.series.storms import STORM_TRACK_POINTS, STORM_TRACK_RATES, STORM_TRACKS
from lightning_eda.storage.lock import sole_use

if TYPE_CHECKING:
    from lightning_eda.assets.storm_cells.track_finding import FoundTracks


@storm_asset(
    code_version="2",
    description=__doc__,
    metadata=about(STORM_TRACKS, STORM_TRACK_POINTS, STORM_TRACK_RATES),
    kinds={"duckdb", "scipy"},
    deps=[load],
)
def storm_tracks(
    context: dg.AssetExecutionContext,
    config: StormTracksConfig,
    folders: DataFolderResource,
    warehouse: WarehouseResource,
    lake: LakeResource,
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """See the module."""
    database, folder = warehouse.file(), folders.folder()

    def of_day(day: date) -> PartitionReport:
        with sole_use(day_window(folder, day).rows.parent):
            first, *later = replace_days(partial(lake.hours, warehouse), database, folder, day, config)
        for found in later:
            if found.changed:
                context.log.warning(
                    f"{found.day}: its storms go on from {day}, so they were made again. Its lightning_jumps "
                    "and storm_page are of the storms before: materialise them too, unless heal_storms is on"
                )
                report_apart(context, _report(found, database))  # `heal_storms` looks there
        if not first.flashes:
            context.log.warning(f"{day}: {NOT_LOADED}")
        context.log.info(f"{day}: {first.tables.tracks.num_rows:,} storms")
        return _report(first, database)

    with retried_failures(context):
        return report_partitions(context, day_reports(context, of_day))


def _report(found: "FoundTracks", database: Path) -> PartitionReport:
    tracks, points, _, _ = found.tables
    events = points["event"].to_pylist()
    return PartitionReport(
        str(found.day),
        {
            "dagster/row_count": tracks.num_rows,
            "points": points.num_rows,
            "flashes": found.flashes,
            **{f"{event}s": events.count(event) for event in ("birth", "split", "merger")},
        },
        {
            "granules": found.granules,
            "longest_tracks": preview(tracks.sort_by([("frames", "descending"), ("track", "ascending")]), 20),
            "forecast_error_km": median_error(found),
            "looked_back_hours": found.look_back.total_seconds() / 3600,
            "names": "of their birth" if found.sure else "some storms were born before what was looked at",
            "status": "tracked" if found.flashes else NO_FLASHES,
            "database": file_link(database),
        },
    )


def median_error(found: "FoundTracks") -> str:
    """How far off the forecasts of 30 minutes were, in words."""
    import pyarrow.compute as pc

    errors = found.tables.points["forecast_error_km"].drop_null()
    if not len(errors):
        return "no storm lasted long enough for a forecast of 30 minutes to be measured"
    half, most = pc.quantile(errors, q=[0.5, 0.9]).to_pylist()
    return f"median {half:.0f} km, 90 % within {most:.0f} km, of {len(errors):,} forecasts of 30 minutes"
