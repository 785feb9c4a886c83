"""Reads for the Dagster face and for users; each opens the database, asks, and closes it.

Given what `reading` gives in place of a path, they ask on that: several reads are then of one state of the
database, which is opened once.

A span of time is half open, [start, end), aware UTC, and selects by the start of the granule.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import duckdb
import pyarrow as pa

from lightning_eda.errors import WarehouseError
from lightning_eda.series import FLASHES, GRANULES, TABLES, TIER_TABLES, Table
from lightning_eda.series.tables import QUARANTINED, UNDECODED
from lightning_eda.warehouse.database.connection import WAIT_S, located, reader
from lightning_eda.warehouse.schema.sql import column_list, quoted
from lightning_eda.warehouse.span import IN_SPAN, select_span

Database: TypeAlias = Path | str | duckdb.DuckDBPyConnection
"""The database file, or what `reading` gives."""


@dataclass(frozen=True)
class TierIntegrity:
    """What the checks found in one tier.

    Attributes:
        rows: Rows in the span.
        out_of_range: Rows whose latitude is not in [-90, 90] or longitude not in [-180, 180), or is missing.
        repeated_ids: Rows beyond the first with the same satellite, granule and id.
        unresolved_parents: Rows that lead to no flash of the same granule (an event through its group); None
            for flashes, and when a tier on the way is not loaded.
        recorded_orphans: The same count as the ledger has it from the files: such rows are kept. More
            unresolved than recorded means that rows were lost here.
    """

    rows: int
    out_of_range: int
    repeated_ids: int
    unresolved_parents: int | None
    recorded_orphans: int


@dataclass(frozen=True)
class Integrity:
    """What the checks found in a span.

    Attributes:
        granules: Granules in the ledger.
        repeated_granules: Granules beyond the first with the same satellite and start.
        tiers: Name of the tier to its findings.
    """

    granules: int
    repeated_granules: int
    tiers: dict[str, TierIntegrity]


def table_counts(database: Database) -> dict[str, int]:
    """Rows in each table, of all hours."""
    sql = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM {quoted(name)}" for name in TABLES)
    with reading(database) as connection:
        return {name: int(count) for name, count in connection.sql(sql).fetchall()}


def ledger(
    database: Database,
    start: datetime,
    end: datetime,
    satellites: Collection[str] | None = None,
    wait_s: float = WAIT_S,
) -> pa.Table:
    """The ledger's rows of a span by satellite and time; `satellites` None is all of them."""
    sql = f"""
        SELECT {column_list(GRANULES.columns)} FROM granules WHERE {IN_SPAN}
        ORDER BY satellite, granule_start"""
    with reading(database, wait_s) as connection:
        select_span(connection, start, end, satellites)
        return connection.sql(sql).to_arrow_table()


def ledger_state(database: Database, start: datetime, end: datetime) -> tuple[int, int]:
    """A mark of what the ledger says of a span: it changes with each load that changes rows there."""
    # A sum: in an exclusive or, the hashes of an even number of granules of one load cancel its time.
    sql = f"""
        SELECT count(*), coalesce(sum(hash(satellite, granule_start, loaded_at)), 0)
        FROM granules WHERE {IN_SPAN}"""
    with reading(database) as connection:
        select_span(connection, start, end)
        ((count, mark),) = connection.sql(sql).fetchall()
        return int(count), int(mark)


def newest_granule(database: Database, wait_s: float = WAIT_S) -> datetime | None:
    """Start of the newest granule in the ledger, aware UTC; None when there is none."""
    with reading(database, wait_s) as connection:
        ((newest,),) = connection.sql("SELECT max(granule_start) FROM granules").fetchall()
        return newest.replace(tzinfo=UTC) if newest else None


def hour_counts(
    database: Database,
    start: datetime,
    end: datetime,
    satellites: Collection[str] | None = None,
) -> pa.Table:
    """One row per satellite and hour that is in the ledger.

    Returns:
        satellite, hour (UTC, no zone), granules, ok, empty, inconsistent, quarantined (granules of that
        status, and undecoded ones as quarantined), n_flashes, n_groups, n_events (rows of the files), bytes.
    """
    sql = f"""
        SELECT satellite, date_trunc('hour', granule_start)::TIMESTAMP AS hour, count(*) AS granules,
            count(*) FILTER (status = 'ok') AS ok,
            count(*) FILTER (status = 'empty') AS empty,
            count(*) FILTER (status = 'inconsistent') AS inconsistent,
            count(*) FILTER (status IN ('{QUARANTINED}', '{UNDECODED}')) AS quarantined,
            coalesce(sum(n_flashes), 0)::BIGINT AS n_flashes,
            coalesce(sum(n_groups), 0)::BIGINT AS n_groups,
            coalesce(sum(n_events), 0)::BIGINT AS n_events,
            coalesce(sum(size_bytes), 0)::BIGINT AS bytes
        FROM granules WHERE {IN_SPAN} GROUP BY ALL ORDER BY satellite, hour"""
    with reading(database) as connection:
        select_span(connection, start, end, satellites)
        return connection.sql(sql).to_arrow_table()


