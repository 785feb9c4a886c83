"""Clusters of a list of pairs by name: DBSCAN, and OPTICS and HDBSCAN through scikit-learn.

All three see the same graph, in which an absent pair is farther apart than any that is there.
"""

import warnings
from collections.abc import Mapping
from importlib.util import find_spec

import numpy as np
from numpy.typing import ArrayLike

from lightning_eda.clustering.graph.absent_pairs import dense_parts, filled, linked, matrix
from lightning_eda.clustering.graph.dbscan import check_eps, dbscan_pairs
from lightning_eda.clustering.graph.pairs import Pairs, check_pairs, check_whole, unique_pairs
from lightning_eda.clustering.points import Integers
from lightning_eda.errors import PointsError, SettingError

ALGORITHMS = ("DBSCAN", "OPTICS", "HDBSCAN")
PARAMETERS = {
    # Those of scikit-learn that speak of how, not what (algorithm, n_jobs, ...) change nothing in our DBSCAN.
    "DBSCAN": ("eps", "min_samples", "algorithm", "leaf_size", "n_jobs", "p"),
    "OPTICS": (
        "eps", "min_samples", "max_eps", "cluster_method", "xi", "predecessor_correction", "min_cluster_size",
        "algorithm", "leaf_size", "n_jobs", "p",
    ),
    "HDBSCAN": (
        "min_samples", "min_cluster_size", "cluster_selection_epsilon", "cluster_selection_method",
        "max_cluster_size", "allow_single_cluster", "alpha", "algorithm", "leaf_size", "n_jobs",
    ),
}  # fmt: skip
FAR = 2.0**20  # an absent pair of HDBSCAN, times the largest distance: a density that counts as none
DEFAULT_MIN_CLUSTER_SIZE = 5  # of HDBSCAN, source: scikit-learn, sklearn.cluster.HDBSCAN


def cluster_pairs(
    i: ArrayLike,
    j: ArrayLike,
    distance: ArrayLike,
    n: int,
    algorithm: str,
    eps: float,
    min_samples: int,
    hyper_params: Mapping[str, object],
) -> Integers:
    """The cluster of each item by an algorithm given by name.

    - DBSCAN: ours, exact at any size; `eps` and `min_samples` as for `dbscan_pairs`.
    - OPTICS: needs min_samples >= 2 and no eps: it looks at all distances up to `max_eps` (default: all that
      are there). With `{"cluster_method": "dbscan"}` it cuts at `eps`. It walks from item to item and looks
      at all of them at each step: 8 s for 20,000 items, minutes for 100,000.
    - HDBSCAN: no eps either (`cluster_selection_epsilon` is the nearest thing), `min_cluster_size` is 5
      unless given. Separate parts of the graph can each be a cluster; one that is the whole graph cannot,
      unless `{"allow_single_cluster": true}`.

    Labels of OPTICS and HDBSCAN are numbered by the first item of each cluster.

    Args:
        i: One item of each pair, as for `dbscan_pairs`.
        j: The other.
        distance: Distances, finite and >= 0, any unit.
        n: Items.
        algorithm: One of `ALGORITHMS`, in any case.
        eps: EPSILON, in the unit of the distances.
        min_samples: MIN_SAMPLES, the item itself included.
        hyper_params: Any of `PARAMETERS` of the algorithm; they win over `eps` and `min_samples`.

    Returns:
        Labels, shape (n,): 0, 1, ... or -1 for noise.

    Raises:
        SettingError: The algorithm, a parameter's name or its value is not allowed.
        PointsError: The pairs are not as described, or scikit-learn could not hold them in memory.
    """
    name, given = require_parameters(algorithm, eps, min_samples, hyper_params)
    parameters = {"eps": eps, "min_samples": min_samples, **given}
    if name == "DBSCAN":
        return dbscan_pairs(i, j, distance, n, parameters["eps"], parameters["min_samples"])  # type: ignore[arg-type]
    pairs = unique_pairs(check_pairs(i, j, distance, n))
    if parameters.get("cluster_method") != "dbscan":
        parameters.pop("eps")
    try:
        labels = _optics(pairs, parameters) if name == "OPTICS" else _hdbscan(pairs, parameters)
    except (ValueError, TypeError) as error:  # how scikit-learn refuses a value
        if isinstance(error, PointsError):
            raise
        raise _refused(name, parameters, given, error) from error
    return _renumbered(labels)


def require_parameters(
    algorithm: str, eps: float, min_samples: int, hyper_params: Mapping[str, object]
) -> tuple[str, dict[str, object]]:
    """The algorithm and its own parameters; arguments as of `cluster_pairs`.

    Raises:
        SettingError: One is not known or, as far as that can be told without pairs, has a wrong value; or
            the algorithm needs scikit-learn, which is not installed.
    """
    name = algorithm.strip().upper()
    if name not in ALGORITHMS:
        raise SettingError("ALGORITHM", algorithm, "DBSCAN, OPTICS or HDBSCAN")
    given = _known_parameters(name, hyper_params)
    if name == "DBSCAN":
        _check_dbscan({"eps": eps, "min_samples": min_samples, **given}, given)
    elif find_spec("sklearn") is None:
        hint = "Others want scikit-learn: `pip install 'lightning_eda[sklearn]'`, in a clone `make setup`."
        raise SettingError("ALGORITHM", algorithm, "DBSCAN", hint)
    return name, given


