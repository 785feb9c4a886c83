"""Reads of storm tracks; each opens the database, asks, and closes it."""

from datetime import date, timedelta

import pyarrow as pa

from lightning_eda.series.storms import RATE_MINUTES, STORM_TRACK_POINTS, TRACK_TABLES
from lightning_eda.warehouse.queries import Database, has_table, reading

JUMPS = """
    WITH strong AS (
        SELECT rates.day, rates.satellite, rates.track, rates.time, rates.sigma, frames.lat, frames.lon,
            rates.flashes / $step_minutes AS flashes_per_minute
        FROM storm_track_rates AS rates ASOF JOIN
            (FROM storm_track_points WHERE day BETWEEN $day - INTERVAL 1 DAY AND $day) AS frames
            ON rates.track = frames.track AND rates.time < frames.frame_time
        WHERE rates.sigma >= $sigma AND rates.flashes / $step_minutes >= $flashes_per_minute
            AND rates.time >= $day - $apart AND rates.day <= $day
        QUALIFY coalesce(time - lag(time) OVER (PARTITION BY rates.track ORDER BY time) > $apart, true))
    SELECT * EXCLUDE (day) FROM strong WHERE day = $day ORDER BY track, time"""


def jumps_of_day(
    database: Database, day: date, sigma: float, flashes_per_minute: float, one_within_minutes: float
) -> pa.Table:
    """The steps of `storm_track_rates` at which the jump of a storm of a day begins, by storm and time.

    A step that passes the limits no more than `one_within_minutes` after another that does belongs to the
    same jump, also over midnight.

    Args:
        database: The database.
        day: The day.
        sigma: Least sigma.
        flashes_per_minute: Least flash rate in the step, minute-1.
        one_within_minutes: Jumps so near each other in time are one.

    Returns:
        The columns of `lightning_jumps` but day; lat and lon are those of the first frame that ends later.

    Raises:
        DatabaseBusyError, WarehouseError: As `reading`.
    """
    limits = {
        "day": day,
        "sigma": sigma,
        "flashes_per_minute": flashes_per_minute,
        "apart": timedelta(minutes=one_within_minutes),
        "step_minutes": float(RATE_MINUTES),
    }
    with reading(database) as connection:
        return connection.sql(JUMPS, params=limits).to_arrow_table()


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
            table.name: connection.sql(sql.format(table.name), params={"day": day}).to_arrow_table()
            for table in TRACK_TABLES
        }
