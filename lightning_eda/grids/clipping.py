"""Rectangles cut along the lines of the grid: what each cell gets of what they bring.

Places are in cells: cell (row, column) is [row, row + 1) downward and [column, column + 1) to the right.
"""

import numpy as np
from numpy.typing import NDArray

from lightning_eda.compiled import compiled
from lightning_eda.grids.fixed_grid import SIZE

Floats = NDArray[np.float64]

FLASHES, GROUPS, AREA, AREA_FLASHES, ENERGY, LEAST_AREA = range(6)
"""What a rectangle brings and a cell collects: numbers, the sum of the areas of flashes that have one, how
many have, J, and the smallest area (infinity where there is none)."""


class Canvas:
    """The full disk, on which rectangles are collected; sparse, and emptied by `take`."""

    def __init__(self) -> None:
        self._slots = np.zeros((SIZE, SIZE), np.int32)

    def take(self, edges: Floats, brought: Floats) -> tuple[NDArray[np.int64], Floats]:
        """The cells that some rectangles touch and what they get.

        Flashes, groups and areas come by the share of the cell that is covered, energy by the share of the
        rectangle, so that energy is conserved but for what lies outside the disk.

        Args:
            edges: Left, top, right and bottom of each, shape (n, 4).
            brought: Shape (n, 6).

        Returns:
            The numbers of the cells (row * SIZE + column), rising, and their sums, shape (cells, 6).
        """
        most = int(np.prod(np.ceil(edges[:, 2:]) - np.floor(edges[:, :2]), axis=1).sum())
        cells, sums = np.empty(most, np.int64), np.zeros((most, 6))
        sums[:, LEAST_AREA] = np.inf
        used = compiled(spread)(edges, brought, self._slots, cells, sums)
        cells, sums = cells[:used], sums[:used]
        self._slots[cells // SIZE, cells % SIZE] = 0  # a minute lights a few of the 29 million cells
        order = np.argsort(cells)
        return cells[order], sums[order]


def spread(
    edges: Floats, brought: Floats, slots: NDArray[np.int32], cells: NDArray[np.int64], sums: Floats
) -> int:
    """Adds rectangles to the cells they touch; to be compiled.

    Args:
        edges: Left, top, right and bottom of each, shape (n, 4).
        brought: What each brings, shape (n, 6).
        slots: For each cell its place in `sums` plus 1, 0 where it has none, shape (rows, columns).
        cells: Gets the number of the cell at each place, shape (m,).
        sums: Gets what has been collected at each place, shape (m, 6).

    Returns:
        How many places are taken.
    """
    rows, columns = slots.shape
    used = 0
    for n in range(len(edges)):
        left, top, right, bottom = edges[n, 0], edges[n, 1], edges[n, 2], edges[n, 3]
        whole = (right - left) * (bottom - top)
        for row in range(max(int(np.floor(top)), 0), min(int(np.ceil(bottom)), rows)):
            high = min(bottom, row + 1.0) - max(top, row)
            for column in range(max(int(np.floor(left)), 0), min(int(np.ceil(right)), columns)):
                covered = high * (min(right, column + 1.0) - max(left, column))
                slot = slots[row, column]
                if slot == 0:
                    slot = used + 1
                    slots[row, column] = slot
                    cells[used] = row * columns + column
                    used = slot
                place = slot - 1
                for kind in range(4):  # FLASHES to AREA_FLASHES
                    sums[place, kind] += covered * brought[n, kind]
                sums[place, 4] += covered / whole * brought[n, 4]
                sums[place, 5] = min(sums[place, 5], brought[n, 5])
    return used
