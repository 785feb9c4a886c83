"""Loading: an hour replaces what the database holds of it, whole or not at all."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from lightning_eda.errors import SeriesError
from lightning_eda.series import GRANULES, HOUR, LOADED_AT, TABLES, Table
from lightning_eda.warehouse.database.connection import writer
from lightning_eda.warehouse.schema.sql import column_list, quoted
from lightning_eda.warehouse.span import IN_SPAN, select_span, utc_naive
from lightning_eda.warehouse.writing.same_rows import holds_rows
from lightning_eda.warehouse.writing.series import read_series

INCOMING = "incoming_series"


@dataclass(frozen=True)
class LoadResult:
    """What loading an hour did.

    Attributes:
        hour: Start of the hour, UTC.
        changed: False when the database already held exactly these rows; then nothing was written.
        rows: Rows of the hour in each table afterwards; 0 for a tier that was not given.
        replaced: Rows of the hour in each table before.
        locked_seconds: How long the database was kept from others.
    """

    hour: datetime
    changed: bool
    rows: dict[str, int]
    replaced: dict[str, int]
    locked_seconds: float


def replace_hour(
    database: Path | str,
    hour: datetime,
    satellites: Collection[str],
    series: Mapping[str, Path],
    now: datetime,
) -> LoadResult:
    """Makes the database hold exactly these series for the hour, in one transaction over all tables.

    All rows of the satellites whose granule starts in [hour, hour + 1 h) are replaced, in every table. A
    tier that is not in `series` is emptied for the hour: old groups beside new flashes would belong to
    nothing. When the database holds the same rows already, bit for bit and in the same order, nothing is
    written and `loaded_at` stays.

    The files are read and checked before the database is opened.

    Args:
        database: The database file; made when it is not there.
        hour: Start of the hour, aware UTC.
        satellites: The satellites whose hour this is; rows of others are left alone.
        series: Table name to CSV; "granules" always, and the tiers that were asked for.
        now: The present, aware; goes into `loaded_at`.

    Raises:
        SeriesError: A file is absent or not as declared, or there is no series for "granules".
        DatabaseBusyError: Others held the database all that time.
        WarehouseError: The database could not be written.
        ValueError: `hour` is not a whole UTC hour, or a name in `series` is no table.
    """
    _require_arguments(hour, series)
    incoming = {
        name: read_series(Path(series[name]), table, hour, satellites)
        for name, table in TABLES.items()
        if name in series
    }
    with writer(database) as connection:
        opened = time.perf_counter()
        select_span(connection, hour, hour + HOUR, satellites)
        replaced = {name: _count(connection, table) for name, table in TABLES.items()}
        rows = {name: incoming[name].num_rows if name in incoming else 0 for name in TABLES}
        changed = rows != replaced or not _holds(connection, incoming)
        if changed:
            _replace(connection, incoming, now)
    return LoadResult(hour, changed, rows, replaced, time.perf_counter() - opened)


def _require_arguments(hour: datetime, series: Mapping[str, Path]) -> None:
    if hour.utcoffset() != timedelta(0) or (hour.minute, hour.second, hour.microsecond) != (0, 0, 0):
        raise ValueError(f"{hour} is not the start of an hour in UTC")
    unknown = set(series) - set(TABLES)
    if unknown:
        raise ValueError(f"{sorted(unknown)} are no tables; known: {list(TABLES)}")
    if GRANULES.name not in series:
        raise SeriesError(
            f"the hour {hour:%Y-%m-%dT%H:%MZ} has no series for granules; run `transform` again"
        )


def _count(connection: duckdb.DuckDBPyConnection, table: Table) -> int:
    ((count,),) = connection.execute(f"SELECT count(*) FROM {quoted(table.name)} WHERE {IN_SPAN}").fetchall()
    return int(count)


def _holds(connection: duckdb.DuckDBPyConnection, incoming: Mapping[str, pa.Table]) -> bool:
    """Whether the tables hold exactly these rows of the hour, in this order."""
    return all(_same_rows(connection, TABLES[name], rows) for name, rows in incoming.items())


def _same_rows(connection: duckdb.DuckDBPyConnection, table: Table, rows: pa.Table) -> bool:
    columns = column_list(table.series_columns)
    return holds_rows(connection.sql(f"SELECT {columns} FROM {quoted(table.name)} WHERE {IN_SPAN}"), rows)


def _replace(
    connection: duckdb.DuckDBPyConnection,
    incoming: Mapping[str, pa.Table],
    now: datetime,
) -> None:
    for name, table in TABLES.items():
        connection.execute(f"DELETE FROM {quoted(name)} WHERE {IN_SPAN}")
        if name not in incoming:
            continue
        columns = column_list(table.series_columns)
        connection.register(INCOMING, incoming[name])
        if len(table.series_columns) < len(table.columns):
            into = f"{quoted(name)} ({columns}, {quoted(LOADED_AT)})"
            connection.execute(f"INSERT INTO {into} SELECT {columns}, ? FROM {INCOMING}", [utc_naive(now)])
        else:
            connection.execute(f"INSERT INTO {quoted(name)} ({columns}) SELECT {columns} FROM {INCOMING}")
        connection.unregister(INCOMING)