def flash_rows_preview(
    database: Database,
    start: datetime,
    end: datetime,
    limit: int = 10,
    satellites: Collection[str] | None = None,
) -> pa.Table:
    """The first flashes of a span by time, at most `limit`, with the columns of `flashes`."""
    sql = f"""
        SELECT {column_list(FLASHES.columns)} FROM flashes WHERE {IN_SPAN}
        ORDER BY flash_time_of_first_event, satellite, flash_id"""
    with reading(database) as connection:
        select_span(connection, start, end, satellites)
        return connection.sql(sql).limit(limit).to_arrow_table()


def integrity(
    database: Database,
    start: datetime,
    end: datetime,
    satellites: Collection[str] | None = None,
) -> Integrity:
    """What is wrong in a span: coordinates, ids that are there twice, parents that are not there."""
    with reading(database) as connection:
        select_span(connection, start, end, satellites)
        rows = {name: _number(connection, _count_sql(table)) for name, table in TABLES.items()}
        return Integrity(
            rows[GRANULES.name],
            _number(connection, _repeated_sql(GRANULES)),
            {tier.name: _tier_integrity(connection, tier, rows) for tier in TIER_TABLES.values()},
        )


def _tier_integrity(
    connection: duckdb.DuckDBPyConnection, tier: Table, rows: dict[str, int]
) -> TierIntegrity:
    return TierIntegrity(
        rows=rows[tier.name],
        out_of_range=_number(connection, _out_of_range_sql(tier)),
        repeated_ids=_number(connection, _repeated_sql(tier)),
        unresolved_parents=_number(connection, _unresolved_sql(tier))
        if _parents_loaded(tier, rows)
        else None,
        recorded_orphans=_number(connection, _orphans_sql(tier)) if tier.parent else 0,
    )


def _parents_loaded(tier: Table, rows: dict[str, int]) -> bool:
    """Whether there is a tier above, and it and all above it have rows in the span."""
    if not tier.parent or rows[tier.parent] == 0:
        return False
    parent = TABLES[tier.parent]
    return not parent.parent or _parents_loaded(parent, rows)


def _count_sql(table: Table) -> str:
    return f"SELECT count(*) FROM {quoted(table.name)} WHERE {IN_SPAN}"


def _repeated_sql(table: Table) -> str:
    key = ", ".join(quoted(name) for name in table.key)
    return f"""
        SELECT coalesce(sum(n - 1), 0)
        FROM (SELECT count(*) AS n FROM {quoted(table.name)} WHERE {IN_SPAN} GROUP BY {key} HAVING n > 1)"""


def _out_of_range_sql(tier: Table) -> str:
    return f"SELECT count(*) FROM {quoted(tier.name)} WHERE {IN_SPAN} AND NOT {on_globe_sql(tier)}"


def on_globe_sql(tier: Table) -> str:
    """Whether a row has a latitude in [-90, 90] and a longitude in [-180, 180): true or false, never NULL."""
    lat, lon = (quoted(tier.name_of(part)) for part in ("_lat", "_lon"))
    # NaN is above every number in DuckDB, and IS TRUE catches NULL.
    return f"(({lat} BETWEEN -90 AND 90 AND {lon} >= -180 AND {lon} < 180) IS TRUE)"


def _unresolved_sql(tier: Table) -> str:
    return f"SELECT count(*) FROM ({_joined_sql(tier, 'ANTI')})"


def _joined_sql(tier: Table, kind: str) -> str:
    """The rows of the span that lead to a flash (SEMI), or do not (ANTI)."""
    rows = f"SELECT * FROM {quoted(tier.name)} WHERE {IN_SPAN}"
    if not tier.parent:
        return rows
    parents = _joined_sql(TABLES[tier.parent], "SEMI")
    using = f"satellite, granule_start, {quoted(tier.parent_id)}"
    return f"SELECT * FROM ({rows}) child {kind} JOIN ({parents}) parent USING ({using})"


def _orphans_sql(tier: Table) -> str:
    return f"SELECT coalesce(sum({quoted('orphan_' + tier.name)}), 0) FROM granules WHERE {IN_SPAN}"


def _number(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    ((number,),) = connection.execute(sql).fetchall()
    return int(number)


@contextmanager
def reading(database: Database, wait_s: float = WAIT_S) -> Iterator[duckdb.DuckDBPyConnection]:
    """A reader whose failing statements become WarehouseError; one that is open already is taken as it is.

    While it is open nobody can write: read, and compute afterwards.
    """
    if isinstance(database, duckdb.DuckDBPyConnection):
        yield database
        return
    with reader(database, wait_s) as connection:
        try:
            yield connection
        except duckdb.Error as error:
            raise _query_error(database, error) from error


def has_table(connection: duckdb.DuckDBPyConnection, table: Table) -> bool:
    """Whether a table is there: a database of before gets it the next time it is written."""
    sql = "SELECT count(*) FROM duckdb_tables() WHERE table_name = $name"
    ((count,),) = connection.execute(sql, {"name": table.name}).fetchall()
    return bool(count)


def _query_error(database: Path | str, error: duckdb.Error) -> WarehouseError:
    if isinstance(error, duckdb.CatalogException):
        return WarehouseError(f"{located(database)} has no such table; has `load` run on it? {error}")
    if isinstance(error, duckdb.BinderException):
        reason = str(error).partition("\n")[0]
        return WarehouseError(
            f"{located(database)} lacks a column that this version reads; load into a new file "
            f"(DUCKDB_PATH), or take the version that wrote it ({reason})"
        )
    return WarehouseError(f"reading {located(database)} failed: {error}")
