"""The tables that are files only: the density grids of an hour, and the cleaned rows of a window."""

from typing import Final

from lightning_eda.earth import GRID_SIZE
from lightning_eda.series.columns import UTC_TIMESTAMP, Column, Table
from lightning_eda.series.tables import GRANULE_START, SATELLITE

FLASH_DENSITY: Final = Table(
    "flash_density",
    "One cell of the full disk that saw lightning in a minute.",
    ("minute", "row", "col"),
    (
        Column("minute", UTC_TIMESTAMP, "Start of the minute (of the step, in sums)", "UTC"),
        Column("row", "USMALLINT", f"Of the {GRID_SIZE} of the full disk, 0 in the north"),
        Column("col", "USMALLINT", f"Of the {GRID_SIZE}, 0 in the west"),
        Column("flash_extent_density", "FLOAT", "Flashes that touched it, in part by the part touched"),
        Column("group_extent_density", "FLOAT", "Groups, likewise"),
        Column("average_flash_area", "FLOAT", "Mean area of those flashes", "m2", nullable=True),
        Column("minimum_flash_area", "FLOAT", "Smallest area of those flashes", "m2", nullable=True),
        Column("total_energy", "FLOAT", "Radiant energy of the events in it", "J"),
    ),
)
CLEAN_ROWS: Final = Table(
    "rows",
    "One flash, group or event of a window that was left after cleaning.",
    ("satellite", "granule_start", "id"),
    (
        SATELLITE,
        GRANULE_START,
        Column("id", "BIGINT", "The flash, group or event, as in its table"),
        Column("flash_id", "BIGINT", "The flash it belongs to", nullable=True),
        Column("time", "TIMESTAMP", "Time of its first event", "UTC"),
        Column("lat", "DOUBLE", "Latitude", "degrees_north"),
        Column("lon", "DOUBLE", "Longitude, in [-180, 180)", "degrees_east"),
        Column("energy_j", "DOUBLE", "Radiant energy", "J", nullable=True),
        Column("area_m2", "DOUBLE", "Footprint; NULL for events", "m2", nullable=True),
        Column("duration_s", "DOUBLE", "From first to last event; NULL but for flashes", "s", nullable=True),
        Column("quality_flag", "UTINYINT", "0 is good; NULL for events", nullable=True),
    ),
)
