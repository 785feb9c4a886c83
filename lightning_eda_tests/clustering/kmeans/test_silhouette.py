from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import silhouette_score

from lightning_eda.clustering.kmeans import silhouette as module
from lightning_eda.clustering.kmeans.silhouette import (
    estimate_silhouettes,
    silhouette_scores,
    sweep_silhouettes,
)
from lightning_eda.clustering.kmeans.sweep import kmeans_sweep
from lightning_eda.clustering.points import sphere_points
from lightning_eda.errors import PointsError
from lightning_eda_tests.support.examples import examples

pytestmark = pytest.mark.filterwarnings("error")


def storms(n: int, seed: int = 0) -> np.ndarray:
    """Points of 12 storms of different width on the sphere."""
    rng = np.random.default_rng(seed)
    storm = rng.integers(0, 12, n)
    centres, width = rng.uniform([-140, -50], [-10, 50], (12, 2)), rng.uniform(0.2, 3, 12)
    return sphere_points(*(centres[storm] + rng.normal(0, 1, (n, 2)) * width[storm, np.newaxis]).T)


@given(st.integers(0, 10_000), st.integers(3, 120), st.integers(1, 5), st.booleans())
@examples(60)
def test_scores_equal_those_of_scikit_learn(seed: int, n: int, d: int, repeated: bool) -> None:
    """Any labels, any dimension, repeated points with equal or different labels, single-point clusters."""
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 4, (n, d)).astype(float) if repeated else rng.normal(size=(n, d))
    labels = [rng.integers(-1, high, n) for high in (1, 2, 5, n, 3 * n)]
    scores = silhouette_scores(points, labels)
    for labelling, score in zip(labels, scores, strict=True):
        if 1 < len(np.unique(labelling)) < n:
            assert score == pytest.approx(silhouette_score(points, labelling), abs=1e-9)
        else:
            assert np.isnan(score)


def test_scores_of_a_sweep_equal_scikit_learn() -> None:
    """All k in one pass, from rows or from the sweep itself, on the sphere in km."""
    points = storms(1500)
    points[500:900] = points[:400]
    sweep = kmeans_sweep(points, 2, 23)
    labels = [sweep.labels(k) for k in sweep.k]
    expected = [silhouette_score(points, labelling) for labelling in labels]
    np.testing.assert_allclose(silhouette_scores(points, labels), expected, atol=1e-9)
    direct = sweep_silhouettes(sweep)
    np.testing.assert_allclose(direct.scores, expected, atol=1e-9)
    assert (direct.method, direct.n_scored) == ("exact", 1500)
    np.testing.assert_array_equal(direct.standard_errors, 0)


def test_real_positions_score_as_in_scikit_learn(events_file: Path) -> None:
    """On 3,000 real event positions, many of them repeated."""
    table = pq.read_table(events_file, columns=["event_lon", "event_lat"]).slice(700_000, 3000)
    lon, lat = (column.to_numpy().astype(float) for column in table.columns)
    sweep = kmeans_sweep(sphere_points(lon, lat), 2, 8)
    assert len(sweep.cells) < 3000
    expected = [silhouette_score(sphere_points(lon, lat), sweep.labels(k)) for k in sweep.k]
    np.testing.assert_allclose(sweep_silhouettes(sweep).scores, expected, atol=1e-9)


def test_the_row_order_and_the_names_of_labels_do_not_matter() -> None:
    """Bit by bit, for permuted rows, and for labels with other numbers in the same order."""
    points, rng = storms(2000), np.random.default_rng(1)
    labels, order = rng.integers(0, 7, 2000), rng.permutation(2000)
    scores = silhouette_scores(points, [labels, 10**12 * labels - 5])
    assert scores[0] == scores[1]
    np.testing.assert_array_equal(silhouette_scores(points[order], [labels[order]] * 2), scores)


def test_the_number_of_threads_does_not_matter() -> None:
    """Bit by bit."""
    points = storms(3000)
    labels = [np.arange(3000) % k for k in (2, 3, 11)]
    one = silhouette_scores(points, labels, workers=1)
    np.testing.assert_array_equal(silhouette_scores(points, labels, workers=4), one)


def test_many_large_labellings_are_told_apart() -> None:
    """Ten labellings of thousands of labels overflow one 64-bit code; none is mixed up with another."""
    points, rng = storms(2500), np.random.default_rng(2)
    labels = [rng.integers(0, 2000, 2500) for _ in range(10)] + [np.arange(2500) % 3]
    together = silhouette_scores(points, labels)
    alone = [silhouette_scores(points, [labelling])[0] for labelling in labels]
    np.testing.assert_allclose(together, alone, rtol=1e-12)
    assert together[-1] == pytest.approx(silhouette_score(points, labels[-1]), abs=1e-9)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_points_have_no_score(n: int) -> None:
    """NaN, without a warning."""
    scores = silhouette_scores(np.zeros((n, 3)), [np.zeros(n, dtype=int), np.arange(n)])
    assert np.isnan(scores).all()
    assert silhouette_scores(np.zeros((n, 3)), []).shape == (0,)


def test_equal_points_in_two_clusters_score_zero() -> None:
    """0 / 0 is 0, as in scikit-learn."""
    assert silhouette_scores(np.ones((6, 2)), [np.arange(6) % 2])[0] == 0