def _known_parameters(name: str, hyper_params: Mapping[str, object]) -> dict[str, object]:
    """The parameters without the metric, which can only be ours; SettingError for one that is not known."""
    given = {key: value for key, value in hyper_params.items() if (key, value) != ("metric", "precomputed")}
    unknown = [key for key in given if key not in PARAMETERS[name]]
    if unknown:
        hint = "For HDBSCAN it is called cluster_selection_epsilon." if "eps" in unknown else ""
        raise SettingError("HYPER_PARAMS", unknown[0], f"for {name} {', '.join(PARAMETERS[name])}", hint)
    return given


def _check_dbscan(parameters: Mapping[str, object], given: Mapping[str, object]) -> None:
    """SettingError that names the variable a bad eps or min_samples came from."""
    for name, variable in (("eps", "EPSILON"), ("min_samples", "MIN_SAMPLES")):
        value = parameters[name]
        try:
            _check_finite(value) if name == "eps" else check_whole(value, name, 1)
        except (PointsError, TypeError) as error:
            allowed = "a number from 0, finite" if name == "eps" else "a whole number from 1"
            source = ("HYPER_PARAMS", {name: value}) if name in given else (variable, value)
            raise SettingError(*source, f"{name}: {allowed}") from error


def _check_finite(eps: object) -> None:
    """PointsError unless eps is a finite number >= 0: in a setting, infinity is a slip."""
    check_eps(eps)  # type: ignore[arg-type] # any object may come from a user's JSON
    if eps == np.inf:
        raise PointsError(f"eps: found {eps!r}; allowed: a number from 0, finite")


def _refused(
    name: str, parameters: Mapping[str, object], given: Mapping[str, object], error: Exception
) -> SettingError:
    """The error for a value that scikit-learn refused, under the name of the variable it came from."""
    allowed = f"what {name} of scikit-learn takes"
    for parameter, variable in (("eps", "EPSILON"), ("min_samples", "MIN_SAMPLES")):
        if f"'{parameter}'" in str(error) and parameter not in given:
            return SettingError(variable, parameters[parameter], allowed, str(error))
    return SettingError("HYPER_PARAMS", dict(given), allowed, str(error))


def _optics(pairs: Pairs, parameters: dict[str, object]) -> Integers:
    from sklearn.cluster import OPTICS

    largest = float(pairs.distance.max(initial=0.0))
    limits = [largest, parameters.get("eps", 0.0)]
    reach = parameters.get("max_eps", np.inf)
    parameters["max_eps"] = max(limits) if reach == np.inf else reach  # type: ignore[type-var]
    enough = _whole(parameters["min_samples"], pairs.n)
    if pairs.n < max(1, enough, _whole(parameters.get("min_cluster_size"), pairs.n)):
        return np.full(pairs.n, -1)
    estimator = OPTICS(metric="precomputed", **parameters)
    graph = matrix(filled(pairs, enough, np.finfo(np.float64).max))
    with warnings.catch_warnings(), np.errstate(divide="ignore"):  # a reachability of 0
        warnings.filterwarnings("ignore", "All reachability values are inf", UserWarning)  # all noise
        return np.asarray(estimator.fit(graph).labels_, np.int64)


def _hdbscan(pairs: Pairs, parameters: dict[str, object]) -> Integers:
    from sklearn.cluster import HDBSCAN

    given = parameters["min_samples"]
    enough = _whole(parameters.get("min_cluster_size", DEFAULT_MIN_CLUSTER_SIZE) if given is None else given)
    if pairs.n < max(2, enough):
        return np.full(pairs.n, -1)
    above_zero = pairs.distance[pairs.distance > 0]
    smallest, largest = (float(above_zero.min()), float(above_zero.max())) if len(above_zero) else (1.0, 1.0)
    # scipy's minimum spanning tree drops edges of length 0, and with them the items at one place.
    distance = np.where(pairs.distance > 0, pairs.distance, smallest / FAR)
    joined = linked(filled(pairs._replace(distance=distance), enough, largest * FAR), largest * FAR)
    estimator = HDBSCAN(metric="precomputed", copy=False, **parameters)
    labels = np.asarray(estimator.fit(matrix(joined)).labels_, np.int64)
    # What joined a cluster only by way of pairs that were put in is none of it.
    part = dense_parts(pairs, enough)
    labels[np.bincount(part)[part] < estimator.min_cluster_size] = -1
    return labels


def _whole(number: object, n: int = 0) -> int:
    """A number of items that may be given as a share of n; 1 for what scikit-learn is going to refuse."""
    if isinstance(number, float) and 0 <= number <= 1:
        return max(2, int(number * n))
    return number if isinstance(number, int) else 1


def _renumbered(labels: Integers) -> Integers:
    """The labels with the clusters numbered by their first item; anything negative is noise."""
    clustered = labels >= 0
    _, first, cluster = np.unique(labels[clustered], return_index=True, return_inverse=True)
    number = np.empty(len(first), np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    renumbered = np.full(len(labels), -1)
    renumbered[clustered] = number[cluster]
    return renumbered
