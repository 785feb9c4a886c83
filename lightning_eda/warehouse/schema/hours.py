"""The tables, declared once: DDL, the types of the CSVs and docs/data.md come from here.

Times are TIMESTAMP in UTC with microseconds (DuckDB's TIMESTAMP has no zone, so nothing depends on the zone
of a session). Names follow the NOAA variables; the key of every table starts with (satellite, granule_start).

There is no PRIMARY KEY, by measurement (DuckDB 2.0, 3.6 million events, with a key against without): first
load 3.2 s against 1.0 s, replacing them in one transaction 8.9 s against 1.2 s, peak memory 0.53 GB against
0.16 GB, file 69 MB against 39 MB. `queries.integrity` counts ids that are there twice instead.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pyarrow as pa

LOADED_AT = "loaded_at"
ARROW_TYPES: Final = {
    "VARCHAR": "string",
    "DATE": "date32",
    "TIMESTAMP": "timestamp[us]",
    "DOUBLE": "float64",
    "BIGINT": "int64",
    "INTEGER": "int32",
    "UINTEGER": "uint32",
    "USMALLINT": "uint16",
    "UTINYINT": "uint8",
}
"""Arrow's names of DuckDB's types."""


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
        import pyarrow as pa  # here: the code location reads the columns' descriptions, and needs no Arrow

        return pa.type_for_alias(ARROW_TYPES[self.type])


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

    @property
    def series_columns(self) -> tuple[Column, ...]:
        """The columns of the series CSV: all but the time of loading."""
        return tuple(column for column in self.columns if column.name != LOADED_AT)

    def name_of(self, ending: str) -> str:
        """The name of the one column that ends so, as "_lat" does."""
        (name,) = (column.name for column in self.columns if column.name.endswith(ending))
        return name

    @property
    def create_sql(self) -> str:
        """The statement that makes the table when it is not there."""
        body = ", ".join(
            f"{quoted(column.name)} {column.type}{'' if column.nullable else ' NOT NULL'}"
            for column in self.columns
        )
        return f"CREATE TABLE IF NOT EXISTS {quoted(self.name)} ({body})"


def quoted(identifier: str) -> str:
    """An identifier as SQL writes it."""
    return '"' + identifier.replace('"', '""') + '"'


def column_list(columns: tuple[Column, ...]) -> str:
    """The columns' names as SQL writes a list of them."""
    return ", ".join(quoted(column.name) for column in columns)


SATELLITE: Final = Column("satellite", "VARCHAR", "Spacecraft, G16 to G19")
GRANULE_START: Final = Column("granule_start", "TIMESTAMP", "Start in the granule's file name", "UTC")
FLASH_ID: Final = Column("flash_id", "USMALLINT", "The flash, as in flashes")

GRANULES = Table(
    "granules",
    "The ledger: one granule (a file of 20 s), whether it could be read, and what it holds.",
    ("satellite", "granule_start"),
    (
        SATELLITE,
        GRANULE_START,
        Column("granule_end", "TIMESTAMP", "End in the file name", "UTC", nullable=True),
        Column(
            "granule_created",
            "TIMESTAMP",
            "When NOAA made the file; the newest of two wins",
            "UTC",
            nullable=True,
        ),
        Column("object_key", "VARCHAR", "Key of the object in the bucket"),
        Column("size_bytes", "BIGINT", "Size of the object", "byte", nullable=True),
        Column("etag", "VARCHAR", "ETag of the object", nullable=True),
        Column("orbital_slot", "VARCHAR", "GOES-East, GOES-West or GOES-Test", nullable=True),
        Column(
            "subpoint_lon", "DOUBLE", "Nominal longitude under the satellite", "degrees_east", nullable=True
        ),
        Column(
            "time_basis",
            "VARCHAR",
            "'source': times at the lightning; 'instrument': at the satellite",
            nullable=True,
        ),
        Column("era", "VARCHAR", "Which packing the file uses", nullable=True),
        Column("n_flashes", "INTEGER", "Rows of flashes in the file", nullable=True),
        Column("n_groups", "INTEGER", "Rows of groups in the file", nullable=True),
        Column("n_events", "INTEGER", "Rows of events in the file", nullable=True),
        Column("flash_count", "INTEGER", "What the file says it holds of flashes", nullable=True),
        Column("group_count", "INTEGER", "What the file says it holds of groups", nullable=True),
        Column("event_count", "INTEGER", "What the file says it holds of events", nullable=True),
        Column("orphan_groups", "INTEGER", "Groups whose flash is not in the file", nullable=True),
        Column(
            "orphan_events",
            "INTEGER",
            "Events that lead to no flash: their group, or its flash, is not in the file",
            nullable=True,
        ),
        Column("childless_groups", "INTEGER", "Groups without an event in the file", nullable=True),
        Column("status", "VARCHAR", "ok, empty, inconsistent (kept), or quarantined or undecoded (no rows)"),
        Column("reason", "VARCHAR", "Why it is not ok", nullable=True),
        Column(LOADED_AT, "TIMESTAMP", "When the hour was last written with new content", "UTC"),
    ),
)

