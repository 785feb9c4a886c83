"""Rows grouped by equal keys with a hash table: one pass, whatever the order of the rows."""

import numpy as np

from lightning_eda.clustering.points import Floats, Integers
from lightning_eda.compiled import compiled

STEPS = 2.0**32
"""Steps per cell edge: whole steps add up exactly, so in every row order alike."""


def group_rows(rows: Integers, most: int | None = None) -> tuple[Integers, Integers] | None:
    """The first row of each group of equal rows, and the group of each row, in order of appearance.

    Args:
        rows: Shape (n, d), 64-bit integers.
        most: Give up, and return None, when there are more groups than this.
    """
    limit, table = _table(len(rows), most)
    first = np.empty(limit, dtype=np.int64)
    group = np.empty(len(rows), dtype=np.int64)
    seen = np.empty((limit, rows.shape[1]), dtype=np.int64)
    found = compiled(_group_rows, _place)(np.ascontiguousarray(rows), table, seen, first, group)
    return None if found < 0 else (first[:found], group)


def sum_rows_by_cell(
    points: Floats, size: float, most: int | None = None
) -> tuple[Integers, Integers, Integers] | None:
    """Keys and sums of the occupied cells, in order of appearance, and the cell of each row.

    The sums are whole numbers, so they do not depend on the row order. Their columns are the count, the
    offsets from the lower corner of the cell per axis, and the squared offset; offsets in `STEPS` per edge.

    Args:
        points: Shape (n, d).
        size: Edge of a cell.
        most: Give up, and return None, when more cells than this are occupied.
    """
    limit, table = _table(len(points), most)
    group = np.empty(len(points), dtype=np.int64)
    seen = np.empty((limit, points.shape[1]), dtype=np.int64)
    steps = np.zeros((limit, points.shape[1] + 2), dtype=np.int64)
    found = compiled(_sum_cells, _place)(points, 1 / size, table, seen, steps, group)
    return None if found < 0 else (seen[:found], steps[:found], group)


def _table(rows: int, most: int | None) -> tuple[int, Integers]:
    limit = rows if most is None else min(most, rows)
    # At most half of the slots are ever taken, so a free one is near; a power of two, so a mask finds a slot.
    return limit, np.full(1 << max(4, (2 * limit).bit_length()), -1, dtype=np.int64)


def _place(rows: Integers, row: int, table: Integers, seen: Integers, found: int) -> int:
    """The group of a row: one of those seen; `found` when it is new; -1 when there is no room for it.

    Source of the hash: the finaliser of splitmix64, Steele, Lea and Flood 2014.
    """
    value = np.uint64(0x9E3779B97F4A7C15)
    for axis in range(rows.shape[1]):
        value += np.uint64(rows[row, axis])
        value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        value ^= value >> np.uint64(31)
    slot = value & np.uint64(len(table) - 1)
    while table[slot] >= 0:
        known = int(table[slot])
        same = True
        for axis in range(rows.shape[1]):
            same = same and seen[known, axis] == rows[row, axis]
        if same:
            return known
        slot = (slot + np.uint64(1)) & np.uint64(len(table) - 1)
    if found == len(seen):
        return -1
    table[slot] = found
    for axis in range(rows.shape[1]):
        seen[found, axis] = rows[row, axis]
    return found


def _group_rows(rows: Integers, table: Integers, seen: Integers, first: Integers, group: Integers) -> int:
    """Kernel: fills `first` and `group`; returns the number of groups, -1 when there are too many."""
    found = 0
    for row in range(len(rows)):
        where = _place(rows, row, table, seen, found)
        if where < 0:
            return -1
        if where == found:
            first[found] = row
            found += 1
        group[row] = where
    return found


def _sum_cells(
    points: Floats, per_edge: float, table: Integers, seen: Integers, steps: Integers, group: Integers
) -> int:
    """Kernel: fills `seen`, `steps` and `group`; returns the number of cells, -1 when there are too many."""
    d = points.shape[1]
    key = np.empty((1, d), dtype=np.int64)
    found = 0
    for row in range(len(points)):
        square = 0.0
        for axis in range(d):
            key[0, axis] = np.int64(np.floor(points[row, axis] * per_edge))
        where = _place(key, 0, table, seen, found)
        if where < 0:
            return -1
        found = max(found, where + 1)
        group[row] = where
        steps[where, 0] += 1
        for axis in range(d):
            offset = points[row, axis] * per_edge - key[0, axis]
            steps[where, axis + 1] += np.int64(np.rint(offset * STEPS))
            square += offset * offset
        steps[where, d + 1] += np.int64(np.rint(square * STEPS))
    return found
