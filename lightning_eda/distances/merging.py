"""Rows as pairs, each once, in little more memory than the result takes."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lightning_eda.distances.columns import Column

Numbers = NDArray[np.int32]
Floats = NDArray[np.float64]

BUCKET_ROWS = 1 << 18  # so few are sorted within the processor's cache


class MergedPairs(NamedTuple):
    """Pairs, each once with its smallest distance, i < j, sorted by (i, j); and what the rows were like."""

    i: Numbers
    j: Numbers
    distance: Floats
    self_pairs: int
    repeated: int
    conflicting: int


def merge_rows(
    numbers: Column[np.int32], distances: Column[np.float64], place: Numbers, items: int
) -> MergedPairs:
    """Each pair of the rows once.

    Rows are dealt out to buckets of neighbouring items, about 260,000 rows each, and every bucket is
    sorted by itself.

    Args:
        numbers: The numbers of both items of each row; the column is used up.
        distances: The distance of each row; the column is used up.
        place: The place of the item of each number.
        items: Places are from 0 to items - 1.
    """
    of_item = np.zeros(items, np.int64)  # rows by the smaller item
    self_pairs = 0
    for part in numbers:
        first, second = place[part]
        apart = first != second
        self_pairs += len(apart) - int(np.count_nonzero(apart))
        of_item += np.bincount(np.minimum(first, second)[apart], minlength=items)
    buckets = _Buckets(of_item)
    for part, (distance,) in zip(numbers.drain(), distances.drain(), strict=True):
        first, second = place[part]
        buckets.deal(first, second, distance)
    return buckets.merged(self_pairs)


class _Buckets:
    """Rows of two different items, in buckets of neighbouring smaller items.

    A pair is one number, its code: the smaller item, shifted left, and the larger one.

    Args:
        of_item: How many rows there will be by their smaller item.
    """

    def __init__(self, of_item: NDArray[np.int64]) -> None:
        start_of_item = np.cumsum(of_item) - of_item
        rows = int(of_item.sum())
        self.shift = np.uint64(len(of_item).bit_length())
        self.bucket_of_item = (start_of_item // BUCKET_ROWS).astype(np.uint16)
        used, first_items = np.unique(self.bucket_of_item, return_index=True)
        self.bounds = [*start_of_item[first_items].tolist(), rows]
        self.free = dict(zip(used.tolist(), self.bounds, strict=False))  # where the next row of a bucket goes
        self.codes = np.empty(rows, np.uint64)
        self.distance = np.empty(rows)

    def deal(self, first: Numbers, second: Numbers, distance: Floats) -> None:
        """Puts rows into their buckets."""
        smaller = np.minimum(first, second)
        codes = smaller.astype(np.uint64) << self.shift
        codes |= np.maximum(first, second).astype(np.uint64)
        bucket = self.bucket_of_item[smaller]
        order = np.argsort(bucket, kind="stable")  # of 16 bits: a radix sort
        apart = first != second
        if not apart.all():
            order = order[apart[order]]
        codes, distance, bucket = codes[order], distance[order], bucket[order]
        for start, end in pairwise([*_run_starts(bucket).tolist(), len(bucket)]):
            number = int(bucket[start])
            place = slice(self.free[number], self.free[number] + end - start)
            self.codes[place], self.distance[place] = codes[start:end], distance[start:end]
            self.free[number] = place.stop

    def merged(self, self_pairs: int) -> MergedPairs:
        """Each pair once. The buckets are used up."""
        filled = repeated = conflicting = 0
        for start, end in pairwise(self.bounds):
            order = np.argsort(self.codes[start:end])
            codes, distance = self.codes[start:end][order], self.distance[start:end][order]
            heads = _run_starts(codes)
            if len(heads) < len(codes):
                repeated += int(np.count_nonzero(np.diff(heads, append=len(codes)) > 1))
                largest = np.maximum.reduceat(distance, heads)
                codes, distance = codes[heads], np.minimum.reduceat(distance, heads)
                conflicting += int(np.count_nonzero(distance != largest))
            place = slice(filled, filled + len(codes))
            self.codes[place], self.distance[place] = codes, distance
            filled = place.stop
        distance = self.distance if filled == len(self.distance) else self.distance[:filled].copy()
        del self.distance
        j = (self.codes[:filled] & ((np.uint64(1) << self.shift) - np.uint64(1))).astype(np.int32)
        i = (self.codes[:filled] >> self.shift).astype(np.int32)
        del self.codes
        return MergedPairs(i, j, distance, self_pairs, repeated, conflicting)


def _run_starts(values: NDArray[np.unsignedinteger]) -> NDArray[np.int64]:
    """Where each run of equal values starts."""
    if len(values) == 0:
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
