"""Writing the storm tracks of a day, and their jumps."""

from datetime import date
from pathlib import Path

import pyarrow as pa

from lightning_eda.warehouse.schema.tracks import (
    LIGHTNING_JUMPS,
    STORM_TRACK_POINTS,
    STORM_TRACK_RATES,
    STORM_TRACKS,
)
from lightning_eda.warehouse.writing.day_rows import replace_day


def replace_tracks(
    database: Path | str, day: date, tracks: pa.Table, points: pa.Table, rates: pa.Table
) -> bool:
    """Makes the day's tracks exactly these, in one transaction; returns whether it wrote.

    Args:
        database: The database file; made when it is not there.
        day: The day.
        tracks: The columns of `storm_tracks` but day, in any order.
        points: Those of `storm_track_points`.
        rates: Those of `storm_track_rates`.

    Raises:
        DatabaseBusyError: Others held the database all that time.
        WarehouseError: The database could not be written.
        ValueError: A column is missing or holds a value it cannot hold, or a key is there twice.
    """
    given = ((STORM_TRACKS, tracks), (STORM_TRACK_POINTS, points), (STORM_TRACK_RATES, rates))
    return replace_day(database, day, dict(given))


def replace_jumps(database: Path | str, day: date, jumps: pa.Table) -> bool:
    """Makes the day's jumps exactly these; arguments, result and errors as `replace_tracks`."""
    return replace_day(database, day, {LIGHTNING_JUMPS: jumps})
