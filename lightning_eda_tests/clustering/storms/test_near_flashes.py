"""DBSCAN without pairs: the labels of DBSCAN of all pairs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import KDTree

from lightning_eda.clustering.graph.dbscan import dbscan_pairs
from lightning_eda.clustering.storms.near_flashes import near_labels


def by_pairs(points, distance, min_samples):
    i, j = KDTree(points).query_pairs(distance, output_type="ndarray").T
    return dbscan_pairs(i, j, np.zeros(len(i)), len(points), 0.0, min_samples)


@given(
    st.integers(0, 10**6),
    st.lists(st.tuples(st.integers(1, 60), st.floats(0.0, 30.0)), min_size=1, max_size=8),
    st.integers(2, 8),
)
def test_the_labels_are_those_of_all_pairs(seed, clumps, min_samples):
    """Of clumps of any size and spread, near each other and on one spot, in any order."""
    random = np.random.default_rng(seed)
    parts = [random.normal(random.uniform(-40, 40, 3), spread, (size, 3)) for size, spread in clumps]
    points = random.permutation(np.concatenate(parts))
    assert np.array_equal(near_labels(points, 12.0, min_samples), by_pairs(points, 12.0, min_samples))


@pytest.mark.parametrize("min_samples", [2, 3, 4])
def test_the_distance_is_inclusive(min_samples):
    """Points of a lattice as far apart as neighbours may be; one that is farther is noise."""
    points = np.append(12.0 * np.stack(np.mgrid[0:3, 0:3, 0:1], axis=-1).reshape(-1, 3), [[0, 0, 13]], axis=0)
    expected = by_pairs(points, 12.0, min_samples)
    assert expected.tolist() == [0] * 9 + [-1]
    assert np.array_equal(near_labels(points, 12.0, min_samples), expected)


def test_a_point_between_two_clusters_is_of_the_first():
    """It reaches a core point of each and is none itself."""
    line = np.array([20.0, 21, 22, 10, 0, -1, -2])
    points = np.column_stack([line, 0 * line, 0 * line])
    assert near_labels(points, 10.5, 4).tolist() == by_pairs(points, 10.5, 4).tolist()
    assert near_labels(points, 10.5, 4)[3] == 0


def test_points_too_few_for_a_core_are_noise():
    """One or two of them."""
    assert near_labels(np.zeros((2, 3)), 12.0, 3).tolist() == [-1, -1]
    assert near_labels(np.zeros((1, 3)), 12.0, 2).tolist() == [-1]
