"""Density of a day in steps of a few minutes, in blocks of cells as fine as can be held."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightning_eda.grids.fixed_grid import SIZE, Floats

COARSEST = 16


class Blocks(NamedTuple):
    """Flash extent density by step and block; blocks without any are left out.

    Attributes:
        side: Rows and columns of the fixed grid in a block: 1, 2, 4 and so on.
        step: Number of the step, rising, shape (n,).
        row: Of the block, counted from the north in blocks.
        column: Likewise, from the west.
        flashes: Mean flash extent density of the block's cells, so that no flash is lost.
    """

    side: int
    step: NDArray[np.int64]
    row: NDArray[np.int64]
    column: NDArray[np.int64]
    flashes: Floats

    def coarser(self, side: int) -> "Blocks":
        """Larger blocks, or these if they are no smaller; each step and block once."""
        scale = max(1, side // self.side)
        key = (self.step * SIZE + self.row // scale) * SIZE + self.column // scale
        found, place = np.unique(key, return_inverse=True)
        sums = np.bincount(place, self.flashes, len(found)) / scale**2
        return Blocks(self.side * scale, found // SIZE**2, found // SIZE % SIZE, found % SIZE, sums)

    def total(self) -> "Blocks":
        """All steps in one."""
        return self._replace(step=self.step * 0).coarser(self.side)


def density_blocks(tables: Iterable[pa.Table], start: datetime, minutes: int, most: int) -> Blocks:
    """The grids of some hours in blocks.

    Args:
        tables: `density.SCHEMA`, of minutes; held one at a time.
        start: Where steps are counted from, UTC.
        minutes: Length of a step.
        most: Blocks become as large as is needed for no more of them than this.
    """
    none = np.zeros(0, np.int64)
    blocks = Blocks(1, none, none, none, np.zeros(0))
    begin = np.datetime64(start.replace(tzinfo=None), "m")
    for table in tables:
        step = (table["minute"].to_numpy().astype("datetime64[m]") - begin).astype(np.int64) // minutes
        row, column = (table[name].to_numpy().astype(np.int64) for name in ("row", "col"))
        flashes = table["flash_extent_density"].to_numpy().astype(np.float64)
        part = Blocks(1, step, row, column, flashes).coarser(blocks.side)
        columns = (np.concatenate(pair) for pair in zip(blocks[1:], part[1:], strict=True))
        blocks = Blocks(blocks.side, *columns).coarser(blocks.side)
        while len(blocks.step) > most and blocks.side < COARSEST:
            blocks = blocks.coarser(2 * blocks.side)
    return blocks
