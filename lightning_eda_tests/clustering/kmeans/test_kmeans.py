import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import KMeans

from lightning_eda.clustering.kmeans.cells import CellSums, distinct_positions
from lightning_eda.clustering.kmeans.kmeans import Fit, lloyd, seed_centers
from lightning_eda.clustering.kmeans.search import _falling, best_fits
from lightning_eda_tests.support.examples import examples

pytestmark = pytest.mark.filterwarnings("error")


@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 5), st.booleans())
@examples(40)
def test_from_the_same_centres_scikit_learn_ends_at_the_same_solution(
    seed: int, k: int, d: int, weighted: bool
) -> None:
    """Centres, labels and inertia equal those of scikit-learn's Lloyd, with and without weights."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(300, d))
    weights = rng.integers(1, 20, 300).astype(float) if weighted else np.ones(300)
    start = seed_centers(points, weights, k, rng)
    fit = lloyd(points, weights, start, max_iter=1000)
    model = KMeans(k, init=start, n_init=1, tol=0, max_iter=1000).fit(points, sample_weight=weights)
    assert fit.inertia == pytest.approx(model.inertia_, rel=1e-9, abs=1e-18)
    np.testing.assert_allclose(fit.centers, model.cluster_centers_, atol=1e-9)
    np.testing.assert_array_equal(fit.labels, model.labels_)


def test_lloyd_ends_with_nearest_labels_and_mean_centres() -> None:
    """Both halves of the definition of a k-means solution hold at the end."""
    rng = np.random.default_rng(5)
    points, weights = rng.random((2000, 3)), rng.random(2000) + 0.1
    fit = lloyd(points, weights, points[:17], max_iter=1000)
    gaps = ((points[:, np.newaxis] - fit.centers) ** 2).sum(axis=2)
    np.testing.assert_array_equal(fit.labels, gaps.argmin(axis=1))
    for label in range(17):
        own = fit.labels == label
        np.testing.assert_allclose(fit.centers[label], np.average(points[own], axis=0, weights=weights[own]))
    assert fit.inertia == pytest.approx((weights * gaps.min(axis=1)).sum(), rel=1e-12)


def test_a_weight_is_so_many_equal_points() -> None:
    """Weighted distinct points and repeated points give one solution."""
    rng = np.random.default_rng(2)
    points, times = rng.normal(size=(80, 2)), rng.integers(1, 6, 80)
    one = lloyd(points, times.astype(float), points[:4])
    many = lloyd(np.repeat(points, times, axis=0), np.ones(times.sum()), points[:4])
    assert one.inertia == pytest.approx(many.inertia, rel=1e-12)
    np.testing.assert_array_equal(np.repeat(one.labels, times), many.labels)


def test_a_centre_without_points_finds_some() -> None:
    """Centres that start far away from everything, or on each other, all end with points of their own."""
    points = np.random.default_rng(3).normal(size=(200, 2))
    start = np.array([[0.0, 0.0], [1e6, 1e6], [1e6, 1e6], [0.0, 0.0]])
    fit = lloyd(points, np.ones(200), start)
    assert np.bincount(fit.labels, minlength=4).min() > 0
    np.testing.assert_array_equal(start[1], [1e6, 1e6])  # the caller's centres stay as they were


def test_seeding_never_takes_a_position_twice() -> None:
    """As many centres as distinct points are these points."""
    points = np.random.default_rng(4).normal(size=(23, 3))
    for seed in range(20):
        centers = seed_centers(points, np.ones(23), 23, np.random.default_rng(seed))
        assert len(np.unique(centers, axis=0)) == 23


def test_seeding_goes_on_from_given_centres() -> None:
    """The given ones come first, unchanged, and the drawn one is where points are far from them."""
    points = np.vstack([np.zeros((50, 2)), np.ones((50, 2)), np.full((50, 2), 9.0)])
    centers = seed_centers(points, np.ones(150), 3, np.random.default_rng(0), given=np.eye(2))
    np.testing.assert_array_equal(centers, [[1, 0], [0, 1], [9, 9]])


def test_a_larger_k_never_has_the_larger_inertia() -> None:
    """Down to 0 at as many centres as points."""
    found = distinct_positions(np.random.default_rng(6).normal(size=(40, 2)))
    assert found is not None
    fits = best_fits(found[0], list(range(1, 41)), n_init=1, seed=0)
    inertia = [fits[k].inertia for k in range(1, 41)]
    assert inertia == sorted(inertia, reverse=True)
    assert inertia[-1] == 0


def test_a_fit_that_is_above_that_of_one_centre_less_gives_way_to_it_and_the_worst_cell() -> None:
    """The worst is that with the most squared distance of all its points, not the farthest."""
    place = np.array([[0.0], [-2.0], [4.0]])
    cells = CellSums(0.0, np.arange(3)[:, np.newaxis], np.array([100.0, 5.0, 1.0]), place, np.zeros(3))
    one = Fit(np.zeros((1, 1)), np.zeros(3, np.int64), 36.0)
    fits = {1: one, 2: Fit(np.zeros((2, 1)), np.zeros(3, np.int64), 36.1), 3: Fit(place, np.arange(3), 0.0)}
    mended = _falling(cells, fits)
    np.testing.assert_allclose(np.sort(mended[2].centers[:, 0]), [-2.0, 4 / 101])
    assert mended[2].inertia < 36
    assert mended[1] is one and mended[3] is fits[3]
