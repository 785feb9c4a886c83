import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.clustering.graph import pairs as pairs_module
from lightning_eda.clustering.graph.dbscan import dbscan_pairs
from lightning_eda.clustering.graph.k_distance import k_distances
from lightning_eda.errors import PointsError
from lightning_eda_tests.clustering.graph.pair_lists import columns, distances_of_pairs, geometric, pair_lists
from lightning_eda_tests.support.examples import examples


def by_hand(n, rows, k):
    known = distances_of_pairs(rows)
    each = [[0.0, *sorted(d for (a, _), d in known.items() if a == item)] for item in range(n)]
    return sorted(near[k - 1] if len(near) >= k else np.inf for near in each)


@given(pair_lists(), st.integers(1, 6), st.integers(1, 9))
@examples(300)
def test_it_is_the_distance_of_the_kth_neighbour(case, k, chunk):
    """The item itself is the first; infinite where there are fewer; whatever the length of a chunk."""
    n, rows = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs_module, "CHUNK", chunk)
        assert k_distances(*columns(rows), n, k).tolist() == by_hand(n, rows, k)


@pytest.mark.parametrize("k", [2, 5, 20])
def test_larger_lists_agree(k):
    """On 300 points in the plane, in one chunk."""
    n, rows = geometric(1)
    np.testing.assert_array_equal(k_distances(*columns(rows), n, k), by_hand(n, rows, k))


@given(pair_lists(), st.integers(1, 5), st.sampled_from([0.0, 1.0, 1.5, 2.0]))
def test_items_up_to_eps_are_the_core_items(case, k, eps):
    """What the curve is read for: with k = min_samples. Without borders, clustered items are core."""
    n, rows = case
    labels = dbscan_pairs(*columns(rows), n, eps, k)
    at_or_below = int(np.count_nonzero(k_distances(*columns(rows), n, k) <= eps))
    assert at_or_below <= np.count_nonzero(labels >= 0)
    assert (at_or_below == 0) == (labels.max(initial=-1) == -1)


def test_no_items():
    """An empty curve."""
    assert k_distances([], [], [], 0, 3).tolist() == []


@pytest.mark.parametrize("k", [0, 1.5, None], ids=repr)
def test_bad_k_is_refused(k):
    """It is a whole number from 1."""
    with pytest.raises(PointsError, match="k: found"):
        k_distances([], [], [], 1, k)
