"""What is made of a CSV: where its rows go, and the types that were said."""

from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa

from lightning_eda.errors import SettingError
from lightning_eda.tables.csv.options import CsvOptions
from lightning_eda.tables.values.names import safe_names
from lightning_eda.tables.values.types import parse_type

TEXT: Final = pa.string()
PARQUET, DELTA = "parquet", "delta"


def parse_table_format(text: str) -> str:
    """PARQUET or DELTA, as a text says; SettingError for any other."""
    word = text.strip().lower()
    if word not in (PARQUET, DELTA):
        raise SettingError("CSV_TABLE_FORMAT", text, f"{PARQUET} or {DELTA}")
    return word


@dataclass(frozen=True)
class TableOptions:
    """What is made of a CSV.

    Attributes:
        pathoutput: Place of the dataset: s3://bucket/prefix, or a prefix inside `bucket_dstn`.
        bucket_dstn: Bucket of the dataset.
        database: Glue database; "" for no catalogue.
        table: Glue table; "" for no catalogue.
        partitions_cols: The partition columns; at most one the CSV does not have, which gets `data_ref`.
        csv: How the CSV is read.
        table_format: PARQUET or DELTA.
    """

    pathoutput: str
    bucket_dstn: str = ""
    database: str = ""
    table: str = ""
    partitions_cols: tuple[str, ...] = ("data_ref",)
    csv: CsvOptions = field(default_factory=CsvOptions)
    table_format: str = PARQUET

    def declared_types(self) -> dict[str, pa.DataType]:
        """The types that are declared, by Glue-safe names."""
        names = safe_names(list(self.csv.types), "CSV_TYPES")
        return {
            name: parse_type(text, column)
            for name, (column, text) in zip(names, self.csv.types.items(), strict=True)
        }

    def partition_columns(self) -> dict[str, pa.DataType]:
        """The partition columns, by Glue-safe names; text unless declared, never what values look like.

        Raises:
            SettingError: There is none.
            CsvError: Two of them become the same.
        """
        if not self.partitions_cols:
            raise SettingError("CSV_PARTITIONS_COLS", None, "the name of a column")
        declared = self.declared_types()
        names = safe_names(self.partitions_cols, "CSV_PARTITIONS_COLS")
        return {name: declared.get(name, TEXT) for name in names}
