"""A database in memory that holds some hours, for all that asks a warehouse."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from lightning_eda.series import TABLES
from lightning_eda.warehouse.database.instances import connected, keep_apart
from lightning_eda.warehouse.schema.sql import column_list, create_sql, quoted

INCOMING = "incoming_rows"


@contextmanager
def memory_database(
    tables: Mapping[str, Iterable[pa.Table]],
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the tables of hours and these rows, in this order; gone when the block ends.

    What is stored is what a database file holds after the same hours were loaded in the same order.

    Args:
        tables: By name the rows in pieces; columns that are left out are NULL.
    """
    with connected() as connection:
        keep_apart(connection)
        for name, table in TABLES.items():
            connection.execute(create_sql(table))
            for rows in tables.get(name, ()):
                columns = column_list(tuple(one for one in table.columns if one.name in rows.column_names))
                connection.register(INCOMING, rows)
                connection.execute(f"INSERT INTO {quoted(name)} ({columns}) SELECT {columns} FROM {INCOMING}")
                connection.unregister(INCOMING)
        yield connection
