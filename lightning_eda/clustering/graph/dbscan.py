"""DBSCAN of a list of pairs: the labels of scikit-learn, in memory for the items and not for the pairs.

Source: Ester, Kriegel, Sander, Xu, A density-based algorithm for discovering clusters (KDD 1996). The
clusters are the connected parts of the graph of core items; that makes them a matter of whole-array
operations, where the textbook walks from item to item.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lightning_eda.clustering.graph.pairs import (
    Indices,
    Pairs,
    check_pairs,
    check_whole,
    chunks,
    in_order,
    pair_codes,
)
from lightning_eda.clustering.points import Integers
from lightning_eda.errors import PointsError

Flags = NDArray[np.bool_]
Neighbours = Callable[[], Iterator[tuple[Indices, Indices]]]


def dbscan_pairs(
    i: ArrayLike, j: ArrayLike, distance: ArrayLike, n: int, eps: float, min_samples: int
) -> Integers:
    """The cluster of each item, as scikit-learn's DBSCAN(metric="precomputed") numbers them.

    An item is core when at least `min_samples` items, itself among them, are within `eps`. Core items that
    are within eps of each other share a cluster, and clusters are numbered by their first core item. Another
    item within eps of a core item gets the smallest label among those; all others are noise. Nothing is
    written into the arguments. Besides them it takes about 60 bytes an item and 100 MB, and 8 bytes for each
    pair within eps where the pairs are not sorted.

    Args:
        i: One item of each pair, whole numbers from 0 to n - 1, shape (m,); in any order.
        j: The other item. A pair may stand either way round and several times: the smallest distance counts.
            A pair of an item with itself is ignored; pairs that are absent are farther than eps.
        distance: Distances >= 0, finite, shape (m,), any unit.
        n: Items.
        eps: Largest distance of neighbours, inclusive, in the unit of the distances.
        min_samples: Items within eps, the item itself included, that make it core; from 1.

    Returns:
        Labels, shape (n,): 0, 1, ... or -1 for noise.

    Raises:
        PointsError: An argument is not as described; the text names it.
    """
    pairs = check_pairs(i, j, distance, n)
    check_eps(eps)
    enough = check_whole(min_samples, "min_samples", 1)
    near = _neighbours(pairs, eps)
    core = _neighbour_counts(near, pairs.n) >= enough
    labels = _core_labels(near, core)
    _add_borders(near, core, labels)
    return labels


def check_eps(eps: float) -> None:
    """Raises a PointsError unless eps is a number >= 0."""
    if isinstance(eps, bool | str) or not eps >= 0:
        raise PointsError(f"eps: found {eps!r}; allowed: a number from 0")


def _neighbours(pairs: Pairs, eps: float) -> Neighbours:
    """What yields, each time it is called, every pair of different items within eps once, in chunks."""
    if in_order(pairs.i, pairs.j):
        return partial(_sorted_neighbours, pairs, eps)
    codes = np.empty(int(np.count_nonzero(pairs.distance <= eps)), np.uint64)
    filled = 0
    for part in chunks(len(pairs.i), pairs.n):
        near = pairs.distance[part] <= eps
        found = pair_codes(pairs.i[part][near], pairs.j[part][near], pairs.n)
        codes[filled : filled + len(found)] = found
        filled += len(found)
    codes.sort()
    return partial(_decoded_neighbours, codes, pairs.n)


def _sorted_neighbours(pairs: Pairs, eps: float) -> Iterator[tuple[Indices, Indices]]:
    for part in chunks(len(pairs.i), pairs.n):
        near = pairs.distance[part] <= eps
        yield pairs.i[part][near], pairs.j[part][near]


def _decoded_neighbours(codes: NDArray[np.uint64], n: int) -> Iterator[tuple[Indices, Indices]]:
    for part in chunks(len(codes), n):
        chunk = codes[part]
        new = np.ones(len(chunk), np.bool_)
        new[1:] = chunk[1:] != chunk[:-1]
        new[0] = part.start == 0 or chunk[0] != codes[part.start - 1]
        i, j = (half.astype(np.int64) for half in np.divmod(chunk[new], np.uint64(n)))
        apart = i != j
        yield i[apart], j[apart]


def _neighbour_counts(near: Neighbours, n: int) -> Integers:
    """How many items are within eps of each, itself included."""
    counts = np.ones(n, np.int64)
    for i, j in near():
        counts += np.bincount(i, minlength=n)
        counts += np.bincount(j, minlength=n)
    return counts


def _core_labels(near: Neighbours, core: Flags) -> Integers:
    """The labels of the core items, -1 for the others."""
    root = np.arange(len(core))  # the first item of the connected part that is known so far
    for i, j in near():
        both = core[i] & core[j]
        a, b = root[i[both]], root[j[both]]
        apart = a != b  # what earlier chunks joined is one node now: only what is new remains
        if apart.any():
            root = _joined(a[apart], b[apart], len(core))[root]
    starts = core & (root == np.arange(len(core)))
    label_of_root = np.cumsum(starts) - 1
    return np.where(core, label_of_root[root], -1)


def _joined(a: Integers, b: Integers, n: int) -> Integers:
    """For each of n items the first item of its connected part in the graph of the edges a-b, shape (n,)."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    used = np.zeros(n, np.bool_)
    used[a] = used[b] = True
    nodes = np.flatnonzero(used)
    place = np.empty(n, np.int64)
    place[nodes] = np.arange(len(nodes))
    shape = (len(nodes), len(nodes))
    edges = coo_matrix((np.ones(len(a), np.bool_), (place[a], place[b])), shape=shape)
    parts, part = connected_components(edges, directed=False)
    first = np.full(parts, n)
    np.minimum.at(first, part, nodes)
    joined = np.arange(n)
    joined[nodes] = first[part]
    return joined


def _add_borders(near: Neighbours, core: Flags, labels: Integers) -> None:
    """Gives each item that is not core the smallest label among its core neighbours, in place."""
    smallest = np.full(len(core), len(core))
    for i, j in near():
        for border, centre in ((i, j), (j, i)):
            reached = core[centre] & ~core[border]
            np.minimum.at(smallest, border[reached], labels[centre[reached]])
    found = smallest < len(core)
    labels[found] = smallest[found]
