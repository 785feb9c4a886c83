"""One reading of a CSV: its columns, what is known of their types so far, and what was counted."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final

import pyarrow as pa

from lightning_eda.tables.csv.columns import Column, TableColumns, first_row, has_header, plan_columns
from lightning_eda.tables.csv.doubts import (
    Repeats,
    first_row_doubt,
    header_doubts,
    one_column_doubt,
    require_rows,
)
from lightning_eda.tables.csv.options import CsvOptions
from lightning_eda.tables.csv.parse import BadRow, ParsedBlock
from lightning_eda.tables.text.blocks import Block, row_blocks
from lightning_eda.tables.text.dialect import HEAD_BYTES, Dialect, detect
from lightning_eda.tables.text.guessing import WINDOWS, require_windows_1252
from lightning_eda.tables.text.pieces import PIECE_BYTES, Source, read_head, text_pieces
from lightning_eda.tables.values.convert import convert
from lightning_eda.tables.values.inference import Kind, type_of

BAD_ROWS_KEPT: Final = 10


@dataclass
class Reading:
    """What is known while a file is read.

    Attributes:
        columns: The columns in the order of the result.
        dialect: How the file is written, as its first bytes say.
        kinds: Kinds of values in the columns whose type is to be found out, by place in the result.
        encoding: The encoding, as found so far.
        rows: Rows read.
        bad_count: Rows left out.
        bad: The first of them.
        odd: What was found odd about the first rows, in sentences.
        repeats: Counts the header's repetitions.
        is_guess: Whether an encoding other than UTF-8 is a guess.
    """

    columns: list[Column]
    dialect: Dialect
    kinds: dict[int, Kind]
    encoding: str
    rows: int = 0
    bad_count: int = 0
    bad: list[BadRow] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    repeats: Repeats = field(default_factory=lambda: Repeats(b"", b""))
    is_guess: bool = False

    @property
    def doubts(self) -> tuple[str, ...]:
        """What people should look at, a sentence each."""
        found = list(self.odd)
        encoding = self.dialect.encoding if self.encoding == "utf-8" else self.encoding
        if self.is_guess and encoding != "utf-8":
            found.append(
                f"the encoding is a guess, {encoding}: look whether the text reads well, and set "
                "CSV_ENCODING to it"
            )
        if self.repeats.count:
            found.append(f"the header stands there {self.repeats.count + 1} times: were files joined?")
        return tuple(found)

    @property
    def schema(self) -> pa.Schema:
        """Names and types as they are known now."""
        return pa.schema(
            [
                (column.name, type_of(self.kinds[place]) if column.type is None else column.type)
                for place, column in enumerate(self.columns)
            ]
        )

    @property
    def without_values(self) -> tuple[str, ...]:
        """Columns whose type is to be found out, and that have had no value."""
        blank = (Kind.NONE, Kind.BLANK)
        return tuple(self.columns[place].name for place, kinds in self.kinds.items() if kinds in blank)

    def add(self, block: ParsedBlock) -> bool:
        """Adds the counts and kinds of a block; returns whether all types stayed."""
        self.rows += block.rows
        self.bad_count += len(block.bad)
        self.bad = (self.bad + block.bad)[:BAD_ROWS_KEPT]
        self.encoding = block.encoding
        before = self.schema
        for place, found in block.kinds.items():
            self.kinds[place] |= found
        return bool(self.schema == before)

    def batch(self, block: ParsedBlock) -> pa.RecordBatch:
        """The rows of a block with the types as they are known now."""
        schema = self.schema
        arrays = [
            array if array.type == wanted.type else convert(block.texts[place], wanted.type)
            for place, (array, wanted) in enumerate(zip(block.arrays, schema, strict=True))
        ]
        return pa.record_batch(arrays, schema=schema)


def start_reading(
    source: Source,
    options: CsvOptions,
    table: TableColumns,
    name: str,
    block_bytes: int,
    max_row_bytes: int,
) -> tuple[Reading, Iterator[Block]]:
    """Reads the first bytes: dialect, header and columns; arguments and errors as of `stream.stream_csv`.

    Returns:
        The reading, and the blocks of all rows that are no header.
    """
    head = read_head(source, HEAD_BYTES)
    dialect = detect(head, options.delimiter, options.encoding, len(options.schema) or None)
    is_guess = options.encoding is None and not dialect.mark_bytes
    # Before any row is read: a page or an archive is to be named, and not the first row that is odd in it.
    require_rows(head, dialect, name)
    if is_guess and dialect.encoding == WINDOWS:
        require_windows_1252(head, name)
    pieces = text_pieces(head, source, dialect, name, min(PIECE_BYTES, block_bytes))
    line = 2 if dialect.delimiter_line else 1
    blocks = row_blocks(pieces, dialect.delimiter.encode(), name, block_bytes, max_row_bytes, line)
    block = first = None
    # Blank lines may fill whole blocks before the first row.
    while first is None and (block := next(blocks, None)):
        first = first_row(block.data, block.encoding, dialect.delimiter, block.line, name)
    header = first if has_header(first, options, name) else None
    columns = plan_columns(header, options, table, name)
    repeats, quoted = Repeats(b"", b""), False
    if block and header:
        quoted = block.data.startswith(b'"', header.start)
        # A header of one column is not passed over again: a value may be the same word.
        again = block.data[header.start : header.end] if len(columns) > 1 else b""
        repeats = Repeats(again, dialect.delimiter.encode())
        block = replace(block, data=block.data[header.end :], line=header.next_line)
    kinds = {place: Kind.NONE for place, column in enumerate(columns) if column.type is None}
    reading = Reading(columns, dialect, kinds, block.encoding if block else dialect.encoding)
    reading.is_guess, reading.repeats = is_guess, repeats
    reading.odd += header_doubts(header, columns) if header else ()
    # Whoever names the one column, in CSV_SCHEMA or by quotes, means one; else the delimiter may be another.
    is_alone = header and len(columns) == 1 and not options.schema and not quoted
    if is_alone and (odd := one_column_doubt(columns[0], block)):
        reading.odd.append(odd)
    if block and (odd := first_row_doubt(block, columns, dialect.delimiter.encode(), name)):
        reading.odd.append(odd)
    return reading, repeats.without(chain([block] if block else [], blocks))