FLASHES = Table(
    "flashes",
    "One flash: groups close in time and space.",
    ("satellite", "granule_start", "flash_id"),
    (
        SATELLITE,
        GRANULE_START,
        Column("flash_id", "USMALLINT", "Counter of the instrument; starts again at 0 within hours"),
        Column("flash_time_of_first_event", "TIMESTAMP", "Time of its first event", "UTC"),
        Column("flash_time_of_last_event", "TIMESTAMP", "Time of its last event", "UTC"),
        Column(
            "flash_frame_time_of_first_event",
            "TIMESTAMP",
            "End of the first frame, at the satellite",
            "UTC",
            nullable=True,
        ),
        Column(
            "flash_frame_time_of_last_event",
            "TIMESTAMP",
            "End of the last frame, at the satellite",
            "UTC",
            nullable=True,
        ),
        Column(
            "flash_lat", "DOUBLE", "Latitude of the energy-weighted centre", "degrees_north", nullable=True
        ),
        Column(
            "flash_lon", "DOUBLE", "Longitude of the energy-weighted centre", "degrees_east", nullable=True
        ),
        Column(
            "flash_area",
            "DOUBLE",
            "Area of the pixels that lit up; NULL above the packed range",
            "m2",
            nullable=True,
        ),
        Column("flash_energy", "DOUBLE", "Radiant energy; NULL above the packed range", "J", nullable=True),
        Column("flash_quality_flag", "UTINYINT", "0 good; 1 out of order, 3 cut, 5 too long", nullable=True),
        Column("n_groups", "INTEGER", "Groups of it in the granule", nullable=True),
        Column("n_events", "INTEGER", "Events of it in the granule", nullable=True),
    ),
)

GROUPS = Table(
    "groups",
    "One group: events side by side in one frame of 2 ms.",
    ("satellite", "granule_start", "group_id"),
    (
        SATELLITE,
        GRANULE_START,
        Column("group_id", "UINTEGER", "Counter of the instrument"),
        Column("flash_id", "USMALLINT", "The flash it belongs to, as the file says"),
        Column("group_time", "TIMESTAMP", "Time of the group", "UTC"),
        Column("group_frame_time", "TIMESTAMP", "End of its frame, at the satellite", "UTC", nullable=True),
        Column(
            "group_lat", "DOUBLE", "Latitude of the energy-weighted centre", "degrees_north", nullable=True
        ),
        Column(
            "group_lon", "DOUBLE", "Longitude of the energy-weighted centre", "degrees_east", nullable=True
        ),
        Column(
            "group_area", "DOUBLE", "Area of the pixels; NULL above the packed range", "m2", nullable=True
        ),
        Column("group_energy", "DOUBLE", "Radiant energy; NULL above the packed range", "J", nullable=True),
        Column(
            "group_quality_flag", "UTINYINT", "0 good; 1: last group of a flash that was cut", nullable=True
        ),
        Column("n_events", "INTEGER", "Events of it in the granule", nullable=True),
    ),
    parent="flashes",
    parent_id="flash_id",
)

EVENTS = Table(
    "events",
    "One event: one pixel above its background in one frame of 2 ms.",
    ("satellite", "granule_start", "event_id"),
    (
        SATELLITE,
        GRANULE_START,
        Column("event_id", "UINTEGER", "Counter of the instrument"),
        Column("group_id", "UINTEGER", "The group it belongs to, as the file says"),
        Column(
            "flash_id",
            "USMALLINT",
            "The flash of its group; NULL when the group is not in the file",
            nullable=True,
        ),
        Column("event_time", "TIMESTAMP", "Time of the event", "UTC"),
        Column("event_lat", "DOUBLE", "Latitude of the pixel", "degrees_north", nullable=True),
        Column(
            "event_lon",
            "DOUBLE",
            "Longitude of the pixel, wrapped to [-180, 180)",
            "degrees_east",
            nullable=True,
        ),
        Column("event_energy", "DOUBLE", "Radiant energy; NULL above the packed range", "J", nullable=True),
    ),
    parent="groups",
    parent_id="group_id",
)

TIER_TABLES: Final[dict[str, Table]] = {"flash": FLASHES, "group": GROUPS, "event": EVENTS}
TABLES: Final[dict[str, Table]] = {table.name: table for table in (GRANULES, *TIER_TABLES.values())}
