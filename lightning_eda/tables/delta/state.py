"""What the log of a Delta table names: its columns, and the files of its partitions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pyarrow as pa

from lightning_eda.errors import DatasetError, SchemaChangedError
from lightning_eda.storage.object_store import ObjectInfo
from lightning_eda.tables.dataset.location import PartitionValues
from lightning_eda.tables.glue.table import TableTypes
from lightning_eda.tables.values.spelling import spelled
from lightning_eda.tables.values.types import glue_type

if TYPE_CHECKING:
    from deltalake import DeltaTable

NOT_FROM_CSV = "a CSV can fill string, int, bigint, double, boolean, date, timestamp or decimal(p,s)"


@dataclass(frozen=True)
class DeltaFile:
    """A file that a table names.

    Attributes:
        path: Relative to the table.
        values: Of the partition columns, as texts; None for NULL.
        info: The file as a listing shows it, without a version mark: the log has none.
    """

    path: str
    values: PartitionValues
    info: ObjectInfo


def table_types(table: "DeltaTable", address: str, partition_columns: list[str]) -> TableTypes:
    """The types of a table.

    Args:
        table: The open table.
        address: Where it is, for errors.
        partition_columns: Those it should have, in their order.

    Raises:
        DatasetError: It has other partition columns.
        SchemaChangedError: A column has a type that no CSV can fill.
    """
    keys = list(table.metadata().partition_columns)
    if keys != partition_columns:
        raise DatasetError(
            f"the Delta table {address} is partitioned by {', '.join(keys) or 'nothing'}, and not by "
            f"{', '.join(partition_columns)}. Correct CSV_PARTITIONS_COLS, or write elsewhere "
            "(CSV_PATHOUTPUT)"
        )
    schema = _schema(table)
    for column in schema:
        try:
            glue_type(column.type)
        except ValueError as error:
            raise SchemaChangedError(
                f"the column {column.name!r} is {column.type} in the Delta table {address}; {NOT_FROM_CSV}: "
                "write elsewhere (CSV_PATHOUTPUT)"
            ) from error
    return TableTypes(
        pa.schema([column for column in schema if column.name not in keys]),
        pa.schema([schema.field(name) for name in keys]),
        {},
    )


def missing_columns(table: "DeltaTable", address: str, schema: pa.Schema) -> pa.Schema:
    """The columns of a schema that a table does not have.

    Raises:
        SchemaChangedError: It has some of them with another type; all those are named.
    """
    there = _schema(table)
    changed = [
        f"{column.name} is {glue_type(column.type)}, in the table {there.field(column.name).type}"
        for column in schema
        if column.name in there.names and there.field(column.name).type != column.type
    ]
    if changed:
        raise SchemaChangedError(
            f"columns have another type than in the Delta table {address}: {'; '.join(changed)}. Give the "
            "CSV values of the table's types, or write elsewhere (CSV_PATHOUTPUT)"
        )
    return pa.schema([column for column in schema if column.name not in there.names])


def table_files(
    table: "DeltaTable", prefix: str, partition_columns: Mapping[str, pa.DataType]
) -> list[DeltaFile]:
    """The files that a table names at its version.

    Args:
        table: The open table.
        prefix: What keys of its files begin with.
        partition_columns: Its partition columns, in their order.
    """
    actions = pa.table(table.get_add_actions(flatten=True))
    if not actions.num_rows:
        return []
    texts = [spelled(actions[f"partition.{name}"]).to_pylist() for name in partition_columns]
    paths = [unquote(path) for path in actions["path"].to_pylist()]  # the log holds them escaped
    moments = [datetime.fromtimestamp(ms / 1000, UTC) for ms in actions["modification_time"].to_pylist()]
    return [
        DeltaFile(path, tuple(values), ObjectInfo(prefix + path, size, "", moment))
        for path, size, moment, values in zip(
            paths, actions["size_bytes"].to_pylist(), moments, zip(*texts, strict=True), strict=True
        )
    ]


def _schema(table: "DeltaTable") -> pa.Schema:
    """The columns of a table with the types of Arrow that this package uses."""
    found = pa.schema(table.schema().to_arrow())
    return pa.schema([pa.field(column.name, _usual(column.type)) for column in found])


def _usual(kind: pa.DataType) -> pa.DataType:
    """Text as string, however delta-rs holds it."""
    is_text = pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    return pa.string() if is_text else kind
