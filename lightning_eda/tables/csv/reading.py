"""One reading of a CSV: its columns, what is known of their types so far, and what was counted."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final

import pyarrow as pa

from lightning_eda.tables.csv.columns import Column, first_row, has_header, plan_columns
from lightning_eda.tables.csv.options import CsvOptions
from lightning_eda.tables.csv.parse import BadRow, ParsedBlock
from lightning_eda.tables.text.blocks import Block, row_blocks
from lightning_eda.tables.text.dialect import HEAD_BYTES, Dialect, detect
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
    """

    columns: list[Column]
    dialect: Dialect
    kinds: dict[int, Kind]
    encoding: str
    rows: int = 0
    bad_count: int = 0
    bad: list[BadRow] = field(default_factory=list)

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
    known_types: Mapping[str, pa.DataType] | None,
    may_lack: Container[str],
    name: str,
    block_bytes: int,
    max_row_bytes: int,
) -> tuple[Reading, Iterator[Block]]:
    """Reads the first bytes: dialect, header and columns; arguments and errors as of `csv_stream.stream_csv`.

    Returns:
        The reading, and the blocks of all rows that are no header.
    """
    head = read_head(source, HEAD_BYTES)
    dialect = detect(head, options.delimiter, options.encoding, len(options.schema) or None)
    pieces = text_pieces(head, source, dialect, name, min(PIECE_BYTES, block_bytes))
    blocks = row_blocks(pieces, dialect.delimiter.encode(), name, block_bytes, max_row_bytes)
    block = first = None
    while first is None and (block := next(blocks, None)):
        first = first_row(block.data, block.encoding, dialect.delimiter, block.line, name)
    is_header = has_header(first, options, name)
    columns = plan_columns(first if is_header else None, options, known_types, may_lack, name)
    if block and first and is_header:
        block = replace(block, data=block.data[first.end :], line=first.next_line)
    kinds = {place: Kind.NONE for place, column in enumerate(columns) if column.type is None}
    reading = Reading(columns, dialect, kinds, block.encoding if block else dialect.encoding)
    return reading, chain([block] if block else [], blocks)
