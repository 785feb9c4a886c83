"""Sums of points per cell: what weighted k-means needs, and all that is left of millions of rows.

A cell holds a count, a mean vector and a sum of squares about the mean, so the cost of a fit grows with the
occupied cells, not with the rows; the sums of small cells merge into those of a larger one (Chan, Golub and
LeVeque 1983). Cells of size 0 are the distinct positions: then nothing is approximated.
"""

from dataclasses import dataclass

import numpy as np

from lightning_eda.clustering.kmeans.grouping import STEPS, group_rows, sum_rows_by_cell
from lightning_eda.clustering.points import Floats, Integers, check_points
from lightning_eda.errors import PointsError

FIRST_CELLS_ACROSS = 4096
"""Cells of `first_size` in the largest extent, within a factor of the square root of 2."""

_LARGEST_KEY = 2.0**52  # beyond it neighbouring cells share one float


@dataclass(frozen=True)
class CellSums:
    """Occupied cells of one grid, in lexicographic order of their keys.

    Attributes:
        size: Edge of a cubic cell, in the points' unit; 0 means that each distinct position is a cell.
        key: Grid index floor(x / size) per axis, shape (m, d); for size 0 the bytes of the position.
        count: Points per cell, shape (m,), as floats.
        mean: Mean vector per cell, shape (m, d).
        sum_squares: Sum over the cell's points of the squared distance to the cell's mean, shape (m,).
    """

    size: float
    key: Integers
    count: Floats
    mean: Floats
    sum_squares: Floats

    def __len__(self) -> int:
        return len(self.count)

    @property
    def n_points(self) -> int:
        """The number of points in all cells."""
        return int(self.count.sum())

    @property
    def within(self) -> float:
        """The part of every inertia that lies inside the cells: the same for all centres."""
        return float(self.sum_squares.sum())


def distinct_positions(points: Floats, most: int | None = None) -> tuple[CellSums, Integers] | None:
    """The distinct points as cells of size 0, and the cell of each row: exact, and free of the row order.

    Args:
        points: Shape (n, d), finite.
        most: Give up, and return None, when there are more distinct points than this.
    """
    array = check_points(points)
    key = array.view(np.int64)
    groups = group_rows(key, most)
    if groups is None:
        return None
    first, group = groups
    count = np.bincount(group, minlength=len(first)).astype(np.float64)
    return _in_order(CellSums(0.0, key[first], count, array[first], np.zeros(len(first))), group)


def cells_of_points(points: Floats, size: float, most: int | None = None) -> tuple[CellSums, Integers] | None:
    """The occupied cells of an absolute grid, and the cell of each row; free of the row order.

    Positions are added in steps of 2**-32 of the edge (half a micrometre for 2 km) as whole numbers, which
    makes the sums the same for every order of the rows; they hold two thousand million points per cell.

    Args:
        points: Shape (n, d), finite.
        size: Edge of a cell in the points' unit, above 0. Grids of sizes that are powers of two nest.
        most: Give up, and return None, when more cells than this are occupied.

    Raises:
        PointsError: The edge is not above 0, or so small that the grid index overflows.
    """
    array = check_points(points)
    _check_size(array, size)
    found = sum_rows_by_cell(array, size, most)
    if found is None:
        return None
    key, steps, group = found
    count = steps[:, 0].astype(np.float64)
    sums, squares = steps[:, 1:-1] / STEPS, steps[:, -1] / STEPS
    mean = sums / count[:, np.newaxis]
    about_mean = np.maximum(squares - (sums * mean).sum(axis=1), 0.0) * size**2
    about_mean[count == 1] = 0.0
    return _in_order(CellSums(size, key, count, (key + mean) * size, about_mean), group)


def regrid_cells(cells: CellSums, size: float) -> tuple[CellSums, Integers]:
    """Cells of a coarser grid, by their means, and the new cell of each old one.

    Args:
        cells: Distinct positions, or cells of a grid.
        size: Edge in the points' unit; a power-of-two multiple of the old edge where the grids should nest.
    """
    _check_size(cells.mean, size)
    return _merge_groups(cells, np.floor(cells.mean / size).astype(np.int64), size)


