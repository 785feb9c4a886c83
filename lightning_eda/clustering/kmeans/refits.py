"""Two looks at k that fit anew: the gap statistic, and the stability over bootstraps.

Both fit coarse cells, which takes about a millisecond a fit.

Gap: the mean over references of log(inertia per point), less that of the fit. A reference is as many points
(at most `REFERENCE_POINTS`) spread evenly over the range of the points: of longitude and of area on the
sphere, of each axis elsewhere. The inertias of the points are those of the sweep, the best known; those of
references are 1 to 3 % above the best, which adds as much to the gap.
Source: Tibshirani, Walther and Hastie 2001, choice (a) of the reference.

Stability: the mean adjusted Rand index of the sweep's labels and those of k-means on bootstraps (points drawn
with replacement). 1: the clusters are the same whatever the sample; 0: no better than chance.
Source: Hubert and Arabie 1985 for the index; Fang and Wang 2012 for bootstraps to choose k.

Every draw has its own seed, so threads do not change the result.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lightning_eda.clustering.kmeans.cells import (
    FIRST_CELLS_ACROSS,
    CellSums,
    first_size,
    regrid_cells,
    thin_cells,
)
from lightning_eda.clustering.kmeans.kmeans import Fit, lloyd, seed_centers
from lightning_eda.clustering.kmeans.sweep import Sweep
from lightning_eda.clustering.points import Floats, Integers, lonlat, sphere_points
from lightning_eda.compiled import run_threads

BOOTSTRAP_CELLS = 500
REFERENCE_POINTS = 4000
_CELLS_ACROSS = 32  # the extent of a reference, within a factor of the square root of 2
_STEPS = 30
_GAP, _STABILITY = 1, 2  # of the seeds


@dataclass(frozen=True)
class Gaps:
    """The gap of each k, in the order of `Sweep.k`; NaN where it is not fitted or has no inertia.

    Attributes:
        gap: Shape (m,).
        error: Its standard error from the number of references (s_k of the paper), shape (m,).
    """

    gap: Floats
    error: Floats


def sweep_gaps(sweep: Sweep, references: int, sphere: bool, workers: int | None = None) -> Gaps:
    """The gap statistic of each k of a sweep.

    Args:
        sweep: The k-means of every k; its seed is that of the draws.
        references: How many sets of evenly spread points, at least 1.
        sphere: Whether the first three axes are places on the sphere.
        workers: Threads; None takes every usable processor.
    """
    gap, error = np.full((2, len(sweep.k)), np.nan)
    ks = [k for k in sweep.fitted if k < sweep.n_points]
    if not ks:
        return Gaps(gap, error)
    draw = _reference(sweep.cells, sphere)
    count = min(sweep.n_points, REFERENCE_POINTS)

    def log_inertia(number: int) -> Floats:
        rng = np.random.default_rng((sweep.seed, _GAP, number))
        points = draw(rng.random((count, sweep.cells.mean.shape[1])))
        cells = _coarse(points)
        return _logs(np.array([fit.inertia + cells.within for fit in _grown(cells, ks, rng)]) / count)

    logs = np.array(run_threads(log_inertia, range(references), workers))
    place = np.searchsorted(sweep.k, ks)
    gap[place] = logs.mean(axis=0) - _logs(sweep.inertia[place] / sweep.n_points)
    error[place] = logs.std(axis=0) * np.sqrt(1 + 1 / references)
    return Gaps(gap, error)


def sweep_stability(sweep: Sweep, bootstraps: int, workers: int | None = None) -> Floats:
    """The stability of each k of a sweep, shape (m,); NaN where it is not fitted or is 1.

    Args:
        sweep: The k-means of every k; its seed is that of the draws.
        bootstraps: How many, at least 1.
        workers: Threads; None takes every usable processor.
    """
    stability = np.full(len(sweep.k), np.nan)
    cells = thin_cells(sweep.cells, BOOTSTRAP_CELLS)
    ks = [k for k in sweep.fitted if 1 < k <= len(cells) and k < sweep.n_points]
    own = {k: _nearest(cells, sweep.centers[k]) for k in ks}

    def agreement(number: int) -> list[float]:
        rng = np.random.default_rng((sweep.seed, _STABILITY, number))
        times = rng.multinomial(sweep.n_points, cells.count / cells.count.sum()).astype(np.float64)
        drawn = times > 0
        mean, count = cells.mean[drawn], times[drawn]
        found = []
        for k in ks:
            fit = _seeded(mean, count, k, rng)
            found.append(adjusted_rand(own[k], _nearest(cells, fit.centers), cells.count))
        return found

    if ks:
        place = np.searchsorted(sweep.k, ks)
        stability[place] = np.mean(run_threads(agreement, range(bootstraps), workers), axis=0)
    return stability


def adjusted_rand(first: Integers, second: Integers, weights: Floats) -> float:
    """The adjusted Rand index of two labellings of points that count several times; 1 when they are the same.

    Equal to scikit-learn's `adjusted_rand_score` of the points repeated.

    Args:
        first: Labels from 0, shape (n,).
        second: Likewise.
        weights: How many points each stands for, whole numbers, shape (n,).
    """
    width = int(second.max(initial=0)) + 1
    table = np.bincount(first * width + second, weights, (int(first.max(initial=0)) + 1) * width)
    pairs: Floats = table.astype(np.float64).reshape(-1, width)
    both, rows, columns = (_pairs(sizes) for sizes in (pairs, pairs.sum(axis=1), pairs.sum(axis=0)))
    chance = rows * columns / max(_pairs(np.array([weights.sum()])), 1.0)
    most = (rows + columns) / 2
    return 1.0 if most == chance else float((both - chance) / (most - chance))


def _logs(values: Floats) -> Floats:
    """Logarithms; NaN of 0."""
    return np.log(np.where(values > 0, values, np.nan))


def _pairs(sizes: Floats) -> float:
    return float((sizes * (sizes - 1) / 2).sum())


def _coarse(points: Floats) -> CellSums:
    """The cells of a reference."""
    one_each = CellSums(0.0, points.view(np.int64), np.ones(len(points)), points, np.zeros(len(points)))
    return regrid_cells(one_each, first_size(points) * (FIRST_CELLS_ACROSS / _CELLS_ACROSS))[0]


def _nearest(cells: CellSums, centers: Floats) -> Integers:
    """The nearest centre of each cell, by a kernel that is compiled already."""
    return lloyd(cells.mean, cells.count, centers, max_iter=0).labels


def _seeded(
    mean: Floats, count: Floats, k: int, rng: np.random.Generator, given: Floats | None = None
) -> Fit:
    """The k-means solution from one greedy k-means++ start, to which some centres may be given."""
    return lloyd(mean, count, seed_centers(mean, count, min(k, len(mean)), rng, given=given), _STEPS)


def _grown(cells: CellSums, ks: list[int], rng: np.random.Generator) -> list[Fit]:
    """A k-means solution for each k, the centres of the one before with more to them."""
    fits: list[Fit] = []
    for k in ks:
        given = fits[-1].centers if fits else None
        fits.append(_seeded(cells.mean, cells.count, k, rng, given))
    return fits


def _reference(cells: CellSums, sphere: bool) -> Callable[[Floats], Floats]:
    """What makes evenly spread points of numbers from 0 to 1, shape (n, d)."""
    low, high = cells.mean.min(axis=0), cells.mean.max(axis=0)
    if not sphere:
        return lambda numbers: low + numbers * (high - low)
    west, span = _longitudes(lonlat(cells.mean)[:, 0])
    sine = np.sin(np.radians(lonlat(cells.mean)[:, 1]))

    def on_sphere(numbers: Floats) -> Floats:
        up = sine.min() + numbers[:, 1] * np.ptp(sine)
        place = sphere_points(west + span * numbers[:, 0], np.degrees(np.arcsin(up)))
        return np.hstack([place, (low + numbers * (high - low))[:, 3:]])

    return on_sphere


def _longitudes(lon: Floats) -> tuple[float, float]:
    """Where the shortest arc that holds all longitudes begins, and its length, degrees."""
    ordered = np.sort(lon)
    gaps = np.diff(np.append(ordered, ordered[0] + 360.0))
    widest = int(np.argmax(gaps))
    return float(ordered[(widest + 1) % len(ordered)]), float(360.0 - gaps[widest])
