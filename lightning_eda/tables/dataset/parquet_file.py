"""The Parquet files of a dataset: what they store, and how they are written."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lightning_eda.errors import DatasetError

BLOCK_BYTES: Final = 32 * 2**20
"""Rows are gathered to about this many bytes in memory, then written; a row group has no more."""
SAMPLE_ROWS: Final = 20_000
TEXT_TYPES: Final = "a text, an integer, a date, a boolean, a timestamp or a decimal"


def file_schema(schema: pa.Schema, partition_columns: Sequence[str]) -> pa.Schema:
    """What the files store: all columns but those of the partition; DatasetError when there is none."""
    stored = [column for column in schema if column.name not in partition_columns]
    if not stored:
        raise DatasetError(
            f"the CSV has no column beside the partition columns {', '.join(partition_columns)}; "
            "a Parquet file needs at least one (CSV_PARTITIONS_COLS)"
        )
    return pa.schema(stored)


def adds_column(columns: Sequence[str], schema: pa.Schema) -> bool:
    """Whether one of the partition columns is not in a schema.

    Raises:
        DatasetError: More than one is not, or one has a type that no path shows.
    """
    missing = [column for column in columns if column not in schema.names]
    if len(missing) > 1:
        raise DatasetError(
            f"the CSV has no columns {', '.join(missing)}; only one partition column can be added, with the "
            f"value of data_ref. Its columns are: {', '.join(schema.names)} (CSV_PARTITIONS_COLS)"
        )
    for column in set(columns) - set(missing):
        kind = schema.field(column).type
        shown = (
            pa.types.is_integer,
            pa.types.is_date32,
            pa.types.is_boolean,
            pa.types.is_string,
            pa.types.is_large_string,
        )
        if not any(is_kind(kind) for is_kind in (*shown, pa.types.is_timestamp, pa.types.is_decimal)):
            raise DatasetError(f"the partition column {column} is {kind}; it can be {TEXT_TYPES} (CSV_TYPES)")
    return bool(missing)


def open_writer(path: Path, schema: pa.Schema, rows: pa.Table) -> pq.ParquetWriter:
    """A writer of a file that begins with these rows.

    Values are stored plain or by a dictionary, which every reader knows. As differences, ids and times in
    order would take hardly any space, but Spark before 3.3, and so Glue jobs before 4.0, cannot read those.
    Source: SPARK-36879.
    """
    return pq.ParquetWriter(path, schema, compression="snappy", use_dictionary=_repeating(rows))


def _repeating(rows: pa.Table) -> list[str]:
    """The columns worth a dictionary: those of which at least half of the first values have come before."""
    sample = rows.slice(0, SAMPLE_ROWS)
    return [
        name for name in sample.column_names if 2 * pc.count_distinct(sample[name]).as_py() <= sample.num_rows
    ]


def gathered(pieces: Sequence[Path]) -> Iterator[pa.Table]:
    """The rows of small files in large tables."""
    tables: list[pa.Table] = []
    for path in pieces:
        tables.append(pq.ParquetFile(path).read())
        if sum(table.nbytes for table in tables) >= BLOCK_BYTES:
            yield pa.concat_tables(tables)
            tables = []
    if tables:
        yield pa.concat_tables(tables)
