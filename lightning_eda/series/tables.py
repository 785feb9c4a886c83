"""The tables of an hour, declared once: DDL, series CSVs, decoded granules and docs/data.md come from here.

Times are TIMESTAMP in UTC with microseconds (DuckDB's TIMESTAMP has no zone, so nothing depends on the zone
of a session). Names follow the NOAA variables; the key of every table starts with (satellite, granule_start).
"""

from typing import Final

from lightning_eda.series.columns import LOADED_AT, Column, Table

SATELLITE: Final = Column("satellite", "VARCHAR", "Spacecraft, G16 to G19")
GRANULE_START: Final = Column("granule_start", "TIMESTAMP", "Start in the granule's file name", "UTC")
FLASH_ID: Final = Column("flash_id", "USMALLINT", "The flash, as in flashes")
QUARANTINED: Final = "quarantined"
UNDECODED: Final = "undecoded"
"""States of a granule that has no rows; one that is undecoded ended its decoder, and may be sound."""

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
TABLE_NAMES: Final = {tier: table.name for tier, table in TIER_TABLES.items()}
TIERS: Final = tuple(TIER_TABLES)
