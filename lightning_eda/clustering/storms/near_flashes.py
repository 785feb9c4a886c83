"""DBSCAN of points in space, in memory for the points: a dense storm has hundreds of pairs for each.

Source: Gan, Tao, DBSCAN revisited (SIGMOD 2015). Core points in one small cube are neighbours of each other,
so only cubes have to be joined, by the first two of their points that are near enough.
"""

import numpy as np

from lightning_eda.clustering.points import Floats, Integers
from lightning_eda.compiled import compiled

EDGE = (1.0 - 1e-9) / np.sqrt(3.0)  # of a cube whose diagonal is just less than the distance
APART = 2.0  # cubes along any axis: farther ones have no neighbours in each other


def near_labels(points: Floats, distance: float, min_samples: int) -> Integers:
    """The cluster of each point: the labels of `dbscan_pairs` for all pairs at most so far apart.

    Args:
        points: Shape (n, 3).
        distance: Largest distance of neighbours, inclusive.
        min_samples: Points within it, the point itself included, that make it core; from 2.

    Returns:
        Labels, shape (n,): 0, 1, ... in the order of their first core points, or -1 for noise.
    """
    from scipy.spatial import KDTree

    labels = np.full(len(points), -1)
    above = np.nextafter(distance, np.inf)  # the tree's bound is exclusive
    core = np.isfinite(KDTree(points).query(points, [min_samples], distance_upper_bound=above)[0][:, 0])
    if not core.any():
        return labels
    _, first, part = np.unique(_parts(points[core], distance), return_index=True, return_inverse=True)
    labels[core] = np.argsort(np.argsort(first))[part]
    # Any other has fewer neighbours than `min_samples`; the smallest label of a core one becomes its own.
    others = list(range(1, min_samples))
    _, near = KDTree(points[core]).query(points[~core], others, distance_upper_bound=above)
    smallest = np.append(labels[core], len(points))[near].min(axis=1)
    labels[~core] = np.where(smallest < len(points), smallest, -1)
    return labels


def _parts(points: Floats, distance: float) -> Integers:
    """A number for each core point, the same for those that belong together."""
    from scipy.spatial import KDTree

    cubes, cube = np.unique(np.floor(points / (distance * EDGE)), axis=0, return_inverse=True)
    pairs = KDTree(cubes).query_pairs(APART, p=np.inf, output_type="ndarray")
    starts = np.append(0, np.cumsum(np.bincount(cube)))
    root = np.arange(len(cubes))
    compiled(_join, _root, _touch)(points[np.argsort(cube, kind="stable")], starts, pairs, distance**2, root)
    return root[cube]


def _join(points: Floats, starts: Integers, pairs: Integers, limit: float, root: Integers) -> None:
    """Joins cubes that have neighbours in each other; to be compiled.

    Args:
        points: In the order of their cubes.
        starts: The first of each cube, and behind them all the number of points.
        pairs: Cubes that may have some, shape (m, 2).
        limit: The squared distance of neighbours.
        root: Each cube; becomes the same for those that are joined.
    """
    for pair in range(len(pairs)):
        a, b = pairs[pair, 0], pairs[pair, 1]
        c, d = _root(root, a), _root(root, b)
        if c != d and _touch(points, starts[a], starts[a + 1], starts[b], starts[b + 1], limit):
            root[d] = c
    for cube in range(len(root)):
        root[cube] = _root(root, cube)


def _root(root: Integers, cube: int) -> int:
    while root[cube] != cube:
        root[cube] = root[root[cube]]
        cube = root[cube]
    return cube


def _touch(points: Floats, i: int, i_end: int, j: int, j_end: int, limit: float) -> bool:
    """Whether one of some points is near one of others."""
    for p in range(i, i_end):
        for q in range(j, j_end):
            x, y, z = (points[p, 0] - points[q, 0], points[p, 1] - points[q, 1], points[p, 2] - points[q, 2])
            if x * x + y * y + z * z <= limit:
                return True
    return False
