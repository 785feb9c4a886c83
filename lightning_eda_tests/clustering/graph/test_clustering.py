import math
import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import HDBSCAN, OPTICS

from lightning_eda.clustering.graph import absent_pairs
from lightning_eda.clustering.graph.clustering import ALGORITHMS, PARAMETERS, cluster_pairs
from lightning_eda.clustering.graph.dbscan import dbscan_pairs
from lightning_eda.errors import PointsError, SettingError
from lightning_eda_tests.clustering.graph.pair_lists import (
    EPS_OF_TIES,
    columns,
    distances_of_pairs,
    geometric,
    pair_lists,
)
from lightning_eda_tests.support.examples import examples

FAR = 1e6


def cluster(case, algorithm, eps=0.5, min_samples=5, hyper_params=None):
    n, rows = case
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return cluster_pairs(*columns(rows), n, algorithm, eps, min_samples, hyper_params or {})


def dense_matrix(case):
    """Every pair, absent ones at a distance beyond all others."""
    n, rows = case
    matrix = np.full((n, n), FAR)
    np.fill_diagonal(matrix, 0)
    for (a, b), distance in distances_of_pairs(rows).items():
        matrix[a, b] = distance
    return matrix


def partition(labels):
    """Clusters as sets of items, for labels that are numbered otherwise."""
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in set(labels.tolist()) - {-1}}


def blobs(sizes=(12, 9, 7), alone=3, seed=0):
    """Complete groups of nearby items without a pair between them, and items with one or no pair."""
    rng = np.random.default_rng(seed)
    rows, start = [], 0
    for size in sizes:
        points = rng.normal(size=(size, 2))
        near = [(a, b) for a in range(size) for b in range(a)]
        rows += [(start + a, start + b, float(np.hypot(*(points[a] - points[b])))) for a, b in near]
        start += size
    rows.append((start, start + 1, 9.0))
    return start + alone, rows


@given(pair_lists(), st.integers(1, 4))
def test_dbscan_is_ours(case, min_samples):
    """By name, in any case of letters."""
    n, rows = case
    labels = cluster(case, " dbScan", EPS_OF_TIES, min_samples)
    assert labels.tolist() == dbscan_pairs(*columns(rows), n, EPS_OF_TIES, min_samples).tolist()


def test_hyper_params_win():
    """Over EPSILON and MIN_SAMPLES; what says how to search is taken and changes nothing."""
    case = (2, [(0, 1, 1.0)])
    assert cluster(case, "DBSCAN", 0.5, 5).tolist() == [-1, -1]
    options = {"eps": 1.0, "min_samples": 2, "metric": "precomputed", "n_jobs": 2, "algorithm": "brute"}
    assert cluster(case, "DBSCAN", 0.5, 5, options).tolist() == [0, 0]


@pytest.mark.parametrize("grid", [False, True], ids=["plane", "grid with ties and zeros"])
@pytest.mark.parametrize("seed", range(8))
def test_optics_is_that_of_the_full_matrix(seed, grid):
    """Absent pairs are as pairs beyond all others: what scikit-learn says of the dense matrix."""
    case = geometric(seed, n=60, reach=4.0, grid=grid)
    largest = max(row[2] for row in case[1])
    for options in ({"min_samples": 3}, {"min_samples": 6, "xi": 0.1}, {"min_samples": 0.1}):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = OPTICS(metric="precomputed", max_eps=largest, **options).fit(dense_matrix(case))
        assert partition(cluster(case, "optics", hyper_params=options)) == partition(model.labels_)


def test_optics_cuts_at_eps_when_asked():
    """cluster_method "dbscan" makes EPSILON count; core items are clustered as DBSCAN does."""
    case = geometric(3, n=80, reach=4.0)
    cut = cluster(case, "OPTICS", 1.5, 4, {"cluster_method": "dbscan"})
    by_dbscan = dbscan_pairs(*columns(case[1]), case[0], 1.5, 4)
    assert len(partition(cut)) == len(partition(by_dbscan))
    assert all(any(group <= other for other in partition(by_dbscan)) for group in partition(cut))
    assert cluster(case, "OPTICS", 0.1, 4, {"cluster_method": "dbscan"}).tolist() != cut.tolist()


