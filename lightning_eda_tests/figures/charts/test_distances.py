"""The two figures of a day of distances are drawn, whatever the day is like."""

import numpy as np
import pytest

from lightning_eda.figures.canvas import ACCENT, SECOND
from lightning_eda.figures.charts.distances import (
    MOST_BARS,
    MOST_POINTS,
    render_cluster_sizes,
    render_k_distances,
)
from lightning_eda_tests.figures.conftest import drawn, near, pixels, written

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


def test_what_is_drawn_is_the_curve():
    """Item by item from 1 on, the line at eps across, and how many items are core: those at eps too."""
    distances = np.array([0.25, 0.5, 0.5, 0.75, np.inf])
    figure = drawn(render_k_distances, distances, 4, 0.5)
    (axes,) = figure.axes
    curve, limit = axes.lines
    assert curve.get_xydata().tolist() == [[1, 0.25], [2, 0.5], [3, 0.5], [4, 0.75]]
    assert set(limit.get_ydata()) == {0.5}
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, 4), (0, pytest.approx(0.81)))
    words = written(figure)
    assert "eps = 0.5: 3 core items" in words
    assert "Distance to the nearest item no. 4" in words
    assert "1 of 5 items have fewer than 4 within the pairs that were given" in words
    assert drawn(render_k_distances, distances, 4, 2.0).axes[0].get_ylim()[1] == pytest.approx(2.16)


def test_a_long_curve_is_thinned_with_its_ends():
    """No more points than can be seen."""
    distances = np.linspace(0.0, 1.0, 3 * MOST_POINTS)
    shown = drawn(render_k_distances, distances, 5, 0.5).axes[0].lines[0].get_xydata()
    assert len(shown) == MOST_POINTS
    assert (shown[0].tolist(), shown[-1].tolist()) == ([1.0, 0.0], [3 * MOST_POINTS, 1.0])


def test_the_bars_are_the_sizes():
    """The largest first, each as high as it has items; the words count all."""
    figure = drawn(render_cluster_sizes, np.array([3, 50, 7]), 4)
    bars = figure.axes[0].patches
    assert [(bar.get_x() + bar.get_width() / 2, bar.get_height()) for bar in bars] == [
        (pytest.approx(1.0), 50), (pytest.approx(2.0), 7), (pytest.approx(3.0), 3),
    ]  # fmt: skip
    words = written(figure)
    assert "64 items: 60 in 3 clusters, 4 are noise" in words
    assert {"median 7", "cluster, the largest first"} <= {*words}
    one = written(drawn(render_cluster_sizes, np.array([5]), 1))
    assert "6 items: 5 in 1 cluster, 1 is noise" in one
    many = drawn(render_cluster_sizes, np.arange(1, MOST_BARS + 6), 0)
    assert [bar.get_height() for bar in many.axes[0].patches] == list(range(MOST_BARS + 5, 5, -1))
    assert {"median 23", "cluster, the largest first (5 smaller ones are left out)"} <= {*written(many)}
