"""The scores of a window as a picture: what both evaluators and the report show."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING

from lightning_eda.glm.paths import WindowFolders
from lightning_eda.glm.windows import Window
from lightning_eda.reporting import Metadata, file_link, picture, preview

if TYPE_CHECKING:
    import pyarrow as pa

    from lightning_eda.clustering.kmeans.silhouette import SilhouetteScores
    from lightning_eda.clustering.kmeans.sweep import Sweep
    from lightning_eda.clustering.window.clean_file import CleanWindow
    from lightning_eda.figures import Evaluation
    from lightning_eda.warehouse.writing.cluster_tables import Choice, FitKey


@dataclass(frozen=True)
class Fitted:
    """A window as it was clustered: its rows, and the k-means of every k that is of these rows."""

    clean: "CleanWindow"
    sweep: "Sweep"

    @property
    def fit(self) -> "FitKey":
        """Which fit scores are of, for the table."""
        from lightning_eda.clustering.window.sweep_file import sweep_digest
        from lightning_eda.warehouse.writing.cluster_tables import FitKey

        return FitKey(sweep_digest(self.sweep), self.clean.tier, self.clean.spec.geometry, self.sweep.method)


def read_fitted(place: WindowFolders) -> Fitted:
    """The rows of a window and their sweep; PointsError when one is missing or is not of the other."""
    from lightning_eda.clustering.window.clean_file import read_clean
    from lightning_eda.clustering.window.sweep_file import read_sweep

    clean = read_clean(place.rows)
    return Fitted(clean, read_sweep(place.sweep, clean.digest))


def read_evaluation(fitted: Fitted, database: Path, window: Window) -> "Evaluation":
    """Inertia, silhouettes, knee and the chosen k of a window; PointsError when they are of another fit.

    The inertias are those of the fit itself, so that both curves are there whichever evaluator ran.
    """
    import pyarrow as pa

    from lightning_eda.clustering.kmeans.elbow import knee
    from lightning_eda.errors import PointsError
    from lightning_eda.figures import Evaluation
    from lightning_eda.warehouse.writing.cluster_tables import read_scores

    scores = read_scores(database, window.start, window.end)
    rows = scores.to_pylist()
    if any(row["fit"] != fitted.fit.fit for row in rows):
        raise PointsError(
            f"the scores of {window} are of another k-means: run silhouette_evaluator and then "
            "elbow_evaluator for this window again"
        )
    chosen = [row for row in rows if row["chosen_by"] is not None]
    inertia = dict(zip(fitted.sweep.k, map(float, fitted.sweep.inertia), strict=True))
    inertias = [inertia[row["k"]] for row in rows]
    return Evaluation(
        scores.set_column(scores.column_names.index("inertia"), "inertia", pa.array(inertias, pa.float64())),
        chosen_k=chosen[0]["k"] if chosen else None,
        chosen_by=chosen[0]["chosen_by"] if chosen else "",
        knee=knee([row["k"] for row in rows], inertias) if rows else None,
        inertia_unit="km²" if fitted.clean.spec.geometry == "sphere" else "degree²",
    )


def _or_nan(number: float | None) -> float:
    return nan if number is None else number


def choose(database: Path, window: Window, k: int | None) -> None:
    """Marks the k asked for as chosen, or the one with the best silhouette when none is."""
    from lightning_eda.warehouse.writing.cluster_tables import Choice, choose_k, read_scores

    rows = read_scores(database, window.start, window.end).to_pylist()
    if k is not None:
        choice: Choice | None = Choice(k, "run config")
    else:
        choice = best_choice({row["k"]: _or_nan(row["silhouette"]) for row in rows})
    marked = [(row["k"], row["chosen_by"]) for row in rows if row["chosen_by"] is not None]
    if choice is not None and marked != [(choice.k, choice.by)]:
        choose_k(database, window.start, window.end, choice)


def best_choice(silhouettes: Mapping[int, float]) -> "Choice | None":
    """The k with the best silhouette; None when none has one."""
    from lightning_eda.clustering.kmeans.elbow import best_k
    from lightning_eda.warehouse.writing.cluster_tables import Choice

    best = best_k(silhouettes)
    return None if best is None else Choice(best, "silhouette")


def score_table(sweep: "Sweep", **columns: object) -> "pa.Table":
    """A table with k and the given columns, for `replace_scores`."""
    import pyarrow as pa

    return pa.table({"k": sweep.k, **columns})


def keep_silhouettes(database: Path, window: Window, fitted: Fitted, scores: "SilhouetteScores") -> None:
    """Writes the silhouettes to `k_scores`, with the best k marked."""
    from lightning_eda.warehouse.writing.cluster_tables import replace_scores

    columns = {
        "silhouette": scores.scores,
        "silhouette_error": scores.standard_errors,
        "silhouette_method": [scores.method] * len(fitted.sweep.k),
    }
    best = best_choice(dict(zip(fitted.sweep.k, map(float, scores.scores), strict=True)))
    table = score_table(fitted.sweep, **columns)
    replace_scores(database, window.start, window.end, fitted.fit, table, best)


@dataclass(frozen=True)
class Curves:
    """The elbow and the silhouettes as one picture, and the small one for the UI; both PNG."""

    png: bytes
    thumbnail: bytes


@lru_cache(maxsize=1)
def drawn_curves(evaluation: "Evaluation") -> Curves:
    """The picture of an evaluation. Both evaluators and the report show it; in one run it is drawn once."""
    from lightning_eda.figures import render_curves, thumbnail

    png = render_curves(evaluation)
    return Curves(png, thumbnail(png))


def draw_scores(place: WindowFolders, fitted: Fitted, database: Path, window: Window) -> Metadata:
    """Writes the elbow and the silhouettes as one picture; metadata that shows it and its numbers."""
    from lightning_eda.storage.atomic import write_atomic

    evaluation = read_evaluation(fitted, database, window)
    curves = drawn_curves(evaluation)
    path = place.figures / "curves.png"
    write_atomic(path, curves.png)
    scores = evaluation.scores.select(["k", "inertia", "silhouette", "silhouette_error"])
    chosen = evaluation.chosen_k
    return {
        "chosen_k": chosen if chosen is not None else "not enough points",
        "curves": picture(curves.thumbnail, "Inertia and mean silhouette for each k"),
        "scores": preview(scores, rows_shown=scores.num_rows),
        "picture": file_link(path),
    }
