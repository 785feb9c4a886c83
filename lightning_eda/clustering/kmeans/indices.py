"""Calinski-Harabasz and Davies-Bouldin for every k of a sweep.

Equal to scikit-learn's `calinski_harabasz_score` and `davies_bouldin_score` to 1e-9 on distinct positions
with their counts. On cells Calinski-Harabasz is exact for the labels too, as squares inside the cells are
known; for Davies-Bouldin all points of a cell stand at the cell's mean.

Source: Calinski and Harabasz 1974; Davies and Bouldin 1979, with Euclidean distances.
"""

from dataclasses import dataclass

import numpy as np

from lightning_eda.clustering.kmeans.cells import CellSums
from lightning_eda.clustering.kmeans.sweep import Sweep
from lightning_eda.clustering.points import Floats, Integers

_NOTHING = 1e-8  # scikit-learn takes less for 0


@dataclass(frozen=True)
class Indices:
    """Two scores of each k, in the order of `Sweep.k`; NaN where k is not fitted, is 1, or is all points.

    Attributes:
        calinski_harabasz: Scatter between the clusters over that inside, each by its degrees of freedom; the
            more, the better; shape (m,).
        davies_bouldin: Mean over the clusters of the likeness to the most alike other one; the less, the
            better; shape (m,).
    """

    calinski_harabasz: Floats
    davies_bouldin: Floats


def sweep_indices(sweep: Sweep) -> Indices:
    """Both scores of each k of a sweep."""
    scores = np.full((2, len(sweep.k)), np.nan)
    ks = [k for k in sweep.fitted if 1 < k < sweep.n_points]
    if ks:
        place = np.searchsorted(sweep.k, ks)
        scores[0, place] = _calinski_harabasz(sweep, np.array(ks), sweep.inertia[place])
        spreads = np.split(_spreads(sweep, ks), np.cumsum(ks)[:-1])
        scores[1, place] = [
            _davies_bouldin(one, sweep.centers[k]) for one, k in zip(spreads, ks, strict=True)
        ]
    return Indices(*scores)


def total_scatter(cells: CellSums) -> float:
    """The sum of squared distances of all points to their mean: the inertia of one cluster."""
    gap = cells.mean - np.average(cells.mean, axis=0, weights=cells.count)
    return float(cells.count @ (gap**2).sum(axis=1)) + cells.within


def _calinski_harabasz(sweep: Sweep, ks: Integers, inside: Floats) -> Floats:
    """The index of each k, from the inertias; 1 where no point is off its centre, as scikit-learn has it."""
    between = total_scatter(sweep.cells) - inside
    known = np.where(inside > 0, inside, np.nan)
    index = between * (sweep.n_points - ks) / (known * (ks - 1))
    return np.where(inside > 0, index, 1.0)


def _spreads(sweep: Sweep, ks: list[int]) -> Floats:
    """The mean distance of the points of each cluster to its centre, of all k in turn, shape (sum of ks,)."""
    first = np.cumsum([0, *ks])
    cluster = np.concatenate([sweep.cell_labels(k) + start for k, start in zip(ks, first, strict=False)])
    centers = np.concatenate([sweep.centers[k] for k in ks])
    squares = np.zeros((len(ks), len(sweep.cells)))
    for axis in range(centers.shape[1]):
        gap = sweep.cells.mean[:, axis] - centers[:, axis].take(cluster).reshape(squares.shape)
        squares += gap * gap
    count = np.tile(sweep.cells.count, len(ks))
    sums = np.bincount(cluster, count * np.sqrt(squares).ravel(), first[-1])
    return sums / np.bincount(cluster, count, first[-1])


def _davies_bouldin(spread: Floats, centers: Floats) -> float:
    """The mean of the largest likeness of each cluster; 0 where all spreads or all distances are 0."""
    apart = np.sqrt(((centers[:, np.newaxis] - centers) ** 2).sum(axis=2))
    if spread.max() < _NOTHING or apart.max() < _NOTHING:
        return 0.0
    apart[apart == 0] = np.inf
    return float(((spread[:, np.newaxis] + spread) / apart).max(axis=1).mean())
