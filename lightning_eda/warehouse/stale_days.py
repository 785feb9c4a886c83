"""Which days have storm cells of another state of the ledger than it has now."""

from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from lightning_eda.warehouse.database.connection import WAIT_S
from lightning_eda.warehouse.queries import Database, reading

OF_DAY = "granule_start >= $day AND granule_start < $day + INTERVAL 1 DAY"
# A day that is gone from the ledger altogether counts, too. Days are compared from the first that has cells.
STALE = """
    WITH loaded AS (
        SELECT granule_start::DATE AS day, count(*) AS granules, max(loaded_at) AS last_loaded_at
        FROM granules WHERE granule_start >= (SELECT min(day) FROM storm_days) GROUP BY ALL)
    SELECT day, coalesce(loaded.granules, 0), loaded.last_loaded_at
    FROM storm_days AS made LEFT JOIN loaded USING (day)
    WHERE made.granules <> coalesce(loaded.granules, 0)
        OR made.last_loaded_at IS DISTINCT FROM loaded.last_loaded_at
    ORDER BY day"""
NEVER_MADE = """
    SELECT granule_start::DATE AS day, count(*), max(loaded_at)
    FROM granules ANTI JOIN storm_days ON granule_start::DATE = day
    WHERE granule_start >= $first AND granule_start < $end GROUP BY ALL ORDER BY day"""


@dataclass(frozen=True)
class DayState:
    """A day in the ledger.

    Attributes:
        day: The day.
        granules: Its granules.
        last_loaded_at: The newest loaded_at of them (UTC, no zone), None where there is none.
    """

    day: date
    granules: int
    last_loaded_at: datetime | None


def day_state(database: Database, day: date) -> DayState:
    """What the ledger holds of a day; DatabaseBusyError or WarehouseError as `reader`."""
    sql = f"SELECT count(*), max(loaded_at) FROM granules WHERE {OF_DAY}"
    with reading(database) as connection:
        ((granules, last),) = connection.execute(sql, {"day": day}).fetchall()
    return DayState(day, granules, last)


def stale_days(database: Database, wait_s: float = WAIT_S) -> list[DayState]:
    """The days whose hours have changed since their storm cells were made, as they are now, in order."""
    with reading(database, wait_s) as connection:
        return _days(connection, STALE, {}) if _has_days(connection) else []


def days_never_made(database: Database, first: date, end: date, wait_s: float = WAIT_S) -> list[DayState]:
    """The days in [first, end) that have granules and no storm cells were ever made of, in order."""
    with reading(database, wait_s) as connection:
        found = {"first": first, "end": end}
        return _days(connection, NEVER_MADE, found) if _has_days(connection) else []


def _days(connection: duckdb.DuckDBPyConnection, sql: str, values: dict[str, date]) -> list[DayState]:
    return [DayState(*row) for row in connection.execute(sql, values).fetchall()]


def _has_days(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the table is there: a database of before gets it the next time it is written."""
    sql = "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'storm_days'"
    ((count,),) = connection.execute(sql).fetchall()
    return bool(count)
