"""The Glue table of a Delta table: where it is and what columns it has. Its log alone tells its files.

Athena (engine 3), Spark and Trino read the log at the location, and know by the parameters that there is
one; Lake Formation wants the columns of the log. Partitions are not registered. Source: Amazon Athena User
Guide, "Query Linux Foundation Delta Lake tables" and "Synchronize Delta Lake metadata".
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, cast

import pyarrow as pa

from lightning_eda.errors import DatasetError
from lightning_eda.tables.dataset.location import PartitionValues
from lightning_eda.tables.glue.catalogue import Catalogue, Plan
from lightning_eda.tables.glue.table import Entry, check_place, is_delta
from lightning_eda.tables.values.types import glue_type

PARAMETERS: Final = {
    "EXTERNAL": "TRUE",
    "classification": "delta",
    "table_type": "DELTA",  # as Athena makes one
    "spark.sql.sources.provider": "delta",  # as Spark does
}
FORMATS: Final = {
    "InputFormat": "org.apache.hadoop.mapred.SequenceFileInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat",
}
"""What Spark and Glue's crawler write for a Delta table; nothing is read by them."""
SERDE: Final = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
NO_COLUMNS: Final = [("col", "array<string>")]
"""How Spark says that the columns are in the log."""


class DeltaCatalogue(Catalogue):
    """One table of the Glue catalogue that is a Delta table; as `Catalogue`, without partitions."""

    def plan(self, schema: pa.Schema, partitions: Mapping[str, PartitionValues]) -> Plan:  # noqa: ARG002
        """What columns Glue lacks; errors as `Catalogue.plan`."""
        columns = {column.name: glue_type(column.type) for column in schema}
        entry = self._entry()
        return Plan(columns, tuple(columns) if entry is None else tuple(self._missing(entry, columns)))

    def _check(self, entry: Entry) -> None:
        if not is_delta(entry):
            raise DatasetError(
                f"Glue table {self._name} is no Delta table; choose another (CSV_TABLE), or set "
                "CSV_TABLE_FORMAT=parquet"
            )
        keys = list(self._partition_types) if entry.get("PartitionKeys") else []
        check_place(entry, self._name, self._location, keys)

    def _missing(self, entry: Entry, columns: Mapping[str, str]) -> Sequence[str]:
        listed = [(one["Name"], one["Type"]) for one in entry["StorageDescriptor"].get("Columns", [])]
        return [] if listed == NO_COLUMNS else super()._missing(entry, columns)

    def _create_table(self, columns: Mapping[str, str]) -> None:
        table = {
            "Name": self._table,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": PARAMETERS,
            "PartitionKeys": _columns(self._partition_types),
            "StorageDescriptor": {
                "Columns": _columns(columns),
                "Location": self._location,
                **FORMATS,
                "SerdeInfo": {
                    "SerializationLibrary": SERDE,
                    "Parameters": {"serialization.format": "1", "path": self._location},
                },
            },
        }
        # Who finds that another made it meanwhile looks at what it has.
        with suppress(self._client.exceptions.AlreadyExistsException):
            self._client.create_table(DatabaseName=self._database, TableInput=cast(Any, table))


def _columns(types: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Type": kind} for name, kind in types.items()]
