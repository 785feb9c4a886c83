"""The rows of one day in the tables that are kept by day, replaced whole."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from lightning_eda.series import Table
from lightning_eda.warehouse.database.connection import writer
from lightning_eda.warehouse.writing.same_rows import holds_rows
from lightning_eda.warehouse.writing.window_rows import (
    checked_rows,
    own_columns,
    replace_rows,
    stored_rows,
)

ON_DAY = "day = getvariable('day')"


def replace_day(database: Path | str, day: date, rows: Mapping[Table, pa.Table]) -> bool:
    """Makes the day's rows of some tables exactly these, in one transaction; returns whether it wrote.

    Args:
        database: The database file; made when it is not there.
        day: The day.
        rows: By table its columns but `day`; others are left out. They are kept in this order.

    Raises:
        DatabaseBusyError: Others held the database all that time.
        WarehouseError: The database could not be written.
        ValueError: A column is missing or holds a value it cannot hold, or a key is there twice.
    """
    incoming = {table: _rows_of_day(table, day, given) for table, given in rows.items()}
    with writer(database) as connection:
        _select_day(connection, day)
        stored = {table: stored_rows(connection, table, ON_DAY) for table in incoming}
        if all(holds_rows(stored[table], wanted) for table, wanted in incoming.items()):
            return False
        for table, wanted in incoming.items():
            replace_rows(connection, table, ON_DAY, wanted)
    return True


def _select_day(connection: duckdb.DuckDBPyConnection, day: date) -> None:
    connection.execute("SET VARIABLE day = CAST(? AS DATE)", [day])


def _rows_of_day(table: Table, day: date, given: pa.Table) -> pa.Table:
    """The rows as the table holds them: with their day, and all columns."""
    names = [column.name for column in table.columns if column.name != "day"]
    rows = own_columns(table, given, names)
    return checked_rows(
        table, rows.append_column("day", pa.repeat(pa.scalar(day, pa.date32()), rows.num_rows))
    )
