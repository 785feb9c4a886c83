"""The sizes of pixels, learned from where they are."""

import numpy as np

from lightning_eda.grids.fixed_grid import SIZE, STEP_RAD
from lightning_eda.grids.pixel_sizes import USUAL_SIZE, PixelSizes, learn_sizes
from lightning_eda_tests.grids.lattices import borders, middles

NOISE = 3e-6 / STEP_RAD


def storms(seed: int, number: int, size: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Pixels of some storms on the sensor, at places that are a little off."""
    generator = np.random.default_rng(seed)
    line = middles()
    corners = generator.integers(0, len(line) - size, (number, 2))
    steps = np.stack(np.meshgrid(np.arange(size), np.arange(size)), axis=-1).reshape(-1, 2)
    lit = np.unique((corners[:, None, :] + steps).reshape(-1, 2), axis=0)
    return tuple(line[lit[:, axis]] + generator.normal(0, NOISE, len(lit)) for axis in (0, 1))


def wrong_by(sizes, column, row) -> np.ndarray:
    """By how many cells the size along columns differs from the truth, for each pixel."""
    lines = borders() + SIZE / 2
    edges = sizes.edges(column, row)
    width = np.diff(lines)[np.searchsorted(lines, column) - 1]
    return np.abs(edges[:, 2] - edges[:, 0] - width)


def test_the_steps_of_a_sensor_are_found_from_one_granule():
    """Forty storms: of nearly all pixels the size is right to two hundredths."""
    column, row = storms(1, 40)
    wrong = wrong_by(learn_sizes([(column, row)]), column, row)
    assert np.quantile(wrong, 0.95) < 0.08
    assert wrong.mean() < 0.02


def test_more_granules_say_it_better():
    """An hour's are as good for storms that were not among them."""
    sizes = learn_sizes([storms(seed, 20) for seed in range(60)])
    assert wrong_by(sizes, *storms(99, 30)).mean() < 0.01


def test_edges_lie_around_the_middle():
    """Half a size to each side."""
    column, row = storms(1, 40)
    edges = learn_sizes([(column, row)]).edges(column, row)
    np.testing.assert_allclose((edges[:, 0] + edges[:, 2]) / 2, column)
    np.testing.assert_allclose((edges[:, 1] + edges[:, 3]) / 2, row)


def test_the_order_of_granules_and_pixels_makes_no_difference():
    """The same granules give the same sizes."""
    first, second = storms(1, 10), storms(2, 10)
    turned = tuple(places[::-1] for places in first)
    one, other = learn_sizes([first, second]), learn_sizes([second, turned])
    np.testing.assert_array_equal(one.distance, other.distance)
    np.testing.assert_allclose(one.size, other.size, rtol=1e-12)


def test_sizes_fall_on_the_way_outward():
    """Whatever the noise."""
    assert (np.diff(learn_sizes([storms(3, 50)]).size) <= 0).all()


def test_a_lone_pixel_has_the_usual_size():
    """Without neighbours nothing can be learned, and `pairs` says so."""
    sizes = learn_sizes([(np.array([100.0, 3000.0]), np.array([2000.0, 50.0]))])
    assert sizes.pairs == 0
    assert sizes.edges(np.array([10.0]), np.array([20.0])).tolist() == [[8.0, 18.0, 12.0, 22.0]]
    assert USUAL_SIZE == 4.0
    assert learn_sizes([]).pairs == 0


def test_a_pixel_has_the_size_of_the_nearest_pair():
    """On either side of the middle; between two that are as near, that of the inner one."""
    sizes = PixelSizes(np.array([1000.0, 2000.0]), np.array([4.0, 3.0]))
    places = SIZE / 2 + np.array([-1501.0, -1499.0, 0.0, 1500.0, 1501.0, 2500.0])
    left, top, right, bottom = sizes.edges(places, places[::-1]).T
    assert (right - left).tolist() == [3.0, 4.0, 4.0, 4.0, 3.0, 3.0]
    assert (bottom - top).tolist() == [3.0, 3.0, 4.0, 4.0, 4.0, 3.0]


def test_one_pair_of_neighbours_is_enough():
    """Its size is taken everywhere."""
    sizes = learn_sizes([(np.array([2000.0, 2003.5]), np.array([2000.0, 2000.0]))])
    assert sizes.pairs == 1
    np.testing.assert_allclose(sizes.edges(np.array([10.0]), np.array([20.0])), [[8.25, 18.25, 11.75, 21.75]])
