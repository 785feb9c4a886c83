"""Row 30: what is fresh is said by the newest granule in the ledger, not by the last materialisation."""

from datetime import timedelta

import dagster as dg
import pytest
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    ScheduleInstigatorData,
    SensorInstigatorData,
)

from lightning_eda.checks import freshness
from lightning_eda.checks.freshness import (
    NEWEST_HOUR_IS_FRESH,
    WATCHERS,
    check_freshness,
    is_on,
    newest_hour_is_fresh,
)
from lightning_eda.resources import PinResource, build_resources
from lightning_eda_tests.orchestration.sensors.ticks import Ticks
from lightning_eda_tests.support.hours import HOUR, simulate

KEY, PAST = "2024-07-01-20:00", "2018-07-01-20:00"
NOW = HOUR + timedelta(hours=1, minutes=30)
WARN, ERROR = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR


@pytest.mark.parametrize(
    ("hours", "passed", "severity"),
    [(0.5, True, None), (2.5, True, None), (2.6, False, WARN), (4.5, False, WARN), (4.6, False, ERROR)],
)
def test_it_is_late_after_two_hours_and_stale_after_four(hours, passed, severity):
    """And half an hour each: an hour is loaded some 70 minutes after it began."""
    result = check_freshness(HOUR, HOUR + timedelta(hours=hours))
    assert result.passed == passed
    if severity:
        assert result.severity == severity
        assert "began at 2024-07-01T20:00:00Z. Either no run succeeded since" in result.description


def test_without_a_granule_it_is_stale():
    """Nothing was ever loaded."""
    result = check_freshness(None, NOW)
    assert (result.passed, result.severity) == (False, ERROR)
    assert "began at none is there" in result.description


def test_the_healing_sensor_says_it_and_only_when_it_changes(tmp_path, settings, run):
    """A backfill of 2018 makes nothing fresh; a tick with the same answer adds nothing to the history.

    A run that is to make the check hides the answer as soon as it is queued, so it is told again.
    """
    for hour in (HOUR, HOUR.replace(year=2018)):
        simulate(tmp_path / "archive", hour)
    assert run(settings(), PAST).success
    now = [NOW]
    ticks = Ticks(settings(heal_hours="1"), "heal_hours", lambda: now[0])
    ticks.instance = run.instance
    (told,) = ticks.tick().asset_events
    assert (told.passed, told.severity) == (False, ERROR)
    assert told.metadata["newest_granule"].value == "2018-07-01T20:01:00Z"
    run.instance.report_runless_asset_event(told)
    assert ticks.tick().asset_events == []
    assert run(settings(), KEY).success
    (told,) = ticks.tick().asset_events
    assert told.passed
    run.instance.report_runless_asset_event(told)
    assert run(settings(), PAST).success
    assert ticks.tick().asset_events == []
    for severity in (WARN, ERROR):  # of the same granule
        now[0] += timedelta(hours=3)
        (told,) = ticks.tick().asset_events
        assert (told.passed, told.severity) == (False, severity)
        run.instance.report_runless_asset_event(told)
    job = dg.Definitions(
        asset_checks=[newest_hour_is_fresh],
        jobs=[dg.define_asset_job("hourly", dg.AssetSelection.all_asset_checks())],
        resources=build_resources(settings()),
    ).resolve_job_def("hourly")
    run.instance.create_run_for_job(job)
    (again,) = ticks.tick().asset_events
    assert (again.passed, again.severity) == (False, ERROR)
    run.instance.report_runless_asset_event(again)
    assert ticks.tick().asset_events == []


@pytest.mark.parametrize(
    ("watched", "pins", "passed"),
    [
        (True, [{}], False),
        (False, [{}], True),
        (True, [{"year": "2018"}, {"doy": "1"}, {"hour": "5"}], True),
    ],
)
def test_in_a_run_it_is_asked_only_while_somebody_wants_the_newest_hours(
    loaded, run, monkeypatch, watched, pins, passed
):
    """Whoever looks at one hour of the past, or at a pinned one, is not told that it is old."""
    monkeypatch.setattr(freshness, "is_on", lambda *_: watched)
    monkeypatch.setattr(freshness, "_run_made_at", lambda _: NOW + timedelta(days=1))
    for pin in pins:
        result = newest_hour_is_fresh(
            dg.build_op_context(instance=run.instance),
            build_resources(loaded)["warehouse"],
            build_resources(loaded)["lake"],
            PinResource(**pin),
        )
        assert (result.passed, result.check_name) == (passed, NEWEST_HOUR_IS_FRESH.name)


@pytest.mark.parametrize(
    ("kind", "name", "data"),
    [
        (InstigatorType.SCHEDULE, "hourly_lightning", ScheduleInstigatorData("0 * * * *")),
        (InstigatorType.SENSOR, "heal_hours", SensorInstigatorData()),
    ],
)
def test_the_newest_hours_are_wanted_while_the_schedule_or_the_sensor_is_on(kind, name, data):
    """Either of them; not while it is off, and not for another that is on."""
    with dg.DagsterInstance.local_temp() as instance:
        assert not is_on(instance, *WATCHERS)
        repository = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("here"), "all")
        off, other = (
            InstigatorState(RemoteInstigatorOrigin(repository, told), kind, status, data)
            for told, status in ((name, InstigatorStatus.STOPPED), ("failures", InstigatorStatus.RUNNING))
        )
        instance.add_instigator_state(off)
        instance.add_instigator_state(other)
        assert not is_on(instance, *WATCHERS)
        instance.update_instigator_state(off.with_status(InstigatorStatus.RUNNING))
        assert is_on(instance, *WATCHERS)
