"""The gap statistic and the stability: what fits anew."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from lightning_eda.clustering.kmeans.refits import adjusted_rand, sweep_gaps, sweep_stability
from lightning_eda.clustering.kmeans.sweep import Sweep, kmeans_sweep
from lightning_eda.clustering.points import sphere_points
from lightning_eda_tests.support.examples import examples

pytestmark = pytest.mark.filterwarnings("error")


@given(st.integers(0, 10_000), st.integers(2, 30), st.integers(1, 5), st.integers(1, 5))
@examples(40)
def test_the_index_is_that_of_scikit_learn(seed: int, n: int, first: int, second: int) -> None:
    """For points that count several times, also where all are in one cluster."""
    rng = np.random.default_rng(seed)
    labels, times = [rng.integers(0, most, n) for most in (first, second)], rng.integers(1, 5, n)
    expected = adjusted_rand_score(*(np.repeat(one, times) for one in labels))
    assert adjusted_rand(*labels, times.astype(float)) == pytest.approx(expected, abs=1e-12)


def blobs(count: int, seed: int = 3, n: int = 600) -> Sweep:
    """Small round clusters far from each other, in the plane."""
    rng = np.random.default_rng(seed)
    at = 100 * np.column_stack([np.arange(count) % 3, np.arange(count) // 3])
    return kmeans_sweep(at[rng.integers(0, count, n)] + rng.normal(0, 5, (n, 2)), 2, 8)


@pytest.mark.parametrize("count", [3, 5])
def test_planted_clusters_have_the_gap_and_are_stable(count: int) -> None:
    """The gap rises up to their number and not beyond it; only they are found again in every bootstrap."""
    sweep = blobs(count)
    gaps = sweep_gaps(sweep, 5, sphere=False)
    enough = gaps.gap[:-1] >= gaps.gap[1:] - gaps.error[1:]
    assert sweep.k[np.argmax(enough)] == count
    assert (gaps.error > 0).all() and (gaps.error < 0.2).all()
    stability = sweep_stability(sweep, 5)
    assert stability[count - 2] > 0.99
    assert stability[count - 1 :].max() < 0.99


def test_evenly_spread_points_have_no_gap() -> None:
    """Over a third of the sphere and over the date line; the inertia of one cluster is known to 1 %."""
    rng = np.random.default_rng(5)
    lon, sine = rng.uniform(120, 260, 2000), rng.uniform(-0.6, 0.7, 2000)
    sweep = kmeans_sweep(sphere_points(lon, np.degrees(np.arcsin(sine))), 1, 6)
    gaps = sweep_gaps(sweep, 5, sphere=True)
    assert np.abs(gaps.gap).max() < 0.05
    assert abs(gaps.gap[0]) < 0.02
    assert np.isnan(sweep_stability(sweep, 1)[0])  # one cluster


def test_a_feature_is_spread_evenly_too() -> None:
    """So that places and times without clusters have no gap; two references have the error of the paper."""
    rng = np.random.default_rng(6)
    place = sphere_points(rng.uniform(0, 90, 1000), np.degrees(np.arcsin(rng.uniform(-0.5, 0.5, 1000))))
    sweep = kmeans_sweep(np.column_stack([place, rng.uniform(-4000, 4000, 1000)]), 1, 3, 2)
    one, two = (sweep_gaps(sweep, references, sphere=True) for references in (1, 2))
    assert np.abs(two.gap).max() < 0.1
    deviation = np.abs(one.gap - two.gap)  # of either draw from the mean of both
    np.testing.assert_allclose(two.error, deviation * np.sqrt(1 + 1 / 2))
    assert not one.error.any()


def test_the_same_seed_gives_the_same_whatever_the_threads() -> None:
    """Another seed gives others."""
    sweep = blobs(4)
    first, again = (sweep_gaps(sweep, 3, sphere=False, workers=workers) for workers in (1, 3))
    np.testing.assert_array_equal(first.gap, again.gap)
    stable = [sweep_stability(sweep, 3, workers) for workers in (1, 3)]
    np.testing.assert_array_equal(*stable)
    other = kmeans_sweep(sweep.cells.mean, 2, 8, seed=61)
    assert (sweep_gaps(other, 3, sphere=False).gap != first.gap).all()
    assert (sweep_stability(other, 3)[4:] != stable[0][4:]).any()
    assert (sweep_stability(sweep, 1)[4:] != stable[0][4:]).any()


def test_too_few_points_have_neither() -> None:
    """No k is fitted, or as many as there are points, or no point is off its centre."""
    for points in (np.zeros((3, 2)), np.zeros((0, 2))):
        sweep = kmeans_sweep(points, 2, 3)
        assert np.isnan(sweep_gaps(sweep, 2, sphere=False).gap).all()
        assert np.isnan(sweep_stability(sweep, 2)).all()
    sweep = kmeans_sweep(np.repeat(np.eye(3), 5, axis=0), 2, 3)
    assert np.isfinite(sweep_gaps(sweep, 2, sphere=False).gap).tolist() == [True, False]
    assert sweep_stability(sweep, 2)[1] == 1.0
