"""The scores of a window as a picture: what both evaluators and the report show."""

from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from lightning_eda.glm.paths import WindowFolders
from lightning_eda.glm.windows import Window
from lightning_eda.reporting import Metadata, file_link, picture

if TYPE_CHECKING:
    import pyarrow as pa

    from lightning_eda.clustering.silhouette import SilhouetteScores
    from lightning_eda.clustering.sweep import Sweep
    from lightning_eda.figures import Evaluation
    from lightning_eda.warehouse.cluster_tables import Fit


def read_evaluation(place: WindowFolders, database: Path, window: Window) -> "Evaluation":
    """Inertia, silhouettes, knee and the chosen k of a window."""
    from lightning_eda.clustering.clean_file import read_clean
    from lightning_eda.clustering.elbow import knee
    from lightning_eda.figures import Evaluation
    from lightning_eda.warehouse.cluster_tables import read_scores

    scores = read_scores(database, window.start, window.end)
    chosen = [row for row in scores.to_pylist() if row["chosen_by"] is not None]
    unit = "km²" if read_clean(place.rows).spec.geometry == "sphere" else "degree²"
    return Evaluation(
        scores,
        chosen_k=chosen[0]["k"] if chosen else None,
        chosen_by=chosen[0]["chosen_by"] if chosen else "",
        knee=knee(scores["k"].to_pylist(), scores["inertia"].to_pylist()) if scores.num_rows else None,
        inertia_unit=unit,
    )


def fit_of(place: WindowFolders, sweep: "Sweep") -> "Fit":
    """Which fit the scores are of, for the table."""
    from lightning_eda.clustering.clean_file import read_clean
    from lightning_eda.clustering.sweep_file import sweep_digest
    from lightning_eda.warehouse.cluster_tables import Fit

    clean = read_clean(place.rows)
    return Fit(sweep_digest(sweep), clean.tier, clean.spec.geometry, sweep.method)


def score_table(sweep: "Sweep", **columns: object) -> "pa.Table":
    """A table with k and the given columns, for `replace_scores`."""
    import pyarrow as pa

    return pa.table({"k": sweep.k, **columns})


def keep_silhouettes(
    database: Path, window: Window, fit: "Fit", sweep: "Sweep", scores: "SilhouetteScores"
) -> int | None:
    """Writes the silhouettes to `k_scores` with the best k marked; the best k, None when there is none."""
    from lightning_eda.clustering.elbow import best_k
    from lightning_eda.warehouse.cluster_tables import choose_k, replace_scores

    columns = {
        "silhouette": scores.scores,
        "silhouette_error": scores.standard_errors,
        "silhouette_method": [scores.method] * len(sweep.k),
    }
    replace_scores(database, window.start, window.end, fit, score_table(sweep, **columns))
    k = best_k(dict(zip(sweep.k.tolist(), scores.scores.tolist(), strict=True)))
    if k is not None:
        choose_k(database, window.start, window.end, k, "silhouette")
    return k


def draw_scores(place: WindowFolders, database: Path, window: Window) -> Metadata:
    """Writes the elbow and the silhouettes as one picture; metadata that shows it and its numbers."""
    from lightning_eda.figures import render_curves, thumbnail
    from lightning_eda.storage.atomic import write_atomic

    evaluation = read_evaluation(place, database, window)
    image = render_curves(evaluation)
    path = place.figures / "curves.png"
    write_atomic(path, image)
    rows = [
        dg.TableRecord({name: row[name] for name in ("k", "inertia", "silhouette", "silhouette_error")})
        for row in evaluation.scores.to_pylist()
    ]
    return {
        "curves": picture(thumbnail(image), "Inertia and mean silhouette for each k"),
        "scores": dg.MetadataValue.table(rows or [dg.TableRecord({"k": "not enough points"})]),
        "picture": file_link(path),
    }
