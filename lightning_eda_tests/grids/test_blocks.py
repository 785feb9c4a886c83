"""Density of a day in blocks: no flash is lost however large they become."""

from datetime import UTC, datetime

import numpy as np
import pytest

from lightning_eda.grids.blocks import density_blocks
from lightning_eda.grids.density import density_table, minute_number
from lightning_eda.grids.fixed_grid import SIZE

START = datetime(2024, 7, 1, tzinfo=UTC)


def minutes_of(*rows):
    """A table of grids of (minute of the day, row, column, flashes)."""
    minute, row, column, flashes = (np.array(part) for part in zip(*rows, strict=True))
    sums = np.zeros((len(rows), 6))
    sums[:, 0] = flashes
    return density_table(minute_number(START) + minute, row * SIZE + column, sums)


def rows_of(blocks):
    parts = (blocks.step, blocks.row, blocks.column, blocks.flashes)
    return [tuple(row) for row in zip(*(part.tolist() for part in parts), strict=True)]


def test_minutes_of_a_step_are_added():
    """Steps of five minutes, over several hours; the total has each cell once."""
    tables = [
        minutes_of((0, 10, 20, 1.0), (4, 10, 20, 2.0), (5, 10, 20, 4.0)),
        minutes_of((60, 10, 21, 8.0)),
    ]
    blocks = density_blocks(tables, START, 5, most=100)
    assert rows_of(blocks) == [(0, 10, 20, 3.0), (1, 10, 20, 4.0), (12, 10, 21, 8.0)]
    assert rows_of(blocks.total()) == [(0, 10, 20, 7.0), (0, 10, 21, 8.0)]


@pytest.mark.parametrize(("most", "side"), [(400, 1), (399, 2), (100, 2), (99, 4), (1, 16)])
def test_blocks_grow_until_they_are_few_enough(most, side):
    """Their mean times their area is what the cells had; the coarsest are of 16 cells."""
    cells = [(7, row, column, 1.0 + row) for row in range(20) for column in range(20)]
    blocks = density_blocks([minutes_of(*cells[:150]), minutes_of(*cells[150:])], START, 5, most)
    assert blocks.side == side
    assert side**2 * blocks.flashes.sum() == pytest.approx(sum(cell[3] for cell in cells))
    assert blocks.row.max() == 19 // side


def test_no_grids_are_no_blocks():
    """Neither without a file nor with an empty one."""
    for tables in ([], [minutes_of((0, 1, 1, 1.0)).slice(0, 0)]):
        blocks = density_blocks(tables, START, 5, most=10)
        assert rows_of(blocks) == rows_of(blocks.total()) == []
