"""The healing sensor: hours whose granules came late, changed, or were never loaded are asked for again."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime

import dagster as dg

from lightning_eda.checks.freshness import freshness_events
from lightning_eda.errors import DatabaseBusyError
from lightning_eda.glm.extract.healing import (
    SETTLE,
    LookBack,
    hour_states,
    hours_to_compare,
    listed_granules,
    loaded_granules,
)
from lightning_eda.jobs import lightning
from lightning_eda.partitions import partition_key
from lightning_eda.reporting import readable_failures
from lightning_eda.resources import DataFolderResource, GlmResource, LakeResource, WarehouseResource
from lightning_eda.resources.warehouse import DATABASE_WAIT_S
from lightning_eda.sensors.asking import MOST_ASKS, Wanted, ask
from lightning_eda.sensors.healing_cursor import HealingCursor
from lightning_eda.series import HOUR
from lightning_eda.series.tables import UNDECODED
from lightning_eda.settings import Settings, parse_integer

HEAL_SECONDS = 300
MOST_HEAL_HOURS = 366 * 24  # each is a listing, at every tick


def heal_hours_sensor(settings: Settings, clock: Callable[[], datetime]) -> dg.SensorDefinition:
    """The sensor; `clock` gives the present, aware."""

    @dg.sensor(
        name="heal_hours",
        job=lightning,
        minimum_interval_seconds=HEAL_SECONDS,
        description="Every 5 minutes: compares the last HEAL_HOURS hours of the bucket with the database "
        "(after an outage up to three days) and asks for those with granules that it lacks, each state once, "
        "and once for those of which both have nothing and that were never fetched. When the run fails, or a "
        f"granule ended its decoder, it asks again, {MOST_ASKS} times in all. An hour is looked at "
        f"from {SETTLE.seconds // 60} minutes after its end. It also says how fresh the newest hour is.",
    )
    def heal_hours(
        context: dg.SensorEvaluationContext,
        glm: GlmResource,
        folders: DataFolderResource,
        warehouse: WarehouseResource,
        lake: LakeResource,
    ) -> dg.SensorResult | dg.SkipReason:
        if settings.pinned:
            return dg.SkipReason("GOES_YEAR, GOES_DOY or GOES_HOUR is set: only that window is worked on")
        cursor = HealingCursor.parse(context.cursor)
        with readable_failures():
            look_back = parse_integer(settings.heal_hours, "HEAL_HOURS", 1, MOST_HEAL_HOURS)
            due = hours_to_compare(clock(), cursor.last_compared, look_back)
            listed = listed_granules(glm.store(), due.hours, glm.product_prefix())
            try:
                rows = _ledger_rows(warehouse, lake, due, glm.own_satellites())
                freshness = list(freshness_events(context.instance, warehouse, lake, clock()))
            except DatabaseBusyError as error:
                return dg.SkipReason(f"the hours are compared at the next tick: {error}")
            loaded, undecoded = (loaded_granules(rows[kind], due.hours) for kind in (False, True))
            states = hour_states(listed, loaded, folders.folder(), glm.bucket_name(), undecoded)
        lacking = {
            state.hour: Wanted(partition_key(state.hour), state.digest, state.has_undecoded)
            for state in states
            if state.needs_run
        }
        answer = ask(context.instance, lightning.name, lacking, cursor)
        if due.passed_over:
            context.log.warning(
                f"{len(due.passed_over)} hours, the first {partition_key(due.passed_over[0])}, are too far "
                "back to be compared: launch a backfill for them"
            )
        nothing = f"nothing new among the {len(due.hours)} hours compared{answer.reasons()}"
        if not lacking:
            held = f"all granules of the {len(due.hours)} hours compared"
            nothing = f"nothing to heal: the database holds {held}"
        return dg.SensorResult(
            answer.requests,
            skip_reason=None if answer.requests else nothing,
            cursor=cursor.moved_on(due.hours, answer.digests).text(),
            asset_events=freshness,
        )

    return heal_hours


LedgerRow = tuple[datetime, str, str | None]


def _ledger_rows(
    warehouse: WarehouseResource, lake: LakeResource, due: LookBack, satellites: Collection[str]
) -> dict[bool, list[LedgerRow]]:
    """Start, key and ETag of the granules in the ledger, by whether they are undecoded."""
    from lightning_eda.warehouse.queries import ledger

    found: dict[bool, list[LedgerRow]] = {False: [], True: []}
    if lake.is_empty(warehouse):
        return found
    start, end = due.hours[0], due.hours[-1] + HOUR
    with lake.hours(warehouse, start, end) as database:
        rows = ledger(database, start, end, satellites or None, wait_s=DATABASE_WAIT_S)
    for row in rows.select(["granule_start", "object_key", "etag", "status"]).to_pylist():
        start = row["granule_start"].replace(tzinfo=UTC)
        found[row["status"] == UNDECODED].append((start, row["object_key"], row["etag"]))
    return found
