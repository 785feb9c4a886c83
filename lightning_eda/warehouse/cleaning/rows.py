"""Reading a window cleaned; every drop is counted by reason. `cell_sums` gives sums in place of rows.

A window is a span of granule starts, [start, end). A row is dropped for the first reason in `REASONS` that
applies, so what was read is what was kept plus what was dropped.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa

from lightning_eda.series import TIER_TABLES
from lightning_eda.series.files import CLEAN_ROWS
from lightning_eda.warehouse.cleaning.options import Cleaning, require_tier
from lightning_eda.warehouse.cleaning.rules import DUPLICATE, REASONS, judge
from lightning_eda.warehouse.queries import Database, reading
from lightning_eda.warehouse.schema.sql import column_list, quoted
from lightning_eda.warehouse.span import IN_SPAN, select_span

__all__ = ["REASONS", "Account", "CleanRows", "Cleaning", "account_of", "clean_rows", "count_rows"]

ROW_COLUMNS = column_list(CLEAN_ROWS.columns)
UNTESTED = {
    "out_of_field": "the ledger has no subpoint_lon of their granules",
    "static_pixel": "the groups of their granules are not loaded (tier group)",
}
"""Why a rule could not be applied to some rows."""


@dataclass(frozen=True)
class Account:
    """What became of the rows of a window.

    Attributes:
        read: Rows of the window, before cleaning.
        dropped: How many were dropped for each of `REASONS`, in their order, zeros too.
        untested: For each rule that could not be applied to some rows, how many; it dropped none of them.
        notes: The same in words.
    """

    read: int
    dropped: dict[str, int]
    untested: dict[str, int]
    notes: tuple[str, ...]

    @property
    def kept(self) -> int:
        """Rows that no reason dropped."""
        return self.read - sum(self.dropped.values())


@dataclass(frozen=True)
class CleanRows(Account):
    """The rows of a window that are kept, and the account of all.

    Attributes:
        rows: The columns of `CLEAN_ROWS`, by satellite, granule_start and id.
    """

    rows: pa.Table


def count_rows(
    database: Database,
    start: datetime,
    end: datetime,
    tier: str = "flash",
    satellites: Collection[str] | None = None,
) -> int:
    """Rows of a tier in a window before cleaning: what decides between rows and cells."""
    require_tier(tier)
    sql = f"SELECT count(*) FROM {quoted(TIER_TABLES[tier].name)} WHERE {IN_SPAN}"
    with reading(database) as connection:
        select_span(connection, start, end, satellites)
        ((count,),) = connection.execute(sql).fetchall()
        return int(count)


def clean_rows(
    database: Database,
    start: datetime,
    end: datetime,
    cleaning: Cleaning | None = None,
) -> CleanRows:
    """The rows of a window that the cleaning keeps.

    Args:
        database: The database file, or an open reader.
        start: First granule start, aware.
        end: First granule start after the window, aware.
        cleaning: What to read and what to drop; None is `Cleaning()`.

    Raises:
        DatabaseBusyError: Others held the database all that time.
        WarehouseError: There is no database, or it cannot be read.
    """
    sql = f"""
        SELECT {ROW_COLUMNS} FROM temp.judged ANTI JOIN temp.repeats USING (place)
        WHERE reason IS NULL ORDER BY satellite, granule_start, id, place"""
    cleaning = cleaning or Cleaning()
    with reading(database) as connection:
        select_span(connection, start, end, cleaning.satellites)
        judge(connection, cleaning)
        account = account_of(connection, cleaning)
        return CleanRows(**vars(account), rows=connection.sql(sql).to_arrow_table())


def account_of(connection: duckdb.DuckDBPyConnection, cleaning: Cleaning, of: str = "") -> Account:
    """What became of the rows that `judge` has judged on this connection; `of` "own_": `judge_piece`."""
    sql = f"""
        SELECT reason, count(*), count(*) FILTER (NOT has_subpoint), count(*) FILTER (has_groups IS NOT TRUE)
        FROM temp.{of}judged GROUP BY reason"""
    found = connection.execute(sql).fetchall()
    ((repeats,),) = connection.execute(f"SELECT count(*) FROM temp.{of}repeats").fetchall()
    dropped = {reason: count for reason, count, _, _ in found if reason} | {DUPLICATE: repeats}
    untested = {
        "out_of_field": sum(row[2] for row in found),
        "static_pixel": sum(row[3] for row in found) if cleaning.drop_artifacts else 0,
    }
    return make_account(sum(count for _, count, _, _ in found), dropped, untested)


def make_account(read: int, dropped: Mapping[str, int], untested: Mapping[str, int]) -> Account:
    """The account of so many rows, in the order of the reasons and with its words."""
    return Account(
        read=read,
        dropped={reason: dropped.get(reason, 0) for reason in REASONS},
        untested={reason: count for reason, count in untested.items() if count},
        notes=tuple(
            f"the rule {reason} could not be applied to {count:,} of {read:,} rows: {UNTESTED[reason]}"
            for reason, count in untested.items()
            if count
        ),
    )
