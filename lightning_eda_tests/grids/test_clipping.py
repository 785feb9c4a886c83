"""Rectangles on cells."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.grids.clipping import collect
from lightning_eda.grids.fixed_grid import SIZE

ONE = np.array([[2.0, 3.0, 5e8, 2.0, 7.0, 1e8]])


def test_a_known_rectangle_is_cut_as_by_hand():
    """Half a cell wide and one and a half high: a half and a quarter."""
    cells, sums = collect(np.array([[10.25, 20.0, 10.75, 21.5]]), ONE)
    assert cells.tolist() == [20 * SIZE + 10, 21 * SIZE + 10]
    np.testing.assert_allclose(sums[0], [1.0, 1.5, 2.5e8, 1.0, 7 * 2 / 3, 1e8])
    np.testing.assert_allclose(sums[1], [0.5, 0.75, 1.25e8, 0.5, 7 / 3, 1e8])


@given(
    left=st.floats(-6, SIZE + 2),
    top=st.floats(-6, SIZE + 2),
    width=st.floats(0.01, 6),
    height=st.floats(0.01, 6),
)
def test_what_is_on_the_disk_is_conserved(left, top, width, height):
    """Flashes times covered cells are the area on the disk; energy is its share of the area."""
    edges = np.array([[left, top, left + width, top + height]])
    inside = np.diff(edges.clip(0, SIZE).reshape(2, 2), axis=0).prod()
    _, sums = collect(edges, ONE)
    np.testing.assert_allclose(sums[:, 0].sum(), 2.0 * inside, atol=1e-9)
    np.testing.assert_allclose(
        sums[:, 4].sum(), 7.0 * inside / np.diff(edges.reshape(2, 2), axis=0).prod(), atol=1e-6
    )


def test_a_lattice_covers_each_cell_once():
    """Pixels that share their edges leave no gap and overlap nowhere: a partition of unity."""
    lines = 100.0 + np.cumsum(np.r_[0.3, np.full(9, 3.7), np.full(9, 2.9)])
    left, top = (corner.ravel() for corner in np.meshgrid(lines[:-1], lines[:-1]))
    right, bottom = (corner.ravel() for corner in np.meshgrid(lines[1:], lines[1:]))
    edges = np.column_stack([left, top, right, bottom])
    cells, sums = collect(edges, np.repeat(ONE, len(edges), axis=0))
    row, column = cells // SIZE, cells % SIZE
    whole = (column > lines[0]) & (row > lines[0]) & (column + 1 < lines[-1]) & (row + 1 < lines[-1])
    assert whole.sum() > 3000
    np.testing.assert_allclose(sums[whole, 0], 2.0)
    np.testing.assert_allclose(sums[:, 4].sum(), 7.0 * len(edges))


def test_cells_come_sorted():
    """By row, then by column, in whatever order the rectangles are."""
    edges = np.array([[50.0, 9.0, 51.0, 10.0], [7.0, 9.0, 8.0, 10.0], [7.0, 3.0, 8.0, 4.0]])
    cells, sums = collect(edges, np.repeat(ONE, 3, axis=0))
    assert cells.tolist() == [3 * SIZE + 7, 9 * SIZE + 7, 9 * SIZE + 50]
    np.testing.assert_allclose(sums[:, 0], 2.0)


def test_nothing_gives_nothing():
    """No rectangle, no cell."""
    cells, sums = collect(np.empty((0, 4)), np.empty((0, 6)))
    assert (len(cells), sums.shape) == (0, (0, 6))


def cut_one_by_one(edges, brought):
    """The same by loops over rectangles and cells."""
    found = {}
    for (left, top, right, bottom), brings in zip(edges, brought, strict=True):
        for row in range(max(math.floor(top), 0), min(math.ceil(bottom), SIZE)):
            for column in range(max(math.floor(left), 0), min(math.ceil(right), SIZE)):
                high = min(bottom, row + 1) - max(top, row)
                covered = high * (min(right, column + 1) - max(left, column))
                sums = found.setdefault(row * SIZE + column, [0.0] * 5 + [math.inf])
                share = covered / ((right - left) * (bottom - top))
                sums[:5] = [*(sums[:4] + covered * brings[:4]), sums[4] + share * brings[4]]
                sums[5] = min(sums[5], brings[5])
    return found


@pytest.mark.parametrize("corner", [-3.0, 700.0, SIZE - 36.0])
def test_many_that_overlap_are_cut_as_one_by_one(corner):
    """Of all sizes, on whole numbers too, beyond each edge of the disk and inside it."""
    generator = np.random.default_rng(4)
    low = corner + generator.uniform(0, 40, (60, 2))
    low[:10] = np.floor(low[:10])
    size = generator.uniform(0.1, 5, (60, 2))
    size[5:15] = np.ceil(size[5:15])
    edges = np.column_stack([low, low + size])
    brought = generator.uniform(1, 2, (60, 6))
    expected = cut_one_by_one(edges, brought)
    cells, sums = collect(edges, brought)
    assert cells.tolist() == sorted(expected)
    np.testing.assert_allclose(sums, [expected[cell] for cell in sorted(expected)], rtol=1e-12)
