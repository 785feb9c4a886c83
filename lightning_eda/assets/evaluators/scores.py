"""The scores of a window: the picture of each evaluator, and both for the report."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg

from lightning_eda.glm.paths import WindowFolders
from lightning_eda.glm.windows import Window
from lightning_eda.reporting import Metadata, file_link, picture, preview

if TYPE_CHECKING:
    import pyarrow as pa

    from lightning_eda.clustering.kmeans.sweep import Sweep
    from lightning_eda.clustering.window.clean_file import CleanWindow
    from lightning_eda.figures import Curve, Evaluation
    from lightning_eda.warehouse.writing.cluster_tables import FitKey


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


def evaluation_of(
    fitted: Fitted, scores: "pa.Table", window: Window, reasons: tuple[str, tuple[str, ...]] = ("", ())
) -> "Evaluation":
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
        rule=reasons[0],
        doubts=reasons[1],
    )


def choice_metadata(name: str, evaluation: "Evaluation") -> Metadata:
    """The chosen k under this name, its rule, and what speaks against it."""
    return {
        name: evaluation.chosen_k if evaluation.chosen_k is not None else "not enough points",
        "chosen_by": evaluation.chosen_by or "nobody",
        "rule": evaluation.rule or "no k to choose from",
        "doubts": " ".join(evaluation.doubts) or "none",
    }


def score_table(sweep: "Sweep", **columns: object) -> "pa.Table":
    """A table with k and the given columns, for `replace_scores`."""
    import pyarrow as pa

    return pa.table({"k": sweep.k, **columns})


def refit_columns(fitted: Fitted, references: int, bootstraps: int) -> dict[str, object]:
    """The columns of `k_scores` that are fitted anew, without those that are left out."""
    from lightning_eda.clustering.kmeans.refits import sweep_gaps, sweep_stability

    columns: dict[str, object] = {}
    if references:
        gaps = sweep_gaps(fitted.sweep, references, fitted.clean.spec.geometry == "sphere")
        columns |= {"gap": gaps.gap, "gap_error": gaps.error}
    if bootstraps:
        columns["stability"] = sweep_stability(fitted.sweep, bootstraps)
    return columns


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