def test_hdbscan_is_that_of_the_full_matrix():
    """With min_samples 1 no lengths tie: the labels of the dense matrix, but for what only absent pairs join.

    There scikit-learn also makes clusters of items from several parts, too small to be one by themselves.
    """
    parts_seen = 0
    for seed in range(20):
        case = geometric(seed, n=50, reach=2.5)
        labels = HDBSCAN(metric="precomputed", min_samples=1, copy=True).fit(dense_matrix(case)).labels_
        part = cluster(case, "DBSCAN", FAR, 1)
        labels[np.bincount(part)[part] < 5] = -1
        assert partition(cluster(case, "HDBSCAN", min_samples=1)) == partition(labels), seed
        parts_seen += np.count_nonzero(np.bincount(part) >= 5)
    assert parts_seen > 30


@pytest.mark.parametrize("min_samples", [1, 2, 4, 6])
def test_hdbscan_takes_separate_groups_for_clusters(min_samples):
    """Where scikit-learn refuses: three parts, an item in one pair and items in none are noise."""
    case = blobs()
    labels = cluster(case, "hdbscan", min_samples=min_samples, hyper_params={"min_cluster_size": 6})
    expected = np.repeat([0, 1, 2], [12, 9, 7])
    assert len(partition(labels)) >= 3
    assert (labels[28:] == -1).all()
    for group in partition(labels):
        assert len({expected[item] for item in group}) == 1


def test_hdbscan_makes_no_cluster_of_what_has_no_pairs():
    """Twenty lonely items beside two groups: absent pairs join nothing."""
    for min_samples in (1, 2, 3, 5):
        n, rows = blobs((8, 8), alone=2)
        labels = cluster((n + 18, rows), "HDBSCAN", min_samples=min_samples)
        assert (labels[16:] == -1).all()


def test_hdbscan_makes_no_cluster_of_small_parts():
    """Ten triangles without a pair between them are not thirty items of one cluster."""
    rows = [(3 * t + a, 3 * t + b, 1.0 + t / 10) for t in range(10) for a, b in ((0, 1), (1, 2), (0, 2))]
    case = blobs((8, 8), alone=2)
    both = [*case[1], *((case[0] + a, case[0] + b, d) for a, b, d in rows)]
    for single in (False, True):
        labels = cluster(
            (case[0] + 30, both), "HDBSCAN", min_samples=2, hyper_params={"allow_single_cluster": single}
        )
        assert (labels[16:] == -1).all()
        assert len(partition(labels)) >= 2
        assert (
            cluster((30, rows), "HDBSCAN", min_samples=2, hyper_params={"allow_single_cluster": single}) == -1
        ).all()


def test_hdbscan_keeps_items_at_one_place_together():
    """Distance 0 is nearer than all others, where scipy's spanning tree would lose the pair."""
    n, rows = blobs((8, 8), alone=2)
    same = [(a, b, 0.0 if {a, b} <= {0, 1, 2} else d) for a, b, d in rows]
    labels = cluster((n, same), "HDBSCAN", min_samples=1, hyper_params={"min_cluster_size": 3})
    assert labels[0] == labels[1] == labels[2] >= 0


@given(pair_lists(), st.sampled_from(["OPTICS", "HDBSCAN"]), st.integers(2, 5))
@examples(150)
def test_any_list_has_an_answer(case, algorithm, min_samples):
    """Clusters are numbered by their first item, and lie within parts of the graph."""
    labels = cluster(case, algorithm, min_samples=min_samples)
    assert labels.shape == (case[0],)
    firsts = [int(np.flatnonzero(labels == label)[0]) for label in range(labels.max() + 1)]
    assert firsts == sorted(firsts)
    parts = partition(cluster(case, "DBSCAN", 1e300, 1))
    assert all(any(group <= part for part in parts) for group in partition(labels))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("n", [0, 1, 3])
def test_too_few_items_are_noise(algorithm, n):
    """Fewer than min_samples: no cluster and no error."""
    assert cluster((n, []), algorithm).tolist() == [-1] * n


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_arguments_are_not_changed(algorithm):
    """HDBSCAN of scikit-learn works in place; it gets its own matrix."""
    n, rows = blobs()
    arrays = columns(rows)
    options = {"min_samples": 3}
    for array in arrays:
        array.flags.writeable = False
    cluster_pairs(*arrays, n, algorithm, 0.5, 5, options)
    assert options == {"min_samples": 3}
    for array, fresh in zip(arrays, columns(rows), strict=True):
        np.testing.assert_array_equal(array, fresh)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_parameters_are_those_of_scikit_learn(algorithm):
    """Each that is listed exists there."""
    import sklearn.cluster

    assert set(PARAMETERS[algorithm]) <= set(getattr(sklearn.cluster, algorithm)().get_params())


