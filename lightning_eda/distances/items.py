"""Items as numbers, over any number of blocks."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightning_eda.distances.columns import Column
from lightning_eda.errors import PairsError

Numbers = NDArray[np.int32]

FLUSH_ITEMS = 1 << 22
INTS = pa.int32()


class ItemNumbers:
    """Gives each distinct item a number, the same in all blocks.

    Blocks come with dictionaries of their own. They are merged when they hold twice as many items as are
    known already (or four million), so each item is hashed a few times in all, whatever the number of blocks,
    and memory grows with the distinct items.

    Args:
        kind: Of the items: string or int64.
    """

    def __init__(self, kind: pa.DataType) -> None:
        self._items = pa.array([], kind)
        self._waiting: list[pa.DictionaryArray] = []
        self._waiting_items = 0
        self._numbers = Column(np.int32, width=2)

    def add(self, block: pa.DictionaryArray) -> None:
        """Takes in the items of a block.

        Args:
            block: Those of its first column, then those of its second; items that are only in the dictionary
                do no harm.

        Raises:
            PairsError: The distinct items are more text than Arrow holds.
        """
        self._waiting.append(block)
        self._waiting_items += len(block.dictionary)
        if self._waiting_items >= max(FLUSH_ITEMS, 2 * len(self._items)):
            self._flush()

    def finish(self) -> tuple[pa.Array, Column[np.int32]]:
        """All items, in no order that means anything, and the numbers of both items of each row."""
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
        for chunk in merged.chunks[1:]:
            block = chunk.indices.to_numpy(zero_copy_only=False)
            self._numbers.append(block[: len(block) // 2], block[len(block) // 2 :])
        self._items = merged.chunks[-1].dictionary
        self._waiting, self._waiting_items = [], 0


def first_appearances(numbers: Column[np.int32], items: int) -> tuple[NDArray[np.int64], Numbers]:
    """The order in which items appear, row by row, the first column first.

    Args:
        numbers: The numbers of both items of each row.
        items: How many there are; some may not appear.

    Returns:
        The numbers of those that appear, in that order; and for each number its place in it (-1: nowhere).
    """
    never = np.iinfo(np.int64).max
    first = np.full(items, never)
    start = 0
    for part in numbers:
        places = np.arange(start, start + part.size, 2)
        np.minimum.at(first, part[0], places)
        np.minimum.at(first, part[1], places + 1)
        start += part.size
    order = np.argsort(first)[: np.count_nonzero(first != never)]
    place = np.full(items, -1, np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return order, place
