"""A CSV as a stream of typed record batches, in memory that does not grow with the file.

The usual file is read once. The types of its columns are settled by its first blocks, and the batches go to a
sink as they come. When a later value does not fit, the sink is told to discard what it has, the rest of the
file is only looked at, and the file is read a second time with the types that fit all of it. The result is
that of looking at the whole file first.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from lightning_eda.errors import CsvError
from lightning_eda.tables.csv.columns import TableColumns
from lightning_eda.tables.csv.options import CsvOptions, parse_options
from lightning_eda.tables.csv.parallel import in_order
from lightning_eda.tables.csv.parse import BadRow, ParsedBlock, parse_block
from lightning_eda.tables.csv.reading import Reading, start_reading
from lightning_eda.tables.csv.sink import Output, Sink
from lightning_eda.tables.text.blocks import BLOCK_BYTES, MAX_ROW_BYTES, Block
from lightning_eda.tables.text.pieces import Source

__all__ = ["BadRow", "CsvOptions", "CsvResult", "Sink", "TableColumns", "parse_options", "stream_csv"]

LOOKAHEAD_BLOCKS: Final = 16
"""While a column has had no value, that many blocks are held back before its type is settled as text."""
OpenSource = Callable[[], AbstractContextManager[Source]]


@dataclass(frozen=True)
class CsvResult:
    """What was read.

    Attributes:
        schema: Names and types of the columns, those of the table first.
        rows: How many rows were written.
        rows_set_aside: How many were left out because they could not be read.
        set_aside: The first ten of them.
        encoding: The encoding of the file.
        delimiter: Its delimiter; that of `delimiter.NO_DELIMITER` in a file of one column.
        passes: How often it was read, 1 or 2.
        without_values: New columns that have no value at all and are text for want of a better type.
        doubts: What people should look at, such as an encoding that was guessed; a sentence each.
    """

    schema: pa.Schema
    rows: int
    rows_set_aside: int
    set_aside: tuple[BadRow, ...]
    encoding: str
    delimiter: str
    passes: int
    without_values: tuple[str, ...]
    doubts: tuple[str, ...] = ()


def stream_csv(
    open_source: OpenSource,
    options: CsvOptions,
    table: TableColumns,
    sink: Callable[[pa.Schema], Sink],
    *,
    name: str = "the CSV",
    block_bytes: int = BLOCK_BYTES,
    max_row_bytes: int = MAX_ROW_BYTES,
) -> CsvResult:
    """Reads a CSV and writes it to a sink as record batches.

    A type is the one declared in `options`, else the one in `table`, else the narrowest of boolean,
    bigint, double, date, timestamp and string that takes every value of the file (see `values.inference`). An
    unquoted empty field is NULL. A quoted one ("") is the empty text in a text column and NULL in the others;
    likewise spaces alone and the words of `convert.NULL_WORDS` stay in text and are NULL elsewhere. Blank
    lines, the Ctrl-Z of DOS and repetitions of the header are passed over.

    Args:
        open_source: Opens the unpacked bytes from their start (`archive.open_csv`); called a second time when
            the types of the first blocks do not hold.
        options: How to read it.
        table: What the table has.
        sink: Makes the sink for a schema; called again for a second reading.
        name: What errors call the CSV, such as its URL.
        block_bytes: Size of the pieces that are worked on at once; the result does not depend on it.
        max_row_bytes: Longest row.

    Returns:
        The schema and the counts.

    Raises:
        CsvError: The file cannot be read: names the line, what was found and what to do.
        SchemaChangedError: Columns of the table are missing, or a value is not of its column's type.
        SettingError: An option does not fit the file.
    """
    before: Reading | None = None
    for passes in (1, 2):
        with _system_memory(), open_source() as source, Output(sink) as output:
            reading, blocks = start_reading(source, options, table, name, block_bytes, max_row_bytes)
            if before is not None and before.columns != reading.columns:
                break
            reading.kinds = before.kinds if before else reading.kinds
            with closing(in_order(blocks, _parser(reading, name))) as parsed:
                if _write(_without_bad(parsed, reading, options, name), reading, output):
                    _check_rows(reading, name)
                    output.close(reading.schema)
                    return _result(reading, passes)
        before = reading
    raise CsvError(f"{name} changed while it was read; run it again")


@contextmanager
def _system_memory() -> Iterator[None]:
    """Arrow takes its memory from the system's allocator meanwhile, in the whole process.

    Where two readings overlap, the process may stay with it; what was allocated goes back where it came from.

    Its own allocator has the system clear huge pages for the small arrays that come and go here: 0.3 s of
    processor time and 60 MB for a CSV of 340 MB.
    """
    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)


def _parser(reading: Reading, name: str) -> Callable[[Block], ParsedBlock]:
    """What the threads do with a block; they know the kinds found until they start on it."""
    delimiter = reading.dialect.delimiter.encode()
    return lambda block: parse_block(block, reading.columns, dict(reading.kinds), delimiter, name)


def _write(parsed: Iterator[ParsedBlock], reading: Reading, output: Output) -> bool:
    """Writes the blocks; returns False when the types did not hold, and then all kinds are known."""
    held: list[ParsedBlock] | None = []
    holds = True
    for block in parsed:
        stayed = reading.add(block)
        if held is not None:
            held.append(block)
            if reading.without_values and len(held) < LOOKAHEAD_BLOCKS:
                continue
            _write_all(held, reading, output)
            held = None
        elif holds and stayed:
            output.write(reading.batch(block))
        elif holds:
            holds = False
            output.discard()
    _write_all(held or [], reading, output)
    return holds


def _write_all(blocks: list[ParsedBlock], reading: Reading, output: Output) -> None:
    for block in blocks:
        output.write(reading.batch(block))


def _without_bad(
    parsed: Iterator[ParsedBlock], reading: Reading, options: CsvOptions, name: str
) -> Iterator[ParsedBlock]:
    """The blocks; stops with an error at the first bad row unless bad rows are to be set aside."""
    for block in parsed:
        if block.bad and options.bad_rows == "error":
            first = block.bad[0]
            schema = ", CSV_SCHEMA" if options.schema else ""
            raise CsvError(
                f"{name} line {first.line}: {first.reason} (the delimiter is {reading.dialect.delimiter!r}); "
                f"correct the file{schema} or CSV_DELIMITER, or set CSV_BAD_ROWS=set_aside to leave such "
                "rows out"
            )
        yield block


def _check_rows(reading: Reading, name: str) -> None:
    if reading.bad_count and not reading.rows:
        first = reading.bad[0]
        raise CsvError(
            f"{name}: not one of its {reading.bad_count} rows can be read; line {first.line}: {first.reason} "
            f"(the delimiter is {reading.dialect.delimiter!r}); correct the file, CSV_DELIMITER or CSV_SCHEMA"
        )


def _result(reading: Reading, passes: int) -> CsvResult:
    return CsvResult(
        schema=reading.schema,
        rows=reading.rows,
        rows_set_aside=reading.bad_count,
        set_aside=tuple(reading.bad),
        encoding=reading.encoding,
        delimiter=reading.dialect.delimiter,
        passes=passes,
        without_values=reading.without_values,
        doubts=reading.doubts,
    )
