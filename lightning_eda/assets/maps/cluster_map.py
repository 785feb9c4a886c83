"""The clusters of a window at the chosen k: tables, a map to print, one to explore, and a report.

One map for all hours of the run: a backfill of six hours makes one, which each of them shows. Takes the k
that `silhouette_evaluator` marked by its rule, or the one given in the run's config. A cluster is k-means
over all flashes of the window, and no storm: `storm_cells` and `storm_tracks` find those. What speaks against
the k is in the metadata, in the report and in a check. Each flash's cluster goes to `flash_clusters`, the
centres to `cluster_centers`; `report.html` puts everything on one page. All figures open from disk without a
network.
"""

import dagster as dg
from pydantic import Field

from lightning_eda.assets.catalog import LIGHTNING, OWNERS, about
from lightning_eda.assets.evaluators.choosing import choose, reasons
from lightning_eda.assets.evaluators.elbow_evaluator import elbow_evaluator
from lightning_eda.assets.evaluators.scores import choice_metadata, evaluation_of, read_fitted
from lightning_eda.assets.evaluators.silhouette_evaluator import silhouette_evaluator
from lightning_eda.assets.grids.flash_density import flash_density
from lightning_eda.assets.maps.drawing import cluster_rows, draw_figures, read_blades, read_window
from lightning_eda.checks.lightning import K_IS_CLEAR, check_k_is_clear
from lightning_eda.partitions import hourly, one_run
from lightning_eda.reporting import (
    Metadata,
    RunConfig,
    file_link,
    open_window,
    picture,
    preview,
    report_window,
    retried_failures,
)
from lightning_eda.resources import DataFolderResource, LakeResource, PinResource, WarehouseResource
from lightning_eda.texts import counted
from lightning_eda.warehouse.schema.clusters import CLUSTER_CENTERS, FLASH_CLUSTERS

# The times would make every row two lines high; the report has them.
SHOWN = ["cluster", "flashes", "center_lat", "center_lon", "radius_km", "hull_area_km2", "rate_per_minute"]


class ClusterMapConfig(RunConfig):
    """Which k."""

    k: int | None = Field(None, ge=1, description="Number of clusters; empty: that of the rule.")


@dg.asset(
    group_name="maps",
    code_version="5",
    description=__doc__,
    owners=OWNERS,
    tags=LIGHTNING,
    metadata=about(FLASH_CLUSTERS, CLUSTER_CENTERS),
    partitions_def=hourly,
    backfill_policy=one_run,
    check_specs=[K_IS_CLEAR],
    kinds={"plotly", "duckdb"},
    deps=[silhouette_evaluator, elbow_evaluator, flash_density],
)
def cluster_map(
    context: dg.AssetExecutionContext,
    config: ClusterMapConfig,
    pin: PinResource,
    folders: DataFolderResource,
    warehouse: WarehouseResource,
    lake: LakeResource,
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """See the module."""
    from lightning_eda.warehouse.writing.cluster_tables import replace_clusters

    with retried_failures(context):
        window, place = open_window(context, pin, folders)
        database = warehouse.file()
        fitted = read_fitted(place)
        scores, granules = read_window(lake, warehouse, window)
        scores = choose(fitted, scores, database, window, config.k)
        evaluation = evaluation_of(fitted, scores, window, reasons(fitted, scores))
        clustered = cluster_rows(fitted, window, evaluation.chosen_k)
        replace_clusters(database, window.start, window.end, clustered.centers, clustered.labels)
        blades = read_blades(place, fitted, evaluation)
        files = draw_figures(place, window, clustered, evaluation, granules, blades)
        context.log.info(f"{counted(clustered.clean.kept, 'row')}, report: {files.paths['report']}")
    metadata: Metadata = {
        "dagster/row_count": clustered.clean.kept,
        **choice_metadata("k", evaluation),
        "source": files.source,
        "map": picture(files.thumbnail, "Map of the clusters"),
        "clusters": preview(clustered.table.select(SHOWN), rows_shown=30),
        **{f"file_{name}": file_link(path) for name, path in files.paths.items()},
    }
    return report_window(context, window, metadata, [check_k_is_clear(evaluation)])
