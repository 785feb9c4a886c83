"""Rectangles cut along the lines of the grid: what each cell gets of what they bring.

Places are in cells: cell (row, column) is [row, row + 1) downward and [column, column + 1) to the right.
"""

import numpy as np
from numpy.typing import NDArray

from lightning_eda.grids.fixed_grid import SIZE

Floats = NDArray[np.float64]

FLASHES, GROUPS, AREA, AREA_FLASHES, ENERGY, LEAST_AREA = range(6)
"""What a rectangle brings and a cell collects: numbers, the sum of the areas of flashes that have one, how
many have, J, and the smallest area (infinity where there is none)."""


def collect(edges: Floats, brought: Floats) -> tuple[NDArray[np.int64], Floats]:
    """The cells of the full disk that some rectangles touch and what they get.

    Flashes, groups and areas come by the share of the cell that is covered, energy by the share of the
    rectangle, so that energy is conserved but for what lies outside the disk. A sensor pixel touches some 20
    cells, so all are cut at once: as quick as a compiled loop, which takes seconds to compile.

    Args:
        edges: Left, top, right and bottom of each, shape (n, 4).
        brought: Shape (n, 6).

    Returns:
        The numbers of the cells (row * SIZE + column), rising, and their sums, shape (cells, 6).
    """
    left, top, right, bottom = edges.T
    row, rows, high = _cuts(top, bottom)
    column, columns, wide = _cuts(left, right)
    touched = rows[:, :, np.newaxis] & columns[:, np.newaxis]
    rectangle = np.repeat(np.arange(len(edges)), np.count_nonzero(touched, axis=(1, 2)))
    covered = (high[:, :, np.newaxis] * wide[:, np.newaxis])[touched]
    number = (row[:, :, np.newaxis] * SIZE + column[:, np.newaxis])[touched]
    cells, place = np.unique(number, return_inverse=True)
    energy_share = covered / ((right - left) * (bottom - top))[rectangle]
    sums = np.empty((len(cells), 6))
    for kind in (FLASHES, GROUPS, AREA, AREA_FLASHES, ENERGY):
        share = energy_share if kind == ENERGY else covered
        sums[:, kind] = np.bincount(place, share * brought[rectangle, kind], len(cells))
    sums[:, LEAST_AREA] = np.inf
    np.minimum.at(sums[:, LEAST_AREA], place, brought[rectangle, LEAST_AREA])
    return cells, sums


def _cuts(low: Floats, high: Floats) -> tuple[NDArray[np.int64], NDArray[np.bool_], Floats]:
    """Spans cut at whole numbers, as many pieces for each as the longest has.

    Returns:
        The number each piece lies on, whether it is one of the span and on the disk, and its length; of
        shape (n, pieces).
    """
    first = np.floor(low)
    pieces = first[:, np.newaxis] + np.arange((np.ceil(high) - first).max(initial=0.0))
    length = np.minimum(high[:, np.newaxis], pieces + 1.0) - np.maximum(low[:, np.newaxis], pieces)
    inside = (pieces < high[:, np.newaxis]) & (pieces >= 0) & (pieces < SIZE)
    return pieces.astype(np.int64), inside, length
