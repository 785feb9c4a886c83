"""Which columns a CSV has, and where each one's type comes from."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import pyarrow as pa

from lightning_eda.errors import CsvError, SchemaChangedError, SettingError
from lightning_eda.tables.csv.options import CsvOptions
from lightning_eda.tables.text.rows import NUL, NUL_FOUND, fields_of, walk
from lightning_eda.tables.values.names import safe_names
from lightning_eda.tables.values.types import glue_type, parse_type, text_length

SHOWN: Final = 10
HALF: Final = 0.5


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: Its Glue-safe name.
        original: Its name in the CSV or the schema.
        place: Its place in the rows, from 0.
        type: Its type; None when it is to be found out.
        origin: Where the type is from, in words, for errors; "" when it is to be found out.
        longest: Most characters of a value; None for no bound.
    """

    name: str
    original: str
    place: int
    type: pa.DataType | None
    origin: str
    longest: int | None = None


@dataclass(frozen=True)
class TableColumns:
    """What the table has, without the columns of the path unless `may_lack` has them; empty without a table.

    Attributes:
        types: Types by name of its columns.
        may_lack: Names in `types` that the CSV need not have.
        lengths: Most characters of those columns that have a bound.
    """

    types: Mapping[str, pa.DataType] = field(default_factory=dict)
    may_lack: Container[str] = ()
    lengths: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class FirstRow:
    """The first row of the CSV.

    Attributes:
        names: Its fields.
        line: The line it stands on.
        start: Where it starts in the first block.
        end: Where it ends in the first block.
        next_line: The line after it.
    """

    names: tuple[str, ...]
    line: int
    start: int
    end: int
    next_line: int


def first_row(data: bytes, encoding: str, delimiter: str, line: int, name: str) -> FirstRow | None:
    """The first row that is not blank; None when there is none.

    Raises:
        CsvError: Its quotes are odd, or it is not text in that encoding.
    """
    row = next(walk(data, line, delimiter.encode()), None)
    if row is None:
        return None
    if row.problem:
        raise CsvError(f"{name} line {row.line}, the first row: {row.problem}; correct the file")
    raw = data[row.start : row.end]
    try:
        fields = [field.decode(encoding) for field in fields_of(raw, delimiter.encode())]
    except UnicodeDecodeError as error:
        raise CsvError(
            f"{name} line {row.line}, the first row: {error}; correct the file, or set CSV_ENCODING"
        ) from error
    next_line = row.line + len(raw.splitlines())
    return FirstRow(tuple(field.strip() for field in fields), row.line, row.start, row.end, next_line)


def has_header(first: FirstRow | None, options: CsvOptions, name: str) -> bool:
    """Whether the first row is a header.

    Raises:
        CsvError: It is half a header: many of its names are the schema's, but not all or not in order.
        SettingError: There is neither a header nor a schema.
    """
    if not options.schema:
        if options.header == "false":
            raise SettingError("CSV_SCHEMA", None, "the names of the columns", "CSV_HEADER=false needs them.")
        return True
    if first is None or options.header == "false":
        return False
    wanted = [_loose(column) for column in options.schema]
    found = [_loose(column) for column in first.names]
    if found == wanted:
        return True
    # A few shared names may be values by chance. All of them in another order are refused, also
    # with CSV_HEADER=true: values would go under wrong names.
    same = len(set(found) & set(wanted))
    swapped = set(found) == set(wanted) and len(found) == len(wanted)
    if swapped or (options.header == "auto" and same > HALF * len(wanted)):
        raise CsvError(
            f"{name} line {first.line}: the header {_shown(first.names)} is not CSV_SCHEMA, "
            f"{_shown(options.schema)}; correct CSV_SCHEMA, or leave it empty to take the header's names"
            + ("" if swapped else ", or set CSV_HEADER to true or false")
        )
    return options.header == "true"


