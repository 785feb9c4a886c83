"""k-distances: how far each item has to look to be core, the curve by which people choose eps."""

import numpy as np
from numpy.typing import ArrayLike

from lightning_eda.clustering.graph.pairs import Indices, check_pairs, check_whole, chunks, unique_pairs
from lightning_eda.clustering.points import Floats


def k_distances(i: ArrayLike, j: ArrayLike, distance: ArrayLike, n: int, k: int) -> Floats:
    """The distance of every item to its k-th neighbour, sorted upwards.

    An item is its own first neighbour, as DBSCAN counts: with k = min_samples, the items at or below eps on
    the curve are exactly the core items, and a good eps lies where the curve bends upwards.

    Args:
        i: One item of each pair, as for `dbscan_pairs`.
        j: The other.
        distance: Distances, finite and >= 0, any unit.
        n: Items.
        k: Which neighbour, from 1.

    Returns:
        Shape (n,), in the unit of the distances; infinite for items that have fewer neighbours.

    Raises:
        PointsError: An argument is not as described.
    """
    pairs = unique_pairs(check_pairs(i, j, distance, n))
    others = check_whole(k, "k", 1) - 1
    if others == 0:
        return np.zeros(pairs.n)
    degree = np.zeros(pairs.n, np.int64)
    for part in chunks(len(pairs.i), pairs.n):
        degree += np.bincount(pairs.i[part], minlength=pairs.n)
        degree += np.bincount(pairs.j[part], minlength=pairs.n)
    if not (degree >= others).any():
        return np.full(pairs.n, np.inf)
    nearest = np.full((pairs.n, others), np.inf)
    for part in chunks(len(pairs.i), pairs.n):
        apart = pairs.distance[part]
        for items in (pairs.i[part], pairs.j[part]):
            nearer = apart < nearest[items, -1]
            _take_in(nearest, items[nearer], apart[nearer])
    return np.sort(nearest[:, -1])


def _take_in(nearest: Floats, items: Indices, distance: Floats) -> None:
    """Puts further distances of some items among their nearest, in place; rows stay sorted.

    Args:
        nearest: The smallest distances of each item so far, shape (n, most).
        items: Shape (m,).
        distance: Shape (m,).
    """
    if len(items) == 0:
        return
    order = np.argsort(distance)
    # By item, then by place in the order of distances: one sort of whole numbers, the fastest there is.
    both = (items[order].astype(np.uint64) << np.uint64(32)) | np.arange(len(items), dtype=np.uint64)
    both.sort()
    item = (both >> np.uint64(32)).astype(np.int64)
    starts = np.flatnonzero(np.concatenate([[True], item[1:] != item[:-1]]))
    row = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(item))))
    rank = np.arange(len(item)) - starts[row]
    kept = rank < nearest.shape[1]
    new = np.full((len(starts), nearest.shape[1]), np.inf)
    place = (both[kept] & np.uint64(0xFFFFFFFF)).astype(np.int64)
    new[row[kept], rank[kept]] = distance[order[place]]
    touched = item[starts]
    merged = np.concatenate([nearest[touched], new], axis=1)
    merged.sort(axis=1)
    nearest[touched] = merged[:, : nearest.shape[1]]
