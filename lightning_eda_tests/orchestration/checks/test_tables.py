"""What the checks of the S3 tables say where another run won, and of CSVs without rows."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import dagster as dg
import pyarrow as pa
import pytest

from lightning_eda.assets.s3_tables.history import DAYS, LOOK_BACK_DAYS, rows_of_days_before
from lightning_eda.checks.tables import check_columns, check_has_rows, check_reading, check_row_count
from lightning_eda.tables.csv.stream import CsvResult
from lightning_eda.tables.dataset.object_names import ObjectName
from lightning_eda.tables.destination import PartitionResult
from lightning_eda.tables.load_result import LoadResult

DAY = date(2024, 1, 1)
BEFORE = {date(2023, 12, 31): 30}
WINNER = ObjectName("20240101T000000000000Z-00000000", "0" * 16, 1, 1)
EMPTY = PartitionResult("data_ref=20240101", 0, "", 0)
LOST = PartitionResult("data_ref=20240101", 7, "", 0, WINNER)


def result_of(note: str, *partitions: PartitionResult) -> LoadResult:
    """A load that made no row."""
    when = datetime(2024, 1, 1, tzinfo=UTC)
    return LoadResult("in/20240101/a.csv", "e", when, "0" * 16, False, note, {}, (), partitions, None, 9)


@pytest.mark.parametrize(
    ("done", "has_rows", "is_usual"),
    [
        (result_of("the partition is empty now", EMPTY), False, False),
        (result_of("it names no partition, and nothing was replaced"), False, True),
        (result_of("another run won", LOST), True, True),
    ],
    ids=["emptied", "no partition", "lost"],
)
def test_only_what_this_run_did_is_judged(done: LoadResult, has_rows: bool, is_usual: bool):
    """A day that another run loaded is that run's to judge; where nothing was replaced no count changed."""
    assert check_has_rows({DAY: done}).passed is has_rows
    assert check_row_count({DAY: done}, BEFORE).passed is is_usual
    assert done.rows == 0


def test_an_empty_csv_is_told_with_what_became_of_the_partition():
    """And not that a partition is empty which is not."""
    check = check_has_rows({DAY: result_of("it names no partition, and nothing was replaced")})
    told = "2024-01-01 (in/20240101/a.csv): it names no partition, and nothing was replaced"
    assert check.metadata["days"].value == told
    assert "empty now" not in check.description


def test_a_day_is_compared_with_the_days_before_it_in_the_same_run():
    """Ten times the rows are unusual on the first such day, and usual once most days have them."""
    days = [date(2024, 1, number) for number in range(1, 6)]
    parts = [PartitionResult("x", rows, "k", 1) for rows in (30, 300, 300, 300, 300)]
    results = {day: result_of("", part) for day, part in zip(days, parts, strict=True)}
    check = check_row_count(dict(reversed(results.items())), BEFORE)
    assert check.metadata["unusual_days"].value == (
        "2024-01-02: 300 rows, usually 30; 2024-01-03: 300 rows, usually 30"
    )
    first = check_row_count({day: results[day] for day in days[:3]}, {})  # where none was loaded before
    assert first.metadata["unusual_days"].value == "2024-01-02: 300 rows, usually 30"
    assert check_row_count({days[1]: results[days[1]]}, {}).passed


def test_case_9_and_11_a_guess_is_told_by_a_check():
    """With the day, the file and what was guessed; a CSV that was not read anew raises no doubt."""
    told = ("the encoding is a guess, windows-1252",)
    reading = CsvResult(pa.schema([]), 1, 0, (), "windows-1252", ",", 1, (), told)
    check = check_reading({DAY: replace(result_of(""), reading=reading)})
    assert not check.passed
    assert check.metadata["files"].value == f"2024-01-01 (in/20240101/a.csv): {told[0]}"
    assert check_reading({DAY: result_of("")}).passed


def test_a_type_that_changed_between_days_is_told_where_no_table_holds_it():
    """With what would hold it."""
    check = check_columns({DAY: replace(result_of(""), changed_columns=("id is string, and was bigint",))})
    assert not check.passed
    assert check.metadata["columns"].value == "2024-01-01: id is string, and was bigint"
    assert "CSV_TYPES" in check.description
    assert check_columns({DAY: result_of("")}).passed


@pytest.mark.parametrize(("rows", "usual"), [(10, True), (9, False), (90, True), (91, False), (0, False)])
def test_a_third_and_three_times_the_usual_rows_are_usual(rows: int, usual: bool):
    """Beyond that they are told."""
    done = result_of("", PartitionResult("x", rows, "k", 1))
    assert check_row_count({DAY: done}, BEFORE).passed is usual


def test_a_day_is_compared_with_the_last_days_before_it():
    """Neither with itself, as it was before, nor with later or far older ones; the newest run counts."""
    key = dg.AssetKey("parquet_table")
    with dg.DagsterInstance.ephemeral() as instance:
        for rows, back in [*((n, n) for n in (-1, 0, *range(2, 11), LOOK_BACK_DAYS + 1)), (100, 3)]:
            told = {"dagster/row_count": rows}
            event = dg.AssetMaterialization(key, metadata=told, partition=str(DAY - timedelta(days=back)))
            instance.report_runless_asset_event(event)
        found = rows_of_days_before(SimpleNamespace(instance=instance, asset_key=key), DAY)
    expected = {DAY - timedelta(days=n): n for n in range(2, 2 + DAYS)}
    assert found == expected | {DAY - timedelta(days=3): 100}
