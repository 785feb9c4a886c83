"""The pairs of flashes of a day that are near in space and time, in the input format of distance clustering.

Reads the flashes of the 24 hours from DuckDB, finds all pairs within `max_km` and `max_minutes` with a
spatial index, and writes `FLASH_PAIRS_FOLDER/day=YYYY-MM-DD/flash_pairs.csv.gz`, rows `item,item,km`, to
BUCKET, or to the folder `bucket` in the data folder. An item such as G18_20241001T001020.2_12345 names the
flash. Flashes of two satellites are no pair: both see the same lightning. Feeds `storm_cells`; and with
INPUT_FOLDER set to it, `distance_matrix`.
"""

from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from lightning_eda.assets.catalog import FLASH_PAIRS, about
from lightning_eda.assets.day_reports import day_reports
from lightning_eda.assets.ingestor.load import load
from lightning_eda.assets.storm_cells.pair_finding import (
    NO_FLASHES,
    NOT_LOADED,
    TABLES_ASKED,
    FlashPairsConfig,
    day_window,
    find_pairs,
)
from lightning_eda.assets.storm_cells.storm_asset import storm_asset
from lightning_eda.reporting import PartitionReport, count_table, report_partitions, retried_failures
from lightning_eda.resources import DataFolderResource, DistancesResource, LakeResource, WarehouseResource
from lightning_eda.storage.lock import sole_use

if TYPE_CHECKING:
    from lightning_eda.assets.storm_cells.pair_finding import FoundPairs


@storm_asset(
    code_version="1",
    description=__doc__,
    metadata=about(FLASH_PAIRS),
    kinds={"duckdb", "scipy", "s3"},
    deps=[load],
)
def flash_pairs(
    context: dg.AssetExecutionContext,
    config: FlashPairsConfig,
    distances: DistancesResource,
    folders: DataFolderResource,
    warehouse: WarehouseResource,
    lake: LakeResource,
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """See the module."""
    with retried_failures(context):
        store, settings = distances.storm_store(folders.folder()), distances.settings()

        def of_day(day: date) -> PartitionReport:
            place = day_window(folders.folder(), day)
            with (
                sole_use(place.rows.parent),
                lake.hours(warehouse, place.start, place.end, TABLES_ASKED) as database,
            ):
                found = find_pairs(database, store, settings, place, config)
            for note in found.clean.notes:
                context.log.info(f"{day}: {note}")
            if not found.note.flashes:
                context.log.warning(f"{day}: {NOT_LOADED}")
            url = store.url(found.note.key)
            context.log.info(f"{day}: {found.note.pairs:,} pairs, {url}")
            return _report(str(day), found, url)

        return report_partitions(context, day_reports(context, of_day))


def _report(day: str, found: "FoundPairs", url: str) -> PartitionReport:
    note = found.note
    return PartitionReport(
        day,
        {
            "dagster/row_count": note.pairs,
            "flashes": note.flashes,
            "isolated_flashes": note.isolated,
            "rows_read": found.clean.read,
            "rows_dropped": sum(found.clean.dropped.values()),
            "object_bytes": found.size,
        },
        {
            "neighbours_per_flash": 2 * note.pairs / note.flashes if note.flashes else 0.0,
            "most_neighbours": note.most_neighbours,
            "max_km": note.max_km,
            "max_minutes": note.max_minutes,
            "granules": found.granules,
            "dropped_by_reason": count_table("reason", found.clean.dropped),
            "notes": "; ".join(found.clean.notes) or "none",
            "status": "written" if note.flashes else NO_FLASHES,
            "pairs_file": url,
        },
    )
