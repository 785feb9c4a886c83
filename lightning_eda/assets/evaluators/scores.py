"""The scores of a window as a picture: what both evaluators and the report show."""

from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING

from lightning_eda.glm.paths import WindowFolders
from lightning_eda.glm.windows import Window
from lightning_eda.reporting import Metadata, file_link, picture, preview

if TYPE_CHECKING:
    import pyarrow as pa

    from lightning_eda.clustering.clean_file import CleanWindow
    from lightning_eda.clustering.silhouette import SilhouetteScores
    from lightning_eda.clustering.sweep import Sweep
    from lightning_eda.figures import Evaluation
    from lightning_eda.warehouse.cluster_tables import FitKey


@dataclass(frozen=True)
class Fitted:
    """A window as it was clustered: its rows, and the k-means of every k that is of these rows."""

    clean: "CleanWindow"
    sweep: "Sweep"

    @property
    def fit(self) -> "FitKey":
        """Which fit scores are of, for the table."""
        from lightning_eda.clustering.sweep_file import sweep_digest
        from lightning_eda.warehouse.cluster_tables import FitKey

        return FitKey(sweep_digest(self.sweep), self.clean.tier, self.clean.spec.geometry, self.sweep.method)


def read_fitted(place: WindowFolders) -> Fitted:
    """The rows of a window and their sweep; PointsError when one is missing or is not of the other."""
    from lightning_eda.clustering.clean_file import read_clean
    from lightning_eda.clustering.sweep_file import read_sweep

    clean = read_clean(place.rows)
    return Fitted(clean, read_sweep(place.sweep, clean.digest))


def read_evaluation(fitted: Fitted, database: Path, window: Window) -> "Evaluation":
    """Inertia, silhouettes, knee and the chosen k of a window; PointsError when they are of another fit."""
    from lightning_eda.clustering.elbow import knee
    from lightning_eda.errors import PointsError
    from lightning_eda.figures import Evaluation
    from lightning_eda.warehouse.cluster_tables import read_scores

    scores = read_scores(database, window.start, window.end)
    rows = scores.to_pylist()
    if any(row["fit"] != fitted.fit.fit for row in rows):
        raise PointsError(
            f"the scores of {window} are of another k-means: run silhouette_evaluator and then "
            "elbow_evaluator for this window again"
        )
    chosen = [row for row in rows if row["chosen_by"] is not None]
    return Evaluation(
        scores,
        chosen_k=chosen[0]["k"] if chosen else None,
        chosen_by=chosen[0]["chosen_by"] if chosen else "",
        knee=knee([row["k"] for row in rows], [_or_nan(row["inertia"]) for row in rows]) if rows else None,
        inertia_unit="km²" if fitted.clean.spec.geometry == "sphere" else "degree²",
    )


def _or_nan(number: float | None) -> float:
    return nan if number is None else number


def choose(database: Path, window: Window, k: int | None) -> None:
    """Marks the k asked for as chosen, or the one with the best silhouette when none is."""
    from lightning_eda.clustering.elbow import best_k
    from lightning_eda.warehouse.cluster_tables import choose_k, read_scores

    if k is not None:
        choose_k(database, window.start, window.end, k, "run config")
        return
    rows = read_scores(database, window.start, window.end).to_pylist()
    best = best_k({row["k"]: row["silhouette"] for row in rows if row["silhouette"] is not None})
    if best is not None:
        choose_k(database, window.start, window.end, best, "silhouette")


def score_table(sweep: "Sweep", **columns: object) -> "pa.Table":
    """A table with k and the given columns, for `replace_scores`."""
    import pyarrow as pa

    return pa.table({"k": sweep.k, **columns})


def keep_silhouettes(database: Path, window: Window, fitted: Fitted, scores: "SilhouetteScores") -> None:
    """Writes the silhouettes to `k_scores`, with the best k marked."""
    from lightning_eda.warehouse.cluster_tables import replace_scores

    columns = {
        "silhouette": scores.scores,
        "silhouette_error": scores.standard_errors,
        "silhouette_method": [scores.method] * len(fitted.sweep.k),
    }
    replace_scores(database, window.start, window.end, fitted.fit, score_table(fitted.sweep, **columns))
    choose(database, window, None)


def draw_scores(place: WindowFolders, fitted: Fitted, database: Path, window: Window) -> Metadata:
    """Writes the elbow and the silhouettes as one picture; metadata that shows it and its numbers."""
    from lightning_eda.figures import render_curves, thumbnail
    from lightning_eda.storage.atomic import write_atomic

    evaluation = read_evaluation(fitted, database, window)
    image = render_curves(evaluation)
    path = place.figures / "curves.png"
    write_atomic(path, image)
    scores = evaluation.scores.select(["k", "inertia", "silhouette", "silhouette_error"])
    chosen = evaluation.chosen_k
    return {
        "chosen_k": chosen if chosen is not None else "not enough points",
        "curves": picture(thumbnail(image), "Inertia and mean silhouette for each k"),
        "scores": preview(scores, rows_shown=scores.num_rows),
        "picture": file_link(path),
    }