def plan_columns(
    first: FirstRow | None,
    options: CsvOptions,
    table: TableColumns,
    name: str,
) -> list[Column]:
    """The columns in the order of the result: those of the table first, as the table has them, then new ones.

    Args:
        first: The header; None when there is none and the schema names the columns.
        options: How to read the CSV.
        table: What the table has.
        name: What errors call the CSV.

    Raises:
        CsvError: There are no names, or two become the same.
        SchemaChangedError: A column of the table is missing, or declared with another type.
        SettingError: A type is declared for a column that is not there.
    """
    originals = options.schema or (first.names if first else ())
    if not originals:
        raise CsvError(
            f"{name} is empty, without even a header; send it again, or set CSV_SCHEMA to accept it"
        )
    if first and options.schema and len(first.names) != len(originals):
        raise CsvError(
            f"{name} line {first.line}: the header has {len(first.names)} fields {_shown(first.names)}, "
            f"CSV_SCHEMA has {len(originals)} names {_shown(originals)}; correct CSV_SCHEMA"
        )
    if first and any(NUL in field for field in first.names):
        raise CsvError(f"{name} line {first.line}, the header: {NUL_FOUND}; send a file that is whole")
    names = safe_names(originals, "CSV_SCHEMA" if options.schema else name)
    declared = _declared(options.types, names)
    _check_against_table(names, declared, table, name)
    bounds = _declared_lengths(options.types) | dict(table.lengths)
    columns = [
        replace(_column(safe, original, place, declared, table.types), longest=bounds.get(safe))
        for place, (safe, original) in enumerate(zip(names, originals, strict=True))
    ]
    order = {known_name: place for place, known_name in enumerate(table.types)}
    return sorted(columns, key=lambda column: order.get(column.name, len(order) + column.place))


def _column(
    safe: str,
    original: str,
    place: int,
    declared: Mapping[str, pa.DataType],
    known: Mapping[str, pa.DataType],
) -> Column:
    if safe in declared:
        return Column(safe, original, place, declared[safe], "CSV_TYPES")
    if safe in known:
        return Column(safe, original, place, known[safe], "the table")
    return Column(safe, original, place, None, "")


def _declared(types: Mapping[str, str], names: Sequence[str]) -> dict[str, pa.DataType]:
    safe = dict(zip(types, safe_names(list(types), "CSV_TYPES"), strict=True)) if types else {}
    absent = [original for original, name in safe.items() if name not in names]
    if absent:
        raise SettingError("CSV_TYPES", ", ".join(absent), f"columns of the CSV: {_shown(names)}")
    return {safe[original]: parse_type(text, original) for original, text in types.items()}


def _declared_lengths(types: Mapping[str, str]) -> dict[str, int]:
    """Most characters of the columns that are declared varchar(n) or char(n)."""
    safe = safe_names(list(types), "CSV_TYPES")
    lengths = zip(safe, map(text_length, types.values()), strict=True)
    return {name: length for name, length in lengths if length is not None}


def _check_against_table(
    names: Sequence[str],
    declared: Mapping[str, pa.DataType],
    table: TableColumns,
    name: str,
) -> None:
    known = table.types
    missing = [column for column in known if column not in names and column not in table.may_lack]
    if missing:
        raise SchemaChangedError(
            f"{name} lacks columns that the table has: {_shown(missing)}; it has {_shown(names)}. Send "
            "them (they may be empty), or write to another table"
        )
    other = [
        f"{column} is {glue_type(known[column])} in the table and {glue_type(data_type)} in CSV_TYPES"
        for column, data_type in declared.items()
        if column in known and known[column] != data_type
    ]
    if other:
        raise SchemaChangedError(
            f"types differ: {'; '.join(other)}. Correct CSV_TYPES, or write to another table"
        )


def _loose(column: str) -> str:
    return " ".join(column.casefold().split())


def _shown(names: Sequence[str]) -> str:
    return "(" + ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "") + ")"