@pytest.mark.parametrize("bad", [np.zeros(3, dtype=int), np.zeros((4, 1), dtype=int), np.zeros(4)])
def test_labels_are_one_integer_per_point(bad: np.ndarray) -> None:
    """A wrong length or shape, and floats, are refused."""
    with pytest.raises(PointsError, match="expected 4 integers"):
        silhouette_scores(np.zeros((4, 2)), [bad])


def test_a_sample_agrees_within_its_standard_error() -> None:
    """Over 40 seeds the estimates spread as stated, around the exact score."""
    points = storms(6000)
    sweep = kmeans_sweep(points, 2, 12)
    exact = sweep_silhouettes(sweep).scores
    samples = [sweep_silhouettes(sweep, exact_limit=100, sample_size=600, seed=seed) for seed in range(40)]
    misses = np.array([(sample.scores - exact) / sample.standard_errors for sample in samples])
    assert np.abs(misses).max() < 5
    assert 0.8 < np.sqrt((misses**2).mean()) < 1.25
    assert np.abs(misses.mean(axis=0)).max() < 4 / np.sqrt(40)
    assert (samples[0].method, samples[0].n_scored) == ("sample", 600)


def test_a_sample_is_seeded_and_free_of_the_row_order() -> None:
    """The same seed scores the same points, however the rows come."""
    points, order = storms(3000), np.random.default_rng(0).permutation(3000)
    labels = np.arange(3000) % 4
    one = estimate_silhouettes(points, [labels], exact_limit=100, sample_size=200)
    two = estimate_silhouettes(points[order], [labels[order]], exact_limit=100, sample_size=200)
    other = estimate_silhouettes(points, [labels], exact_limit=100, sample_size=200, seed=61)
    assert one.scores[0] == two.scores[0] != other.scores[0]


def test_a_sample_draws_each_point_at_most_once() -> None:
    """A place that stands for several points as often as these; all of them draw each by its weight."""
    weights = np.array([1.0, 3.0, 2.0, 1.0])
    np.testing.assert_array_equal(module._draw(weights, 7, seed=0), weights)
    drawn = np.array([module._draw(weights, 3, seed) for seed in range(60)])
    assert (drawn.sum(axis=1) == 3).all()
    np.testing.assert_array_equal(drawn.max(axis=0), weights)
    np.testing.assert_array_equal(drawn.min(axis=0), 0)


def test_the_standard_error_of_a_small_sample_is_not_too_small() -> None:
    """Its square is, over many seeds, that of the miss, for three points of twenty as well."""
    points, labels = storms(20), np.arange(20) % 3
    samples = [
        estimate_silhouettes(points, [labels], exact_limit=1, sample_size=3, seed=seed) for seed in range(400)
    ]
    miss = np.var([sample.scores[0] for sample in samples])
    assert np.mean([sample.standard_errors[0] ** 2 for sample in samples]) == pytest.approx(miss, rel=0.15)


def test_clusters_are_those_of_their_labelling() -> None:
    """Beside labellings that have no score, and so no clusters."""
    points = storms(30)
    labels = [np.zeros(30, int), np.arange(30) % 3, np.arange(30), np.arange(30) % 2]
    clusters = estimate_silhouettes(points, labels).clusters
    assert clusters.labelling.tolist() == [1, 1, 1, 3, 3]


def test_a_sample_of_everything_is_exact() -> None:
    """Where the sample would be all points, all are scored and the error is 0."""
    points, labels = storms(500), np.arange(500) % 5
    scores = estimate_silhouettes(points, [labels], exact_limit=10, sample_size=500)
    assert (scores.method, scores.standard_errors[0]) == ("exact", 0)


@pytest.mark.parametrize(("exact_limit", "method"), [(300, "exact"), (299, "sample")])
def test_the_limit_of_exact_scores_is_inclusive(exact_limit: int, method: str) -> None:
    """As many distinct rows as allowed are scored one and all."""
    points, labels = storms(300), np.arange(300) % 3
    scores = estimate_silhouettes(points, [labels], exact_limit=exact_limit, sample_size=50)
    assert (scores.method, scores.n_scored) == (method, 300 if method == "exact" else 50)


def test_scores_on_cells_are_near_and_named() -> None:
    """16 km cells: within 0.01 of the exact score, and the method says cells."""
    points = storms(8000)
    exact = sweep_silhouettes(kmeans_sweep(points, 2, 12)).scores
    on_cells = sweep_silhouettes(kmeans_sweep(points, 2, 12, cell_size=16.0))
    np.testing.assert_allclose(on_cells.scores, exact, atol=0.01)
    assert on_cells.method == "cells"
    sampled = sweep_silhouettes(kmeans_sweep(points, 2, 12, cell_size=16.0), exact_limit=50, sample_size=2000)
    assert sampled.method == "cells, sample"


def test_unfitted_k_have_no_score() -> None:
    """Five distinct points: NaN for 6 and more clusters, and for 5 of them as many as points."""
    scores = sweep_silhouettes(kmeans_sweep(np.random.default_rng(0).normal(size=(5, 2)), 2, 8)).scores
    np.testing.assert_array_equal(np.isfinite(scores), [True] * 3 + [False] * 4)
