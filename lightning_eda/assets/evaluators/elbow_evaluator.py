"""The inertia of every k, the knee of the curve, the gap statistic, and how stable the clusters are.

The knee is found by Kneedle (Satopaa and others, 2011). The gap (Tibshirani and others, 2001) holds the
inertia against that of evenly spread points; the stability is the adjusted Rand index of the clusters against
those of bootstraps. Both fit anew, on coarse cells and with the seed of `kmeans_cluster`, and can be left
out. All go to the table `k_scores`, beside the silhouettes, in either order. They are advice: the k of the
map is that of `silhouette_evaluator`, or the one that the map's run config names. Feeds `cluster_map`.
"""

from dataclasses import replace

import dagster as dg
from pydantic import Field

from lightning_eda.assets.catalog import LIGHTNING, OWNERS, about
from lightning_eda.assets.clustering.kmeans_cluster import kmeans_cluster
from lightning_eda.assets.evaluators.scores import (
    draw_curve,
    evaluation_of,
    read_fitted,
    refit_columns,
    score_preview,
    score_table,
)
from lightning_eda.partitions import hourly, one_run
from lightning_eda.reporting import Metadata, RunConfig, open_window, report_window, retried_failures
from lightning_eda.resources import DataFolderResource, PinResource, WarehouseResource
from lightning_eda.warehouse.schema.clusters import K_SCORES


class ElbowConfig(RunConfig):
    """How often to fit anew."""

    references: int = Field(
        10, ge=0, description="Sets of evenly spread points that the gap is taken from; 0 leaves it out."
    )
    bootstraps: int = Field(
        10, ge=0, description="Bootstraps that the stability is taken from; 0 leaves it out."
    )


@dg.asset(
    group_name="evaluators",
    code_version="2",
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
    config: ElbowConfig,
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
        columns = refit_columns(fitted, config.references, config.bootstraps)
        inertias = score_table(fitted.sweep, inertia=fitted.sweep.inertia, **columns)
        written = replace_scores(database, window.start, window.end, fitted.fit, inertias)
        bend = knee(fitted.sweep.k, fitted.sweep.inertia)
        # Without the chosen k, which may not be there yet: the picture is the same in either order.
        evaluation = replace(evaluation_of(fitted, written.scores, window), chosen_k=None, chosen_by="")
        metadata: Metadata = {
            "dagster/row_count": len(fitted.sweep.k),
            "knee": bend if bend is not None else "no knee",
            "method": "Kneedle",
            "references": config.references,
            "bootstraps": config.bootstraps,
            "scores": score_preview(evaluation, "inertia", "gap", "gap_error", "stability"),
            **draw_curve(place, evaluation, "inertia"),
        }
    return report_window(context, window, metadata)
