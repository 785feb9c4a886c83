"""Storm cells: the flashes of a day that are dense in space and time, on a map.

Clusters the pairs of `flash_pairs` with the same functions as `dbscan_clusters`: with EPSILON set to `eps_km`
and MIN_SAMPLES to `min_samples` that gives the same clusters. Writes
`STORM_CELLS_FOLDER/day=YYYY-MM-DD/clusters.csv.gz`, the tables `storm_cells` (where, when, how large, how
active) and `storm_cell_flashes`, a map, and the cells as GeoJSON and GeoParquet. A day without flashes is a
result with 0 cells.
"""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from lightning_eda.assets.catalog import about
from lightning_eda.assets.day_reports import day_reports
from lightning_eda.assets.storm_cells.cell_finding import StormCellsConfig, draw_cells, find_cells, made_of
from lightning_eda.assets.storm_cells.flash_pairs import flash_pairs
from lightning_eda.assets.storm_cells.pair_finding import NO_FLASHES, NOT_LOADED, TABLES_ASKED, day_window
from lightning_eda.assets.storm_cells.storm_asset import storm_asset
from lightning_eda.reporting import (
    PartitionReport,
    file_link,
    picture,
    preview,
    report_partitions,
    retried_failures,
)
from lightning_eda.resources import DataFolderResource, DistancesResource, LakeResource, WarehouseResource
from lightning_eda.series.storms import STORM_CELL_FLASHES, STORM_CELLS, STORM_DAYS
from lightning_eda.storage.lock import sole_use

if TYPE_CHECKING:
    from lightning_eda.assets.storm_cells.cell_finding import Drawings, FoundCells


@storm_asset(
    code_version="2",
    description=__doc__,
    metadata=about(STORM_CELLS, STORM_CELL_FLASHES, STORM_DAYS),
    kinds={"s3", "duckdb", "plotly"},
    deps=[flash_pairs],
)
def storm_cells(
    context: dg.AssetExecutionContext,
    config: StormCellsConfig,
    distances: DistancesResource,
    folders: DataFolderResource,
    warehouse: WarehouseResource,
    lake: LakeResource,
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """See the module."""
    from lightning_eda.warehouse.writing.storm_tables import replace_storm_cells

    database = warehouse.file()
    with retried_failures(context):
        store, settings = distances.storm_store(folders.folder()), distances.settings()

        def of_day(day: date) -> PartitionReport:
            place = day_window(folders.folder(), day)
            with sole_use(place.rows.parent):
                with lake.hours(warehouse, place.start, place.end, TABLES_ASKED) as hours:
                    found = find_cells(hours, store, settings, place, config)
                replace_storm_cells(database, day, found.cells, found.inside, made_of(found.note, day))
                drawings = draw_cells(found, place)
            if not found.flashes.num_rows:
                context.log.warning(f"{day}: {NOT_LOADED}")
            context.log.info(f"{day}: {found.cells.num_rows:,} cells, map: {drawings.map}")
            return _report(str(day), found, drawings, store.url(found.key), database)

        return report_partitions(context, day_reports(context, of_day))


def _report(day: str, found: "FoundCells", drawings: "Drawings", url: str, database: Path) -> PartitionReport:
    return PartitionReport(
        day,
        {
            "dagster/row_count": found.cells.num_rows,
            "flashes": found.flashes.num_rows,
            "flashes_in_cells": found.inside.num_rows,
            "isolated_flashes": found.note.isolated,
        },
        {
            "granules": found.granules,
            "noise_share": found.noise_share,
            "largest_cells": preview(found.largest(20), rows_shown=20),
            "map": picture(drawings.thumbnail, "Map of the storm cells"),
            "eps_km": found.eps_km,
            "min_samples": found.min_samples,
            "max_minutes": found.note.max_minutes,
            "status": "clustered" if found.flashes.num_rows else NO_FLASHES,
            "source": drawings.source,
            "clusters_file": url,
            "database": file_link(database),
            "file_map": file_link(drawings.map),
            "file_interactive_map": file_link(drawings.page),
            **{f"file_{path.name}": file_link(path) for path in drawings.shapes},
        },
    )
