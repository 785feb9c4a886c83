"""Row 31: storm cells of a day whose hours changed are asked for again, once for each change."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from lightning_eda.jobs import storms
from lightning_eda.sensors.asking import MOST_ASKS
from lightning_eda.warehouse.stale_days import DayState, day_state, stale_days
from lightning_eda_tests.orchestration.conftest import warnings
from lightning_eda_tests.orchestration.sensors.ticks import Ticks
from lightning_eda_tests.orchestration.storm_cells.days import DAY, START, flash, only
from lightning_eda_tests.warehouse.detections import store

pytestmark = pytest.mark.usefixtures("undrawn")
run_cells = only("flash_pairs", "storm_cells")

NOW = datetime(2024, 7, 2, 12, tzinfo=UTC)


@dg.job(name=storms.name)
def standing_in():
    """A job of that name, which is never run."""


def ticks_of(settings, now: datetime = NOW) -> Ticks:
    return Ticks(settings, "heal_storms", lambda: now)


def change(settings, granule: int = 0) -> None:
    """An hour of the day is written anew."""
    with duckdb.connect(settings.duckdb_path) as database:
        database.execute("UPDATE granules SET loaded_at = loaded_at + INTERVAL 1 HOUR")


def note_ledger(settings) -> None:
    """Gives the day some granules: the fixture writes flashes only."""
    with duckdb.connect(settings.duckdb_path) as database:
        database.execute(
            "INSERT INTO granules BY NAME SELECT DISTINCT satellite, granule_start, 'key' AS object_key, "
            "'ok' AS status, TIMESTAMP '2024-07-02' AS loaded_at FROM flashes"
        )


def test_cells_of_a_day_that_has_not_changed_are_left_alone(with_cells):
    """The tick says so."""
    answer = ticks_of(with_cells).tick()
    assert not answer.run_requests
    assert "no day to make again" in answer.skip_reason.skip_message


def test_a_changed_day_is_asked_for_once(with_cells):
    """Made again it is as the ledger is, whatever the next day has; the next change is another reason."""
    ticks = ticks_of(with_cells)
    note_ledger(with_cells)
    store(Path(with_cells.duckdb_path), granules=[{"granule_start": START + timedelta(days=1)}])
    (first,) = ticks.run_keys()
    assert ticks.run_keys() == []
    assert run_cells(with_cells).success
    assert stale_days(with_cells.duckdb_path) == []
    change(with_cells)
    (second,) = ticks.run_keys()
    assert {key.rpartition(":")[0] for key in (first, second)} == {DAY}
    assert first != second


def test_a_day_that_was_emptied_has_changed_too(with_cells):
    """Its cells go with its flashes."""
    note_ledger(with_cells)
    assert run_cells(with_cells).success
    with duckdb.connect(with_cells.duckdb_path) as database:
        database.execute("DELETE FROM flashes")
        database.execute("DELETE FROM granules")
    assert ticks_of(with_cells).partitions() == [DAY]
    assert run_cells(with_cells).success
    assert ticks_of(with_cells).partitions() == []


def test_a_day_that_lost_a_granule_has_changed_too(with_cells):
    """Which was loaded with the others."""
    note_ledger(with_cells)
    with duckdb.connect(with_cells.duckdb_path) as database:
        database.execute(
            "INSERT INTO granules BY NAME "
            "SELECT * REPLACE (granule_start + INTERVAL 1 SECOND AS granule_start) FROM granules LIMIT 1"
        )
    assert run_cells(with_cells).success
    assert stale_days(with_cells.duckdb_path) == []
    with duckdb.connect(with_cells.duckdb_path) as database:
        database.execute("DELETE FROM granules WHERE second(granule_start) % 20 = 1")
    before = day_state(with_cells.duckdb_path, START.date())
    assert stale_days(with_cells.duckdb_path) == [before]


def test_an_hour_that_changes_between_pairs_and_cells_counts(with_cells):
    """What is noted is the state before the flashes of the pairs were read."""
    note_ledger(with_cells)
    assert run_cells(with_cells).success
    before = day_state(with_cells.duckdb_path, START.date())
    change(with_cells)
    assert stale_days(with_cells.duckdb_path) == [
        DayState(before.day, before.granules, before.last_loaded_at + timedelta(hours=1))
    ]


def test_no_cells_are_made_of_days_nobody_asked_for(stormy):
    """A backfill of the past makes no storm cells; the schedule is off."""
    note_ledger(stormy)
    assert ticks_of(stormy).partitions() == []


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(7, []), (7.5, []), (7.9, [DAY]), (36, [DAY]), (24 * 3 + 7, [DAY]), (24 * 4, [])],
)
def test_a_day_that_daily_storms_missed_is_made_up_for(stormy, monkeypatch, hours, expected):
    """While it is on: from 20 minutes after it was due, three days long."""
    note_ledger(stormy)
    monkeypatch.setattr("lightning_eda.sensors.heal_storms.is_on", lambda *_: True)
    now = (START + timedelta(days=1, hours=hours)).replace(tzinfo=UTC)
    assert ticks_of(stormy, now).partitions() == expected


@pytest.mark.slow
def test_a_page_is_made_again_when_the_day_before_changed_its_storms(settings, tmp_path):
    """The run of that day says so; the page is asked for once, and again after another change."""
    mine = settings()
    (tmp_path / "data").mkdir()
    late = [flash("G18", START, 86_000.0 + 10 * k, 10.0, -130.0) | {"flash_id": k} for k in range(60)]
    store(Path(mine.duckdb_path), flashes=late[40:])
    ticks = ticks_of(mine, datetime(2024, 7, 3, 12, tzinfo=UTC))
    options = {"instance": ticks.instance}
    assert only("storm_tracks", "lightning_jumps", "storm_page")(mine, "2024-07-02", **options).success
    assert ticks.run_keys() == []
    asked = []
    for rows in (late[20:40], late[:20]):  # earlier and earlier
        store(Path(mine.duckdb_path), flashes=rows)
        result = only("storm_tracks")(mine, DAY, **options)
        (told,) = [words for words in warnings(ticks.instance, result) if words.startswith("2024-07-02: ")]
        assert "its storms go on from 2024-07-01" in told
        asked += ticks.run_keys()
        assert ticks.run_keys() == []
        assert only("storm_tracks", "lightning_jumps", "storm_page")(mine, "2024-07-02", **options).success
        assert ticks.run_keys() == []
    assert len({*asked}) == 2
    assert {key.partition(":")[0] for key in asked} == {"2024-07-02"}


@pytest.mark.parametrize(
    ("tag", "most"),
    [("dagster/schedule_name", MOST_ASKS), ("dagster/sensor_name", MOST_ASKS), ("dagster/user", 0)],
)
def test_a_run_that_failed_behind_the_cells_is_asked_for_again(with_cells, tag, most):
    """Nobody launched it by hand; the cells fit the ledger, and the page is not there."""
    ticks, asked = ticks_of(with_cells), []
    tags = {"dagster/partition": DAY, tag: "heal_storms" if "sensor" in tag else "daily_storms"}
    for _ in range(MOST_ASKS + 1):
        run = ticks.instance.create_run_for_job(standing_in, tags=tags)
        assert ticks.run_keys() == []  # it is at work
        ticks.instance.report_run_failed(run)
        asked += ticks.run_keys()
    assert len(set(asked)) == most


def test_while_hours_of_the_day_are_at_work_it_waits(with_cells):
    """So that a backfill of the day makes the cells once."""
    note_ledger(with_cells)
    ticks = ticks_of(with_cells)
    for hour in ("00", "23"):
        tags = {"dagster/partition": f"{DAY}-{hour}:00"}
        run = ticks.instance.create_run_for_job(standing_in, tags=tags)
        assert f"hours are queued or at work of {DAY}" in ticks.tick().skip_reason.skip_message
        ticks.instance.report_run_canceled(run)
    for hour in ("2024-06-30-23:00", "2024-07-02-00:00"):  # of other days
        ticks.instance.create_run_for_job(standing_in, tags={"dagster/partition": hour})
    assert ticks.partitions() == [DAY]


def test_a_day_whose_run_failed_is_asked_for_again_boundedly(with_cells):
    """As hours are."""
    note_ledger(with_cells)
    ticks, asked = ticks_of(with_cells), []
    for _ in range(MOST_ASKS + 1):
        asked += ticks.run_keys()
        run = ticks.instance.create_run_for_job(standing_in, tags={"dagster/partition": DAY})
        ticks.instance.report_run_failed(run)
    assert len(set(asked)) == MOST_ASKS


def test_a_database_of_before_is_no_error(tmp_path, stormy):
    """It has no table of days until it is written; and there may be no database at all."""
    with duckdb.connect(stormy.duckdb_path) as database:
        database.execute("DROP TABLE storm_days")
    assert ticks_of(stormy).partitions() == []
    Path(stormy.duckdb_path).unlink()
    assert "there is no database yet" in ticks_of(stormy).tick().skip_message
