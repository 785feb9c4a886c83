"""The healing sensor: hours whose granules came late, changed, or were never loaded are asked for again."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime

import dagster as dg

from lightning_eda.errors import DatabaseBusyError
from lightning_eda.glm.extract.healing import (
    SETTLE,
    LookBack,
    hour_states,
    hours_to_compare,
    listed_granules,
    loaded_granules,
)
from lightning_eda.glm.windows import HOUR
from lightning_eda.jobs import lightning
from lightning_eda.partitions import PARTITION_TAG, RANGE_TAGS, partition_key
from lightning_eda.reporting import readable_failures
from lightning_eda.resources import DataFolderResource, GlmResource, WarehouseResource
from lightning_eda.sensors.healing_cursor import HealingCursor
from lightning_eda.settings import Settings, parse_integer

HEAL_SECONDS = 300
DATABASE_WAIT_S = 5.0
IN_PROGRESS = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def heal_hours_sensor(settings: Settings, clock: Callable[[], datetime]) -> dg.SensorDefinition:
    """The sensor; `clock` gives the present, aware."""

    @dg.sensor(
        name="heal_hours",
        job=lightning,
        minimum_interval_seconds=HEAL_SECONDS,
        description="Every 5 minutes: compares the last HEAL_HOURS hours of the bucket with the database "
        "(after an outage up to three days) and asks for those with granules that it lacks, each state once, "
        "and once for those of which both have nothing and that were never fetched. An hour is looked at "
        f"from {SETTLE.seconds // 60} minutes after its end.",
    )
    def heal_hours(
        context: dg.SensorEvaluationContext,
        glm: GlmResource,
        folders: DataFolderResource,
        warehouse: WarehouseResource,
    ) -> dg.SensorResult | dg.SkipReason:
        if settings.pinned:
            return dg.SkipReason("GOES_YEAR, GOES_DOY or GOES_HOUR is set: only that window is worked on")
        cursor = HealingCursor.parse(context.cursor)
        with readable_failures():
            look_back = parse_integer(settings.heal_hours, "HEAL_HOURS", least=1)
            due = hours_to_compare(clock(), cursor.last_compared, look_back)
            listed = listed_granules(glm.store(), due.hours, glm.product_prefix())
            try:
                loaded = loaded_granules(_ledger_rows(warehouse, due, glm.own_satellites()), due.hours)
            except DatabaseBusyError as error:
                return dg.SkipReason(f"the hours are compared at the next tick: {error}")
            states = hour_states(listed, loaded, folders.folder(), glm.bucket)
        lacking = {partition_key(state.hour): state for state in states if state.needs_run}
        news = {key: state for key, state in lacking.items() if cursor.asked.get(state.hour) != state.digest}
        busy = _keys_in_progress(context.instance, news)
        asked = {key: state for key, state in news.items() if key not in busy}
        if due.passed_over:
            context.log.warning(
                f"{len(due.passed_over)} hours, the first {partition_key(due.passed_over[0])}, are too far "
                "back to be compared: launch a backfill for them"
            )
        return dg.SensorResult(
            [dg.RunRequest(f"{key}:{state.digest}", partition_key=key) for key, state in asked.items()],
            skip_reason=None if asked else _nothing_to_heal(len(due.hours), lacking, busy),
            cursor=cursor.moved_on(due.hours, {state.hour: state.digest for state in asked.values()}).text(),
        )

    return heal_hours


def _ledger_rows(
    warehouse: WarehouseResource, due: LookBack, satellites: Collection[str]
) -> list[tuple[datetime, str, str | None]]:
    """Start, key and ETag of the granules in the ledger; none when there is no database yet."""
    from lightning_eda.warehouse.database.connection import is_absent
    from lightning_eda.warehouse.queries import ledger

    if is_absent(warehouse.database()):
        return []
    rows = ledger(
        warehouse.database(),
        due.hours[0],
        due.hours[-1] + HOUR,
        satellites or None,
        wait_s=DATABASE_WAIT_S,
    )
    return [
        (row["granule_start"].replace(tzinfo=UTC), row["object_key"], row["etag"])
        for row in rows.select(["granule_start", "object_key", "etag"]).to_pylist()
    ]


def _keys_in_progress(instance: dg.DagsterInstance, keys: Collection[str]) -> set[str]:
    """Those of some hourly keys that a run is queued or at work for, alone or in a range."""
    if not keys:
        return set()
    busy = set()
    for run in instance.get_runs(filters=dg.RunsFilter(statuses=IN_PROGRESS)):
        one = run.tags.get(PARTITION_TAG, "")
        start, end = (run.tags.get(tag, one) for tag in RANGE_TAGS)
        # Keys of one format sort as the times they stand for; those of days are shorter.
        busy |= {key for key in keys if len(start) == len(key) and start <= key <= end}
    return busy


def _nothing_to_heal(compared: int, lacking: Collection[str], busy: Collection[str]) -> str:
    if not lacking:
        return f"nothing to heal: the database holds all granules of the {compared} hours compared"
    waiting = f"; a run is queued or at work for {', '.join(sorted(busy))}" if busy else ""
    known = sorted(set(lacking) - set(busy))
    before = f"; asked for before as they are: {', '.join(known)} (re-execute their runs if they failed)"
    return f"nothing new among the {compared} hours compared{waiting}{before if known else ''}"
