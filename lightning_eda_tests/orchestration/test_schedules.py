"""What each schedule asks for, and when; the clock is frozen."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._utils.schedules import cron_string_iterator

from lightning_eda.glm.extract.healing import hours_to_compare
from lightning_eda.jobs import jobs
from lightning_eda.schedules import build_schedules
from lightning_eda.settings import CsvSettings, DistanceSettings, Settings, parse_integer

COMPLETE = Settings(
    distances=DistanceSettings(bucket="b", input_folder="in", output_folder="out"),
    csv=CsvSettings(bucket_src="b", prefix="in", pathoutput="s3://lake/sales"),
)
EASTERN = ZoneInfo("America/New_York")


def schedule(name: str, settings: Settings = COMPLETE) -> dg.ScheduleDefinition:
    return next(one for one in build_schedules(settings) if one.name == name)


def ask(name: str, due: datetime, settings: Settings = COMPLETE):
    """What a tick that was due then asks for."""
    context = dg.build_schedule_context(scheduled_execution_time=due)
    return schedule(name, settings)(context)


def next_ticks(name: str, now: datetime, number: int = 1) -> list[datetime]:
    """When the scheduler ticks next, seen from a frozen present."""
    found = schedule(name)
    ticks = cron_string_iterator(now.timestamp(), found.cron_schedule, found.execution_timezone)
    return [next(ticks).astimezone(UTC) for _ in range(number)]


def test_ten_past_the_hour_asks_for_the_hour_just_ended():
    """At HH:09 the tick is yet to come; at HH:10 it is there."""
    (tick,) = next_ticks("hourly_lightning", datetime(2024, 7, 1, 20, 9, tzinfo=UTC))
    assert tick == datetime(2024, 7, 1, 20, 10, tzinfo=UTC)
    assert next_ticks("hourly_lightning", tick) == [tick]
    after = datetime(2024, 7, 1, 20, 10, 1, tzinfo=UTC)
    assert next_ticks("hourly_lightning", after) == [tick + timedelta(hours=1)]
    assert ask("hourly_lightning", tick).partition_key == "2024-07-01-19:00"


def test_the_hours_of_a_year_that_ends():
    """The first tick of a year asks for the last hour of the old one."""
    due = datetime(2025, 1, 1, 0, 10, tzinfo=UTC)
    assert ask("hourly_lightning", due).partition_key == "2024-12-31-23:00"


@pytest.mark.parametrize("day", [datetime(2024, 3, 10), datetime(2024, 11, 3)])
def test_days_on_which_clocks_are_set_have_24_hours(day):
    """Each hour of UTC is asked for once, in the spring and in the autumn."""
    ticks = next_ticks("hourly_lightning", day.replace(tzinfo=UTC), 25)[1:]
    keys = [ask("hourly_lightning", tick.astimezone(EASTERN)).partition_key for tick in ticks]
    assert keys == [f"{day:%Y-%m-%d}-{hour:02}:00" for hour in range(24)]


def test_a_tick_that_comes_late_asks_for_its_own_hour():
    """What counts is when it was due, and not the clock of the machine."""
    assert (
        ask("hourly_lightning", datetime(2020, 2, 29, 5, 10, tzinfo=UTC)).partition_key == "2020-02-29-04:00"
    )


def test_pinned_the_pinned_window_is_asked_for():
    """The assets have no partitions then."""
    request = ask("hourly_lightning", datetime(2024, 7, 1, 20, 10, tzinfo=UTC), Settings(goes_doy="1"))
    assert request.partition_key is None


@pytest.mark.parametrize(("name", "minute"), [("daily_distances", 30), ("daily_table", 45)])
def test_the_daily_schedules_ask_for_yesterday(name, minute):
    """In the morning of UTC, also on the days when clocks are set."""
    for day in (datetime(2024, 3, 10), datetime(2024, 11, 3), datetime(2024, 3, 1)):
        (tick,) = next_ticks(name, day.replace(tzinfo=UTC))
        assert tick == day.replace(hour=8, minute=minute, tzinfo=UTC)
        yesterday = day - timedelta(days=1)
        assert ask(name, tick.astimezone(EASTERN)).partition_key == f"{yesterday:%Y-%m-%d}"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("daily_distances", "BUCKET, INPUT_FOLDER, OUTPUT_FOLDER are not set: set them and restart Dagster"),
        ("daily_table", "CSV_BUCKET_SRC, CSV_PREFIX, CSV_PATHOUTPUT, CSV_BUCKET_DSTN are not set"),
    ],
)
def test_settings_that_are_missing_are_named(name, words):
    """The tick is skipped."""
    answer = ask(name, datetime(2024, 7, 1, 8, 30, tzinfo=UTC), Settings())
    assert isinstance(answer, dg.SkipReason)
    assert words in answer.skip_message


def test_a_bucket_of_the_dataset_is_needed_for_a_bare_prefix():
    """And not for an s3:// address."""
    csv = CsvSettings(bucket_src="b", prefix="in", pathoutput="lake/sales")
    answer = ask("daily_table", datetime(2024, 7, 1, 8, 45, tzinfo=UTC), Settings(csv=csv))
    assert answer.skip_message == "CSV_BUCKET_DSTN is not set: set it and restart Dagster"


def test_turned_off_at_first():
    """And each launches a job that is defined."""
    for one in build_schedules(Settings()):
        assert one.default_status is dg.DefaultScheduleStatus.STOPPED
        assert one.execution_timezone == "UTC"
        assert one.job_name in {job.name for job in jobs}


def test_storms_are_sought_when_the_day_is_loaded_and_healed():
    """No hour of it is compared any more; no bucket is needed, since a local folder stands in for it."""
    due = datetime(2024, 7, 2, 7, 30, tzinfo=UTC)
    look_back = parse_integer(COMPLETE.heal_hours, "HEAL_HOURS")
    compared = hours_to_compare(due - timedelta(hours=1), None, look_back).hours
    assert all(hour.day == due.day for hour in compared)
    assert next_ticks("daily_storms", datetime(2024, 7, 2, tzinfo=UTC)) == [due]
    assert ask("daily_storms", due, Settings()).partition_key == "2024-07-01"
