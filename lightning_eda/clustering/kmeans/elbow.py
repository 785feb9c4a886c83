"""The knee of the inertia curve, and the k with the best score."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from lightning_eda.errors import PointsError

_ROUNDING = 1e-9  # a straight line differs from its chord by this much at most


def knee(k: ArrayLike, inertia: ArrayLike, sensitivity: float = 1.0) -> int | None:
    """The k after which more clusters pay little, by the Kneedle method; None where the curve has no knee.

    Both axes are scaled to 0..1. The difference of the curve to its chord has a local maximum at each
    candidate, which is a knee when the difference then falls by more than `sensitivity` steps of k before
    it rises to the next one. The first knee is returned. No smoothing: the curve has no noise of measurement.

    Source: Satopaa, Albrecht, Irwin and Raghavan 2011, Finding a "Kneedle" in a Haystack, section III.

    Args:
        k: Numbers of clusters, ascending.
        inertia: Inertia for each k; NaN (not fitted) values are left out.
        sensitivity: S of the paper: larger wants a sharper knee.

    Raises:
        PointsError: The lengths differ, or k does not ascend.
    """
    x, y = np.asarray(k, dtype=np.float64), np.asarray(inertia, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1 or np.any(np.diff(x) <= 0):
        raise PointsError(
            f"k of shape {x.shape} and inertia of shape {y.shape}; expected one ascending k each"
        )
    x, y = x[np.isfinite(y)], y[np.isfinite(y)]
    if len(x) < 3 or y[0] <= y[-1]:
        return None
    step = (x - x[0]) / (x[-1] - x[0])
    difference = (y[0] - y) / (y[0] - y[-1]) - step
    fall = sensitivity * float(np.mean(np.diff(step)))
    peaks = 1 + np.flatnonzero((difference[1:-1] > difference[:-2]) & (difference[1:-1] >= difference[2:]))
    for peak, end in zip(peaks, [*peaks, len(x)][1:], strict=True):
        if difference[peak] > _ROUNDING and difference[peak:end].min() < difference[peak] - fall:
            return int(x[peak])
    return None


def best_k(scores: Mapping[int, float]) -> int | None:
    """The k with the highest score; the smallest of equally good ones; None when no score is a number.

    Args:
        scores: Score by k, so that a k can never be mistaken for a position.
    """
    known = {k: score for k, score in scores.items() if np.isfinite(score)}
    return min(known, key=lambda k: (-known[k], k), default=None)
