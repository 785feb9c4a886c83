"""The tables of a database: made where they are missing, widened where an earlier version made them."""

from pathlib import Path

import duckdb

from lightning_eda.errors import WarehouseError
from lightning_eda.series import Column, Table
from lightning_eda.warehouse.schema import all_tables
from lightning_eda.warehouse.schema.sql import create_sql, quoted


def make_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes all tables, in a database that has none."""
    for table in all_tables():
        connection.execute(create_sql(table))


def widen_tables(connection: duckdb.DuckDBPyConnection, database: Path) -> None:
    """Makes tables that are missing and adds columns that came after the database was made: NULL in its rows.

    A later version may add nullable columns at the end of a table, and nothing else.

    Raises:
        WarehouseError: A table of ours has other columns than that.
    """
    for table in all_tables():
        try:
            relation = connection.table(quoted(table.name))
        except duckdb.CatalogException:
            connection.execute(create_sql(table))
            continue
        found = list(zip(relation.columns, map(str, relation.types), strict=True))
        known, later = table.columns[: len(found)], table.columns[len(found) :]
        if found != [(column.name, column.type) for column in known] or not _may_be_added(later):
            raise WarehouseError(_other_columns(database, table, found))
        for column in later:
            connection.execute(
                f"ALTER TABLE {quoted(table.name)} ADD COLUMN {quoted(column.name)} {column.type}"
            )


def _may_be_added(later: tuple[Column, ...]) -> bool:
    return all(column.nullable for column in later)


def _other_columns(database: Path, table: Table, found: list[tuple[str, str]]) -> str:
    return (
        f"{database}: table {table.name} has other columns than this version writes; load into a new file "
        f"(DUCKDB_PATH). Found: {', '.join(f'{name} {kind}' for name, kind in found)}"
    )
