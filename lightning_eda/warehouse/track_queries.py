"""Reads of storm tracks; each opens the database, asks, and closes it."""

from datetime import date, timedelta

import pyarrow as pa

from lightning_eda.warehouse.queries import Database, has_table, reading
from lightning_eda.warehouse.schema.tracks import STORM_TRACK_POINTS, TRACK_TABLES

RATES = """
    SELECT rates.day, rates.satellite, rates.track, rates.time, rates.flashes, rates.sigma,
        arg_min(lat, frame_time) AS lat, arg_min(lon, frame_time) AS lon
    FROM storm_track_rates AS rates JOIN storm_track_points AS points USING (track)
    WHERE rates.time >= $begin AND rates.day <= $day AND points.frame_time > rates.time
        AND points.day BETWEEN $day - INTERVAL 1 DAY AND $day
    GROUP BY ALL ORDER BY rates.track, rates.time"""


def track_rates(database: Database, day: date, before: timedelta) -> pa.Table:
    """The flash rates of the storms of a day, and of so long before it, by storm and time.

    Returns:
        day, satellite, track, time, flashes, sigma, and lat and lon of the first frame that ends later.

    Raises:
        DatabaseBusyError, WarehouseError: As `reading`.
    """
    begin = pa.scalar(day, pa.date32()).cast(pa.timestamp("us")).as_py() - before
    with reading(database) as connection:
        return connection.sql(RATES, params={"day": day, "begin": begin}).to_arrow_table()


def tracks_are_made(database: Database, day: date) -> bool:
    """Whether the tracks of a day were made and there was one."""
    sql = "SELECT count(*) FROM storm_track_points WHERE day = $day"
    with reading(database) as connection:
        if not has_table(connection, STORM_TRACK_POINTS):
            return False
        ((count,),) = connection.execute(sql, {"day": day}).fetchall()
        return bool(count)


def tracks_of_day(database: Database, day: date) -> dict[str, pa.Table]:
    """The rows of a day in each of `TRACK_TABLES`, by storm and time.

    Raises:
        DatabaseBusyError, WarehouseError: As `reading`.
    """
    with reading(database) as connection:
        sql = "SELECT * EXCLUDE (day) FROM {} WHERE day = $day ORDER BY ALL"
        return {
            name: connection.sql(sql.format(name), params={"day": day}).to_arrow_table()
            for name in TRACK_TABLES
        }
