"""Pairs of items and how far apart they are: three arrays of one length, checked, and each pair once.

Items are the numbers 0 to n - 1. A pair may stand either way round and several times (the smallest distance
counts); a pair of an item with itself says nothing; a pair that is absent is farther than any that is there.
"""

import operator
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lightning_eda.clustering.points import Floats
from lightning_eda.errors import PointsError

CHUNK = 1 << 20  # pairs worked on at a time, at the least

Indices = NDArray[np.integer]


class Pairs(NamedTuple):
    """Checked pairs.

    Attributes:
        i: One item of each pair, shape (m,).
        j: The other.
        distance: How far apart they are, finite and >= 0, shape (m,).
        n: Items.
    """

    i: Indices
    j: Indices
    distance: Floats
    n: int


def check_pairs(i: ArrayLike, j: ArrayLike, distance: ArrayLike, n: int) -> Pairs:
    """The pairs as arrays, not copied where they are arrays already.

    Raises:
        PointsError: The arrays are not of one length, an item is no whole number from 0 to n - 1, or a
            distance is NaN, infinite or negative.
    """
    count = check_whole(n, "n", 0)
    first, second, apart = np.asarray(i), np.asarray(j), np.asarray(distance)
    if not (first.ndim == second.ndim == apart.ndim == 1 and len(first) == len(second) == len(apart)):
        shapes = ", ".join(str(array.shape) for array in (first, second, apart))
        raise PointsError(f"i, j and distance: shapes {shapes}; one dimension and one length expected")
    if len(first) == 0:
        return Pairs(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0), count)
    for name, array in (("i", first), ("j", second)):
        _check_items(name, array, count)
    if apart.dtype.kind not in "fiu":
        raise PointsError(f"distance: type {apart.dtype}; distances must be numbers")
    first, second = (
        array.astype(np.int64) if array.dtype.kind == "u" else array for array in (first, second)
    )
    apart = apart.astype(np.float64, copy=False)
    if not (apart.min() >= 0 and apart.max() < np.inf):
        place = int(np.argmin((apart >= 0) & (apart < np.inf)))
        raise PointsError(f"distance[{place}]: {apart[place]}; distances must be finite and not negative")
    return Pairs(first, second, apart, count)


def check_whole(value: object, name: str, least: int) -> int:
    """The value as an int.

    Raises:
        PointsError: It is no whole number or smaller than `least`.
    """
    try:
        whole = operator.index(value)  # type: ignore[arg-type] # any object may come from a user's JSON
    except TypeError as error:
        raise PointsError(f"{name}: found {value!r}; allowed: a whole number from {least}") from error
    if isinstance(value, bool) or whole < least:
        raise PointsError(f"{name}: found {value!r}; allowed: a whole number from {least}")
    return whole


def chunks(length: int, items: int = 0) -> Iterator[slice]:
    """Slices that cover a length; longer ones with many items, since each costs a pass over the items."""
    size = max(CHUNK, items // 4)
    return (slice(start, start + size) for start in range(0, length, size))


def in_order(i: Indices, j: Indices) -> bool:
    """Whether every pair is there once, the smaller item first, sorted by (i, j)."""
    for part in chunks(len(i)):
        a, b = (array[part.start : part.stop + 1] for array in (i, j))  # one more, to compare with
        rising = (a[1:] > a[:-1]) | ((a[1:] == a[:-1]) & (b[1:] > b[:-1]))
        if not (rising.all() and (a < b).all()):
            return False
    return True


def pair_codes(i: Indices, j: Indices, n: int) -> NDArray[np.uint64]:
    """One number per pair, the same either way round, that sorts as (smaller item, larger item)."""
    smaller = np.minimum(i, j).astype(np.uint64)
    smaller *= np.uint64(n)
    smaller += np.maximum(i, j).astype(np.uint64)
    return smaller


def unique_pairs(pairs: Pairs) -> Pairs:
    """Each pair once with its smallest distance, the smaller item first, sorted; no self pairs."""
    if in_order(pairs.i, pairs.j):
        return pairs
    codes = pair_codes(pairs.i, pairs.j, pairs.n)
    order = np.argsort(codes)
    codes = codes[order]
    starts = np.flatnonzero(np.concatenate([[True], codes[1:] != codes[:-1]]))
    distance = np.minimum.reduceat(pairs.distance[order], starts)
    smaller, larger = (part.astype(np.int64) for part in np.divmod(codes[starts], np.uint64(pairs.n)))
    apart = smaller != larger
    return Pairs(smaller[apart], larger[apart], distance[apart], pairs.n)


def _check_items(name: str, array: NDArray[np.generic], n: int) -> None:
    if array.dtype.kind not in "iu":
        raise PointsError(f"{name}: type {array.dtype}; items must be whole numbers from 0 to n - 1")
    outside = next((int(item) for item in (array.min(), array.max()) if not 0 <= int(item) < n), None)
    if outside is not None:
        raise PointsError(f"{name}: item {outside}; with n = {n} items are the numbers 0 to {n - 1}")
