"""The healing sensor on a real archive and database; the clock is frozen."""

import shutil
from datetime import datetime, timedelta

import dagster as dg
import duckdb
import pytest

from lightning_eda.glm.names import PRODUCT
from lightning_eda.warehouse.database.connection import writer
from lightning_eda_tests.orchestration.sensors.ticks import Ticks
from lightning_eda_tests.support.hours import HOUR, KEY, simulate

NOW = HOUR + timedelta(hours=1, minutes=30)


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def healing(settings, clock):
    """Makes the sensor for given settings; one hour back, unless they say otherwise."""

    def make(**changes) -> Ticks:
        return Ticks(settings(**{"heal_hours": "1", **changes}), "heal_hours", clock)

    return make


def late_granules(tmp_path, have: int, come: int, **options) -> None:
    """Puts further granules of an hour into the archive, and leaves those that are there as they are."""
    paths = simulate(tmp_path / "elsewhere", granules=have + come, **options)[have:]
    for path in paths:
        target = tmp_path / "archive" / path.relative_to(tmp_path / "elsewhere")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)


def test_an_hour_that_was_never_loaded_is_asked_for_once(tmp_path, healing):
    """Its state is the run key; the second tick has nothing to say but that."""
    simulate(tmp_path / "archive")
    ticks = healing()
    (request,) = ticks.tick().run_requests
    assert request.partition_key == KEY and request.run_key.startswith(KEY + ":")
    result = ticks.tick()
    assert not result.run_requests
    assert f"asked for before as they are: {KEY}" in result.skip_reason.skip_message


def test_a_loaded_hour_is_left_alone_until_a_granule_comes_late(tmp_path, loaded, run, healing):
    """Also when it is incomplete, as this one is with 4 granules of 180."""
    ticks = healing()
    assert "the database holds all granules" in ticks.tick().skip_reason.skip_message
    late_granules(tmp_path, have=4, come=1)
    assert ticks.partitions() == [KEY]
    assert ticks.partitions() == []
    late_granules(tmp_path, have=5, come=1)
    assert ticks.partitions() == [KEY]
    assert run(loaded, KEY).success
    assert "the database holds all granules" in ticks.tick().skip_reason.skip_message


def test_a_granule_that_changed_is_asked_for(tmp_path, loaded, healing):
    """Other bytes under the same name; one that is gone is no reason to empty the database."""
    paths = sorted((tmp_path / "archive").rglob("*.nc"))
    ticks = healing()
    paths[0].unlink()
    assert ticks.partitions() == []
    shutil.copy(paths[2], paths[1])
    assert ticks.partitions() == [KEY]


def test_an_empty_hour_gets_its_result_once(tmp_path, settings, run, healing):
    """After it ran, it is known to be empty."""
    (tmp_path / "archive" / PRODUCT).mkdir(parents=True)
    assert healing().partitions() == [KEY]
    assert run(settings(), KEY).success
    assert healing().partitions() == []


def test_at_hh_19_the_hour_just_over_is_left_to_the_schedule(tmp_path, healing, clock):
    """At HH:20 it is compared; the unfinished hour never is."""
    for hours in range(3):
        simulate(tmp_path / "archive", HOUR + timedelta(hours=hours), granules=1)
    clock.now = HOUR + timedelta(hours=1, minutes=19)
    assert KEY not in healing().partitions()
    clock.now = HOUR + timedelta(hours=1, minutes=20)
    assert healing().partitions() == [KEY]
    assert healing(heal_hours="2").partitions() == ["2024-07-01-19:00", KEY]


@pytest.mark.slow
def test_after_five_hours_of_outage(tmp_path, settings, run, healing, clock):
    """Exactly the hours since, and the one before that was still compared and got a granule late."""
    for hours in range(8):
        simulate(tmp_path / "archive", HOUR + timedelta(hours=hours), granules=1)
    for hour in ("2024-07-01-19:00", KEY):
        assert run(settings(), hour).success
    ticks = healing(heal_hours="2")
    assert ticks.partitions() == []
    clock.now += timedelta(hours=5)
    late_granules(tmp_path, have=1, come=1)
    assert ticks.partitions() == [
        KEY,
        "2024-07-01-21:00",
        "2024-07-01-22:00",
        "2024-07-01-23:00",
        "2024-07-02-00:00",
        "2024-07-02-01:00",
    ]
    assert ticks.partitions() == []


