"""Reads one series (a CSV of an hour and a table) strictly: what is not as declared is an error."""

import csv
import os
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from lightning_eda.errors import SeriesError
from lightning_eda.series import HOUR, Column, Table


def read_series(path: Path, table: Table, hour: datetime, satellites: Collection[str]) -> pa.Table:
    """The rows of a series, in file order, as Arrow columns of the table's types.

    Doubles are read to the nearest value, so the shortest text that round-trips comes back bit for bit.

    Args:
        path: The CSV: a heading with the table's column names (without `loaded_at`), times as
            `2022-12-31T05:00:00.123456Z`, NULL as an empty field, a text in quotes, a line end at the end.
        table: The table it is for.
        hour: Start of the hour all its granules start in, aware UTC.
        satellites: The satellites its rows may be of.

    Returns:
        A table with `table.series_columns`; times without a zone, in UTC.

    Raises:
        SeriesError: The file is absent or cut, has other columns or values, or rows of another hour or
            satellite.
    """
    _require_whole_file(path, table)
    columns = table.series_columns
    try:
        rows = arrow_csv.read_csv(
            path,
            parse_options=arrow_csv.ParseOptions(newlines_in_values=_has_free_text(table)),
            convert_options=arrow_csv.ConvertOptions(
                column_types={column.name: _csv_type(column) for column in columns},
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                timestamp_parsers=[arrow_csv.ISO8601],
            ),
        )
    except (pa.ArrowException, OSError) as error:
        raise SeriesError(f"{path} is no series of {table.name}: {error}") from error
    rows = rows.cast(pa.schema([pa.field(column.name, column.arrow_type) for column in columns]))
    _require_values(path, table, rows)
    _require_hour(path, rows, hour, satellites)
    return rows


def _csv_type(column: Column) -> pa.DataType:
    # With a zone in the type, the reader refuses a time whose zone is not stated.
    return pa.timestamp("us", "UTC") if column.type == "TIMESTAMP" else column.arrow_type


def _has_free_text(table: Table) -> bool:
    """Whether a value may hold a line end; only without one can the file be read in parallel pieces."""
    return any(column.type == "VARCHAR" and column.name not in table.key for column in table.columns)


def _require_whole_file(path: Path, table: Table) -> None:
    """The heading is the table's, and the last line is ended: a cut number would still be a number."""
    expected = [column.name for column in table.series_columns]
    try:
        with path.open("rb") as file:
            heading = file.readline(65_536).decode("utf-8", errors="replace")
            if not heading:
                raise SeriesError(f"{path} is empty: it is unfinished; run `transform` again")
            file.seek(-1, os.SEEK_END)
            ended = file.read(1) == b"\n"
    except OSError as error:
        raise SeriesError(f"the series of {table.name} cannot be read at {path}: {error}") from error
    found = next(csv.reader([heading]), [])
    if found != expected:
        raise SeriesError(f"{path}: the heading must be {expected} for {table.name}, found {found}")
    if not ended:
        raise SeriesError(f"{path} does not end with a line end: it is unfinished; run `transform` again")


def _require_values(path: Path, table: Table, rows: pa.Table) -> None:
    for column in table.series_columns:
        if not column.nullable and rows[column.name].null_count:
            first = pc.index(pc.is_null(rows[column.name]), True).as_py()
            raise SeriesError(f"{path}: {column.name} has no value in data row {first + 1}")


def _require_hour(path: Path, rows: pa.Table, hour: datetime, satellites: Collection[str]) -> None:
    if rows.num_rows == 0:
        return
    strangers = set(pc.unique(rows["satellite"]).to_pylist()) - set(satellites)
    if strangers:
        raise SeriesError(f"{path} has rows of {sorted(strangers)}; this hour is of {sorted(satellites)}")
    spread = pc.min_max(rows["granule_start"])
    first, last = (spread[edge].as_py().replace(tzinfo=UTC) for edge in ("min", "max"))
    if first < hour or last >= hour + HOUR:
        raise SeriesError(
            f"{path} has granules from {first:%Y-%m-%dT%H:%M:%SZ} to {last:%Y-%m-%dT%H:%M:%SZ}; "
            f"all must start in the hour from {hour:%Y-%m-%dT%H:%M:%SZ}"
        )
