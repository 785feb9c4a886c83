"""All hours since 2018 are partitions, and nobody walks through them to load the location or to ask for one.

What is counted are calls of Python functions, since a clock says little on a busy machine: walking through
the hours takes several calls for each of them. `benchmarks/partitions.py` has the seconds.
"""

import cProfile
import pstats
from collections.abc import Callable
from datetime import UTC, datetime

import dagster as dg
import pytest

from lightning_eda.definitions import build_definitions
from lightning_eda.partitions import hourly
from lightning_eda.schedules import build_schedules
from lightning_eda.settings import Settings

HOURS_SINCE_2018 = 70_000
WHEN = datetime(2026, 1, 1, 5, 10, tzinfo=UTC)


def calls_on_windows(action: Callable[[], object]) -> int:
    """How many calls of functions of Dagster's partitions and cron schedules an action makes."""
    profile = cProfile.Profile()
    profile.runcall(action)
    functions = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    return sum(
        calls
        for (file, _, _), (_, calls, *_) in functions.items()
        if "partitions" in file or "cron" in file or "schedules" in file
    )


@pytest.fixture(scope="module")
def location():
    """The code location as the server holds it."""
    definitions = build_definitions(Settings())
    return dg.Definitions(
        definitions.assets,
        build_schedules(Settings())[:1],
        resources=definitions.resources,
        jobs=definitions.jobs,
    ).get_repository_def()


def test_walking_through_the_hours_would_be_seen():
    """The count counts."""
    assert hourly.get_num_partitions() > HOURS_SINCE_2018
    assert calls_on_windows(lambda: hourly.get_partition_keys()) > HOURS_SINCE_2018


def test_loading_the_location_walks_through_no_hours():
    """The number of partitions has no part in it."""

    def load():
        repository = build_definitions(Settings()).get_repository_def()
        return [job.name for job in repository.get_all_jobs()]

    assert calls_on_windows(load) < HOURS_SINCE_2018 / 10


def test_a_tick_of_the_schedule_walks_through_no_hours(location):
    """It names its hour, and Dagster checks that it is one."""
    schedule = location.get_schedule_def("hourly_lightning")
    requested = []

    def tick():
        with dg.DagsterInstance.ephemeral() as instance:
            context = dg.build_schedule_context(
                instance=instance, scheduled_execution_time=WHEN, repository_def=location
            )
            requested.extend(schedule.evaluate_tick(context).run_requests)

    assert calls_on_windows(tick) < HOURS_SINCE_2018 / 10
    assert [request.partition_key for request in requested] == ["2026-01-01-04:00"]


def test_a_key_is_found_without_walking_through_the_others():
    """As runs, backfills and the healing sensor do, for one hour each."""
    assert calls_on_windows(lambda: hourly.has_partition_key("2025-12-31-23:00")) < 1000
    assert calls_on_windows(lambda: hourly.time_window_for_partition_key("2025-12-31-23:00")) < 1000
