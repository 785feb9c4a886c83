"""Rectangles on cells."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.grids.clipping import Canvas, spread
from lightning_eda.grids.fixed_grid import SIZE

ONE = np.array([[2.0, 3.0, 5e8, 2.0, 7.0, 1e8]])


def test_a_known_rectangle_is_cut_as_by_hand():
    """Half a cell wide and one and a half high: a half and a quarter."""
    cells, sums = Canvas().take(np.array([[10.25, 20.0, 10.75, 21.5]]), ONE)
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
    _, sums = CANVAS.take(edges, ONE)
    np.testing.assert_allclose(sums[:, 0].sum(), 2.0 * inside, atol=1e-9)
    np.testing.assert_allclose(
        sums[:, 4].sum(), 7.0 * inside / np.diff(edges.reshape(2, 2), axis=0).prod(), atol=1e-6
    )


CANVAS = Canvas()


def test_a_lattice_covers_each_cell_once():
    """Pixels that share their edges leave no gap and overlap nowhere: a partition of unity."""
    lines = 100.0 + np.cumsum(np.r_[0.3, np.full(9, 3.7), np.full(9, 2.9)])
    left, top = (corner.ravel() for corner in np.meshgrid(lines[:-1], lines[:-1]))
    right, bottom = (corner.ravel() for corner in np.meshgrid(lines[1:], lines[1:]))
    edges = np.column_stack([left, top, right, bottom])
    cells, sums = Canvas().take(edges, np.repeat(ONE, len(edges), axis=0))
    row, column = cells // SIZE, cells % SIZE
    whole = (column > lines[0]) & (row > lines[0]) & (column + 1 < lines[-1]) & (row + 1 < lines[-1])
    assert whole.sum() > 3000
    np.testing.assert_allclose(sums[whole, 0], 2.0)
    np.testing.assert_allclose(sums[:, 4].sum(), 7.0 * len(edges))


def test_cells_come_sorted_and_a_canvas_forgets():
    """The second picture on a canvas holds nothing of the first."""
    edges = np.array([[50.0, 9.0, 51.0, 10.0], [7.0, 9.0, 8.0, 10.0], [7.0, 3.0, 8.0, 4.0]])
    canvas = Canvas()
    for _ in range(2):
        cells, sums = canvas.take(edges, np.repeat(ONE, 3, axis=0))
        assert cells.tolist() == [3 * SIZE + 7, 9 * SIZE + 7, 9 * SIZE + 50]
        np.testing.assert_allclose(sums[:, 0], 2.0)


def test_nothing_gives_nothing():
    """No rectangle, no cell."""
    cells, sums = Canvas().take(np.empty((0, 4)), np.empty((0, 6)))
    assert (len(cells), sums.shape) == (0, (0, 6))


def test_the_kernel_gives_the_same_uncompiled():
    """Machine code and Python add the same."""
    generator = np.random.default_rng(4)
    low = generator.uniform(0, 40, (60, 2))
    edges = np.column_stack([low, low + generator.uniform(0.1, 5, (60, 2))])
    brought = generator.uniform(1, 2, (60, 6))
    cells, sums = np.empty(3000, np.int64), np.zeros((3000, 6))
    sums[:, 5] = np.inf
    used = spread(edges, brought, np.zeros((SIZE, SIZE), np.int32), cells, sums)
    order = np.argsort(cells[:used])
    found, found_sums = Canvas().take(edges, brought)
    assert cells[:used][order].tolist() == found.tolist()
    np.testing.assert_allclose(sums[:used][order], found_sums, rtol=1e-12)
    assert found_sums[:, 5].min() == pytest.approx(brought[:, 5].min())
