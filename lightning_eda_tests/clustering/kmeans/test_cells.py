import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.clustering.kmeans.cells import (
    CellSums,
    cells_of_points,
    coarsen_cells,
    distinct_positions,
    finest_cells,
    regrid_cells,
    thin_cells,
)
from lightning_eda.clustering.kmeans.grouping import group_rows
from lightning_eda.clustering.points import sphere_points
from lightning_eda.errors import PointsError
from lightning_eda_tests.support.examples import examples

pytestmark = pytest.mark.filterwarnings("error")


def storms(n: int, seed: int = 0) -> np.ndarray:
    """Points of 40 storms, 30 km wide, on the sphere."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform([-140, -50], [-10, 50], (40, 2))
    lonlat = centres[rng.integers(0, 40, n)] + rng.normal(0, 0.3, (n, 2))
    return sphere_points(*lonlat.T)


def some(found: tuple[CellSums, np.ndarray] | None) -> tuple[CellSums, np.ndarray]:
    assert found is not None
    return found


def assert_same(one: CellSums, two: CellSums, rtol: float = 0.0) -> None:
    assert one.size == two.size
    np.testing.assert_array_equal(one.key, two.key)
    np.testing.assert_array_equal(one.count, two.count)
    np.testing.assert_allclose(one.mean, two.mean, rtol=rtol, atol=1e-6 if rtol else 0)
    np.testing.assert_allclose(one.sum_squares, two.sum_squares, rtol=rtol, atol=1e-5 if rtol else 0)


@given(st.lists(st.tuples(st.integers(-2, 2), st.integers(-2, 2)), max_size=60))
@examples(60)
def test_group_rows_is_unique(rows: list[tuple[int, int]]) -> None:
    """Groups are those of numpy's unique, and `first` is the first row of each."""
    array = np.array(rows, dtype=np.int64).reshape(-1, 2)
    first, group = some(group_rows(array))
    np.testing.assert_array_equal(array[first][group], array)
    assert len(first) == len(np.unique(array, axis=0))
    np.testing.assert_array_equal(first, np.sort(first))


def test_group_rows_gives_up_above_the_limit() -> None:
    """Exactly the limit passes, one more does not."""
    rows = np.arange(30, dtype=np.int64)[:, np.newaxis] % 10
    assert group_rows(rows, 9) is None
    assert len(some(group_rows(rows, 10))[0]) == 10


def test_distinct_positions_are_exact() -> None:
    """Every row is found again bit by bit, zeros of either sign are one position, counts add up."""
    points = np.array([[0.0, 1.0], [-0.0, 1.0], [0.1, 0.2], [0.1, 0.2], [0.1, np.nextafter(0.2, 1)]])
    cells, where = some(distinct_positions(points))
    np.testing.assert_array_equal(cells.mean[where], points)
    assert (len(cells), cells.n_points, cells.within, cells.size) == (3, 5, 0.0, 0.0)
    np.testing.assert_array_equal(np.sort(cells.count), [1, 2, 2])


@pytest.mark.parametrize("size", [0.0, 16.0, 7.3])
def test_cells_do_not_depend_on_the_row_order(size: float) -> None:
    """The sums are the same bit by bit for every permutation, and each row keeps its cell."""
    points = storms(5000)
    order = np.random.default_rng(1).permutation(5000)
    make = distinct_positions if size == 0 else lambda rows: cells_of_points(rows, size)
    cells, where = some(make(points))
    shuffled, shuffled_where = some(make(points[order]))
    assert_same(cells, shuffled)
    np.testing.assert_array_equal(where[order], shuffled_where)


def test_cell_sums_are_those_of_their_points() -> None:
    """Count, mean and sum of squares equal what numpy computes from the rows of each cell."""
    points = storms(4000)
    cells, where = some(cells_of_points(points, 32.0))
    assert 100 < len(cells) < 2000
    np.testing.assert_array_equal(cells.key[where], np.floor(points / 32.0))
    for cell in range(len(cells)):
        rows = points[where == cell]
        assert cells.count[cell] == len(rows)
        np.testing.assert_allclose(cells.mean[cell], rows.mean(axis=0), atol=1e-7)
        squares = ((rows - rows.mean(axis=0)) ** 2).sum()
        assert cells.sum_squares[cell] == pytest.approx(squares, rel=1e-9, abs=len(rows) * 1e-6)


def test_a_coarser_grid_of_cells_is_the_coarser_grid_of_the_points() -> None:
    """Grids of powers of two nest, and total scatter about any point is kept."""
    points = storms(3000)
    fine, _ = some(cells_of_points(points, 4.0))
    coarse, step = regrid_cells(fine, 16.0)
    assert_same(coarse, some(cells_of_points(points, 16.0))[0], rtol=1e-9)
    np.testing.assert_array_equal(coarse.key[step], fine.key // 4)


def test_limits_of_the_number_of_cells() -> None:
    """`finest` and `coarsen` stay below their limit, `thin` above its own; counts are kept by each."""
    points = storms(20000)
    positions, _ = some(distinct_positions(points))
    finest, where = finest_cells(points, 5000)
    coarse, step = coarsen_cells(positions, 500)
    thin = thin_cells(positions, 500)
    assert 625 <= len(finest) <= 5000
    assert len(coarse) <= 500 <= len(thin) <= 4 * 500 * 2
    assert [cells.n_points for cells in (finest, coarse, thin)] == [20000] * 3
    np.testing.assert_array_equal(np.bincount(where), finest.count)
    np.testing.assert_array_equal(np.bincount(step), coarse.count)
    assert thin_cells(coarse, 5000) is coarse


def test_tight_clumps_far_apart_are_still_resolved() -> None:
    """A first grid that swallows each clump whole is refined, not taken for three points."""
    rng = np.random.default_rng(0)
    points = np.repeat([[0.0, 0, 0], [1e7, 0, 0], [0, 1e7, 0]], 3000, axis=0) + rng.normal(0, 1, (9000, 3))
    assert len(finest_cells(points, 4000)[0]) >= 500
    assert len(thin_cells(some(distinct_positions(points))[0], 1000)) >= 1000


@pytest.mark.parametrize("size", [0.0, -1.0, np.nan, np.inf, 1e-300])
def test_impossible_cell_sizes_are_refused(size: float) -> None:
    """Zero, negative, not finite, and so small that the grid index would overflow."""
    with pytest.raises(PointsError, match="cell size"):
        cells_of_points(storms(10), size)


def test_no_points_make_no_cells() -> None:
    """An empty hour is an empty set of cells, of the same shape."""
    for found in (distinct_positions(np.empty((0, 3))), cells_of_points(np.empty((0, 3)), 2.0)):
        cells, where = some(found)
        assert (len(cells), cells.n_points, where.shape, cells.mean.shape) == (0, 0, (0,), (0, 3))
