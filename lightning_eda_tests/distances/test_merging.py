import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.distances import merging as module
from lightning_eda.distances.columns import Column
from lightning_eda.distances.merging import merge_rows
from lightning_eda_tests.distances.buckets import plain_graph

ROWS = st.tuples(st.integers(0, 7), st.integers(0, 7), st.sampled_from([0.0, 0.5, 1.0]))


def merged(blocks, items):
    numbers, distances = Column(np.int32, width=2), Column(np.float64)
    for rows in blocks:
        numbers.append(*(np.array([row[k] for row in rows], np.int32) for k in (0, 1)))
        distances.append(np.array([row[2] for row in rows], np.float64))
    return merge_rows(numbers, distances, np.arange(items, dtype=np.int32), items)


@pytest.mark.parametrize("bucket", [1, 3, 1000])
@given(blocks=st.lists(st.lists(ROWS, max_size=12), max_size=4))
def test_each_pair_is_there_once_with_the_smallest_distance(bucket, blocks):
    """Whatever the buckets; self pairs, repeats and conflicts are counted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BUCKET_ROWS", bucket)
        found = merged(blocks, 8)
    rows = [row for block in blocks for row in block]
    smallest = {}
    for a, b, d in rows:
        if a != b:
            pair = (min(a, b), max(a, b))
            smallest[pair] = min(d, smallest.get(pair, d))
    got = list(zip(found.i.tolist(), found.j.tolist(), found.distance.tolist(), strict=True))
    assert got == [(*pair, smallest[pair]) for pair in sorted(smallest)]
    counts = plain_graph(rows)[2]
    assert found.self_pairs == counts["self_pairs"]
    assert (found.repeated, found.conflicting) == (counts["repeated_pairs"], counts["conflicting_pairs"])


def test_an_item_with_most_of_the_pairs_is_no_trouble():
    """A hub fills a bucket beyond its size."""
    rows = [(0, k, float(k)) for k in range(1, 1000)] + [(5, 6, 0.5)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BUCKET_ROWS", 10)
        found = merged([rows], 1000)
    assert len(found.i) == 1000
    assert (found.i[-1], found.j[-1], found.distance[-1]) == (5, 6, 0.5)
