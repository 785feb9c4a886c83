"""The inertia of every k, and the knee of the curve.

The knee is found by Kneedle (Satopaa and others, 2011). The inertias go to the table `k_scores`, beside the
silhouettes: two looks at the same k-means, in either order; it is not fitted again. The knee is advice: the k
of the map is the one with the best silhouette, or the one that the map's run config names. Feeds
`cluster_map`.
"""

from dataclasses import replace

import dagster as dg

from lightning_eda.assets.catalog import LIGHTNING, OWNERS, about
from lightning_eda.assets.clustering.kmeans_cluster import kmeans_cluster
from lightning_eda.assets.evaluators.scores import (
    draw_curve,
    evaluation_of,
    read_fitted,
    score_preview,
    score_table,
)
from lightning_eda.partitions import hourly, one_run
from lightning_eda.reporting import Metadata, open_window, report_window, retried_failures
from lightning_eda.resources import DataFolderResource, PinResource, WarehouseResource
from lightning_eda.warehouse.schema.clusters import K_SCORES


@dg.asset(
    group_name="evaluators",
    code_version="1",
    description=__doc__,
    owners=OWNERS,
    tags=LIGHTNING,
    metadata=about(K_SCORES),
    partitions_def=hourly,
    backfill_policy=one_run,
    kinds={"python", "duckdb"},
    deps=[kmeans_cluster],
)
def elbow_evaluator(
    context: dg.AssetExecutionContext,
    pin: PinResource,
    folders: DataFolderResource,
    warehouse: WarehouseResource,
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """See the module."""
    from lightning_eda.clustering.kmeans.elbow import knee
    from lightning_eda.warehouse.writing.cluster_tables import replace_scores

    with retried_failures(context):
        window, place = open_window(context, pin, folders)
        fitted, database = read_fitted(place), warehouse.file()
        inertias = score_table(fitted.sweep, inertia=fitted.sweep.inertia)
        written = replace_scores(database, window.start, window.end, fitted.fit, inertias)
        bend = knee(fitted.sweep.k, fitted.sweep.inertia)
        # Without the chosen k, which may not be there yet: the picture is the same in either order.
        evaluation = replace(evaluation_of(fitted, written.scores, window), chosen_k=None, chosen_by="")
        metadata: Metadata = {
            "dagster/row_count": len(fitted.sweep.k),
            "knee": bend if bend is not None else "no knee",
            "method": "Kneedle",
            "scores": score_preview(evaluation, "inertia"),
            **draw_curve(place, evaluation, "inertia"),
        }
    return report_window(context, window, metadata)