REFUSED = [
    ("KMEANS", {}, ["ALGORITHM", "'KMEANS'", "DBSCAN, OPTICS or HDBSCAN"]),
    ("DBSCAN", {"epsilon": 1}, ["HYPER_PARAMS", "'epsilon'", "for DBSCAN eps, min_samples"]),
    ("DBSCAN", {"metric": "euclidean"}, ["HYPER_PARAMS", "'metric'"]),
    ("DBSCAN", {"eps": "0.5"}, ["HYPER_PARAMS", "{'eps': '0.5'}", "eps: a number from 0"]),
    ("DBSCAN", {"eps": math.inf}, ["HYPER_PARAMS", "{'eps': inf}", "eps: a number from 0, finite"]),
    ("DBSCAN", {"eps": None}, ["HYPER_PARAMS", "{'eps': None}", "eps: a number from 0"]),
    (
        "DBSCAN",
        {"min_samples": 0},
        ["HYPER_PARAMS", "{'min_samples': 0}", "min_samples: a whole number from 1"],
    ),
    ("HDBSCAN", {"eps": 1}, ["HYPER_PARAMS", "'eps'", "cluster_selection_epsilon"]),
    ("HDBSCAN", {"min_cluster_size": 1}, ["HYPER_PARAMS", "min_cluster_size", "HDBSCAN of scikit-learn"]),
    ("HDBSCAN", {"min_samples": "3"}, ["HYPER_PARAMS", "'min_samples' parameter"]),
    ("OPTICS", {"xi": 2}, ["HYPER_PARAMS", "'xi' parameter of OPTICS"]),
    ("OPTICS", {"store_centers": "medoid"}, ["HYPER_PARAMS", "'store_centers'", "cluster_method"]),
    ("OPTICS", {"cluster_method": "dbscan", "max_eps": 0.1}, ["HYPER_PARAMS", "epsilon smaller than 0.1"]),
]


@pytest.mark.parametrize(("algorithm", "options", "texts"), REFUSED, ids=[str(case[:2]) for case in REFUSED])
def test_wrong_settings_are_refused_by_name(algorithm, options, texts):
    """The error names the variable, what was found and what is allowed."""
    with pytest.raises(SettingError) as caught:
        cluster(blobs(), algorithm, hyper_params=options)
    for text in texts:
        assert text in str(caught.value)


@pytest.mark.parametrize(
    ("algorithm", "eps", "min_samples", "variable"),
    [("DBSCAN", -1.0, 5, "EPSILON"), ("DBSCAN", 0.5, 0, "MIN_SAMPLES"), ("OPTICS", 0.5, 1, "MIN_SAMPLES")],
)
def test_a_bad_value_is_laid_to_the_variable_it_came_from(algorithm, eps, min_samples, variable):
    """Not to HYPER_PARAMS, when it was not there."""
    with pytest.raises(SettingError) as caught:
        cluster(blobs(), algorithm, eps, min_samples)
    assert caught.value.variable == variable


def test_bad_pairs_stay_errors_of_the_pairs():
    """They are not taken for a refusal of a setting."""
    with pytest.raises(PointsError, match=r"distance\[0\]"):
        cluster((2, [(0, 1, -1.0)]), "HDBSCAN")


@pytest.mark.parametrize("algorithm", ["OPTICS", "HDBSCAN"])
def test_without_scikit_learn_the_error_names_what_to_install(algorithm):
    """DBSCAN is ours, and wants none of it."""
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "from lightning_eda.clustering.graph.clustering import cluster_pairs\n"
        "pairs = [0, 0, 1], [1, 2, 2], [0.1, 0.1, 0.1], 3\n"
        "print(cluster_pairs(*pairs, 'DBSCAN', 0.5, 2, {}))\n"
        f"cluster_pairs(*pairs, {algorithm!r}, 0.5, 2, {{}})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "[0 0 0]\n", done.stderr
    assert f"SettingError: ALGORITHM: found '{algorithm}'; allowed: DBSCAN." in done.stderr
    assert "pip install 'lightning_eda[sklearn]'" in done.stderr


def test_what_no_memory_can_hold_is_refused():
    """Before it is tried, with what to do instead; not where memory is unknown."""
    with pytest.raises(
        PointsError, match=r"1,000,000,000 matrix entries.*24\.0 GB.*8\.0 GB: use ALGORITHM=DBSCAN"
    ):
        absent_pairs.refuse_too_large(10**9, 8 * 10**9)
    absent_pairs.refuse_too_large(10**9, 25 * 10**9)
    absent_pairs.refuse_too_large(10**12, None)
    assert absent_pairs.physical_memory() > 10**8
