"""The silhouettes of a window: into the tables, and to the file from which the map draws those of any k."""

from pathlib import Path
from typing import TYPE_CHECKING

from lightning_eda.assets.evaluators.choosing import best_of
from lightning_eda.assets.evaluators.scores import Fitted, score_table
from lightning_eda.glm.paths import WindowFolders
from lightning_eda.glm.windows import Window

if TYPE_CHECKING:
    import pyarrow as pa

    from lightning_eda.clustering.kmeans.silhouette import SilhouetteScores


def keep_silhouettes(
    database: Path, window: Window, place: WindowFolders, fitted: Fitted, scores: "SilhouetteScores"
) -> "pa.Table":
    """Writes silhouettes and indices, with the k of the rule marked; all scores of the window."""
    from lightning_eda.clustering.kmeans.indices import sweep_indices
    from lightning_eda.clustering.window.silhouette_file import write_silhouettes
    from lightning_eda.warehouse.writing.cluster_tables import Choice, replace_scores

    indices = sweep_indices(fitted.sweep)
    columns = {
        "silhouette": scores.scores,
        "silhouette_error": scores.standard_errors,
        "silhouette_method": [scores.method] * len(fitted.sweep.k),
        "calinski_harabasz": indices.calinski_harabasz,
        "davies_bouldin": indices.davies_bouldin,
    }
    best = best_of(fitted, dict(zip(fitted.sweep.k.tolist(), map(float, scores.scores), strict=True)))
    choice = None if best is None else Choice(best.k, best.by)
    table, clusters = score_table(fitted.sweep, **columns), cluster_rows(fitted, scores)
    write_silhouettes(place.silhouettes, scores.clusters, fitted.sweep.k, fitted.fit.fit)
    key = fitted.fit
    return replace_scores(database, window.start, window.end, key, table, choice, clusters).scores


def cluster_rows(fitted: Fitted, scores: "SilhouetteScores") -> "pa.Table":
    """The rows of `cluster_silhouettes`; NULL of a cluster of which the sample has no point."""
    import pyarrow as pa

    clusters = scores.clusters
    floats = {
        name: pa.array(getattr(clusters, name), pa.float64(), from_pandas=True)
        for name in ("mean", "lowest", "below_zero")
    }
    whole = {
        "k": fitted.sweep.k[clusters.labelling],
        "cluster": clusters.cluster,
        "n": clusters.size.round().astype("int64"),
        "n_scored": clusters.n_scored.round().astype("int64"),
    }
    return pa.table({**whole, **floats})
