"""A block of rows to typed columns; one call works on one block alone, so several can run at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import pyarrow as pa
import pyarrow.csv as pa_csv

from lightning_eda.errors import CsvError, SchemaChangedError
from lightning_eda.tables.csv.columns import Column
from lightning_eda.tables.text.blocks import Block
from lightning_eda.tables.text.rows import NUL_FOUND, Row, walk
from lightning_eda.tables.values.convert import MisfitError, TooLongError, convert, require_lengths
from lightning_eda.tables.values.decoding import UndecodableError, as_ascii, decode
from lightning_eda.tables.values.inference import Kind, examine
from lightning_eda.tables.values.types import glue_type

LONGEST_SHOWN: Final = 60
BLANKS: Final = b" \t\r\n\x1a"


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be read.

    Attributes:
        line: The line it starts on, from 1.
        reason: What is wrong with it.
    """

    line: int
    reason: str


@dataclass(frozen=True)
class ParsedBlock:
    """What became of a block.

    Attributes:
        texts: The columns whose type is to be found out, as text, by place in the result.
        arrays: All columns; those whose type is to be found out as the type of their `kinds`.
        kinds: Kinds in the columns whose type is to be found out, those known before included.
        bad: Rows that are left out.
        rows: How many rows are in the columns.
        encoding: What the block was in.
    """

    texts: dict[int, pa.StringArray]
    arrays: list[pa.Array]
    kinds: dict[int, Kind]
    bad: list[BadRow] = field(default_factory=list)
    rows: int = 0
    encoding: str = "utf-8"


def parse_block(
    block: Block, columns: Sequence[Column], known: dict[int, Kind], delimiter: bytes, name: str
) -> ParsedBlock:
    """The columns of a block.

    Args:
        block: Whole rows, without a header.
        columns: The columns in the order of the result.
        known: Kinds known so far, by place in the result.
        delimiter: One byte.
        name: What errors call the CSV.

    Raises:
        CsvError: Bytes that the encoding does not know; a value that is not of a declared type.
        SchemaChangedError: A value that is not of the type in the table.
    """
    data, bad = block.data, list[BadRow]()
    table = _split(data, len(columns), delimiter) if block.regular and b"\0" not in data else None
    if table is None:
        data, bad = _without_bad_rows(block, len(columns), delimiter)
        table = _split(data, len(columns), delimiter)
    if table is None:
        raise CsvError(f"{name} from line {block.line}: the rows cannot be told apart; correct the quotes")
    parsed = ParsedBlock({}, [], {}, bad, table.num_rows, block.encoding)
    for place, column in enumerate(columns):
        raw = _only_chunk(table.column(column.place))
        try:
            _add_column(parsed, place, column, raw, block.encoding, known.get(place, Kind.NONE))
        except (UndecodableError, MisfitError) as error:
            line = _line_of(block, error.index, len(columns), delimiter)
            raise _misfit(name, line, column, error, block.encoding) from error
    return parsed


def _only_chunk(column: pa.ChunkedArray) -> pa.BinaryArray:
    """A column as one array; `combine_chunks` would copy it."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _add_column(
    parsed: ParsedBlock, place: int, column: Column, raw: pa.BinaryArray, encoding: str, known: Kind
) -> None:
    if column.type is not None:
        array = _convert_raw(raw, column.type, encoding)
        if column.longest is not None:
            require_lengths(array, column.longest)
        parsed.arrays.append(array)
        return
    text = decode(raw, encoding)
    array, kinds = examine(text, known)
    parsed.arrays.append(array)
    parsed.texts[place] = text
    parsed.kinds[place] = kinds


def _convert_raw(raw: pa.BinaryArray, data_type: pa.DataType, encoding: str) -> pa.Array:
    """Other types than text are ASCII, so that only what does not fit is decoded, for the error."""
    if pa.types.is_string(data_type):
        return decode(raw, encoding)
    try:
        return convert(as_ascii(raw), data_type)
    except (MisfitError, pa.ArrowInvalid, UnicodeDecodeError):
        return convert(decode(raw, encoding), data_type)


def _split(data: bytes, columns: int, delimiter: bytes) -> pa.Table | None:
    """The fields of the rows as raw bytes, a missing value where an unquoted field is empty.

    Returns:
        A table, or None when a row has another number of fields.
    """
    names = [str(place) for place in range(columns)]
    if not data:
        return pa.table([pa.array([], pa.binary())] * columns, names)
    try:
        return pa_csv.read_csv(
            pa.py_buffer(data),
            pa_csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
            pa_csv.ParseOptions(delimiter=delimiter.decode(), newlines_in_values=True),
            pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.binary()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:  # a handler of such rows would be given their text, and fail where it is no UTF-8
        return None


def _without_bad_rows(block: Block, columns: int, delimiter: bytes) -> tuple[bytes, list[BadRow]]:
    """The good rows of a block, and the others."""
    good: list[bytes] = []
    bad: list[BadRow] = []
    for row, reason in _rows(block, columns, delimiter):
        if reason is None:
            good.append(block.data[row.start : row.end])
        else:
            bad.append(BadRow(row.line, reason))
    return b"".join(good), bad


def _rows(block: Block, columns: int, delimiter: bytes) -> Iterator[tuple[Row, str | None]]:
    """Every row, and what is wrong with it; lines of blanks, or of the Ctrl-Z of DOS, are no rows."""
    for row in walk(block.data, block.line, delimiter):
        reason = _fault(row, block.data, columns)
        if reason is None or block.data[row.start : row.end].strip(BLANKS):
            yield row, reason


def _fault(row: Row, data: bytes, columns: int) -> str | None:
    if row.problem:
        return row.problem
    if row.fields != columns:
        return f"{row.fields} fields where {columns} are expected"
    if data.find(b"\0", row.start, row.end) >= 0:
        return NUL_FOUND
    return None


def _line_of(block: Block, index: int, columns: int, delimiter: bytes) -> int:
    """The line on which a good row starts."""
    lines = (row.line for row, reason in _rows(block, columns, delimiter) if reason is None)
    return next(islice(lines, index, None))


def _misfit(
    name: str, line: int, column: Column, error: UndecodableError | MisfitError, encoding: str
) -> CsvError | SchemaChangedError:
    where = f"{name} line {line}, column {column.original!r}"
    if isinstance(error, UndecodableError):
        return CsvError(
            f"{where}: {error.value[:LONGEST_SHOWN]!r} is not {encoding}; set CSV_ENCODING to the file's "
            "encoding (windows-1252, iso-8859-15, cp850, ...), or correct the file"
        )
    if isinstance(error, TooLongError):
        return SchemaChangedError(
            f"{where}: {error.value[:LONGEST_SHOWN]!r} has {len(error.value)} characters, more than the "
            f"{column.longest} of its type; readers would cut it. Correct the file, or widen the column"
        )
    value = error.value if len(error.value) <= LONGEST_SHOWN else error.value[:LONGEST_SHOWN] + "..."
    found = f"{where}: {value!r} is not {glue_type(column.type)}, the type it has in {column.origin}"
    if column.origin == "the table":
        return SchemaChangedError(f"{found}; correct the file, or write to another table")
    return CsvError(f"{found}; correct the file, or CSV_TYPES")
