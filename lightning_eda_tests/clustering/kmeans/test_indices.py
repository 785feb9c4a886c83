"""Scores beside the mean silhouette are those of scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_samples

from lightning_eda.clustering.kmeans.cluster_silhouettes import BINS
from lightning_eda.clustering.kmeans.indices import sweep_indices, total_scatter
from lightning_eda.clustering.kmeans.silhouette import sweep_silhouettes
from lightning_eda.clustering.kmeans.sweep import kmeans_sweep
from lightning_eda_tests.clustering.kmeans.test_silhouette import storms
from lightning_eda_tests.support.examples import examples

pytestmark = pytest.mark.filterwarnings("error")


@given(st.integers(0, 10_000), st.integers(4, 60), st.integers(1, 4), st.booleans())
@examples(10)
def test_indices_and_silhouettes_of_clusters_equal_those_of_scikit_learn(
    seed: int, n: int, d: int, repeated: bool
) -> None:
    """Any dimension, repeated points; a k of one cluster or of all points has none."""
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 4, (n, d)).astype(float) if repeated else rng.normal(size=(n, d))
    sweep = kmeans_sweep(points, 1, 5, n_init=1)
    indices, silhouettes = sweep_indices(sweep), sweep_silhouettes(sweep)
    for place, k in enumerate(sweep.k.tolist()):
        found = silhouettes.clusters.of(place)
        if not (k in sweep.centers and 1 < k < n):
            assert np.isnan([indices.calinski_harabasz[place], indices.davies_bouldin[place]]).all()
            assert len(found.cluster) == 0
            continue
        labels = sweep.labels(k)
        if sweep.inertia[place] > 0:
            expected = calinski_harabasz_score(points, labels)
            assert indices.calinski_harabasz[place] == pytest.approx(expected, rel=1e-9)
        # Scikit-learn's distances are from products: of points near each other they are up to 1e-7 off.
        assert indices.davies_bouldin[place] == pytest.approx(davies_bouldin_score(points, labels), abs=1e-6)
        values = silhouette_samples(cdist(points, points), labels, metric="precomputed")
        parts = [values[labels == cluster] for cluster in range(k)]
        np.testing.assert_array_equal(found.cluster, range(k))
        np.testing.assert_allclose(found.mean, [part.mean() for part in parts], atol=1e-9)
        np.testing.assert_allclose(found.lowest, [part.min() for part in parts], atol=1e-9)
        np.testing.assert_array_equal(found.size, [len(part) for part in parts])
        np.testing.assert_array_equal(found.histogram.sum(axis=1), found.size)


def test_on_storms_all_are_within_a_thousand_millionth_of_scikit_learn() -> None:
    """On the sphere in km, for every k, with its own distances."""
    points = storms(700)
    sweep = kmeans_sweep(points, 2, 14)
    indices, silhouettes = sweep_indices(sweep), sweep_silhouettes(sweep)
    for place, k in enumerate(sweep.k.tolist()):
        labels = sweep.labels(k)
        values = silhouette_samples(points, labels)
        means = [values[labels == cluster].mean() for cluster in range(k)]
        np.testing.assert_allclose(silhouettes.clusters.of(place).mean, means, atol=1e-9)
        assert indices.davies_bouldin[place] == pytest.approx(davies_bouldin_score(points, labels), abs=1e-9)
        expected = calinski_harabasz_score(points, labels)
        assert indices.calinski_harabasz[place] == pytest.approx(expected, rel=1e-9)


def test_where_silhouettes_lie_is_in_the_histogram() -> None:
    """Bins from -1 to 1, and the share below zero, of all points of a cluster with their repeats."""
    points = storms(400)
    points[300:] = points[:100]
    sweep = kmeans_sweep(points, 4, 5)
    for place, k in enumerate(sweep.k.tolist()):
        values = silhouette_samples(cdist(points, points), sweep.labels(k), metric="precomputed")
        found = sweep_silhouettes(sweep).clusters.of(place)
        for cluster in range(k):
            own = values[sweep.labels(k) == cluster]
            bins = ((own + 1) / 2 * BINS).astype(int).clip(0, BINS - 1)
            np.testing.assert_array_equal(found.histogram[cluster], np.bincount(bins, minlength=BINS))
            assert found.below_zero[cluster] == pytest.approx((own < 0).mean())


def test_a_sample_scores_some_points_of_each_cluster() -> None:
    """A cluster of which none was drawn has a size and no silhouette."""
    points = np.vstack([np.random.default_rng(1).normal(size=(999, 2)), [[500.0, 0.0]]])
    sweep = kmeans_sweep(points, 2, 3)
    found = sweep_silhouettes(sweep, exact_limit=100, sample_size=50, seed=61).clusters.of(1)
    exact = sweep_silhouettes(sweep).clusters.of(1)
    np.testing.assert_array_equal(found.size, exact.size)
    assert found.size[2] == 1 and found.n_scored.sum() == 50
    for values in (found.mean, found.lowest, found.below_zero):
        np.testing.assert_array_equal(np.isnan(values), [False, False, True])
    np.testing.assert_allclose(found.mean[:2], exact.mean[:2], atol=0.1)


def test_cells_have_the_calinski_harabasz_of_their_points() -> None:
    """Exact for the labels, since squares inside the cells are known; Davies-Bouldin is near."""
    points = storms(800)
    sweep = kmeans_sweep(points, 2, 8, cell_size=64.0)
    indices = sweep_indices(sweep)
    assert total_scatter(sweep.cells) == pytest.approx(((points - points.mean(axis=0)) ** 2).sum())
    for place, k in enumerate(sweep.k.tolist()):
        labels = sweep.labels(k)
        expected = calinski_harabasz_score(points, labels)
        assert indices.calinski_harabasz[place] == pytest.approx(expected, rel=1e-9)
        assert indices.davies_bouldin[place] == pytest.approx(davies_bouldin_score(points, labels), rel=0.05)


def test_points_on_their_centres_have_the_values_of_scikit_learn() -> None:
    """No scatter inside: 1 for Calinski-Harabasz, 0 for Davies-Bouldin."""
    points = np.repeat(np.eye(3), 4, axis=0)
    sweep = kmeans_sweep(points, 3, 3)
    indices = sweep_indices(sweep)
    assert indices.calinski_harabasz.tolist() == [calinski_harabasz_score(points, sweep.labels(3))] == [1.0]
    assert indices.davies_bouldin.tolist() == [0.0]
