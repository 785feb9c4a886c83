"""Rows 22, 23: hours whose run failed, or whose granules ended their decoder, are asked for again."""

import json
import time
from types import SimpleNamespace

import dagster as dg
import duckdb
import pytest
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)

from lightning_eda.jobs import lightning
from lightning_eda.sensors import asking
from lightning_eda.sensors.asking import MOST_ASKS, keys_in_progress
from lightning_eda.sensors.healing_cursor import HealingCursor
from lightning_eda_tests.orchestration.sensors.test_healing import KEY, NOW, late_granules
from lightning_eda_tests.orchestration.sensors.ticks import Ticks
from lightning_eda_tests.support.hours import HOUR, simulate


@dg.job(name=lightning.name)
def standing_in():
    """A job of that name, which is never run."""


@dg.job
def another():
    """Another job."""


@pytest.fixture
def ticks(tmp_path, settings) -> Ticks:
    """The sensor, on an archive with an hour that was never loaded."""
    simulate(tmp_path / "archive")
    return Ticks(settings(heal_hours="1"), "heal_hours", lambda: NOW)


def end_run(ticks: Ticks, outcome: str = "failed", job=standing_in, **tags: str) -> None:
    """A run for the hour that has ended."""
    run = ticks.instance.create_run_for_job(job, tags={"dagster/partition": KEY, **tags})
    if outcome == "failed":
        ticks.instance.report_run_failed(run)
    elif outcome == "canceled":
        ticks.instance.report_run_canceled(run)
    else:
        ticks.instance.handle_new_event(success_of(run))


def success_of(run: dg.DagsterRun) -> dg.EventLogEntry:
    event = dg.DagsterEvent(dg.DagsterEventType.RUN_SUCCESS.value, run.job_name)
    named = {"job_name": run.job_name, "dagster_event": event}
    return dg.EventLogEntry(None, "debug", "", run.run_id, time.time(), **named)


def test_an_hour_whose_run_failed_is_asked_for_again_boundedly(ticks):
    """Three times in all in one state, each with a run key of its own; the tick then says what to do."""
    keys = []
    for _ in range(MOST_ASKS):
        keys += ticks.run_keys()
        end_run(ticks)
    assert len(set(keys)) == MOST_ASKS == 3
    assert keys[1:] == [f"{keys[0]}:2", f"{keys[0]}:3"]
    result = ticks.tick()
    assert not result.run_requests
    words = f"asked for before as they are: {KEY} (at most 3 times when runs fail; then re-execute them)"
    assert words in result.skip_reason.skip_message


def test_a_new_state_is_counted_afresh(tmp_path, ticks):
    """A granule that comes late may be what was wrong."""
    for _ in range(MOST_ASKS):
        ticks.tick()
        end_run(ticks)
    assert ticks.partitions() == []
    late_granules(tmp_path, have=4, come=1)
    assert ticks.partitions() == [KEY]
    end_run(ticks)
    assert ticks.partitions() == [KEY]


def test_a_run_is_at_work_until_it_has_ended():
    """From the moment it is made, and while it is suspended or being terminated."""
    hours = {state: f"2024-07-01-{number:02}:00" for number, state in enumerate(dg.DagsterRunStatus)}
    origin = RemoteJobOrigin(RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("here"), "all"), "nightly")
    with dg.DagsterInstance.ephemeral() as instance:
        for state, hour in hours.items():
            run = dg.DagsterRun(
                "nightly", status=state, tags={"dagster/partition": hour}, remote_job_origin=origin
            )
            instance.add_run(run)
        busy = keys_in_progress(instance, hours.values())
    assert {state.value for state in hours if hours[state] not in busy} == {"SUCCESS", "FAILURE", "CANCELED"}


@pytest.mark.parametrize("outcome", ["canceled", "succeeded"])
def test_an_hour_whose_run_was_terminated_or_did_its_work_is_not(ticks, outcome):
    """Somebody wanted it so; or another run would do no better."""
    assert ticks.partitions() == [KEY]
    end_run(ticks, outcome)
    assert ticks.partitions() == []


def test_only_the_last_run_of_the_job_counts(ticks):
    """Not that of another job for the same hour."""
    assert ticks.partitions() == [KEY]
    end_run(ticks, "failed", another)
    assert ticks.partitions() == []
    end_run(ticks)
    end_run(ticks, "succeeded", another)
    assert ticks.partitions() == [KEY]


def test_a_run_that_dagster_repeats_is_waited_for(ticks, monkeypatch):
    """One that died; its repetition is there some seconds later, or two minutes later will never be."""
    assert ticks.partitions() == [KEY]
    end_run(ticks, "failed", **{"dagster/will_retry": "true"})
    assert ticks.partitions() == []
    for seconds, expected in ((100, []), (121, [KEY])):
        with monkeypatch.context() as patch:
            now = time.time() + seconds
            patch.setattr(asking, "time", SimpleNamespace(time=lambda now=now: now))
            assert ticks.partitions() == expected
    end_run(ticks, "failed", **{"dagster/will_retry": "true", "dagster/auto_retry_run_id": "it was repeated"})
    assert ticks.partitions() == [KEY]


def test_a_granule_that_ended_its_decoder_is_not_loaded(tmp_path, settings, run):
    """It is asked for three times more, though the runs succeed; one that cannot be trusted is not."""
    simulate(tmp_path / "archive", faults=[("truncated", 1)])
    assert run(settings(), KEY).success
    ticks = Ticks(settings(heal_hours="1"), "heal_hours", lambda: NOW)
    assert ticks.partitions() == []
    with duckdb.connect(settings().duckdb_path) as database:
        first = "(SELECT min(granule_start) FROM granules)"
        database.execute(f"UPDATE granules SET status = 'undecoded' WHERE granule_start = {first}")
    asked = []
    for _ in range(MOST_ASKS + 1):
        asked += ticks.run_keys()
        end_run(ticks, "succeeded")
    assert len(set(asked)) == MOST_ASKS


def test_the_cursor_remembers_how_often(ticks):
    """Also that of a version which did not count."""
    cursor = HealingCursor().moved_on([HOUR], {HOUR: "aa"}).moved_on([HOUR], {HOUR: "aa"})
    assert HealingCursor.parse(cursor.text()).times_asked(HOUR, "aa") == 2
    assert cursor.times_asked(HOUR, "bb") == 0
    assert cursor.moved_on([HOUR], {HOUR: "bb"}).times_asked(HOUR, "bb") == 1
    start = HOUR.isoformat()
    old = json.dumps({"format": 1, "last_compared": start, "asked": {start: "aa"}})
    assert HealingCursor.parse(old).times_asked(HOUR, "aa") == 1
