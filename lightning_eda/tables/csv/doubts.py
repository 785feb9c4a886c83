"""What about a CSV should be looked at by people, although it can be read; and what is no CSV at all."""

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from lightning_eda.errors import CsvError
from lightning_eda.storage.content.formats import HEAD_BYTES, is_binary
from lightning_eda.storage.content.text_formats import text_format
from lightning_eda.tables.csv.columns import Column, FirstRow
from lightning_eda.tables.csv.parse import ParsedBlock, parse_block
from lightning_eda.tables.text.blocks import Block
from lightning_eda.tables.text.delimiter import CANDIDATES, NO_DELIMITER
from lightning_eda.tables.text.dialect import HEAD_BYTES as WHOLE_BELOW
from lightning_eda.tables.text.dialect import Dialect
from lightning_eda.tables.text.rows import fields_of, lines_in, walk
from lightning_eda.tables.values.inference import Kind

NO_LINE_END: Final = re.compile(rb"[^\r\n]+")
ROWS_LOOKED_AT: Final = 200
LARGEST_HEADER: Final = 1 << 16
POINTED: Final = re.compile(r"-?\d+\.\d+")
WHOLE: Final = re.compile(r"-?(?:\d{1,3}|\d{5,7}|\d{9,})")
QUOTED: Final = re.compile(r"""(["']).*\1""")
CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")
NO_NAME: Final = re.compile(r"[^\w \n.()\[\]%°/&'*+$€£-]|  |^\W+$")
"""What the name of an only column hardly has."""
USUAL: Final = tuple(mark.encode() for mark in CANDIDATES)


def require_rows(head: bytes, dialect: Dialect, name: str) -> None:
    """Refuses a file that is no CSV by its content.

    Args:
        head: Its first bytes, unpacked.
        dialect: How it seems to be written.
        name: What errors call it.

    Raises:
        CsvError: It is something else; what it seems to be is named.
    """
    text = codecs.getincrementaldecoder(dialect.encoding)("replace").decode(head[dialect.mark_bytes :])
    is_wide = dialect.encoding.startswith(("utf-16", "utf-32"))
    binary = not is_wide and is_binary(head[:HEAD_BYTES])
    found = "binary data" if binary else text_format(text, is_whole=len(head) < WHOLE_BELOW)
    if found:
        raise CsvError(f"{name} seems to be {found}, and no CSV; send the CSV itself")


def header_doubts(header: FirstRow, columns: Sequence[Column]) -> Iterator[str]:
    """What is odd about a header.

    Args:
        header: The header.
        columns: The columns; of those whose type is known nothing is said.
    """
    new = [name for name in header.names if any(name == one.original and not one.origin for one in columns)]
    if numbers := _numbers_of_a_row(new):
        yield (
            f"line {header.line} has {', '.join(numbers[:3])} where a header has names: is it a row? Then "
            "name the columns in CSV_SCHEMA"
        )
    if any(QUOTED.fullmatch(name) for name in new):
        yield (
            f"quotes that are no quotes in line {header.line}: single ones, or double ones behind a blank, "
            "stay in the values. Write double ones right behind the delimiter"
        )
    if any(CONTROLS.search(name) for name in new):
        yield (
            f"control characters in the header in line {header.line}: is one of them the delimiter "
            "(CSV_DELIMITER), or the end of a line?"
        )
    nameless = sum(not field for field in header.names)
    if 2 * nameless > len(header.names):
        yield (
            f"most cells of the header in line {header.line} are empty: is it a title? Then leave out the "
            "lines above the header"
        )
    elif nameless > 1:
        yield f"{nameless} columns have no name in line {header.line}: only their order tells them apart"


def _numbers_of_a_row(names: Sequence[str]) -> list[str]:
    """Numbers with a point, or the only whole one; years, months and hours may well head columns."""
    pointed = [name for name in names if POINTED.fullmatch(name)]
    whole = [name for name in names if WHOLE.fullmatch(name)]
    return pointed or (whole if len(whole) == 1 < len(names) else [])


