"""The tables of the storms of a day: its cells, and storms through time with their flash rate and jumps.

`load` never touches these tables, so after an hour was loaded again they tell of the flashes before, until
the day's storms are made again: `storm_days` says of which state of the ledger the cells are.
"""

from typing import Final

from lightning_eda.series.columns import Column, Table
from lightning_eda.series.tables import FLASH_ID, GRANULE_START, SATELLITE

DAY: Final = Column("day", "DATE", "Day of the partition")
FRAME_MINUTES: Final = 5
"""From frame to frame, the steps of storm_track_points; a day has a whole number of them."""
RATE_MINUTES: Final = 2
"""The steps of storm_track_rates, in which jumps are looked for."""

_CELL = Column("cell", "INTEGER", "Number of the cell, the cluster of the day's clusters.csv.gz")
_TRACK = Column(
    "track", "VARCHAR", "The storm: satellite, frame and place of its birth, in hundredths of a degree"
)

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

STORM_TRACKS = Table(
    "storm_tracks",
    "A storm up to the end of a day on which it was there, or was found to be over.",
    ("day", "track"),
    (
        DAY,
        SATELLITE,
        _TRACK,
        Column("first_time", "TIMESTAMP", "The frame of its birth, which may be days before", "UTC"),
        Column("last_time", "TIMESTAMP", "The last frame it was seen in", "UTC"),
        Column("parent", "VARCHAR", "The storm it split from; NULL of a birth", nullable=True),
        Column("ended_by", "VARCHAR", "end or merger; NULL while it may go on", nullable=True),
        Column("merged_into", "VARCHAR", "The storm it merged into", nullable=True),
        Column("frames", "BIGINT", "Frames it was seen in"),
        Column("flashes", "BIGINT", "Its flashes"),
        Column("peak_per_minute", "DOUBLE", "Flash rate of its liveliest five minutes", "minute-1"),
        Column("largest_area_km2", "DOUBLE", "Its largest area", "km2"),
        Column(
            "speed_kmh", "DOUBLE", "On its whole way; NULL of less than 3 frames", "km hour-1", nullable=True
        ),
        Column(
            "heading_deg",
            "DOUBLE",
            "Where it moved to, clockwise from north; NULL where it does not",
            "degree",
            nullable=True,
        ),
        Column(
            "forecast_error_km",
            "DOUBLE",
            "Mean of how far off the forecasts of 30 minutes were; NULL without any",
            "km",
            nullable=True,
        ),
    ),
)

STORM_TRACK_POINTS = Table(
    "storm_track_points",
    "A storm in one frame of five minutes.",
    ("day", "track", "frame_time"),
    (
        DAY,
        SATELLITE,
        _TRACK,
        Column("frame_time", "TIMESTAMP", "End of the frame; its flashes are of the window before", "UTC"),
        Column("lat", "DOUBLE", "Latitude of the mean of its flashes on the sphere", "degrees_north"),
        Column("lon", "DOUBLE", "Longitude of the same", "degrees_east"),
        Column("flashes", "BIGINT", "Flashes of the window"),
        Column("flashes_per_minute", "DOUBLE", "Flash rate of the last five minutes", "minute-1"),
        Column("area_km2", "DOUBLE", "Area of the convex hull; 0 where flashes lie on a line", "km2"),
        Column(
            "speed_kmh",
            "DOUBLE",
            "Over the last 30 minutes; NULL while too little is known",
            "km hour-1",
            nullable=True,
        ),
        Column(
            "heading_deg",
            "DOUBLE",
            "Where it moves to, clockwise from north; NULL where it does not",
            "degree",
            nullable=True,
        ),
        Column("event", "VARCHAR", "birth, split or merger; NULL when it just goes on", nullable=True),
        Column("forecast_lat", "DOUBLE", "Where it should be in 30 minutes", "degrees_north", nullable=True),
        Column("forecast_lon", "DOUBLE", "The same", "degrees_east", nullable=True),
        Column(
            "forecast_error_km",
            "DOUBLE",
            "How far off the forecast made 30 minutes ago was; NULL without one",
            "km",
            nullable=True,
        ),
    ),
)

STORM_TRACK_RATES = Table(
    "storm_track_rates",
    "The flashes of a storm in two minutes of the clock.",
    ("day", "track", "time"),
    (
        DAY,
        SATELLITE,
        _TRACK,
        Column("time", "TIMESTAMP", "Beginning of the two minutes", "UTC"),
        Column("flashes", "BIGINT", "Its flashes in them"),
        Column(
            "sigma",
            "DOUBLE",
            "Change of the count in standard deviations of the five changes before; NULL of its first six",
            "1",
            nullable=True,
        ),
    ),
)

LIGHTNING_JUMPS = Table(
    "lightning_jumps",
    "A lightning jump of a storm: its flash rate grew far faster than before. Research, not a warning.",
    ("day", "track", "time"),
    (
        DAY,
        SATELLITE,
        _TRACK,
        Column("time", "TIMESTAMP", "Beginning of the two minutes at which it began", "UTC"),
        Column("sigma", "DOUBLE", "As in storm_track_rates", "1"),
        Column("flashes_per_minute", "DOUBLE", "Flash rate of these two minutes", "minute-1"),
        Column("lat", "DOUBLE", "Latitude of the storm in the frame of that moment", "degrees_north"),
        Column("lon", "DOUBLE", "Longitude of the same", "degrees_east"),
    ),
)

CELL_TABLES: Final = (STORM_CELLS, STORM_CELL_FLASHES, STORM_DAYS)
TRACK_TABLES: Final = (STORM_TRACKS, STORM_TRACK_POINTS, STORM_TRACK_RATES, LIGHTNING_JUMPS)
