"""Columns and tables as data: names, types, units, what they mean."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pyarrow as pa

LOADED_AT = "loaded_at"
UTC_TIMESTAMP: Final = "TIMESTAMP WITH TIME ZONE"
ARROW_TYPES: Final = {
    "VARCHAR": "string",
    "DATE": "date32",
    "TIMESTAMP": "timestamp[us]",
    UTC_TIMESTAMP: "timestamp[us, tz=UTC]",
    "FLOAT": "float32",
    "DOUBLE": "float64",
    "BIGINT": "int64",
    "INTEGER": "int32",
    "UINTEGER": "uint32",
    "USMALLINT": "uint16",
    "UTINYINT": "uint8",
}
"""Arrow's names of DuckDB's types."""
SIGNED_TYPES: Final = {"UINTEGER": "int64", "USMALLINT": "int32", "UTINYINT": "int32"}
"""Arrow's signed types that hold what DuckDB's unsigned ones do."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        name: The column's name, also the heading in the series CSV.
        type: The DuckDB type, a key of ARROW_TYPES.
        description: What the value means, one line.
        unit: The unit in SI or CF words, "" for none.
        nullable: Whether NULL may stand in it.
    """

    name: str
    type: str
    description: str
    unit: str = ""
    nullable: bool = False

    @property
    def arrow_type(self) -> "pa.DataType":
        """The Arrow type that holds the same values."""
        return _arrow_type(ARROW_TYPES[self.type])

    @property
    def decoded_type(self) -> "pa.DataType":
        """The Arrow type of it in a decoded granule."""
        if self.type == "TIMESTAMP":
            return _arrow_type(ARROW_TYPES[UTC_TIMESTAMP])
        return _arrow_type(SIGNED_TYPES.get(self.type, ARROW_TYPES[self.type]))


def _arrow_type(name: str) -> "pa.DataType":
    import pyarrow as pa  # here: the code location reads the columns' descriptions, and needs no Arrow

    # Arrow has no alias of a time in a zone.
    return pa.timestamp("us", "UTC") if name == ARROW_TYPES[UTC_TIMESTAMP] else pa.type_for_alias(name)


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        name: The table's name, also that of its series.
        description: What a row is.
        key: The columns that are different in every row when taken together.
        columns: The columns in order.
        parent: The table whose row a row belongs to, joined by satellite, granule_start and `parent_id`.
        parent_id: The column with the parent's id.
    """

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    parent: str = ""
    parent_id: str = ""

    def arrow_schema(self, *without: str) -> "pa.Schema":
        """The Arrow schema of the rows, some columns left out."""
        import pyarrow as pa

        columns = [one for one in self.columns if one.name not in without]
        return pa.schema([pa.field(one.name, one.arrow_type, one.nullable) for one in columns])

    @property
    def series_columns(self) -> tuple[Column, ...]:
        """The columns of the series CSV: all but the time of loading."""
        return tuple(column for column in self.columns if column.name != LOADED_AT)

    def name_of(self, ending: str) -> str:
        """The name of the one column that ends so, as "_lat" does."""
        (name,) = (column.name for column in self.columns if column.name.endswith(ending))
        return name
