"""The sensor of storm cells: days whose hours or storms changed are asked for again."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING

import dagster as dg

from lightning_eda.checks.freshness import is_on
from lightning_eda.errors import DatabaseBusyError
from lightning_eda.jobs import DAILY_STORMS, STORMS_AT, storms
from lightning_eda.partitions import PARTITION_TAG, partition_key
from lightning_eda.reporting import readable_failures
from lightning_eda.resources import LakeResource, WarehouseResource
from lightning_eda.resources.warehouse import DATABASE_WAIT_S
from lightning_eda.sensors.asking import IN_PROGRESS, MOST_ASKS, Wanted, ask, keys_in_progress, may_help
from lightning_eda.sensors.healing_cursor import HealingCursor
from lightning_eda.series import HOUR

if TYPE_CHECKING:
    from lightning_eda.warehouse.stale_days import DayState

HEAL_SECONDS = 300
DAY = timedelta(days=1)
NAME = "heal_storms"
UNATTENDED = {"dagster/schedule_name": DAILY_STORMS, "dagster/sensor_name": NAME}
CATCH_UP_DAYS = 3  # as healing: a long weekend
GRACE = timedelta(minutes=20)  # the schedule comes first


def heal_storms_sensor(clock: Callable[[], datetime]) -> dg.SensorDefinition:
    """The sensor; `clock` gives the present, aware."""

    @dg.sensor(
        name=NAME,
        job=storms,
        minimum_interval_seconds=HEAL_SECONDS,
        description="Every 5 minutes: asks for the storm cells of days whose hours changed after the "
        f"cells were made, once for each change. Of the last {CATCH_UP_DAYS} days it asks for those whose "
        "storms changed with the day before, so that their page is old, and while daily_storms is on for "
        "those that it did not make. It waits while hours of the day are queued or at work. "
        f"When a run fails it asks again, {MOST_ASKS} times in all. Of other days nothing is made.",
    )
    def heal_storms(
        context: dg.SensorEvaluationContext, warehouse: WarehouseResource, lake: LakeResource
    ) -> dg.SensorResult | dg.SkipReason:
        cursor = HealingCursor.parse(context.cursor)
        with readable_failures():
            if lake.is_empty(warehouse):
                return dg.SkipReason(f"there is no {'lake' if lake.is_set() else 'database'} yet")
            try:
                days = list(_days(context.instance, warehouse, lake, clock()))
            except DatabaseBusyError as error:
                return dg.SkipReason(f"the days are compared at the next tick: {error}")
        wanted = {_start(date.fromisoformat(one.key)): one for one in _old_pages(context.instance, clock())}
        wanted |= {_start(state.day): Wanted(state.day.isoformat(), _digest(state)) for state in days}
        changing = {start for start in wanted if keys_in_progress(context.instance, _hours(start))}
        still = {start: one for start, one in wanted.items() if start not in changing}
        answer = ask(context.instance, storms.name, still, cursor)
        nothing = f"no day to make again{answer.reasons()}"
        if changing:
            nothing += (
                f"; hours are queued or at work of {', '.join(wanted[day].key for day in sorted(changing))}"
            )
        return dg.SensorResult(
            answer.requests,
            skip_reason=None if answer.requests else nothing,
            cursor=cursor.moved_on(wanted.keys(), answer.digests).text(),
        )

    return heal_storms


def _days(
    instance: dg.DagsterInstance, warehouse: WarehouseResource, lake: LakeResource, now: datetime
) -> "Iterator[DayState]":
    """The days to make: changed ones, and where the schedule is on, those it missed."""
    from lightning_eda.warehouse.stale_days import days_never_made, stale_days

    ledger = lake.ledger_days()
    yield from stale_days(warehouse.file(), DATABASE_WAIT_S, ledger)
    if is_on(instance, DAILY_STORMS):
        yield from days_never_made(warehouse.file(), *_days_due(now), DATABASE_WAIT_S, ledger)


def _days_due(now: datetime) -> tuple[date, date]:
    """The last days that were due, [first, end): in the morning yesterday is not."""
    due = now - STORMS_AT - GRACE
    return (due - CATCH_UP_DAYS * DAY).date(), due.date()


def _old_pages(instance: dg.DagsterInstance, now: datetime) -> Iterator[Wanted]:
    """Days whose page is older than storms that a run of another day changed, or whose run failed before it.

    What names the state is the page that is there, so that runs which make none are asked for boundedly.
    """
    day, end = _days_due(now)
    while day < end:
        page, tracks = (_latest(instance, name, day) for name in ("storm_page", "storm_tracks"))
        wanted = Wanted(day.isoformat(), f"page {page.storage_id if page else 'none'}")
        is_old = page and tracks and tracks.storage_id > page.storage_id and not tracks.run_id
        if is_old or _is_left_to_itself(instance, wanted):
            yield wanted
        day += DAY


def _is_left_to_itself(instance: dg.DagsterInstance, wanted: Wanted) -> bool:
    """Whether the last run of a day, which nobody launched by hand, is at work or failed."""
    of_day = dg.RunsFilter(job_name=storms.name, tags={PARTITION_TAG: wanted.key})
    return any(
        run.status in IN_PROGRESS or may_help(instance, storms.name, wanted)
        for run in instance.get_runs(of_day, limit=1)
        if UNATTENDED.items() & run.tags.items()
    )


def _latest(instance: dg.DagsterInstance, asset: str, day: date) -> dg.EventLogRecord | None:
    of_day = dg.AssetRecordsFilter(asset_key=dg.AssetKey(asset), asset_partitions=[day.isoformat()])
    return next(iter(instance.fetch_materializations(of_day, limit=1).records), None)


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _hours(day: datetime) -> set[str]:
    """The partition keys of a day's hours."""
    return {partition_key(day + number * HOUR) for number in range(24)}


def _digest(state: "DayState") -> str:
    return blake2b(f"{state.granules} {state.last_loaded_at}".encode(), digest_size=8).hexdigest()
