"""Absent pairs, put in where scikit-learn insists on them.

OPTICS refuses a graph in which an item has fewer than min_samples neighbours, HDBSCAN also one in several
parts. A pair put in stands at a distance beyond all others, where it makes nothing core that was not.
"""

import os
from typing import TYPE_CHECKING

import numpy as np

from lightning_eda.clustering.graph.pairs import Pairs, pair_codes
from lightning_eda.clustering.points import Integers
from lightning_eda.errors import PointsError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

BYTES_PER_ENTRY = 24  # a float64 and an int32, and the one copy that scikit-learn makes at the least


def filled(pairs: Pairs, wanted: int, far: float) -> Pairs:
    """The pairs with absent ones put in, at the distance `far`, until each item is in `wanted` - 1 of them.

    Args:
        pairs: Each once.
        wanted: Neighbours each item must have, itself included; at most n.
        far: Beyond all distances.
    """
    have = _neighbour_counts(pairs)
    lonely = np.flatnonzero(have < wanted)
    refuse_too_large(2 * len(pairs.i) + int((wanted - have[lonely]).sum()), physical_memory())
    # Of the first `wanted` items at least as many are absent from an item's pairs as it lacks.
    absent = np.ones((len(lonely), wanted), np.bool_)
    row = np.full(pairs.n, -1)
    row[lonely] = np.arange(len(lonely))
    for one, other in ((pairs.i, pairs.j), (pairs.j, pairs.i), (lonely, lonely)):
        known = (row[one] >= 0) & (other < wanted)
        absent[row[one[known]], other[known]] = False
    absent &= np.cumsum(absent, axis=1, dtype=np.int32) <= (wanted - have[lonely])[:, np.newaxis]
    at, item = np.nonzero(absent)
    return _with_pairs(pairs, lonely[at], item, far)


def linked(pairs: Pairs, far: float) -> Pairs:
    """The pairs with one more, at the distance `far`, from the first part of the graph to each other part."""
    first = np.unique(_parts(pairs), return_index=True)[1]
    return _with_pairs(pairs, np.full(len(first) - 1, first[0]), first[1:], far)


def dense_parts(pairs: Pairs, wanted: int) -> Integers:
    """The part of each item in the graph of those with `wanted` neighbours; each other is its own part."""
    dense = _neighbour_counts(pairs) >= wanted
    both = dense[pairs.i] & dense[pairs.j]
    return _parts(Pairs(pairs.i[both], pairs.j[both], pairs.distance[both], pairs.n))


def _neighbour_counts(pairs: Pairs) -> Integers:
    """In how many pairs each item is, and one for itself."""
    return 1 + np.bincount(pairs.i, minlength=pairs.n) + np.bincount(pairs.j, minlength=pairs.n)


def _parts(pairs: Pairs) -> Integers:
    """The number of the connected part each item belongs to."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    graph = coo_matrix((np.ones(len(pairs.i), np.bool_), (pairs.i, pairs.j)), shape=(pairs.n, pairs.n))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def _with_pairs(pairs: Pairs, i: Integers, j: Integers, far: float) -> Pairs:
    """The pairs and some that are absent from them, each once."""
    codes = np.unique(pair_codes(i, j, pairs.n))
    smaller, larger = (part.astype(np.int64) for part in np.divmod(codes, np.uint64(pairs.n)))
    return Pairs(
        np.concatenate([pairs.i, smaller]),
        np.concatenate([pairs.j, larger]),
        np.concatenate([pairs.distance, np.full(len(codes), far)]),
        pairs.n,
    )


def matrix(pairs: Pairs) -> "csr_matrix":
    """The symmetric matrix of the pairs, each item at distance 0 of itself, all zeros kept."""
    from scipy.sparse import csr_matrix

    refuse_too_large(2 * len(pairs.i) + pairs.n, physical_memory())
    own = np.arange(pairs.n)
    rows, columns = np.concatenate([pairs.i, pairs.j, own]), np.concatenate([pairs.j, pairs.i, own])
    values = np.concatenate([pairs.distance, pairs.distance, np.zeros(pairs.n)])
    return csr_matrix((values, (rows, columns)), shape=(pairs.n, pairs.n))


def refuse_too_large(entries: int, memory_bytes: int | None) -> None:
    """PointsError when a matrix of so many entries and scikit-learn's copy of it are beyond all memory."""
    needed = entries * BYTES_PER_ENTRY
    if memory_bytes is not None and needed > memory_bytes:
        raise PointsError(
            f"{entries:,} matrix entries take at least {needed / 1e9:.1f} GB in scikit-learn and this "
            f"machine has {memory_bytes / 1e9:.1f} GB: use ALGORITHM=DBSCAN or fewer pairs"
        )


def physical_memory() -> int | None:
    """Bytes of memory of this machine; None where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
