"""Some rows of a table, those of one window above all: made fit, compared, replaced and read."""

from collections.abc import Sequence
from datetime import datetime

import duckdb
import pyarrow as pa

from lightning_eda.series import Table
from lightning_eda.warehouse.database.attach import CATALOG
from lightning_eda.warehouse.schema.sql import column_list, quoted
from lightning_eda.warehouse.span import select_span, utc_naive
from lightning_eda.warehouse.writing.same_rows import holds_rows

IN_WINDOW = "window_start = getvariable('span_start') AND window_end = getvariable('span_end')"
WINDOW_COLUMNS = ("window_start", "window_end")
INCOMING = "incoming_rows"


def own_names(table: Table) -> list[str]:
    """The names of the columns that do not say which window it is."""
    return [column.name for column in table.columns if column.name not in WINDOW_COLUMNS]


def empty_rows(table: Table) -> pa.Table:
    """No rows, with the table's columns."""
    return table.arrow_schema().empty_table()


def own_columns(table: Table, given: pa.Table, names: Sequence[str]) -> pa.Table:
    """Some columns of the rows given, in the types of the table.

    Raises:
        ValueError: A column is missing, or holds a value that its type cannot.
    """
    missing = [name for name in names if name not in given.column_names]
    if missing:
        raise ValueError(f"columns {missing} of {table.name} are missing; found {given.column_names}")
    types = {column.name: column.arrow_type for column in table.columns}
    return pa.table({name: given[name].cast(types[name]) for name in names})


def window_rows(table: Table, start: datetime, end: datetime, given: pa.Table) -> pa.Table:
    """The rows as the table holds them: with their window, all columns, in the order of their key.

    Raises:
        ValueError: A column is missing or has a value it cannot have, a key is there twice, or the window is
            empty.
    """
    window = pa.table(
        {
            name: pa.repeat(pa.scalar(utc_naive(moment), pa.timestamp("us")), given.num_rows)
            for name, moment in zip(WINDOW_COLUMNS, _ends(start, end), strict=True)
        }
    )
    rows = own_columns(table, given, own_names(table))
    for name in WINDOW_COLUMNS:
        rows = rows.append_column(name, window[name])
    return checked_rows(table, rows).sort_by([(name, "ascending") for name in table.key])


def checked_rows(table: Table, rows: pa.Table) -> pa.Table:
    """The rows with their columns in the order of the table.

    Raises:
        ValueError: A value is missing where there must be one, or a key is there twice.
    """
    rows = rows.select([column.name for column in table.columns])
    for column in table.columns:
        if rows[column.name].null_count and not column.nullable:
            raise ValueError(
                f"{column.name} of {table.name} has no value in {rows[column.name].null_count} rows"
            )
    if rows.group_by(list(table.key)).aggregate([]).num_rows != rows.num_rows:
        raise ValueError(f"rows of {table.name} have a key ({', '.join(table.key)}) twice")
    return rows


def stored_rows(connection: duckdb.DuckDBPyConnection, table: Table, where: str) -> duckdb.DuckDBPyRelation:
    """The rows of a table that a condition selects, all columns, in the order they were inserted."""
    return connection.sql(f"SELECT {column_list(table.columns)} FROM {quoted(table.name)} WHERE {where}")


def replace_rows(connection: duckdb.DuckDBPyConnection, table: Table, where: str, rows: pa.Table) -> None:
    """Replaces the rows of a table that a condition selects."""
    columns = column_list(table.columns)
    connection.execute(f"DELETE FROM {quoted(table.name)} WHERE {where}")
    connection.register(INCOMING, rows)
    connection.execute(f"INSERT INTO {quoted(table.name)} ({columns}) SELECT {columns} FROM {INCOMING}")
    connection.unregister(INCOMING)


def has_table(connection: duckdb.DuckDBPyConnection, table: Table) -> bool:
    """Whether the database has the table; one made by an earlier version may not."""
    try:  # asking `duckdb_tables` reads all of them: 20 ms
        connection.table(f"{CATALOG}.{quoted(table.name)}")
    except duckdb.CatalogException:
        return False
    return True


def holds_window(
    connection: duckdb.DuckDBPyConnection, table: Table, start: datetime, end: datetime, rows: pa.Table
) -> bool:
    """Whether the window holds exactly these rows."""
    select_span(connection, *_ends(start, end))
    return holds_rows(stored_rows(connection, table, IN_WINDOW), rows)


def write_window(
    connection: duckdb.DuckDBPyConnection, table: Table, start: datetime, end: datetime, rows: pa.Table
) -> None:
    """Replaces the window's rows."""
    select_span(connection, *_ends(start, end))
    replace_rows(connection, table, IN_WINDOW, rows)


def read_window(
    connection: duckdb.DuckDBPyConnection, table: Table, start: datetime, end: datetime
) -> pa.Table:
    """The window's rows by their key.

    None when the database was made before there was such a table; NULL in a column that came later.
    """
    if not has_table(connection, table):
        return empty_rows(table)
    select_span(connection, *_ends(start, end))
    key = ", ".join(quoted(name) for name in table.key)
    there = connection.table(quoted(table.name)).columns
    columns = ", ".join(
        quoted(one.name) if one.name in there else f"NULL::{one.type} AS {quoted(one.name)}"
        for one in table.columns
    )
    sql = f"SELECT {columns} FROM {quoted(table.name)} WHERE {IN_WINDOW} ORDER BY {key}"
    return connection.sql(sql).to_arrow_table()


def _ends(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    if not utc_naive(start) < utc_naive(end):
        raise ValueError(f"the window from {start} to {end} is empty")
    return start, end
