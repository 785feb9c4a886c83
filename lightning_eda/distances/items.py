"""Items as numbers, over any number of blocks."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightning_eda.errors import PairsError

Numbers = NDArray[np.int32]

FLUSH_ITEMS = 1 << 21
INTS = pa.int32()


class ItemNumbers:
    """Gives each distinct item a number, the same in all blocks.

    Blocks come with dictionaries of their own. They are merged when they hold as many items as are known
    already (or two million), so each item is hashed a few times in all, whatever the number of blocks, and
    memory grows with the distinct items.

    Args:
        kind: Of the items: string or int64.
    """

    def __init__(self, kind: pa.DataType) -> None:
        self._items = pa.array([], kind)
        self._waiting: list[pa.DictionaryArray] = []
        self._waiting_items = 0
        self._numbers: list[Numbers] = []

    def add(self, block: pa.DictionaryArray) -> None:
        """Takes in the items of a block; its dictionary may hold items that it does not use.

        Raises:
            PairsError: The distinct items are more text than Arrow holds.
        """
        self._waiting.append(block)
        self._waiting_items += len(block.dictionary)
        if self._waiting_items >= max(FLUSH_ITEMS, len(self._items)):
            self._flush()

    def finish(self) -> tuple[pa.Array, list[Numbers]]:
        """All items, in no order that means anything, and the numbers of those of each block."""
        self._flush()
        return self._items, self._numbers

    def _flush(self) -> None:
        known = pa.DictionaryArray.from_arrays(pa.array([], INTS), self._items)
        try:
            merged = pa.chunked_array([known, *self._waiting]).unify_dictionaries()
        except pa.ArrowCapacityError as error:
            raise PairsError(
                "the distinct items are over 2 GB of text: use shorter ones, or CONVERT_KEY_TO_INT=true"
            ) from error
        self._numbers += [chunk.indices.to_numpy(zero_copy_only=False) for chunk in merged.chunks[1:]]
        self._items = merged.chunks[-1].dictionary
        self._waiting, self._waiting_items = [], 0


def first_appearances(numbers: list[Numbers], items: int) -> tuple[NDArray[np.int64], Numbers]:
    """The order in which items appear, row by row, the first column first.

    Args:
        numbers: For each block the numbers of its first column and then of its second, shape (2 m,).
        items: How many there are; some may not appear.

    Returns:
        The numbers of those that appear, in that order; and for each number its place in it (-1: nowhere).
    """
    never = np.iinfo(np.int64).max
    first = np.full(items, never)
    start = 0
    for block in numbers:
        rows = len(block) // 2
        for column in range(2):
            places = np.arange(start + column, start + 2 * rows, 2)
            np.minimum.at(first, block[column * rows : (column + 1) * rows], places)
        start += 2 * rows
    order = np.argsort(first)[: np.count_nonzero(first != never)]
    place = np.full(items, -1, np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return order, place
