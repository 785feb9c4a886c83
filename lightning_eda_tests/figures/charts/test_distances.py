"""The two figures of a day of distances are drawn, whatever the day is like."""

import numpy as np
import pytest

from lightning_eda.figures.canvas import ACCENT, SECOND
from lightning_eda.figures.charts.distances import MOST_BARS, render_cluster_sizes, render_k_distances
from lightning_eda_tests.figures.conftest import near, pixels

CURVE = np.append(np.sort(np.random.default_rng(0).uniform(0.1, 2.0, 500)), [np.inf] * 20)


def shows(picture: bytes, color: str) -> bool:
    """Whether a picture has more than a stray pixel of a colour."""
    return int(near(pixels(picture), color, 30).sum()) > 10


def test_the_curve_and_the_line_at_eps_are_drawn():
    """Both; the same input gives the same bytes."""
    picture = render_k_distances(CURVE, 5, 0.5)
    assert shows(picture, ACCENT)
    assert shows(picture, SECOND)
    assert picture == render_k_distances(CURVE, 5, 0.5)
    assert picture != render_k_distances(CURVE, 5, 0.6)


@pytest.mark.parametrize("eps", [np.inf, np.nan])
def test_an_eps_that_is_not_finite_has_no_line(eps):
    """The curve is drawn all the same: what is wrong with eps is said by the clustering."""
    picture = render_k_distances(CURVE, 5, eps)
    assert shows(picture, ACCENT)
    assert not shows(picture, SECOND)


@pytest.mark.parametrize("distances", [[], [np.inf, np.inf]])
def test_without_a_neighbour_it_says_so(distances):
    """No curve and no line."""
    picture = render_k_distances(np.array(distances), 5, 0.5)
    assert not shows(picture, ACCENT)
    assert not shows(picture, SECOND)


def test_equal_items_are_drawn():
    """A curve at 0 with eps at 0 has an axis still."""
    assert shows(render_k_distances(np.zeros(10), 3, 0.0), SECOND)


def test_bars_for_the_clusters():
    """The largest come first, whatever the order; no more than fit are drawn."""
    sizes = np.array([3, 50, 7])
    picture = render_cluster_sizes(sizes, 4)
    assert shows(picture, ACCENT)
    assert picture == render_cluster_sizes(np.sort(sizes), 4)
    assert shows(render_cluster_sizes(np.arange(1, 5 * MOST_BARS), 0), ACCENT)


@pytest.mark.parametrize("noise", [0, 9])
def test_without_a_cluster_it_says_so(noise):
    """All noise, and no items at all."""
    assert not shows(render_cluster_sizes(np.zeros(0, np.int64), noise), ACCENT)
