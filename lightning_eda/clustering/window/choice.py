"""Which k to take, and what speaks against it.

The best silhouette of all is no use on a hemisphere: two clusters, one in the north and one in the south,
score best in four of six real hours, and hold a dozen weather systems each. So the best silhouette is taken
among the k at which points lie within `WIDEST_KM` of the centre of their cluster, as a root mean square
(docs/decisions/19 has the measurements).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lightning_eda.clustering.kmeans.elbow import best_k
from lightning_eda.clustering.kmeans.sweep import Sweep
from lightning_eda.clustering.points import Floats, Integers
from lightning_eda.clustering.window.features import PointSpec
from lightning_eda.earth import EARTH_RADIUS_KM

WIDEST_KM = 500.0
"""The size of the largest storm systems: above it a cluster holds several."""

SCORES_OF_K = ("silhouette", "calinski_harabasz", "davies_bouldin", "gap", "gap_error", "stability")
"""The columns of `k_scores` that speak for a k or against it."""

NEAR = 0.02  # silhouettes that differ by less are as good as each other
APART = 2  # more than this between the best k of two scores is a disagreement
MODERATE = 0.65
"""An adjusted Rand index below it is poor agreement. Source: Steinley 2004, doi 10.1037/1082-989X.9.3.386."""


@dataclass(frozen=True)
class Chosen:
    """A k and the rule that chose it.

    Attributes:
        k: The number of clusters.
        by: The rule in a few words.
        rule: The rule in a sentence.
    """

    k: int
    by: str
    rule: str


@dataclass(frozen=True)
class KScores:
    """All scores of the fitted k, by name; NaN where one is missing.

    Attributes:
        k: Ascending, from 2, shape (m,).
        columns: Each of `SCORES_OF_K`, shape (m,).
        more: Whether a larger k could be fitted, so that the end of the range is only a setting.
    """

    k: Integers
    columns: Mapping[str, Floats]
    more: bool = True


def scores_of_k(
    sweep: Sweep, rows: Sequence[Mapping[str, Any]], names: Sequence[str] = SCORES_OF_K
) -> KScores:
    """The scores in rows of `k_scores`, of these names.

    Args:
        sweep: The k-means they are of.
        rows: By k; None is a score that is missing.
        names: Others are taken for missing.
    """
    rows = [row for row in rows if row["k"] > 1]
    columns = {
        name: np.array([_or_nan(row[name]) if name in names else np.nan for row in rows])
        for name in SCORES_OF_K
    }
    last = int(sweep.k[-1])
    more = last in sweep.centers and last < len(sweep.cells)
    return KScores(np.array([row["k"] for row in rows], dtype=np.int64), columns, more)


def best_of_sweep(sweep: Sweep, spec: PointSpec, silhouettes: Mapping[int, float | None]) -> Chosen | None:
    """The k that the rule takes, by `choose_compact`.

    Args:
        sweep: The k-means of every k.
        spec: How its points were made.
        silhouettes: Mean silhouette by k; None and NaN where there is none.
    """
    spread = np.sqrt(sweep.inertia / max(sweep.n_points, 1))
    widest = WIDEST_KM if spec.geometry == "sphere" else float(np.degrees(WIDEST_KM / EARTH_RADIUS_KM))
    known = {k: _or_nan(score) for k, score in silhouettes.items()}
    return choose_compact(known, dict(zip(sweep.k.tolist(), spread.tolist(), strict=True)), widest)


def choose_compact(
    silhouettes: Mapping[int, float], spread: Mapping[int, float], widest: float
) -> Chosen | None:
    """The k with the best silhouette among those with compact clusters; among all where none has them.

    Args:
        silhouettes: Mean silhouette by k.
        spread: Root mean square distance of the points from the centre of their cluster, by k.
        widest: What is compact, in the unit of the spread.

    Returns:
        None when no k has a silhouette.
    """
    compact = {k: score for k, score in silhouettes.items() if spread[k] <= widest}
    limit = f"{WIDEST_KM:.0f} km"
    best = best_k(compact)
    if best is not None:
        rule = (
            f"the best mean silhouette of the k at which points lie within {limit} of the centre of their "
            "cluster (root mean square)"
        )
        return Chosen(best, f"silhouette within {limit}", rule)
    best = best_k(silhouettes)
    rule = f"the best mean silhouette; at no k do points lie within {limit} of the centre of their cluster"
    return None if best is None else Chosen(best, "silhouette", rule)


def favourites(scores: KScores) -> dict[str, int]:
    """The k that each score is best at, by the score's name in words; scores that are missing are left out.

    Of the gap it is the first k whose gap is within one standard error of the next one's (Tibshirani and
    others 2001), else the last.
    """
    found = {
        "silhouette": _top(scores, "silhouette", 1.0),
        "Calinski-Harabasz": _top(scores, "calinski_harabasz", 1.0),
        "Davies-Bouldin": _top(scores, "davies_bouldin", -1.0),
        "gap": _gap_choice(scores),
    }
    return {name: k for name, k in found.items() if k is not None}


def doubts(scores: KScores, chosen: int) -> list[str]:
    """What speaks against the chosen k, in sentences.

    Args:
        scores: Those of all fitted k.
        chosen: The k of the map.
    """
    return [*_at_the_end(scores, chosen), *_disagreement(scores), *_unstable(scores, chosen)]


def _at_the_end(scores: KScores, chosen: int) -> list[str]:
    """Where the range ends while the silhouette is still near its best, or begins at the chosen k."""
    k, silhouette = scores.k, scores.columns["silhouette"]
    told = []
    if chosen == k[0] > 2:
        told.append(f"k = {chosen} is the smallest that was tried: fewer clusters may fit better (k_min).")
    at = silhouette[k == chosen]
    if scores.more and chosen < k[-1] and len(at) and silhouette[-1] >= at[0] - NEAR:
        told.append(
            f"The range ends at k = {k[-1]}, where the silhouette, {silhouette[-1]:.3f}, is nearly as good "
            f"as at the chosen k, {at[0]:.3f}: more clusters may score better (k_max)."
        )
    if scores.more and chosen == k[-1]:
        told.append(f"k = {chosen} is the largest that was tried: more clusters may score better (k_max).")
    return told


def _disagreement(scores: KScores) -> list[str]:
    best = favourites(scores)
    if not best or max(best.values()) - min(best.values()) <= APART:
        return []
    said = [f"{name} {k}" for name, k in best.items()]
    return [f"The scores disagree on the best k: {', '.join(said[:-1])} and {said[-1]}."]


def _unstable(scores: KScores, chosen: int) -> list[str]:
    here = scores.columns["stability"][scores.k == chosen]
    if not (here < MODERATE).any():
        return []
    stability = float(here[0])
    return [
        f"The clusters depend on the sample: those of bootstraps agree with them only in part (adjusted Rand "
        f"index {stability:.2f}; from {MODERATE:.2f} on it is moderate)."
    ]


def _top(scores: KScores, name: str, sign: float) -> int | None:
    """The k where a score, times the sign, is highest."""
    return best_k(dict(zip(scores.k.tolist(), sign * scores.columns[name], strict=True)))


def _gap_choice(scores: KScores) -> int | None:
    known = np.isfinite(scores.columns["gap"])
    k, gap, error = scores.k[known], scores.columns["gap"][known], scores.columns["gap_error"][known]
    if not len(k):
        return None
    enough = np.append(gap[:-1] >= gap[1:] - error[1:], True)
    return int(k[np.argmax(enough)])


def _or_nan(number: float | None) -> float:
    return np.nan if number is None else number
