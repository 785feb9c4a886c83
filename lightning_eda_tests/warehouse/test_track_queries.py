"""What counts as a jump of a storm, and where it is."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from lightning_eda.series.storms import RATE_MINUTES, STORM_TRACK_POINTS, STORM_TRACK_RATES
from lightning_eda.warehouse.track_queries import jumps_of_day
from lightning_eda.warehouse.writing.day_rows import replace_day

DAY = date(2024, 7, 1)
LIMITS = (1.5, 15.0, 6.0)


def rates(start: datetime, counts, sigmas, track="A") -> list[dict]:
    """The steps of a storm from a moment on."""
    step = timedelta(minutes=RATE_MINUTES)
    return [
        {"satellite": "G18", "track": track, "time": start + n * step, "flashes": count, "sigma": sigma}
        for n, (count, sigma) in enumerate(zip(counts, sigmas, strict=True))
    ]


def point(moment: datetime, lat: float, track="A") -> dict:
    """A frame; what is not asked for is of no matter."""
    rest = {"flashes": 1, "flashes_per_minute": 1.0, "area_km2": 0.0}
    return {"satellite": "G18", "track": track, "frame_time": moment, "lat": lat, "lon": -lat, **rest}


@pytest.fixture
def database(tmp_path):
    """Makes a database with the storms of a day or more."""
    path = tmp_path / "tracks.duckdb"

    def write(day: date, steps: list[dict], frames: list[dict]) -> Path:
        tables = {STORM_TRACK_RATES: steps, STORM_TRACK_POINTS: frames}
        replace_day(
            path,
            day,
            {table: pa.Table.from_pylist(rows, table.arrow_schema("day")) for table, rows in tables.items()},
        )
        return path

    return write


def test_jumps_near_each_other_are_one(database):
    """Within six minutes of one before; a rate or a sigma below the limits is none; storms do not mix."""
    start = datetime(2024, 7, 1, 12)
    counts = [30, 40, 40, 28, 40, 40, 40, 40, 40, 40, 40, 40]
    sigmas = [1.5, None, 1.5, 1.5, None, 1.5, 1.49, None, None, 1.5, 1.5, None]
    steps = rates(start, counts, sigmas) + rates(start + timedelta(minutes=2), [31], [2.0], "B")
    ends = [start + timedelta(minutes=30)]
    path = database(DAY, steps, [point(end, 1.0, track) for end in ends for track in "AB"])

    def found(*limits, track="A"):
        rows = jumps_of_day(path, DAY, *limits).to_pylist()
        return [(row["time"] - start) // timedelta(minutes=2) for row in rows if row["track"] == track]

    assert found(*LIMITS) == [0, 9]
    assert found(*LIMITS, track="B") == [1]
    assert found(1.5, 15.0, 5.0) == [0, 5, 9]
    assert found(1.5, 21.0, 6.0) == []
    (row,) = jumps_of_day(path, DAY, 2.0, 15.0, 6.0).to_pylist()
    assert row["flashes_per_minute"] == 15.5


def test_a_jump_is_where_the_storm_is_in_the_frame_of_its_moment(database):
    """The first that ends after it, whatever the order of the rows."""
    start = datetime(2024, 7, 1, 12)
    frames = [point(start + timedelta(minutes=m), float(m)) for m in (10, 0, 5)]
    (row,) = jumps_of_day(database(DAY, rates(start, [40], [3.0]), frames), DAY, *LIMITS).to_pylist()
    assert (row["lat"], row["lon"]) == (5.0, -5.0)


def test_a_jump_that_began_before_midnight_is_of_that_day(database):
    """What goes on six minutes later is no jump of the day after."""
    end = datetime(2024, 7, 2)
    database(DAY, rates(end - timedelta(minutes=6), [40], [3.0]), [point(end, 1.0)])
    steps = rates(end, [40] * 4, [3.0, None, None, 3.0])
    path = database(end.date(), steps, [point(end + timedelta(minutes=15), 2.0)])
    assert [row["time"] for row in jumps_of_day(path, DAY, *LIMITS).to_pylist()] == [
        end - timedelta(minutes=6)
    ]
    assert jumps_of_day(path, end.date(), *LIMITS).num_rows == 0
    (later,) = jumps_of_day(path, end.date(), 1.5, 15.0, 5.0).to_pylist()[:1]
    assert later["time"] == end
