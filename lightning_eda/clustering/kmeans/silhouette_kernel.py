"""The silhouette coefficients of some points in all labellings, from one look at each distance."""

from typing import NamedTuple

import numpy as np

from lightning_eda.clustering.points import Floats, Integers
from lightning_eda.compiled import compiled

_LANES = 16  # points scored side by side: two 512-bit or four 256-bit registers


class Pass(NamedTuple):  # which numba takes as it is
    """What the kernel reads: points in the order of their atoms, clusters numbered over all labellings.

    An atom is the points that share their cluster in every labelling (`silhouette` says what for).
    """

    points: Floats
    weights: Floats
    atom_start: Integers
    atom_cluster: Integers
    own: Integers
    cluster_weight: Floats
    cluster_start: Integers


def coefficients(setup: Pass, chosen: Integers) -> Floats:
    """The coefficient of each chosen point in each labelling, shape (len(chosen), labellings).

    Args:
        setup: The points, their atoms and their clusters.
        chosen: Row numbers of the points to score; each is scored against all points.
    """
    values = np.empty((len(chosen), len(setup.cluster_start) - 1))
    kernel = compiled(_score_queries, _begin, _add_distances, _add_distances_any, _coefficient)
    kernel(chosen, setup, values)
    return values


def _score_queries(chosen: Integers, setup: Pass, values: Floats) -> None:
    """Kernel: fills `values` with the coefficient of each chosen point (rows) in each labelling (columns)."""
    points, weights, atom_start, atom_cluster, own, cluster_weight, cluster_start = setup
    side = np.empty((points.shape[1], _LANES))
    part = np.empty(_LANES)
    sums = np.empty((len(cluster_weight), _LANES))
    for block in range(0, len(chosen), _LANES):
        _begin(points, chosen, block, side, sums)
        for atom in range(len(atom_cluster)):
            for lane in range(_LANES):
                part[lane] = 0.0
            if points.shape[1] == 3:
                _add_distances(points, weights, atom_start[atom], atom_start[atom + 1], side, part)
            else:
                _add_distances_any(points, weights, atom_start[atom], atom_start[atom + 1], side, part)
            for labelling in range(values.shape[1]):
                for lane in range(_LANES):
                    sums[atom_cluster[atom, labelling], lane] += part[lane]
        for lane in range(min(_LANES, len(chosen) - block)):
            for labelling in range(values.shape[1]):
                cluster = own[chosen[block + lane], labelling]
                values[block + lane, labelling] = _coefficient(
                    sums,
                    lane,
                    cluster,
                    cluster_start[labelling],
                    cluster_start[labelling + 1],
                    cluster_weight,
                )


def _begin(points: Floats, chosen: Integers, block: int, side: Floats, sums: Floats) -> None:
    """Sets the points of a block side by side, and their sums to zero."""
    for lane in range(_LANES):
        row = chosen[min(block + lane, len(chosen) - 1)]  # a short last block repeats its last point
        for axis in range(points.shape[1]):
            side[axis, lane] = points[row, axis]
        for cluster in range(len(sums)):
            sums[cluster, lane] = 0.0


def _add_distances(points: Floats, weights: Floats, start: int, end: int, side: Floats, part: Floats) -> None:
    """Adds the weighted distances of points start to end from the points side by side."""
    first, second, third = side[0], side[1], side[2]
    for j in range(start, end):
        x, y, z, weight = points[j, 0], points[j, 1], points[j, 2], weights[j]
        for lane in range(_LANES):
            gap = (first[lane] - x) ** 2 + (second[lane] - y) ** 2 + (third[lane] - z) ** 2
            part[lane] += weight * np.sqrt(gap)


def _add_distances_any(
    points: Floats, weights: Floats, start: int, end: int, side: Floats, part: Floats
) -> None:
    """The same for more than three dimensions, at half the speed."""
    gap = np.empty(_LANES)
    for j in range(start, end):
        for lane in range(_LANES):
            gap[lane] = 0.0
        for axis in range(points.shape[1]):
            for lane in range(_LANES):
                gap[lane] += (side[axis, lane] - points[j, axis]) ** 2
        for lane in range(_LANES):
            part[lane] += weights[j] * np.sqrt(gap[lane])


def _coefficient(sums: Floats, lane: int, own: int, start: int, end: int, cluster_weight: Floats) -> float:
    """(b - a) / max(a, b) of one point in one labelling; 0 for the only point of a cluster."""
    if cluster_weight[own] <= 1.0:
        return 0.0
    # The point itself adds 0 to the sum and is not in the mean; its equals, joined with it, are in both.
    within = sums[own, lane] / (cluster_weight[own] - 1.0)
    nearest = np.inf
    for cluster in range(start, end):
        if cluster != own:
            nearest = min(nearest, sums[cluster, lane] / cluster_weight[cluster])
    larger = max(within, nearest)
    return (nearest - within) / larger if larger > 0.0 else 0.0
