import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import DBSCAN

from lightning_eda.clustering.graph import pairs as pairs_module
from lightning_eda.clustering.graph.dbscan import dbscan_pairs
from lightning_eda.errors import PointsError
from lightning_eda_tests.clustering.graph.pair_lists import (
    EPS_OF_TIES,
    columns,
    geometric,
    pair_lists,
    sparse_matrix,
    textbook_dbscan,
)
from lightning_eda_tests.support.examples import examples

LINE = [(k, k + 1, 1.0) for k in range(3)] + [(4, 5, 1.0)]  # 0-1-2-3, 4-5, 6 alone


@given(pair_lists(), st.integers(1, 6))
@examples(1000)
def test_labels_are_those_of_the_textbook(case, min_samples):
    """On a thousand random lists with repeats, self pairs, zeros, ties at eps and one-way pairs."""
    n, rows = case
    labels = dbscan_pairs(*columns(rows), n, EPS_OF_TIES, min_samples)
    assert labels.tolist() == textbook_dbscan(n, rows, EPS_OF_TIES, min_samples)


@given(pair_lists(), st.integers(1, 5), st.integers(1, 7))
@examples(200)
def test_labels_do_not_depend_on_the_length_of_a_chunk(case, min_samples, chunk):
    """Components, counts and borders add up over chunks, on sorted and on unsorted lists."""
    n, rows = case
    unsorted = columns(rows)
    in_order = columns(
        sorted({(min(i, j), max(i, j)): (min(i, j), max(i, j), d) for i, j, d in rows}.values())
    )
    for arrays in (unsorted, in_order):
        expected = dbscan_pairs(*arrays, n, EPS_OF_TIES, min_samples)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pairs_module, "CHUNK", chunk)
            assert dbscan_pairs(*arrays, n, EPS_OF_TIES, min_samples).tolist() == expected.tolist()


@pytest.mark.parametrize("grid", [False, True], ids=["plane", "grid with ties and zeros"])
@pytest.mark.parametrize("seed", range(12))
def test_labels_are_those_of_scikit_learn(seed, grid):
    """Noise, numbers and border items, on 300 points in the plane for several eps and min_samples."""
    n, rows = geometric(seed, grid=grid)
    matrix = sparse_matrix(n, rows)
    for eps in (0.7, 1.0, 1.3, 2.0, 3.0):
        for min_samples in (1, 2, 4, 7, 12):
            fitted = DBSCAN(eps=eps, min_samples=min_samples, metric="precomputed").fit(matrix)
            labels = dbscan_pairs(*columns(rows), n, eps, min_samples)
            np.testing.assert_array_equal(labels, fitted.labels_)


@given(pair_lists(), st.randoms(use_true_random=False), st.integers(1, 4))
def test_order_of_rows_and_columns_changes_nothing(case, random, min_samples):
    """The pairs are a set of unordered pairs."""
    n, rows = case
    shuffled = [row if random.random() < 0.5 else (row[1], row[0], row[2]) for row in rows]
    random.shuffle(shuffled)
    before, after = (dbscan_pairs(*columns(each), n, EPS_OF_TIES, min_samples) for each in (rows, shuffled))
    assert after.tolist() == before.tolist()


@pytest.mark.parametrize(
    ("min_samples", "labels"),
    [
        (1, [0, 0, 0, 0, 1, 1, 2]),
        (2, [0, 0, 0, 0, 1, 1, -1]),
        (3, [0, 0, 0, 0, -1, -1, -1]),
        (4, [-1] * 7),
    ],
)
def test_a_line_of_items(min_samples, labels):
    """Toy case: the ends of the line are borders at 3, and nothing is core at 4."""
    assert dbscan_pairs(*columns(LINE), 7, 1.0, min_samples).tolist() == labels


def test_eps_is_inclusive():
    """A pair exactly at eps is near; one float below it is not."""
    rows = columns([(0, 1, 0.5)])
    assert dbscan_pairs(*rows, 2, 0.5, 2).tolist() == [0, 0]
    assert dbscan_pairs(*rows, 2, np.nextafter(0.5, 0), 2).tolist() == [-1, -1]


def test_eps_of_zero_joins_what_is_at_one_place():
    """Distance 0 is a neighbour."""
    assert dbscan_pairs(*columns([(0, 1, 0.0), (1, 2, 1e-300)]), 3, 0, 2).tolist() == [0, 0, -1]


def test_infinite_eps_takes_every_pair_that_is_there_and_no_other():
    """An absent pair is farther than any eps."""
    assert dbscan_pairs(*columns([(0, 1, 1e300)]), 3, np.inf, 2).tolist() == [0, 0, -1]


def test_a_border_between_two_clusters_goes_to_the_first():
    """Item 0 is near a core of either cluster; the cluster of the lower core item has it."""
    stars = [(core, leaf, 1.0) for core, leaves in ((2, (3, 4)), (1, (5, 6))) for leaf in leaves]
    rows = [*stars, (0, 2, 1.0), (0, 1, 1.0)]
    assert dbscan_pairs(*columns(rows), 7, 1.0, 4).tolist() == [0, 0, 1, 1, 1, 0, 0]


@pytest.mark.parametrize(
    ("n", "min_samples", "labels"), [(0, 1, []), (3, 1, [0, 1, 2]), (3, 2, [-1, -1, -1])]
)
def test_items_without_pairs(n, min_samples, labels):
    """A graph without edges: noise, unless each item is enough for itself."""
    assert dbscan_pairs([], [], [], n, 0.5, min_samples).tolist() == labels


def test_arguments_are_not_changed():
    """Nor may they have to be writable."""
    arrays = columns([(2, 1, 0.3), (1, 2, 0.1), (0, 0, 0.0), (1, 0, 0.2)])
    kept = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    dbscan_pairs(*arrays, 3, 0.5, 2)
    for array, copy in zip(arrays, kept, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("eps", [-0.1, np.nan, True, "0.5"], ids=repr)
def test_bad_eps_is_refused(eps):
    """It is a number from 0."""
    with pytest.raises(PointsError, match="eps: found"):
        dbscan_pairs([], [], [], 1, eps, 5)


@pytest.mark.parametrize("min_samples", [0, -1, 2.5, True, "5", None], ids=repr)
def test_bad_min_samples_is_refused(min_samples):
    """It is a whole number from 1."""
    with pytest.raises(PointsError, match="min_samples: found"):
        dbscan_pairs([], [], [], 1, 0.5, min_samples)


def test_bad_pairs_are_refused():
    """The pairs are checked before anything else."""
    with pytest.raises(PointsError, match=r"distance\[0\]: nan"):
        dbscan_pairs([0], [1], [np.nan], 2, 0.5, 2)


def test_it_needs_numpy_and_scipy_only():
    """The Lambda function has no Dagster, numba, scikit-learn-like helpers or the like for it."""
    code = (
        "import sys; from lightning_eda.clustering.graph.dbscan import dbscan_pairs\n"
        "assert dbscan_pairs([0], [1], [0.1], 2, 0.5, 2).tolist() == [0, 0]\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert not {"dagster", "numba", "sklearn", "pandas", "pyarrow", "filelock", "tqdm", "boto3"} & loaded