def one_column_doubt(column: Column, block: Block | None) -> str | None:
    """What to say when all is one column, which nobody named, and it may be several.

    Args:
        column: The only column.
        block: The first rows.
    """
    rows = islice(walk(block.data, block.line, NO_DELIMITER.encode()), ROWS_LOOKED_AT) if block else ()
    texts = [block.data[row.start : row.end].strip() for row in rows] if block else []
    texts = [text for text in texts if text and not text.startswith(b'"')]
    divided = bool(texts) and any(all(mark in text for text in texts) for mark in USUAL)
    if column.origin or not (divided or NO_NAME.search(column.original)):
        return None
    return (
        f"all is one column, {column.original[:40]!r}: is the delimiter another one (CSV_DELIMITER), or "
        "do lines stand above the header? Then leave them out"
    )


def first_row_doubt(block: Block, columns: Sequence[Column], delimiter: bytes, name: str) -> str | None:
    """What to say when the first row alone makes a column text: it may be a header that was not known as one.

    Args:
        block: The first rows.
        columns: The columns; only those whose type is to be found out count.
        delimiter: One byte.
        name: What errors call the CSV.
    """
    rows = list(islice(walk(block.data, block.line, delimiter), ROWS_LOOKED_AT))
    if len(rows) < 2 or not all(column.type is None for column in columns):
        return None
    one = parse_block(replace(block, data=block.data[: rows[0].end]), columns, {}, delimiter, name)
    others = block.data[rows[0].end : rows[-1].end]
    rest = parse_block(replace(block, data=others, line=rows[1].line), columns, {}, delimiter, name)
    if one.rows != 1 or any(kinds & ~(Kind.TEXT | Kind.BLANK) for kinds in one.kinds.values()):
        return None
    made_text = [
        columns[place].name
        for place in one.kinds
        if _is_word(one, place) and _is_otherwise(rest.kinds[place])
    ]
    if not made_text:
        return None
    return (
        f"line {rows[0].line} alone makes text of {', '.join(made_text[:3])}: is it a header? Then correct "
        "CSV_SCHEMA or CSV_HEADER, or leave out the lines above the header"
    )


def _is_word(one: ParsedBlock, place: int) -> bool:
    """Whether the only value of a column has letters, as a header's has."""
    value = one.texts[place][0].as_py() or ""
    return Kind.TEXT in one.kinds[place] and any(letter.isalpha() for letter in value)


def _is_otherwise(kinds: Kind) -> bool:
    """Whether a column has values, and none that is text."""
    return Kind.TEXT not in kinds and bool(kinds & ~Kind.BLANK)


class Repeats:
    """Takes the header's repetitions out of blocks: files that were joined have one each.

    Args:
        header: The bytes of the header; b"" for none to look for.
        delimiter: One byte.

    Attributes:
        count: How many were taken out.
    """

    def __init__(self, header: bytes, delimiter: bytes) -> None:
        self.count = 0
        self._texts = _spellings(header, delimiter) if 0 < len(header) <= LARGEST_HEADER else set()
        self._line = re.compile(
            rb"^(?:" + b"|".join(map(re.escape, self._texts)) + rb")(?=\r?\n)", re.MULTILINE
        )

    def without(self, blocks: Iterator[Block]) -> Iterator[Block]:
        """The blocks, with blank lines in place of the headers, so that lines are counted as they are."""
        for block in blocks:
            if any(text in block.data for text in self._texts):
                data, found = self._line.subn(lambda line: NO_LINE_END.sub(b"", line[0]), block.data)
                self.count += found
                block = replace(block, data=data)
            yield block


def _spellings(header: bytes, delimiter: bytes) -> set[bytes]:
    """A header as it is, with all names in quotes, and with none where none needs them."""
    names = fields_of(header, delimiter)
    quoted = delimiter.join(b'"' + name.replace(b'"', b'""') + b'"' for name in names)
    plain = delimiter.join(names)
    is_plain = fields_of(plain, delimiter) == names and not lines_in(plain)
    return {header.rstrip(b"\r\n"), quoted, *([plain] if is_plain else [])}
