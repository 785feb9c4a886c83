"""Which days have storm cells of another state of the ledger than it has now."""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa

from lightning_eda.series.storms import STORM_DAYS
from lightning_eda.warehouse.database.connection import WAIT_S, is_absent
from lightning_eda.warehouse.database.memory import memory_database
from lightning_eda.warehouse.queries import Database, has_table, reading
from lightning_eda.warehouse.schema.sql import create_sql

OF_DAY = "granule_start >= $day AND granule_start < $day + INTERVAL 1 DAY"
DAYS = """
    SELECT granule_start::DATE AS day, count(*) AS granules, max(loaded_at) AS last_loaded_at
    FROM granules WHERE granule_start >= {first} GROUP BY ALL"""
LEDGER_DAYS = "ledger_days"  # the same columns, where the ledger is in a lake
# A day that is gone from the ledger altogether counts, too. Days are compared from the first that has cells.
STALE = """
    WITH loaded AS ({days})
    SELECT day, coalesce(loaded.granules, 0), loaded.last_loaded_at
    FROM storm_days AS made LEFT JOIN loaded USING (day)
    WHERE made.granules <> coalesce(loaded.granules, 0)
        OR made.last_loaded_at IS DISTINCT FROM loaded.last_loaded_at
    ORDER BY day"""
NEVER_MADE = """
    WITH loaded AS ({days})
    SELECT day, granules, last_loaded_at FROM loaded ANTI JOIN storm_days USING (day)
    WHERE day >= $first AND day < $end ORDER BY day"""


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


def stale_days(
    database: Path | str, wait_s: float = WAIT_S, ledger: pa.Table | None = None
) -> list[DayState]:
    """The days whose hours have changed since their storm cells were made, as they are now, in order.

    Args:
        database: The database file.
        wait_s: How long to wait while others write, seconds.
        ledger: The days of the ledger (day, granules, last_loaded_at) where it is not in the database.
    """
    sql = STALE.format(days=_days_sql(ledger, "(SELECT min(day) FROM storm_days)"))
    return _days(database, sql, {}, wait_s, ledger)


def days_never_made(
    database: Path | str, first: date, end: date, wait_s: float = WAIT_S, ledger: pa.Table | None = None
) -> list[DayState]:
    """The days in [first, end) that have granules and no storm cells were ever made of, in order."""
    sql = NEVER_MADE.format(days=_days_sql(ledger, "$first"))
    return _days(database, sql, {"first": first, "end": end}, wait_s, ledger)


def _days_sql(ledger: pa.Table | None, first: str) -> str:
    return DAYS.format(first=first) if ledger is None else f"FROM {LEDGER_DAYS}"


def _days(
    database: Path | str, sql: str, values: dict[str, date], wait_s: float, ledger: pa.Table | None
) -> list[DayState]:
    with ExitStack() as stack:
        if ledger is not None and is_absent(Path(database)):  # nothing was made yet
            connection = stack.enter_context(memory_database({}))
            connection.execute(create_sql(STORM_DAYS))
        else:
            connection = stack.enter_context(reading(database, wait_s))
        if ledger is not None:
            connection.register(LEDGER_DAYS, ledger)
        if not has_table(connection, STORM_DAYS):
            return []
        return [DayState(*row) for row in connection.execute(sql, values).fetchall()]
