"""The description of a Glue table as Glue gives it: is it the dataset's, what columns has it, what lacks."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import pyarrow as pa

from lightning_eda.errors import DatasetError, SchemaChangedError
from lightning_eda.tables.values.types import from_glue, glue_type, text_length

TABLE_INPUT: Final = frozenset(
    {
        "Name", "Description", "Owner", "LastAccessTime", "LastAnalyzedTime", "Retention",
        "StorageDescriptor", "PartitionKeys", "ViewOriginalText", "ViewExpandedText", "TableType",
        "Parameters", "TargetTable",
    }
)  # fmt: skip
"""What of a table's description may be sent back. Source: AWS Glue API, TableInput."""

HADOOP_S3: Final = re.compile(r"^s3[an]://", re.IGNORECASE)
"""How Spark and Hive may write s3://; it is the same place."""

Entry = Mapping[str, Any]


def check_table(entry: Entry, name: str, location: str, partition_columns: Sequence[str]) -> None:
    """Refuses a table of another place or kind, or with other partition columns.

    Args:
        entry: The table's description.
        name: Its name, for the error.
        location: Address of the dataset.
        partition_columns: In their order.

    Raises:
        DatasetError: It is not the table of this dataset.
    """
    if is_delta(entry):
        raise DatasetError(
            f"Glue table {name} is a Delta table; choose another (CSV_TABLE), or set CSV_TABLE_FORMAT=delta"
        )
    if "parquet" not in entry.get("StorageDescriptor", {}).get("InputFormat", "").lower():
        raise DatasetError(f"Glue table {name} is no table of Parquet files; choose another (CSV_TABLE)")
    check_place(entry, name, location, partition_columns)


def is_delta(entry: Entry) -> bool:
    """Whether a table is read by its Delta log: by what Spark, or else Athena, notes of it."""
    found = entry.get("Parameters", {})
    marks = (found.get("spark.sql.sources.provider", ""), found.get("table_type", ""))
    return "delta" in [mark.lower() for mark in marks]


def check_place(entry: Entry, name: str, location: str, partition_columns: Sequence[str]) -> None:
    """Refuses a table of another place, or with other partition columns; as `check_table`."""
    place = entry.get("StorageDescriptor", {}).get("Location", "")
    if HADOOP_S3.sub("s3://", place).rstrip("/") != location.rstrip("/"):
        raise DatasetError(
            f"Glue table {name} is at {place}, and not at {location}: writing would split it in two. "
            "Correct CSV_PATHOUTPUT, or choose another table (CSV_TABLE)"
        )
    keys = [key["Name"] for key in entry.get("PartitionKeys", [])]
    if keys != list(partition_columns):
        raise DatasetError(
            f"Glue table {name} is partitioned by {', '.join(keys) or 'nothing'}, and not by "
            f"{', '.join(partition_columns)}. Correct CSV_PARTITIONS_COLS, or choose another (CSV_TABLE)"
        )


@dataclass(frozen=True)
class TableTypes:
    """The types of a table.

    Attributes:
        columns: Columns of its files.
        keys: Its partition columns.
        lengths: Most characters of columns and partition columns that are varchar(n) or char(n).
    """

    columns: pa.Schema
    keys: pa.Schema
    lengths: Mapping[str, int]

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Those of a table's description; SchemaChangedError for a type that no CSV can fill."""
        columns = _types(entry["StorageDescriptor"])
        keys = {key["Name"]: key["Type"] for key in entry.get("PartitionKeys", [])}
        lengths = {name: text_length(kind) for name, kind in (columns | keys).items()}
        return cls(
            pa.schema([(name, from_glue(kind, name)) for name, kind in columns.items()]),
            pa.schema([(name, from_glue(kind, name)) for name, kind in keys.items()]),
            {name: length for name, length in lengths.items() if length is not None},
        )


def missing_columns(entry: Entry, name: str, columns: Mapping[str, str]) -> list[str]:
    """The columns the table does not have.

    Args:
        entry: The table's description.
        name: Its name, for the error.
        columns: Columns of the files and their Glue types.

    Raises:
        SchemaChangedError: The table has some of them with another type; all those are named.
    """
    table = _types(entry["StorageDescriptor"])
    changed = [
        f"{column} is {kind}, in the table {table[column]}"
        for column, kind in columns.items()
        if column in table and glue_type(from_glue(table[column], column)) != kind
    ]
    if changed:
        raise SchemaChangedError(
            f"columns have another type than in the Glue table {name}: {'; '.join(changed)}. Give the CSV "
            "values of the table's types, declare those types (CSV_TYPES), or write to another table "
            "(CSV_TABLE)"
        )
    return [column for column in columns if column not in table]


def with_columns(entry: Entry, columns: Mapping[str, str]) -> dict[str, Any]:
    """The description to send back for a table with further columns at its end."""
    storage = entry["StorageDescriptor"]
    added = [{"Name": name, "Type": kind} for name, kind in columns.items()]
    table = {key: value for key, value in entry.items() if key in TABLE_INPUT}
    return table | {"StorageDescriptor": {**storage, "Columns": storage["Columns"] + added}}


def moved_partition(entry: Entry, place: str, columns: Mapping[str, str]) -> dict[str, Any]:
    """The description to send back for a partition at this place with these columns."""
    storage = {**entry["StorageDescriptor"], "Location": place}
    storage["Columns"] = [{"Name": name, "Type": kind} for name, kind in columns.items()]
    return {
        "Values": entry["Values"],
        "StorageDescriptor": storage,
        "Parameters": entry.get("Parameters", {}),
    }


def is_current(partition: Entry, place: str, columns: Mapping[str, str]) -> bool:
    """Whether a partition is at its place and, where it lists columns at all, lists these."""
    storage = partition.get("StorageDescriptor", {})
    listed = _types(storage)
    return HADOOP_S3.sub("s3://", storage.get("Location", "")).rstrip("/") == place.rstrip("/") and (
        not listed or listed.keys() >= columns.keys()
    )


def _types(storage: Mapping[str, Any]) -> dict[str, str]:
    return {column["Name"]: column["Type"] for column in storage.get("Columns", [])}
