"""A day's distances as a graph: items, and each pair of them once."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightning_eda.texts import counted


@dataclass(frozen=True)
class PairCounts:
    """What the rows of a graph were like.

    Attributes:
        objects: Objects read.
        rows: Rows read, blank lines not counted.
        self_pairs: Rows whose two items are one.
        repeated_pairs: Pairs given by more than one row.
        conflicting_pairs: Those of them whose distances differ; the smallest counts.
        zero_pairs: Pairs at distance 0.
        truncated: Whether there were more rows than were asked for.
        padded_items: Items with blanks or invisible characters around them, so that ` b` is another item than
            `b`.
        composed_items: Items that are another one but for how Unicode composes their letters.
        passed_over: Objects that were not read since their names are none of data, in words; "" for none.
    """

    objects: int = 0
    rows: int = 0
    self_pairs: int = 0
    repeated_pairs: int = 0
    conflicting_pairs: int = 0
    zero_pairs: int = 0
    truncated: bool = False
    padded_items: int = 0
    composed_items: int = 0
    passed_over: str = ""

    @property
    def doubts(self) -> list[str]:
        """What people should look at, a sentence each."""
        found = []
        if self.padded_items:
            found.append(
                f"{counted(self.padded_items, 'item')} with blanks or invisible characters around: "
                "` b` is another item than `b`; write none beside the commas if that is not meant"
            )
        if self.composed_items:
            found.append(
                f"{counted(self.composed_items, 'item')} like another one but for how Unicode composes "
                "letters (é as one character or as two): write all in one form, NFC, if they are the same"
            )
        if self.passed_over:
            found.append(f"passed over, as their names are none of data: {self.passed_over}")
        return found


@dataclass(frozen=True, eq=False)
class DistanceGraph:
    """Items and the pairs of them that have a distance.

    Attributes:
        items: The items, string or int64, in order of first appearance: row by row, the first column first.
        i: The item of each pair that appeared earlier, as a place in `items`, int32, shape (m,).
        j: The other one, i < j; each pair is there once, sorted by (i, j).
        distance: How far apart they are, finite and >= 0, shape (m,).
        counts: What the rows were like.
    """

    items: pa.Array
    i: NDArray[np.int32]
    j: NDArray[np.int32]
    distance: NDArray[np.float64]
    counts: PairCounts
