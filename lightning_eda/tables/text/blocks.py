"""Blocks of whole rows out of the text of a CSV, each with the line it starts on."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lightning_eda.errors import CsvError
from lightning_eda.tables.text.pieces import Piece
from lightning_eda.tables.text.rows import walk

BLOCK_BYTES: Final = 2 << 20
"""The usual size of a block: large enough for the parser, small enough to hold a dozen."""
MAX_ROW_BYTES: Final = 64 << 20
"""The longest row that is read: a longer one is a quote that never closes, or no CSV."""
CACHE_BYTES: Final = 1 << 16
DOS_END: Final = re.compile(rb"\x1a[\x1a\s]*\Z")
QUOTE, CR, LF = b'"\r\n'


@dataclass(frozen=True)
class Block:
    """Some whole rows.

    Attributes:
        data: The rows; each ends with a line end, the last row of the file too.
        encoding: What `data` is in.
        line: The line of the file that it starts on, from 1.
        regular: Whether every quote opens or closes a field, or is doubled inside one. Else only
            `rows.walk` knows the rows.
    """

    data: bytes
    encoding: str
    line: int
    regular: bool


def row_blocks(
    pieces: Iterable[Piece],
    delimiter: bytes,
    name: str,
    block_bytes: int = BLOCK_BYTES,
    max_row_bytes: int = MAX_ROW_BYTES,
    line: int = 1,
) -> Iterator[Block]:
    """The text in blocks of whole rows, without the Ctrl-Z that ends files of DOS.

    Args:
        pieces: The text.
        delimiter: One byte.
        name: What errors call the CSV.
        block_bytes: About how large a block is.
        max_row_bytes: A row that is longer is an error, or a bad row when a quote in it does not close.
        line: The line of the file that the text starts on.

    Raises:
        CsvError: A line is longer than `max_row_bytes`.
    """
    held: list[bytes] = []
    size, wanted, encoding = 0, block_bytes, "utf-8"
    for piece in pieces:
        held.append(piece.data)
        size += len(piece.data)
        encoding = piece.encoding
        if size < wanted:
            continue
        data = b"".join(held)
        end, regular = _last_row_end(data, delimiter, size > max_row_bytes)
        if end:
            block = Block(data[:end], encoding, line, regular)
            yield block
            line += _lines(block.data)
        elif size > max_row_bytes:
            raise CsvError(
                f"{name} line {line}: the line has more than {max_row_bytes:,} bytes; is it a CSV? If it is, "
                "break it into lines"
            )
        held, size = [data[end:]], size - end
        wanted = max(block_bytes, 2 * size)  # doubled: a row of many pieces is not searched at each of them
    rest = DOS_END.sub(b"", b"".join(held))
    if rest:
        yield _last_block(rest, delimiter, encoding, line)


def _last_block(rest: bytes, delimiter: bytes, encoding: str, line: int) -> Block:
    if not rest.endswith((b"\n", b"\r")):
        rest += b"\n"
    end, regular = _last_row_end(rest, delimiter, at_any_cost=False)
    return Block(rest, encoding, line, regular and end == len(rest))


def _last_row_end(data: bytes, delimiter: bytes, at_any_cost: bool) -> tuple[int, bool]:
    """Where the last whole row ends, 0 when there is none, and whether the quotes up to there are regular.

    Args:
        data: It starts with a row.
        delimiter: One byte.
        at_any_cost: Take the last line end even inside quotes, rather than none.
    """
    last_line = data.rfind(b"\n") + 1
    if b'"' not in data:
        return last_line, True
    # Where all quotes are regular, a line end is outside of them when an even number precedes it, which whole
    # arrays tell; where one stands inside a plain field, only `walk` knows, row by row.
    values = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(values == QUOTE)
    end = _even_line_end(data, quotes)
    before = quotes[: np.searchsorted(quotes, end)]
    if end and _is_regular(values, before, delimiter[0]):
        return end, True
    # No end, and nothing wrong so far: the row goes on in the next piece.
    if not end and _is_regular(values, quotes[:-1] if len(quotes) % 2 else quotes, delimiter[0]):
        return (last_line if at_any_cost else 0), False
    closed = takewhile(lambda row: row.closed and row.end <= last_line, walk(data, 1, delimiter))
    end = max((row.end for row in closed), default=0)
    return end or (last_line if at_any_cost else 0), False


def _even_line_end(data: bytes, quotes: NDArray[np.int64]) -> int:
    """The end of the last line that has an even number of quotes before it; 0 when there is none."""
    line_end = data.rfind(b"\n")
    while line_end >= 0:
        before = int(np.searchsorted(quotes, line_end))
        if before % 2 == 0:
            break
        line_end = data.rfind(b"\n", 0, int(quotes[before - 1]))
    return line_end + 1


def _is_regular(values: NDArray[np.uint8], quotes: NDArray[np.int64], delimiter: int) -> bool:
    """Whether opening quotes follow, and closing ones precede, a delimiter or line end, or are doubled."""
    if len(quotes) % 2 or not len(quotes):
        return not len(quotes)
    opening, closing = quotes[0::2], quotes[1::2]
    doubled = opening[1:] == closing[:-1] + 1
    starts = _is_edge(values[np.maximum(opening - 1, 0)], delimiter) | (opening == 0)
    starts[1:] |= doubled
    after = np.minimum(closing + 1, len(values) - 1)
    ends = _is_edge(values[after], delimiter)
    ends[:-1] |= doubled
    return bool(starts.all() and ends.all())


def _is_edge(values: NDArray[np.uint8], delimiter: int) -> NDArray[Any]:
    edge: NDArray[Any] = (values == delimiter) | (values == LF) | (values == CR)
    return edge


def _lines(data: bytes) -> int:
    """As `rows.lines_in`, faster."""
    if b"\r" not in data:
        return data.count(b"\n")
    values = np.frombuffer(data + b"\0", np.uint8)
    lines = 0
    for start in range(0, len(data), CACHE_BYTES):
        part = values[start : start + CACHE_BYTES + 1]
        returns, next_feeds = part[:-1] == CR, part[1:] == LF
        lines += int(np.count_nonzero(part[:-1] == LF))
        lines += int(np.count_nonzero(returns)) - int(np.count_nonzero(returns & next_feeds))
    return lines
