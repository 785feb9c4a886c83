"""Long columns of numbers that grow, and are let go of piece by piece."""

from collections.abc import Iterator
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

PIECE_ROWS = 1 << 22  # pieces of 32 MB and more go back to the system when they are let go of
WORK_ROWS = 1 << 18  # what is worked on at a time stays within the processor's cache

Number = TypeVar("Number", np.int32, np.float64)


class Column(Generic[Number]):
    """Numbers, in pieces of one length; two columns of one length have their pieces at the same places.

    Args:
        kind: Of the numbers.
        width: How many numbers a row has.
    """

    def __init__(self, kind: type[Number], width: int = 1) -> None:
        self._kind: type[Number] = kind
        self._width = width
        self._pieces: list[NDArray[Number]] = []
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, *values: NDArray[Number]) -> None:
        """Adds rows.

        Args:
            values: One array for each number of a row, all of one length.
        """
        done, rows = 0, len(values[0])
        while done < rows:
            start = self._length % PIECE_ROWS
            if start == 0:
                self._pieces.append(np.empty((self._width, PIECE_ROWS), self._kind))
            taken = min(rows - done, PIECE_ROWS - start)
            for row, part in zip(self._pieces[-1], values, strict=True):
                row[start : start + taken] = part[done : done + taken]
            done += taken
            self._length += taken

    def __iter__(self) -> Iterator[NDArray[Number]]:
        """Some rows at a time, shape (width, m)."""
        for number, piece in enumerate(self._pieces):
            yield from self._parts(piece, number)

    def drain(self) -> Iterator[NDArray[Number]]:
        """The same from the last piece to the first, each let go of."""
        while self._pieces:
            yield from self._parts(self._pieces.pop(), len(self._pieces))

    def _parts(self, piece: NDArray[Number], number: int) -> Iterator[NDArray[Number]]:
        rows = min(PIECE_ROWS, self._length - number * PIECE_ROWS)
        return (piece[:, start : min(start + WORK_ROWS, rows)] for start in range(0, rows, WORK_ROWS))
