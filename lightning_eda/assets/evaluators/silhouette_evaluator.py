"""The mean silhouette coefficient of every k and of each cluster, two indices, and the k of the map.

Exact, over all pairs of points, in one pass for every k; above `exact_limit` distinct positions a seeded
sample is scored against all points, and the standard error is recorded. Calinski-Harabasz and Davies-Bouldin
are of all points. They go to `k_scores`, the silhouettes of the clusters to `cluster_silhouettes`. Marked as
chosen is the k with the best silhouette among those at which points lie within 500 km of the centre of their
cluster (root mean square): the best of all is often 2, two halves of a hemisphere. Feeds `cluster_map`.
"""

import dagster as dg
from pydantic import Field

from lightning_eda.assets.catalog import LIGHTNING, OWNERS, about
from lightning_eda.assets.clustering.kmeans_cluster import kmeans_cluster
from lightning_eda.assets.evaluators.choosing import reasons
from lightning_eda.assets.evaluators.scores import (
    choice_metadata,
    draw_curve,
    evaluation_of,
    read_fitted,
    score_preview,
)
from lightning_eda.assets.evaluators.silhouettes import keep_silhouettes
from lightning_eda.partitions import hourly, one_run
from lightning_eda.reporting import Metadata, RunConfig, open_window, report_window, retried_failures
from lightning_eda.resources import DataFolderResource, PinResource, WarehouseResource
from lightning_eda.warehouse.schema.clusters import CLUSTER_SILHOUETTES, K_SCORES

OWN_SCORES = ("silhouette", "calinski_harabasz", "davies_bouldin")


class SilhouetteConfig(RunConfig):
    """When to sample."""

    exact_limit: int = Field(
        100_000, ge=0, description="So many distinct positions are all scored; of more, sample_size points."
    )
    sample_size: int = Field(
        10_000, ge=2, description="Points that are scored where distinct positions are more than exact_limit."
    )


@dg.asset(
    group_name="evaluators",
    code_version="2",
    description=__doc__,
    owners=OWNERS,
    tags=LIGHTNING,
    metadata=about(K_SCORES, CLUSTER_SILHOUETTES),
    partitions_def=hourly,
    backfill_policy=one_run,
    kinds={"python", "duckdb"},
    deps=[kmeans_cluster],
)
def silhouette_evaluator(
    context: dg.AssetExecutionContext,
    config: SilhouetteConfig,
    pin: PinResource,
    folders: DataFolderResource,
    warehouse: WarehouseResource,
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """See the module."""
    from lightning_eda.clustering.kmeans.silhouette import sweep_silhouettes

    with retried_failures(context):
        window, place = open_window(context, pin, folders)
        fitted, database = read_fitted(place), warehouse.file()
        scores = sweep_silhouettes(
            fitted.sweep,
            exact_limit=config.exact_limit,
            sample_size=config.sample_size,
            seed=fitted.sweep.seed,
        )
        table = keep_silhouettes(database, window, place, fitted, scores)
        evaluation = evaluation_of(fitted, table, window, reasons(fitted, table, OWN_SCORES))
        metadata: Metadata = {
            "dagster/row_count": len(fitted.sweep.k),
            **choice_metadata("chosen_k", evaluation),
            "method": scores.method,
            "points_scored": scores.n_scored,
            "scores": score_preview(evaluation, "silhouette_error", *OWN_SCORES),
            **draw_curve(place, evaluation, "silhouette"),
        }
    return report_window(context, window, metadata)
