"""What asks the hours of days, with a lake: the rows and the requests are those of the database file."""

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from lightning_eda.assets.grids import flash_density
from lightning_eda.assets.storm_cells import storm_cells
from lightning_eda.assets.storm_cells.cell_finding import Drawings
from lightning_eda.grids.files import density_path
from lightning_eda.lake.layout import HourKey
from lightning_eda.lake.summary import ledger_days, newest_granule
from lightning_eda.warehouse.queries import newest_granule as newest_in_database
from lightning_eda.warehouse.stale_days import DayState, days_never_made
from lightning_eda_tests.lake.lakes import an_hour, copy_hours, lake_at, load
from lightning_eda_tests.orchestration.conftest import settings_in
from lightning_eda_tests.orchestration.sensors.ticks import Ticks
from lightning_eda_tests.orchestration.storm_cells.days import DAY, GROUP, START, only, storms_of_day
from lightning_eda_tests.orchestration.storm_cells.test_tracks import FIRST, SECOND, TABLES, night, run_tracks
from lightning_eda_tests.support.hours import HOUR, simulate
from lightning_eda_tests.support.opened import opened
from lightning_eda_tests.warehouse.detections import store

KEY = "2024-07-01-20:00"
NOW = datetime(2024, 7, 2, 12, tzinfo=UTC)
CELLS = ("storm_cells", "storm_cell_flashes")


def with_lake(place: Path, plain):
    """The same settings with a lake and a database of their own."""
    (place / "fleet").mkdir()
    return dataclasses.replace(
        plain,
        data_dir=str(place / "fleet"),
        duckdb_path=str(place / "fleet" / "results.duckdb"),
        lake=f"{place}/lake",
    )


def contents(settings, tables):
    with opened(settings.duckdb_path) as database:
        return {table: database.sql(f"FROM {table} ORDER BY ALL").fetchall() for table in tables}


@pytest.fixture
def stormy_lake(tmp_path, stormy):
    """Settings whose lake has the storms of a day."""
    fleet = with_lake(tmp_path, stormy)
    copy_hours(Path(stormy.duckdb_path), lake_at(fleet.lake))
    return fleet


@pytest.mark.slow
def test_tracks_and_jumps_are_those_of_the_database(tmp_path):
    """A storm over midnight, over two days and four tables."""
    plain = settings_in(tmp_path)
    (tmp_path / "data").mkdir()
    fleet = with_lake(tmp_path, plain)
    store(Path(plain.duckdb_path), flashes=night())
    copy_hours(Path(plain.duckdb_path), lake_at(fleet.lake))
    for settings in (plain, fleet):
        assert run_tracks(settings, (FIRST, SECOND)).success
    found = contents(fleet, TABLES)
    assert found == contents(plain, TABLES)
    assert all(found.values())
    assert contents(fleet, ["flashes"]) == {"flashes": []}


@pytest.mark.slow
def test_cells_are_those_of_the_database(stormy, stormy_lake, run, monkeypatch):
    """What is noted of the day is what the ledger's log says of it; a change is asked for once."""
    monkeypatch.setattr(storm_cells, "draw_cells", lambda *_: Drawings(Path(), Path(), b"", [], ""))
    for settings in (stormy, stormy_lake):
        assert run(settings, DAY, group=GROUP).success
    found = contents(stormy_lake, CELLS)
    assert found == contents(stormy, CELLS)
    assert all(found.values())
    lake = lake_at(stormy_lake.lake)
    (state,) = ledger_days(lake).to_pylist()
    assert contents(stormy_lake, ["storm_days"])["storm_days"] == [tuple(state.values())]
    ticks, key = Ticks(stormy_lake, "heal_storms", lambda: NOW), HourKey(START.replace(tzinfo=UTC), "G18")
    assert ticks.run_keys() == []
    load(lake, (key, an_hour(key, seed=2)), now=NOW)
    assert [one.rpartition(":")[0] for one in ticks.run_keys()] == [DAY]
    assert ticks.run_keys() == []
    load(lake, (key, {name: rows.slice(0, 0) for name, rows in an_hour(key).items()}), now=NOW)
    assert ticks.partitions() == [DAY]  # its hours are gone


def test_a_day_that_was_never_made_is_made_up_for(stormy_lake, monkeypatch):
    """Also while there is no database of results yet."""
    monkeypatch.setattr("lightning_eda.sensors.heal_storms.is_on", lambda *_: True)
    assert not Path(stormy_lake.duckdb_path).exists()
    now = (START + timedelta(days=1, hours=8)).replace(tzinfo=UTC)
    assert Ticks(stormy_lake, "heal_storms", lambda: now).partitions() == [DAY]
    empty = dataclasses.replace(stormy_lake, lake=f"{stormy_lake.lake}/none")
    assert "there is no lake yet" in Ticks(empty, "heal_storms", lambda: now).tick().skip_message


def test_the_days_of_the_log_are_those_of_the_rows(tmp_path):
    """Granules and last time of loading of each day, over hours and satellites, and the newest granule."""
    database, lake = tmp_path / "lightning.duckdb", lake_at(f"{tmp_path}/lake")
    days = [START, START + timedelta(days=1)]
    flashes = [row for day in days for name in ("G16", "G18") for row in storms_of_day(name, day)]
    store(database, flashes=flashes)
    copy_hours(database, lake, now=NOW)
    with duckdb.connect(str(database)) as connection:
        connection.execute("UPDATE granules SET loaded_at = $now", {"now": NOW.replace(tzinfo=None)})
    span = (START.date(), START.date() + timedelta(days=2))
    found = [DayState(**row) for row in ledger_days(lake).to_pylist()]
    assert found == days_never_made(database, *span)
    assert days_never_made(database, *span, ledger=ledger_days(lake)) == found
    assert newest_granule(lake) == newest_in_database(database)


def test_how_fresh_the_lake_is_is_told(tmp_path, settings, run):
    """At the ticks of healing, as of a database."""
    simulate(tmp_path / "archive")
    fleet = with_lake(tmp_path, settings(heal_hours="1"))
    assert run(fleet, KEY).success
    now = HOUR + timedelta(hours=1, minutes=30)
    (told,) = Ticks(fleet, "heal_hours", lambda: now).tick().asset_events
    assert (told.passed, told.metadata["newest_granule"].value) == (True, "2024-07-01T20:01:00Z")


def test_grids_need_no_granules_of_extract_where_workers_fetch(tmp_path, settings, run, monkeypatch):
    """With a cluster `extract` only lists, so they are fetched for the grids; the files are the same."""
    simulate(tmp_path / "archive")
    monkeypatch.setattr(flash_density, "density_pictures", lambda *_: {})
    plain, fleet = settings(), with_lake(tmp_path, settings(dask_scheduler="tcp://127.0.0.1:1"))
    for one in (plain, fleet):
        assert only("extract")(one, KEY).success
        assert run(one, KEY, group="grids").success
    paths = [density_path(Path(one.data_dir), HOUR, "G18") for one in (plain, fleet)]
    assert paths[0].read_bytes() == paths[1].read_bytes()
