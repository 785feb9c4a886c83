"""Storm tracks over midnight, from any order of days; lightning jumps of them."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from lightning_eda_tests.clustering.storms.moving_storms import back, flashes, storm
from lightning_eda_tests.orchestration.conftest import draw_nothing, settings_in
from lightning_eda_tests.orchestration.storm_cells.days import failure, flash, metadata, only
from lightning_eda_tests.support.opened import opened
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
    with opened(settings.duckdb_path) as database:
        return {table: database.sql(f"FROM {table} ORDER BY ALL").fetchall() for table in TABLES}


@pytest.fixture(scope="module")
def rows():
    return night()


def made(settings, *steps):
    """The results of days that were tracked, in the order given, as flashes are stored in between."""
    results = []
    for step in steps:
        if isinstance(step, str):
            results.append(run_tracks(settings, step))
            assert results[-1].success
        else:
            store(Path(settings.duckdb_path), flashes=step)
    return results


@pytest.fixture(scope="module")
def forwards(rows, tmp_path_factory):
    """Settings of both days, tracked one after the other for all tests of this module, and the results."""
    mine = settings_in(tmp_path_factory.mktemp("forwards"))
    Path(mine.data_dir).mkdir()
    with pytest.MonkeyPatch.context() as patch:
        draw_nothing(patch)
        return mine, made(mine, rows, FIRST, SECOND)


def test_a_storm_keeps_its_name_over_midnight(forwards):
    """One row a day it is there; it is over on the second."""
    mine, _ = forwards
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


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_the_order_of_days_makes_no_difference(settings, tmp_path, rows, forwards):
    """Loaded and tracked backwards, the second day is made again with the first."""
    expected, other = contents(forwards[0]), settings()
    (tmp_path / "data").mkdir()
    made(other, of_day(rows, SECOND), SECOND)
    assert contents(other) != expected
    made(other, of_day(rows, FIRST), FIRST, SECOND)
    assert contents(other) == expected
    made(other, SECOND, FIRST)
    assert contents(other) == expected


def test_a_jump_is_told(forwards):
    """Where the storm grew twentyfold, and what it is."""
    mine, (result, _) = forwards
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
