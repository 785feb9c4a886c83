"""Checks of the S3 tables."""

from collections.abc import Mapping
from datetime import date
from statistics import median
from typing import TYPE_CHECKING

import dagster as dg

from lightning_eda.checks.result import check_result
from lightning_eda.texts import named

if TYPE_CHECKING:
    from lightning_eda.tables.load_result import LoadResult

USUAL_FACTOR = 3

HAS_ROWS = dg.AssetCheckSpec("has_rows", asset="parquet_table", description="The day's CSV has rows.")
COLUMNS_ARE_UNCHANGED = dg.AssetCheckSpec(
    "columns_are_unchanged",
    asset="parquet_table",
    description="The CSV has the columns of the table and no others; another type than there fails the run. "
    "Without a table, it has those of the newest other partition, with their types.",
)
ROW_COUNT_IS_USUAL = dg.AssetCheckSpec(
    "row_count_is_usual",
    asset="parquet_table",
    description=f"The rows are within a factor of {USUAL_FACTOR} of the median of the last days.",
)
READ_WITHOUT_DOUBT = dg.AssetCheckSpec(
    "read_without_doubt",
    asset="parquet_table",
    description="The encoding was no guess, and the first rows are what they seem.",
)

Results = Mapping[date, "LoadResult"]


def check_has_rows(results: Results) -> dg.AssetCheckResult:
    """Warns of days whose CSV is empty; what another run loaded is that run's to judge."""
    empty = [
        f"{day} ({done.source}): {done.note}"
        for day, done in results.items()
        if not done.rows and done.won_by is None
    ]
    return check_result(
        HAS_ROWS,
        not empty,
        dg.AssetCheckSeverity.WARN,
        "`days` says what became of the partitions. When a CSV should have rows, upload it again and "
        "materialise its day again.",
        {"empty_days": len(empty), "days": named(empty)},
    )


def check_columns(results: Results) -> dg.AssetCheckResult:
    """Warns of columns that were added to the table, or differ from those of another partition."""
    told = {day: done.new_columns or done.changed_columns for day, done in results.items()}
    changed = [f"{day}: {', '.join(columns)}" for day, columns in told.items() if columns]
    return check_result(
        COLUMNS_ARE_UNCHANGED,
        not changed,
        dg.AssetCheckSeverity.WARN,
        "In a table the columns were added at the end; earlier partitions have NULL there. When a column was "
        "renamed at its source, name the columns with CSV_SCHEMA. Without a table nothing holds the types: "
        "say them in CSV_TYPES, set CSV_TABLE, or CSV_TABLE_FORMAT=delta.",
        {"days_with_new_columns": len(changed), "columns": named(changed)},
    )


def check_reading(results: Results) -> dg.AssetCheckResult:
    """Warns of CSVs that were read by a guess, or that look odd."""
    doubts = [f"{day} ({done.source}): {doubt}" for day, done in results.items() for doubt in done.doubts]
    return check_result(
        READ_WITHOUT_DOUBT,
        not doubts,
        dg.AssetCheckSeverity.WARN,
        "Look at `first_rows` in the metadata. When they are right, say how the CSV is written "
        "(CSV_ENCODING, CSV_HEADER), and this passes; when not, correct it and materialise the day again.",
        {"doubts": len(doubts), "files": named(doubts)},
    )


def check_row_count(results: Results, before: Mapping[date, int]) -> dg.AssetCheckResult:
    """Warns of days that have far more or far fewer rows than the days before.

    Days of which this run replaced nothing, or which another run won, are left out.

    Args:
        results: What was loaded.
        before: Rows of earlier days.
    """
    known = {**before}
    unusual = []
    for day, done in sorted(results.items()):
        if not done.partitions or done.won_by is not None:
            continue
        usual = median(known.values()) if known else done.rows
        if not usual <= done.rows * USUAL_FACTOR or not done.rows <= usual * USUAL_FACTOR:
            unusual.append(f"{day}: {done.rows:,} rows, usually {usual:,.0f}")
        known[day] = done.rows
    return check_result(
        ROW_COUNT_IS_USUAL,
        not unusual,
        dg.AssetCheckSeverity.WARN,
        "The upload may be incomplete, doubled, or another file than meant: look at `source` in the "
        "metadata, and at CSV_SUBSTR.",
        {"unusual_days": named(unusual), "days_compared_with": len(before)},
    )
