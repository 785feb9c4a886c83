"""The rows of a window, cleaned and counted, ready to be clustered.

Reads flashes (or groups, or events) of the window from DuckDB and leaves out, in this order: coordinates
that are missing or out of the satellite's field, whatever the run's config asks for (static-pixel
artefacts, quality flags, a box, limits of energy and area), and of the rows that are left exact duplicates.
Every dropped row is counted under one reason. A range of partitions is one window. Feeds `kmeans_cluster`.
"""

from functools import partial

import dagster as dg

from lightning_eda.assets.catalog import LIGHTNING, OWNERS, about
from lightning_eda.assets.clustering.window_cleaning import PreprocessorConfig, clean_window
from lightning_eda.assets.ingestor.load import load
from lightning_eda.checks.lightning import MOST_ROWS_KEPT, check_most_rows_kept
from lightning_eda.partitions import hourly, one_run
from lightning_eda.reporting import (
    Metadata,
    Progress,
    count_table,
    file_link,
    open_window,
    preview,
    report_window,
    retried_failures,
)
from lightning_eda.resources import (
    DaskResource,
    DataFolderResource,
    LakeResource,
    PinResource,
    WarehouseResource,
)
from lightning_eda.series.files import CLEAN_ROWS


@dg.asset(
    group_name="clustering",
    code_version="3",
    description=__doc__,
    owners=OWNERS,
    tags=LIGHTNING,
    metadata=about(CLEAN_ROWS),
    partitions_def=hourly,
    backfill_policy=one_run,
    kinds={"duckdb", "python"},
    deps=[load],
    check_specs=[MOST_ROWS_KEPT],
)
def preprocessor(
    context: dg.AssetExecutionContext,
    config: PreprocessorConfig,
    pin: PinResource,
    folders: DataFolderResource,
    warehouse: WarehouseResource,
    lake: LakeResource,
    dask: DaskResource,
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """See the module."""
    from lightning_eda.clustering.window.clean_file import write_clean

    with retried_failures(context):
        window, place = open_window(context, pin, folders)
        progress = Progress(context, f"cell sums of {window}", "pieces")
        read = partial(clean_window, window=window, config=config, progress=progress)
        clean, notes = lake.read_hours(warehouse, window.start, window.end, dask.scheduler, read)
        write_clean(place.rows, clean)
        for note in notes:
            (context.log.info if clean.read else context.log.warning)(note)
    metadata: Metadata = {
        "dagster/row_count": clean.kept,
        "rows_read": clean.read,
        "rows_dropped": sum(clean.dropped.values()),
        "dropped_by_reason": count_table("reason", clean.dropped),
        "satellites": clean.satellites or "none",
        "notes": "; ".join(notes) or "none",
        "rows": preview(clean.rows),
        "file": file_link(place.rows),
    }
    return report_window(context, window, metadata, [check_most_rows_kept(clean)])
