"""Storm tracks over midnight, from any order of days; lightning jumps of them."""

from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pytest

from lightning_eda_tests.clustering.storms.moving_storms import back, flashes, storm
from lightning_eda_tests.orchestration.storm_days import failure, flash, metadata, only
from lightning_eda_tests.warehouse.contents import rows_with
from lightning_eda_tests.warehouse.detections import store

FIRST, SECOND = "2024-07-01", "2024-07-02"
EVENING = datetime(2024, 7, 1, 21)
TABLES = ("storm_tracks", "storm_track_points", "storm_track_rates", "lightning_jumps")
run_tracks = only("storm_tracks", "lightning_jumps")


def night():
    """A storm from 22:00 to 02:00 that grows at 23:00, and a short one of the second day."""
    random = np.random.default_rng(7)
    place = (-20.0, -100.0)
    storms = [
        storm(random, (60, 300), place),
        storm(random, (120, 130), back(place, -40, 90), per_minute=80, spread_km=3),
        storm(random, (400, 460), (10.0, -120.0)),
    ]
    rows = []
    for number, row in enumerate(flashes(storms, start=EVENING).to_pylist()):
        seconds = (row["time"] - EVENING).total_seconds()
        rows.append(flash("G18", EVENING, seconds, row["lat"], row["lon"]) | {"flash_id": number})
    return rows


def of_day(rows, day):
    return [row for row in rows if str(row["granule_start"].date()) == day]


def tracks_of(settings, day):
    return rows_with(settings.duckdb_path, "storm_tracks", day=day).to_pylist()


def contents(settings):
    with duckdb.connect(settings.duckdb_path, read_only=True) as database:
        return {table: database.sql(f"FROM {table} ORDER BY ALL").fetchall() for table in TABLES}


@pytest.fixture(scope="module")
def rows():
    return night()


def made(settings, tmp_path, *steps):
    """The tables after flashes were stored and days were tracked, in the order given."""
    (tmp_path / "data").mkdir(exist_ok=True)
    for step in steps:
        if isinstance(step, str):
            assert run_tracks(settings, step).success
        else:
            store(Path(settings.duckdb_path), flashes=step)
    return contents(settings)


def test_a_storm_keeps_its_name_over_midnight(settings, tmp_path, rows):
    """One row a day it is there; it is over on the second."""
    mine = settings()
    made(mine, tmp_path, rows, FIRST, SECOND)
    evening, morning = (
        rows_with(mine.duckdb_path, "storm_tracks", day=day).to_pylist() for day in (FIRST, SECOND)
    )
    (storm_of_evening,) = evening
    again = [row for row in morning if row["track"] == storm_of_evening["track"]]
    assert [row["ended_by"] for row in evening + again] == [None, "end"]
    assert again[0]["first_time"] == storm_of_evening["first_time"] == datetime(2024, 7, 1, 22, 5)
    assert again[0]["last_time"] == pytest.approx(datetime(2024, 7, 2, 2), abs=timedelta(minutes=10))
    assert len(morning) == 2
    points = rows_with(mine.duckdb_path, "storm_track_points", day=FIRST).to_pylist()
    assert max(row["frame_time"] for row in points) == datetime(2024, 7, 2)


@pytest.mark.usefixtures("undrawn")
def test_the_order_of_days_makes_no_difference(settings, tmp_path, rows):
    """Loaded and tracked backwards, the second day is made again with the first."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    forwards = made(settings(), tmp_path, rows, FIRST, SECOND)
    other = settings(duckdb_path=str(tmp_path / "b" / "other.duckdb"))
    backwards = made(other, tmp_path, of_day(rows, SECOND), SECOND)
    assert backwards != forwards
    backwards = made(other, tmp_path, of_day(rows, FIRST), FIRST, SECOND)
    assert backwards == forwards
    assert made(other, tmp_path, SECOND, FIRST) == forwards


@pytest.mark.usefixtures("undrawn")
def test_a_jump_is_told(settings, tmp_path, rows):
    """Where the storm grew twentyfold, and what it is."""
    mine = settings()
    (tmp_path / "data").mkdir()
    store(Path(mine.duckdb_path), flashes=rows)
    result = run_tracks(mine, FIRST)
    jumps = rows_with(mine.duckdb_path, "lightning_jumps", day=FIRST).to_pylist()
    assert jumps
    assert jumps[0]["time"] == pytest.approx(datetime(2024, 7, 1, 23), abs=timedelta(minutes=4))
    assert jumps[0]["lat"] == pytest.approx(-20.0, abs=0.2)
    assert metadata(result, "lightning_jumps")["what_it_is"].startswith("research, not a warning")
    shown = metadata(result, "storm_tracks")
    assert shown["births"] == 1
    assert "forecasts of 30 minutes" in shown["forecast_error_km"]
    assert shown["granules"].endswith("of 4,320")


def test_a_day_without_flashes_has_no_storms(settings, tmp_path):
    """It succeeds and says so."""
    mine = settings()
    (tmp_path / "data").mkdir()
    store(Path(mine.duckdb_path), flashes=[])
    result = run_tracks(mine, FIRST)
    assert result.success
    assert metadata(result, "storm_tracks")["status"] == "no flashes are loaded for this day"
    assert metadata(result, "lightning_jumps")["dagster/row_count"] == 0


def test_a_satellite_that_is_not_loaded_is_refused(settings, tmp_path, rows):
    """As by flash_pairs."""
    mine = settings()
    (tmp_path / "data").mkdir()
    store(Path(mine.duckdb_path), flashes=rows)
    result = run_tracks(mine, FIRST, {"ops": {"storm_tracks": {"config": {"satellites": ["G16"]}}}})
    assert not result.success
    assert "G16" in failure(result)