def test_an_outage_of_a_month_is_made_up_for_in_part(tmp_path, healing, clock, capsys):
    """Three days; the log names the rest."""
    simulate(tmp_path / "archive", granules=1)
    ticks = healing()
    ticks.tick()
    clock.now += timedelta(days=30)
    assert len(ticks.partitions()) == 72
    assert "648 hours, the first 2024-07-01-21:00, are too far back" in capsys.readouterr().err
    clock.now += timedelta(hours=1)
    assert len(ticks.partitions()) == 1


@pytest.mark.parametrize(
    "tags",
    [
        {"dagster/partition": KEY},
        {
            "dagster/asset_partition_range_start": "2024-07-01-18:00",
            "dagster/asset_partition_range_end": "2024-07-02-03:00",
        },
    ],
)
def test_an_hour_with_a_run_in_progress_is_left_alone(tmp_path, healing, tags):
    """Alone or in a range; when the run has ended and not helped, the hour is asked for."""
    simulate(tmp_path / "archive")
    ticks = healing()
    run_id = dg.DagsterInstance.create_run_for_job(ticks.instance, waiting, tags=tags).run_id
    result = ticks.tick()
    assert not result.run_requests
    assert f"a run is queued or at work for {KEY}" in result.skip_reason.skip_message
    ticks.instance.report_run_canceled(ticks.instance.get_run_by_id(run_id))
    assert ticks.partitions() == [KEY]


@dg.job
def waiting():
    """A job that is never run."""


@pytest.mark.parametrize(
    "tags",
    [
        {"dagster/partition": "2024-07-01-21:00"},
        {"dagster/partition": "2024-07-01"},
        {
            "dagster/asset_partition_range_start": "2024-07-01",
            "dagster/asset_partition_range_end": "2024-07-03",
        },
        {},
    ],
)
def test_runs_for_other_things_do_not_matter(tmp_path, healing, tags):
    """Another hour, days of another system, no partition at all."""
    simulate(tmp_path / "archive")
    ticks = healing()
    ticks.instance.create_run_for_job(waiting, tags=tags)
    assert ticks.partitions() == [KEY]


def test_a_database_that_is_held_is_no_failure(tmp_path, loaded, healing, monkeypatch):
    """The tick is skipped with the reason, and nothing is forgotten."""
    late_granules(tmp_path, have=4, come=1)
    monkeypatch.setattr("lightning_eda.sensors.heal_hours.DATABASE_WAIT_S", 0.2)
    ticks = healing()
    with writer(loaded.duckdb_path):
        answer = ticks.tick()
    assert isinstance(answer, dg.SkipReason)
    assert "compared at the next tick" in answer.skip_message and "lightning.duckdb" in answer.skip_message
    assert ticks.partitions() == [KEY]


def test_a_lost_database_is_loaded_again(tmp_path, settings, run, healing):
    """The hour was asked for before, in another state."""
    simulate(tmp_path / "archive")
    ticks = healing()
    before = ticks.run_keys()
    assert run(settings(), KEY).success
    late_granules(tmp_path, have=4, come=1)
    assert ticks.partitions() == [KEY]
    assert run(settings(), KEY).success
    with duckdb.connect(settings().duckdb_path) as database:
        database.execute("DELETE FROM granules")
    assert len({*before, *ticks.run_keys()}) == 2


def test_pinned_there_is_nothing_to_heal(healing):
    """The tick says why."""
    answer = healing(goes_doy="1").tick()
    assert "GOES_YEAR, GOES_DOY or GOES_HOUR is set" in answer.skip_message


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"heal_hours": "soon"}, "HEAL_HOURS: found 'soon'"),
        (
            {"heal_hours": "99999999999"},
            "HEAL_HOURS: found '99999999999'; allowed: a whole number from 1 to 8784",
        ),
        ({"archive_dir": "absent"}, "GLM_ARCHIVE_DIR must name one that exists"),
    ],
)
def test_a_mistake_makes_the_tick_red_with_its_reason(healing, changes, words):
    """One sentence."""
    with pytest.raises(dg.Failure) as failure:
        healing(**changes).tick()
    assert words in failure.value.description


def test_the_description_says_what_is_asked_for_and_when(healing):
    """Hours that lack granules, hours that are empty and were never fetched, and from when."""
    words = healing().sensor.description
    assert "with granules that it lacks" in words
    assert "both have nothing and that were never fetched" in words
    assert "from 20 minutes after its end" in words
