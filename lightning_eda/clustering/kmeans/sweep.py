"""k-means for every k of a range, each fitted once; evaluators, tables and maps all read this one result.

Exact: rows are first joined to distinct positions with counts, which changes no sum. While these are at most
`fit_limit`, every k ends in a solution of k-means on all points: each label is the nearest centre, each
centre the mean of its points. Above the limit the fit runs on grid cells: all points of a cell share a label,
and the inertia is exact for these labels (it includes the sum of squares inside the cells).

Heuristic, as k-means always is: which of the many solutions is found; `search` says how.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lightning_eda.clustering.kmeans.cells import (
    CellSums,
    cells_of_points,
    coarsen_cells,
    distinct_positions,
    finest_cells,
)
from lightning_eda.clustering.kmeans.kmeans import Fit
from lightning_eda.clustering.kmeans.search import best_fits
from lightning_eda.clustering.points import Floats, Integers, check_points
from lightning_eda.errors import PointsError, SettingError

FIT_LIMIT = 100_000


@dataclass(frozen=True)
class Sweep:
    """The k-means solutions of a range of k.

    Attributes:
        k: Each k asked for, ascending, shape (m,).
        inertia: Sum of squared distances to the own centre, in the points' unit squared, shape (m,); NaN
            where k is not fitted.
        centers: Centres by k, shape (k, d), largest cluster first; only fitted k are present.
        method: `exact` (distinct positions) or `cells`.
        cell_size: Edge of a cell, in the points' unit; 0 for `exact`.
        cells: What was fitted.
        n_points: Points, counted with repeats.
        reason: Why some or all k are not fitted, in words; empty when all are.
        n_init: Starts per k.
        seed: Seed of the draws.
        cell_labels_by_k: The label of each of `cells`, by fitted k; `cell_labels` reads it.
        cell_of_row: The number of the cell of each row, shape (n,).
    """

    k: Integers
    inertia: Floats
    centers: Mapping[int, Floats]
    method: str
    cell_size: float
    cells: CellSums
    n_points: int
    reason: str
    n_init: int
    seed: int
    cell_labels_by_k: Mapping[int, NDArray[np.int32]] = field(repr=False)
    cell_of_row: Integers = field(repr=False)

    @property
    def fitted(self) -> list[int]:
        """Each k that has a solution."""
        return sorted(self.centers)

    def fitted_centers(self, k: int) -> Floats:
        """The centres of a k, shape (k, d), largest cluster first.

        Raises:
            PointsError: This k was not asked for, or could not be fitted.
        """
        self._require(k)
        return self.centers[k]

    def cell_labels(self, k: int) -> NDArray[np.int32]:
        """The label of each cell (or distinct position), in the order of `cells`.

        Raises:
            PointsError: This k was not asked for, or could not be fitted.
        """
        self._require(k)
        return self.cell_labels_by_k[k]

    def labels(self, k: int) -> NDArray[np.int32]:
        """The label of each row, in the order of the rows given (of each cell, if cells were given).

        Label 0 is the largest cluster; of equally large ones the centre that is first in lexicographic order
        of its coordinates comes first.

        Raises:
            PointsError: This k was not asked for, or could not be fitted.
        """
        return self.cell_labels(k)[self.cell_of_row]

    def _require(self, k: int) -> None:
        if k not in self.centers:
            raise PointsError(f"k = {k} is not fitted; fitted: {self.fitted}. {self.reason}".strip())


def kmeans_sweep(
    points: ArrayLike,
    k_min: int = 2,
    k_max: int = 23,
    n_init: int = 10,
    seed: int = 60,
    *,
    fit_limit: int = FIT_LIMIT,
    cell_size: float | None = None,
    workers: int | None = None,
) -> Sweep:
    """The k-means solution for each k from k_min to k_max, the same for every order of the rows.

    Args:
        points: Shape (n, d), finite.
        k_min: First k, at least 1.
        k_max: Last k.
        n_init: Starts per k, at least 1.
        seed: Seed of the draws.
        fit_limit: Most distinct positions to fit exactly, and most cells to fit above that; at least 2**d.
        cell_size: Edge of a cell in the points' unit, used whatever the limit; None finds a fine one when the
            limit asks for cells.
        workers: Threads; None takes every usable processor. The result does not depend on it.

    Raises:
        PointsError: The points or the limit are not usable. Too few points is a result, not an error.
        SettingError: There is no k from 1 in the range, or no start.
    """
    array = check_points(points)
    cells, cell_of_row = _reduce(array, fit_limit, cell_size)
    return _sweep(cells, cell_of_row, range(k_min, k_max + 1), n_init, seed, workers)


def kmeans_sweep_cells(
    cells: CellSums,
    k_min: int = 2,
    k_max: int = 23,
    n_init: int = 10,
    seed: int = 60,
    *,
    fit_limit: int = FIT_LIMIT,
) -> Sweep:
    """The same for sums per cell that were made elsewhere, by a GROUP BY over a table for one.

    Args:
        cells: Distinct positions, or cells of a grid; `labels` of the result gives one label for each.
        k_min: First k, at least 1.
        k_max: Last k.
        n_init: Starts per k, at least 1.
        seed: Seed of the draws.
        fit_limit: Most cells to fit, at least 2**d; more are joined to coarser ones first.

    Raises:
        PointsError: The limit is not usable.
        SettingError: There is no k from 1 in the range, or no start.
    """
    _check_fit_limit(fit_limit, cells.mean)
    coarse, cell_of_row = coarsen_cells(cells, fit_limit)
    return _sweep(coarse, cell_of_row, range(k_min, k_max + 1), n_init, seed)


def _reduce(points: Floats, fit_limit: int, cell_size: float | None) -> tuple[CellSums, Integers]:
    _check_fit_limit(fit_limit, points)
    if cell_size is None:
        return distinct_positions(points, fit_limit) or finest_cells(points, fit_limit)
    found = cells_of_points(points, cell_size)
    assert found is not None  # no limit was given
    return found


def _check_fit_limit(fit_limit: int, points: Floats) -> None:
    dimensions = points.shape[1]
    if fit_limit < 2**dimensions:  # cells of any size meet at 0, one on each side of every axis
        raise PointsError(
            f"fit_limit {fit_limit}: at least {2**dimensions} for points of {dimensions} dimensions"
        )


def _sweep(
    cells: CellSums, cell_of_row: Integers, ks: range, n_init: int, seed: int, workers: int | None = None
) -> Sweep:
    if not ks:
        raise SettingError("k_min", ks.start, f"at most k_max ({ks.stop - 1})")
    for name, value in (("k_min", ks[0]), ("n_init", n_init)):
        if value < 1:
            raise SettingError(name, value, "a whole number from 1")
    possible = [k for k in ks if k <= len(cells) and len(cells) > 1]
    fits = {k: _ranked(fit, cells) for k, fit in best_fits(cells, possible, n_init, seed, workers).items()}
    inertia = [fits[k].inertia + cells.within if k in fits else np.nan for k in ks]
    return Sweep(
        k=np.array(ks, dtype=np.int64),
        inertia=np.array(inertia, dtype=np.float64),
        centers={k: fit.centers for k, fit in fits.items()},
        method="cells" if cells.size > 0 else "exact",
        cell_size=cells.size,
        cells=cells,
        n_points=cells.n_points,
        reason=_reason(cells, ks, possible),
        n_init=n_init,
        seed=seed,
        cell_labels_by_k={k: fit.labels.astype(np.int32) for k, fit in fits.items()},
        cell_of_row=cell_of_row,
    )


def _reason(cells: CellSums, ks: range, possible: list[int]) -> str:
    if len(possible) == len(ks):
        return ""
    seen = f"{cells.n_points} points at {len(cells)} distinct " + ("cells" if cells.size > 0 else "positions")
    if not possible:
        return f"not enough points: {seen}"
    return f"not enough points for k above {possible[-1]}: {seen}"


def _ranked(fit: Fit, cells: CellSums) -> Fit:
    """The same solution with the largest cluster first, ties by the coordinates of the centre."""
    size = np.bincount(fit.labels, cells.count, len(fit.centers))
    order = np.lexsort([*fit.centers.T[::-1], -size])
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return Fit(fit.centers[order], rank[fit.labels], fit.inertia)
