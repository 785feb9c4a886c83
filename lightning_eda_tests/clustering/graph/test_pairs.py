import numpy as np
import pytest
from hypothesis import given

from lightning_eda.clustering.graph import pairs as module
from lightning_eda.clustering.graph.pairs import check_pairs, in_order, unique_pairs
from lightning_eda.errors import PointsError
from lightning_eda_tests.clustering.graph.pair_lists import columns, distances_of_pairs, pair_lists

REFUSED = [
    ([0], [1, 2], [1.0], 3, "shapes (1,), (2,), (1,)"),
    ([[0]], [[1]], [[1.0]], 3, "shapes (1, 1), (1, 1), (1, 1); one dimension"),
    ([0.0], [1], [1.0], 3, "i: type float64; items must be whole numbers"),
    ([0], ["1"], [1.0], 3, "j: type <U1; items must be whole numbers"),
    ([0], [3], [1.0], 3, "j: item 3; with n = 3 items are the numbers 0 to 2"),
    ([-1], [1], [1.0], 3, "i: item -1"),
    ([0, 0], [1, 2], [1.0, np.nan], 3, "distance[1]: nan"),
    ([0], [1], [np.inf], 3, "distance[0]: inf"),
    ([0, 1], [1, 2], [0.0, -0.5], 3, "distance[1]: -0.5; distances must be finite and not negative"),
    ([0], [1], ["near"], 3, "distance: type <U4"),
    ([], [], [], -1, "n: found -1; allowed: a whole number from 0"),
    ([], [], [], 2.5, "n: found 2.5"),
    ([], [], [], True, "n: found True"),
]


@pytest.mark.parametrize(("i", "j", "distance", "n", "text"), REFUSED, ids=[case[-1] for case in REFUSED])
def test_bad_pairs_are_refused_by_name(i, j, distance, n, text):
    """Each mistake has its own message, which names the argument."""
    with pytest.raises(PointsError) as caught:
        check_pairs(i, j, distance, n)
    assert text in str(caught.value)


def test_arrays_are_not_copied():
    """A hundred million pairs are in memory once."""
    i, j, distance = np.array([0]), np.array([1]), np.array([0.5])
    pairs = check_pairs(i, j, distance, 2)
    assert pairs.i is i
    assert pairs.j is j
    assert np.shares_memory(pairs.distance, distance)


def test_unsigned_items_of_64_bits_keep_their_value():
    """They meet signed ones without turning into floats."""
    pairs = unique_pairs(check_pairs(np.array([5], np.uint64), np.array([3], np.int8), np.array([1]), 6))
    assert (pairs.i.tolist(), pairs.j.tolist(), pairs.distance.tolist()) == ([3], [5], [1.0])


@given(pair_lists())
def test_each_pair_is_kept_once_with_its_smallest_distance(case):
    """Sorted, the smaller item first, no self pairs; and what is so already is left as it is."""
    n, rows = case
    pairs = unique_pairs(check_pairs(*columns(rows), n))
    expected = sorted((*pair, d) for pair, d in distances_of_pairs(rows).items() if pair[0] < pair[1])
    found = list(zip(pairs.i.tolist(), pairs.j.tolist(), pairs.distance.tolist(), strict=True))
    assert found == expected
    assert unique_pairs(pairs) is pairs


@pytest.mark.parametrize("chunk", [1, 2, 3])
@given(case=pair_lists())
def test_order_is_seen_over_the_bounds_of_chunks(chunk, case):
    """`in_order` is the same whatever the length of a chunk."""
    i, j, _ = columns(case[1])
    places = list(zip(i.tolist(), j.tolist(), strict=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK", chunk)
        assert in_order(i, j) == (places == sorted(set(places)) and all(a < b for a, b in places))
