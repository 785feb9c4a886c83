"""The rows of a piece of CSV one by one, in Python: exact, and slow.

The fast way is pyarrow's parser; this is for what it cannot tell: where a row ends when quotes are odd, on
which line a row stands, and what is wrong with it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

LINE_END: Final = re.compile(rb"\r\n?|\n")
NUL: Final = "\0"
NUL_FOUND: Final = "a NUL character, as in damaged files (or in UTF-16 and UTF-32: then set CSV_ENCODING)"
UNCLOSED: Final = re.compile(rb'"(?:[^"]++|"")*+\Z')


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        line: The line it starts on, from 1, as an editor shows it.
        start: Where it starts in the piece.
        end: Where the next starts.
        fields: How many fields it has; 0 when it has a problem.
        problem: What is wrong with its quotes; None when nothing is.
        closed: False when the piece ends inside a quoted field of this row.
    """

    line: int
    start: int
    end: int
    fields: int
    problem: str | None = None
    closed: bool = True


@lru_cache(maxsize=16)
def _field(delimiter: bytes) -> re.Pattern[bytes]:
    """A field and what ends it (group 1): the delimiter, a line end, or the end of the piece."""
    mark = re.escape(delimiter)
    return re.compile(rb'(?:"(?:[^"]++|"")*+"|(?!")[^' + mark + rb"\r\n]*+)(" + mark + rb"|\r\n?|\n|\Z)")


def walk(data: bytes, line: int, delimiter: bytes) -> Iterator[Row]:
    """Every row of a piece; lines with nothing on them are passed over.

    A quote is special at the start of a field only, and must then close right before a delimiter or line
    end. Where it does not, the row is given up at the end of the line on which that quote opened, so that one
    bad quote costs one line and not the rest of the file.

    Args:
        data: The piece; it starts with a row.
        line: The line that it starts on, from 1.
        delimiter: One byte.
    """
    start = 0
    while start < len(data):
        found = LINE_END.search(data, start)
        end, after = found.span() if found else (len(data), len(data))
        if end == start:
            line += 1
        elif data.find(b'"', start, end) < 0:
            yield Row(line, start, after, data.count(delimiter, start, end) + 1)
            line += 1
        else:
            row = _quoted_row(data, line, delimiter, start)
            yield row
            line, after = line + lines_in(data[start : row.end]), row.end
        start = after


def fields_of(row: bytes, delimiter: bytes) -> list[bytes]:
    """The fields of a row without problem, without the quotes around them.

    Args:
        row: The row, with or without its line end.
        delimiter: One byte.
    """
    fields, place = [], 0
    while found := _field(delimiter).match(row, place):
        field, place = row[place : found.start(1)], found.end()
        fields.append(field[1:-1].replace(b'""', b'"') if field.startswith(b'"') else field)
        if found[1] != delimiter:
            break
    return fields


def lines_in(data: bytes) -> int:
    """How many line ends there are: each of LF, CR LF and a lone CR is one."""
    if b"\r" not in data:
        return data.count(b"\n")
    return data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")


def _quoted_row(data: bytes, line: int, delimiter: bytes, start: int) -> Row:
    field, place, fields = _field(delimiter), start, 0
    while found := field.match(data, place):
        fields += 1
        place = found.end()
        if found[1] != delimiter:
            return Row(line, start, place, fields)
    opened = line + lines_in(data[start:place])
    line_end = LINE_END.search(data, place)
    end = line_end.end() if line_end else len(data)
    problem = (
        f"the quote that opens in line {opened} is not closed, or not right before a delimiter or line end; "
        "a quote inside a quoted field is written twice"
    )
    return Row(line, start, end, 0, problem, closed=not UNCLOSED.match(data, place))
