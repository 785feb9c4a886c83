"""The series of an hour and the storms of a day: their tables, declared once, below whoever writes or reads.

columns   what a column and a table are
tables    the ledger of granules, flashes, groups, events
storms    storm cells, tracks, jumps
files     density grids, cleaned rows
"""

from datetime import timedelta
from typing import Final

from lightning_eda.series.columns import ARROW_TYPES, LOADED_AT, Column, Table
from lightning_eda.series.tables import (
    EVENTS,
    FLASH_ID,
    FLASHES,
    GRANULE_START,
    GRANULES,
    GROUPS,
    SATELLITE,
    TABLE_NAMES,
    TABLES,
    TIER_TABLES,
    TIERS,
)

__all__ = [
    "ARROW_TYPES",
    "EVENTS",
    "FLASHES",
    "FLASH_ID",
    "GRANULES",
    "GRANULE_START",
    "GROUPS",
    "HOUR",
    "LOADED_AT",
    "SATELLITE",
    "TABLES",
    "TABLE_NAMES",
    "TIERS",
    "TIER_TABLES",
    "Column",
    "Table",
]

HOUR: Final = timedelta(hours=1)
