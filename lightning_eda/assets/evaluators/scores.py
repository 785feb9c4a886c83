"""The scores of a window: the picture of each evaluator, and both for the report."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from lightning_eda.glm.paths import WindowFolders
from lightning_eda.glm.windows import Window
from lightning_eda.reporting import Metadata, file_link, picture, preview

if TYPE_CHECKING:
    import pyarrow as pa

    from lightning_eda.clustering.kmeans.silhouette import SilhouetteScores
    from lightning_eda.clustering.kmeans.sweep import Sweep
    from lightning_eda.clustering.window.clean_file import CleanWindow
    from lightning_eda.figures import Curve, Evaluation
    from lightning_eda.warehouse.writing.cluster_tables import Choice, FitKey


CURVE_FILES = {"inertia": "inertia.png", "silhouette": "silhouette.png"}


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

    @property
    def can_be_scored(self) -> bool:
        """Whether a k was fitted that has a silhouette; one cluster has none, nor have single points."""
        return any(1 < k < self.sweep.n_points for k in self.sweep.fitted)


def read_fitted(place: WindowFolders) -> Fitted:
    """The rows of a window and their sweep; PointsError when one is missing or is not of the other."""
    from lightning_eda.clustering.window.clean_file import read_clean
    from lightning_eda.clustering.window.sweep_file import read_sweep

    clean = read_clean(place.rows)
    return Fitted(clean, read_sweep(place.sweep, clean.digest))


def evaluation_of(fitted: Fitted, scores: "pa.Table", window: Window) -> "Evaluation":
    """Inertia, silhouettes, knee and the chosen k of a window; PointsError when they are of another fit.

    The inertias are those of the fit itself, so that both curves are there whichever evaluator ran.
    """
    import pyarrow as pa

    from lightning_eda.clustering.kmeans.elbow import knee
    from lightning_eda.errors import PointsError
    from lightning_eda.figures import Evaluation

    rows = scores.to_pylist()
    if any(row["fit"] != fitted.fit.fit for row in rows):
        raise PointsError(
            f"the scores of {window} are of another k-means: run silhouette_evaluator and elbow_evaluator "
            "for this window again"
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


def choose(fitted: Fitted, scores: "pa.Table", database: Path, window: Window, k: int | None) -> "pa.Table":
    """Marks the k asked for as chosen, or the one with the best silhouette when none is; the scores with it.

    Raises:
        PointsError: None is asked for, and no silhouette is there although there could be.
        SettingError: The window has no scores for the k asked for.
    """
    from lightning_eda.errors import PointsError
    from lightning_eda.warehouse.writing.cluster_tables import Choice, choose_k

    rows = scores.to_pylist()
    if k is not None:
        choice: Choice | None = Choice(k, "run config")
    else:
        choice = best_choice({row["k"]: _or_nan(row["silhouette"]) for row in rows})
        if choice is None and fitted.can_be_scored:
            raise PointsError(
                f"no k of {window} has a silhouette: run silhouette_evaluator for this window first, or name "
                "k in the run config of cluster_map"
            )
    marked = [(row["k"], row["chosen_by"]) for row in rows if row["chosen_by"] is not None]
    if choice is None or marked == [(choice.k, choice.by)]:
        return scores
    return choose_k(database, window.start, window.end, choice).scores


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


def keep_silhouettes(
    database: Path, window: Window, fitted: Fitted, scores: "SilhouetteScores"
) -> "pa.Table":
    """Writes the silhouettes to `k_scores`, with the best k marked; all scores of the window."""
    from lightning_eda.warehouse.writing.cluster_tables import replace_scores

    columns = {
        "silhouette": scores.scores,
        "silhouette_error": scores.standard_errors,
        "silhouette_method": [scores.method] * len(fitted.sweep.k),
    }
    best = best_choice(dict(zip(fitted.sweep.k, map(float, scores.scores), strict=True)))
    table = score_table(fitted.sweep, **columns)
    return replace_scores(database, window.start, window.end, fitted.fit, table, best).scores


def draw_curve(place: WindowFolders, evaluation: "Evaluation", curve: "Curve") -> Metadata:
    """Writes one curve as a picture of its own; metadata that shows it."""
    from lightning_eda.figures import render_curves, thumbnail
    from lightning_eda.storage.atomic import write_atomic

    png = render_curves(evaluation, curves=[curve])
    path = place.figures / CURVE_FILES[curve]
    write_atomic(path, png)
    return {"curve": picture(thumbnail(png), f"{curve} for each k"), "picture": file_link(path)}


def score_preview(evaluation: "Evaluation", *columns: str) -> dg.MetadataValue:
    """Every k with these of its scores."""
    return preview(evaluation.scores.select(["k", *columns]), rows_shown=evaluation.scores.num_rows)
