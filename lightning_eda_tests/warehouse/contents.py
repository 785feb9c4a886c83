"""What a database holds, for comparison: a hash over every value of every table but the time of loading."""

import hashlib
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from lightning_eda.series import TABLES
from lightning_eda.warehouse.database.connection import reader
from lightning_eda.warehouse.schema.sql import column_list, quoted
from lightning_eda.warehouse.writing.hour import LoadResult, replace_hour
from lightning_eda_tests.support.opened import opened
from lightning_eda_tests.warehouse.hours import NOW, Tables, write_series


def content_hash(database: Path) -> str:
    """SHA-256 of all rows of all tables in the order of all their columns, without `loaded_at`."""
    digest = hashlib.sha256()
    with reader(database) as connection:
        tables = {name: _rows(connection, name) for name in TABLES}
    for name, rows in tables.items():
        digest.update(name.encode())
        for column in rows.columns:
            digest.update(repr(column.type).encode())
            # Under a NULL the buffers hold whatever was in memory.
            nothing = pa.scalar("" if column.type == pa.string() else 0).cast(column.type)
            for part in (pc.is_null(column), pc.fill_null(column, nothing)):
                for buffer in pa.concat_arrays(part.chunks).buffers() if part.num_chunks else []:
                    digest.update(bytes(buffer) if buffer is not None else b"no nulls")
    return digest.hexdigest()


def stored(database: Path, name: str) -> pa.Table:
    """All rows of a table, in the order of all its columns, without `loaded_at`."""
    with opened(database) as connection:
        return _rows(connection, name)


def _rows(connection: duckdb.DuckDBPyConnection, name: str) -> pa.Table:
    columns = column_list(TABLES[name].series_columns)
    return connection.sql(f"SELECT {columns} FROM {quoted(name)} ORDER BY ALL").to_arrow_table()


def rows_with(database: Path | str, table: str, **values: object) -> pa.Table:
    """The rows of a table that have these values in some columns, as any user reads them: in stored order."""
    condition = " AND ".join(f"{name} = ?" for name in values)
    with opened(database) as connection:
        sql = f"SELECT * FROM {table} WHERE {condition}"
        return connection.sql(sql, params=list(values.values())).to_arrow_table()


def load(
    database: Path, folder: Path, hour: datetime, tables: Tables, satellite: str = "G18", now: datetime = NOW
) -> LoadResult:
    """Writes the tables as series into a folder and loads them as the hour of the satellite."""
    return replace_hour(database, hour, [satellite], write_series(folder, tables), now)
