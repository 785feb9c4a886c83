"""The tables of storm cells: what each cell of a day is like, and its flashes.

`load` never touches these tables, so after an hour was loaded again they tell of the flashes before, until
the day's storm cells are made again: `storm_days` says of which state of the ledger they are.
"""

from typing import Final

from lightning_eda.series import FLASH_ID, GRANULE_START, SATELLITE, Column, Table
from lightning_eda.warehouse.schema.distances import DAY

_CELL = Column("cell", "INTEGER", "Number of the cell, the cluster of the day's clusters.csv.gz")

STORM_CELLS = Table(
    "storm_cells",
    "One storm cell of a day: flashes close in space and time, seen by one satellite.",
    ("day", "cell"),
    (
        DAY,
        _CELL,
        SATELLITE,
        Column("first_time", "TIMESTAMP", "First light of its first flash", "UTC"),
        Column("last_time", "TIMESTAMP", "First light of its last flash", "UTC"),
        Column("duration_minutes", "DOUBLE", "From first_time to last_time", "minute"),
        Column("flashes", "BIGINT", "Flashes of the cell"),
        Column(
            "rate_per_minute", "DOUBLE", "Flashes over the duration, or over a minute if less", "minute-1"
        ),
        Column("peak_per_minute", "BIGINT", "Flashes in its liveliest minute of the clock", "minute-1"),
        Column("center_lat", "DOUBLE", "Latitude of the mean of its flashes on the sphere", "degrees_north"),
        Column("center_lon", "DOUBLE", "Longitude of the same", "degrees_east"),
        Column("radius_km", "DOUBLE", "From the centre to the farthest flash", "km"),
        Column("hull_area_km2", "DOUBLE", "Area of the convex hull; 0 where flashes lie on a line", "km2"),
        Column("energy_j", "DOUBLE", "Sum of flash_energy; NULL where no flash has one", "J", nullable=True),
    ),
)

STORM_CELL_FLASHES = Table(
    "storm_cell_flashes",
    "The storm cell of one flash; flashes that are in none have no row.",
    ("day", "satellite", "granule_start", "flash_id"),
    (
        DAY,
        SATELLITE,
        GRANULE_START,
        FLASH_ID,
        Column("cell", "INTEGER", "Number of the cell, as in storm_cells"),
    ),
)

STORM_DAYS = Table(
    "storm_days",
    "A day whose storm cells were made, also one without any, and what of the ledger they were made of.",
    ("day",),
    (
        DAY,
        Column("granules", "BIGINT", "Granules of the day in the ledger when its pairs were found"),
        Column("last_loaded_at", "TIMESTAMP", "The newest loaded_at of them", "UTC", nullable=True),
    ),
)

STORM_TABLES: Final[dict[str, Table]] = {
    table.name: table for table in (STORM_CELLS, STORM_CELL_FLASHES, STORM_DAYS)
}