def finest_cells(points: Floats, most: int) -> tuple[CellSums, Integers]:
    """Cells of a fine grid, at most the given number, and the cell of each row.

    The edge is a power of two. It is doubled while too many cells are occupied, and halved while they are
    fewer than an eighth of the limit, so that points in a few tight clumps are still told apart.

    Args:
        points: Shape (n, d), finite; more than `most` of them distinct.
        most: Occupied cells to allow, at least 2**d: those that meet at 0 never merge.
    """
    size = first_size(points)
    while (found := cells_of_points(points, size, most)) is None:
        size *= 2
    while 8 * len(found[0]) < most and size > _smallest_size(points):
        size /= 2
        finer = cells_of_points(points, size, most)
        if finer is None:
            break
        found = finer
    return found


def coarsen_cells(cells: CellSums, most: int) -> tuple[CellSums, Integers]:
    """Cells of at most the given number, by doubling the edge, and the new cell of each old one.

    Args:
        cells: Distinct positions, or cells of a grid.
        most: Occupied cells to allow, at least 2**d: those that meet at 0 never merge.
    """
    where = np.arange(len(cells))
    while len(cells) > most:
        cells, step = regrid_cells(cells, 2 * cells.size or first_size(cells.mean))
        where = step[where]
    return cells, where


def thin_cells(cells: CellSums, least: int) -> CellSums:
    """The coarsest cells of a power-of-two grid that are at least so many; all, where there are fewer.

    Args:
        cells: Distinct positions, or cells of a grid.
        least: Occupied cells to keep.
    """
    if len(cells) <= least:
        return cells
    size = first_size(cells.mean)
    thin = regrid_cells(cells, size)[0]
    while len(thin) < least:
        if size < _smallest_size(cells.mean):
            return cells
        size /= 2
        thin = regrid_cells(cells, size)[0]
    while len(coarser := regrid_cells(thin, 2 * thin.size)[0]) >= least:
        thin = coarser
    return thin


def first_size(points: Floats) -> float:
    """The power of two nearest to the largest extent over 4,096: 2 or 4 km for a hemisphere."""
    extent = float(np.ptp(points, axis=0).max())
    return float(2.0 ** np.round(np.log2(extent / FIRST_CELLS_ACROSS)))


def _smallest_size(points: Floats) -> float:
    return float(np.abs(points).max()) * 2.0**-50


def _check_size(array: Floats, size: float) -> None:
    if not (np.isfinite(size) and size > 0):
        raise PointsError(f"cell size {size}: it must be above 0")
    largest = max(array.max(), -array.min()) if len(array) else 0.0
    if largest / size >= _LARGEST_KEY:
        raise PointsError(f"cell size {size:g} is too small for coordinates of {largest:g}")


def _merge_groups(cells: CellSums, key: Integers, size: float) -> tuple[CellSums, Integers]:
    groups = group_rows(key)
    assert groups is not None  # no limit was given
    first, group = groups
    many = len(first)
    count = np.bincount(group, cells.count, many).astype(np.float64)
    origin = cells.mean[first]  # offsets from a point of the cell keep the digits that raw sums would lose
    offset = cells.mean - origin[group]
    shift = np.column_stack([np.bincount(group, cells.count * x, many) / count for x in offset.T])
    between = cells.count * ((offset - shift[group]) ** 2).sum(axis=1)
    sums = np.bincount(group, cells.sum_squares + between, many).astype(np.float64)
    return _in_order(CellSums(size, key[first], count, origin + shift, sums), group)


def _in_order(cells: CellSums, group: Integers) -> tuple[CellSums, Integers]:
    order = np.lexsort(cells.key.T[::-1])
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    ordered = CellSums(
        cells.size, cells.key[order], cells.count[order], cells.mean[order], cells.sum_squares[order]
    )
    return ordered, place[group]
