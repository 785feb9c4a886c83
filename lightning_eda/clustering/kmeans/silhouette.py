"""Mean silhouette coefficients of many labellings in one pass over the distances, exact or by a sample.

Exact: equal to `sklearn.metrics.silhouette_score` with Euclidean distances to 1e-9, for any labels. Equal
rows are joined with their count first, and points that share their labels in all labellings form an atom: the
distances of a point to an atom are added once and then serve every labelling. Memory grows with the points,
never with their square.

Approximate, and named so in `method`: `sample` scores a seeded sample of the points against all points, and
states its standard error; with `cells` all points of a cell stand at the cell's mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lightning_eda.clustering.kmeans.cluster_silhouettes import (
    ClusterSilhouettes,
    no_cluster_silhouettes,
    silhouettes_by_cluster,
)
from lightning_eda.clustering.kmeans.grouping import group_rows
from lightning_eda.clustering.kmeans.silhouette_kernel import Pass, coefficients
from lightning_eda.clustering.kmeans.sweep import Sweep
from lightning_eda.clustering.points import Floats, Integers, check_points
from lightning_eda.compiled import run_threads
from lightning_eda.errors import PointsError

EXACT_LIMIT = 100_000
SAMPLE_SIZE = 10_000
_CHUNK = 512


@dataclass(frozen=True)
class SilhouetteScores:
    """Mean silhouettes of several labellings.

    Attributes:
        scores: From -1 to 1, shape (m,); NaN where a labelling has one cluster, or as many as points.
        standard_errors: Of the scores, from sampling alone; 0 where every point was scored.
        method: `exact`, `sample`, `cells` or `cells, sample`.
        n_scored: Points that were scored.
        clusters: The silhouettes of the clusters of each labelling that has a score.
    """

    scores: Floats
    standard_errors: Floats
    method: str
    n_scored: int
    clusters: ClusterSilhouettes


def silhouette_scores(
    points: ArrayLike, labels: Sequence[ArrayLike], *, workers: int | None = None
) -> Floats:
    """The exact mean silhouette of each labelling, shape (len(labels),).

    Args:
        points: Shape (n, d), finite.
        labels: Labellings of the rows, each of n integers.
        workers: Threads; None takes every usable processor.

    Raises:
        PointsError: The points are not usable, or a labelling has the wrong length or is not of integers.
    """
    return estimate_silhouettes(points, labels, exact_limit=None, workers=workers).scores


def estimate_silhouettes(
    points: ArrayLike,
    labels: Sequence[ArrayLike],
    *,
    exact_limit: int | None = EXACT_LIMIT,
    sample_size: int = SAMPLE_SIZE,
    seed: int = 60,
    workers: int | None = None,
) -> SilhouetteScores:
    """The mean silhouette of each labelling: exact up to a limit, by a sample against all points above it.

    Args:
        points: Shape (n, d), finite.
        labels: Labellings of the rows, each of n integers.
        exact_limit: Most distinct rows to score exactly; None sets no limit.
        sample_size: Points to score above the limit.
        seed: Seed of the sample.
        workers: Threads; None takes every usable processor.
    """
    labelled = _join_equal_rows(check_points(points), labels)
    return _score(labelled, exact_limit, sample_size, seed, workers, "exact")


def sweep_silhouettes(
    sweep: Sweep,
    *,
    exact_limit: int | None = EXACT_LIMIT,
    sample_size: int = SAMPLE_SIZE,
    seed: int = 60,
) -> SilhouetteScores:
    """The mean silhouette for each k of a sweep, in the order of `sweep.k`; NaN where k is not fitted.

    Args:
        sweep: Fitted on positions or on cells; on cells each point stands at the mean of its cell.
        exact_limit: Most distinct positions (or cells) to score all of; None sets no limit.
        sample_size: Points to score above the limit.
        seed: Seed of the sample.
    """
    tags = np.zeros((len(sweep.cells), len(sweep.k)), dtype=np.int64)
    for column, k in enumerate(sweep.k):
        if int(k) in sweep.centers:
            tags[:, column] = sweep.cell_labels(int(k))
    labelled = _Labelled(sweep.cells.mean, sweep.cells.count, tags)
    return _score(labelled, exact_limit, sample_size, seed, workers=None, method=sweep.method)


@dataclass(frozen=True)
class _Labelled:
    points: Floats
    weights: Floats
    tags: Integers  # shape (n, labellings): consecutive labels from 0


def _score(
    data: _Labelled, exact_limit: int | None, sample_size: int, seed: int, workers: int | None, method: str
) -> SilhouetteScores:
    labellings = data.tags.shape[1]
    scores, errors = np.full(labellings, np.nan), np.full(labellings, np.nan)
    total = int(data.weights.sum())
    sizes = data.tags.max(axis=0, initial=0) + 1
    valid = (sizes > 1) & (sizes < total)
    sampled = exact_limit is not None and len(data.points) > exact_limit and sample_size < total
    drawn = min(sample_size, total) if sampled else total
    clusters = no_cluster_silhouettes()
    if valid.any():
        setup = _prepare(_Labelled(data.points, data.weights, data.tags[:, valid]))
        times = _draw(setup.weights, drawn, seed) if sampled else setup.weights
        queries = np.flatnonzero(times)
        values, times = _coefficients(setup, queries, workers), times[queries]
        mean = times @ values / drawn
        scores[valid] = mean
        left_out = 1 - drawn / total
        errors[valid] = np.sqrt(times @ (values - mean) ** 2 / drawn * left_out / max(drawn - 1, 1))
        found = silhouettes_by_cluster(
            values, setup.own[queries], times, setup.cluster_start, setup.cluster_weight
        )
        clusters = replace(found, labelling=np.flatnonzero(valid)[found.labelling])
    name = method if not sampled else "sample" if method == "exact" else f"{method}, sample"
    return SilhouetteScores(scores, errors, name, drawn, clusters)


def _consecutive(labels: NDArray[Any], n: int) -> Integers:
    """The labels as 0, 1, ... in ascending order of their values."""
    if labels.shape != (n,) or not (n == 0 or np.issubdtype(labels.dtype, np.integer)):
        raise PointsError(f"labels: shape {labels.shape}, {labels.dtype}; expected {n} integers")
    if n == 0 or int(labels.max()) - int(labels.min()) > n:
        return np.unique(labels, return_inverse=True)[1].astype(np.int64)
    offset = labels.astype(np.int64) - int(labels.min())
    number: Integers = np.cumsum(np.bincount(offset) > 0) - 1
    return number[offset]


def _join_equal_rows(points: Floats, labels: Sequence[ArrayLike]) -> _Labelled:
    """The distinct rows (same place, same labels), free of the row order, so that sums round the same way."""
    packed = [np.zeros(len(points), dtype=np.int64)]
    places: list[tuple[int, int, int]] = []  # of each labelling: packed column, unit, number of labels
    unit = 1
    for labelling in labels:
        label = _consecutive(np.asarray(labelling), len(points))
        size = int(label.max(initial=0)) + 1
        if unit * size >= 2**62:
            packed.append(np.zeros(len(points), dtype=np.int64))
            unit = 1
        packed[-1] += unit * label
        places.append((len(packed) - 1, unit, size))
        unit *= size
    rows = np.column_stack([points.view(np.int64), *packed])
    groups = group_rows(rows)
    assert groups is not None  # no limit was given
    first, group = groups
    distinct = rows[first]
    order = np.lexsort(distinct.T)
    codes = distinct[order, points.shape[1] :]
    tags = np.empty((len(distinct), len(places)), dtype=np.int64)
    for number, (column, unit, size) in enumerate(places):
        tags[:, number] = codes[:, column] // unit % size
    weights = np.bincount(group, minlength=len(first))[order].astype(np.float64)
    return _Labelled(points[first[order]], weights, tags)


def _prepare(data: _Labelled) -> Pass:
    sizes = data.tags.max(axis=0) + 1
    cluster_start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    cluster = data.tags + cluster_start[:-1]
    groups = group_rows(cluster)
    assert groups is not None  # no limit was given
    first, group = groups
    order = np.argsort(group, kind="stable")
    cluster_weight = np.zeros(cluster_start[-1])
    for column in cluster.T:
        cluster_weight += np.bincount(column, data.weights, len(cluster_weight))
    unused = np.zeros((len(order), max(0, 3 - data.points.shape[1])))  # the kernel is fastest in 3 dimensions
    return Pass(
        points=np.ascontiguousarray(np.hstack([data.points[order], unused])),
        weights=data.weights[order],
        atom_start=np.concatenate([[0], np.cumsum(np.bincount(group))]).astype(np.int64),
        atom_cluster=cluster[first],
        own=np.ascontiguousarray(cluster[order]),
        cluster_weight=cluster_weight,
        cluster_start=cluster_start,
    )


def _draw(weights: Floats, size: int, seed: int) -> Floats:
    """How often each distinct point is in a sample of the points without replacement."""
    ends = np.cumsum(weights)
    picks = np.random.default_rng(seed).choice(int(ends[-1]), size, replace=False, shuffle=False)
    return np.bincount(np.searchsorted(ends, picks, side="right"), minlength=len(ends)).astype(np.float64)


def _coefficients(setup: Pass, queries: Integers, workers: int | None) -> Floats:
    """The coefficient of each queried point (rows) in each labelling (columns)."""
    chunks = range(0, len(queries), _CHUNK)
    found = run_threads(lambda start: coefficients(setup, queries[start : start + _CHUNK]), chunks, workers)
    return np.concatenate(found)
