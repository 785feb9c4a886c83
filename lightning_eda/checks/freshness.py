"""Whether the newest hours are loaded, by the ledger: a backfill of the past makes nothing fresh.

Dagster's own freshness policy looks at the last materialisation, of whichever hour. This check looks at the
newest granule; `heal_hours` evaluates it at its ticks, so it turns yellow and red also when nothing runs.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.scheduler.instigation import InstigatorType

from lightning_eda.checks.result import check_result
from lightning_eda.reporting import readable_failures
from lightning_eda.resources import LakeResource, PinResource, WarehouseResource
from lightning_eda.resources.warehouse import DATABASE_WAIT_S

LATE = timedelta(hours=2, minutes=30)  # an hour is loaded when its first granule is 70 to 90 minutes old
STALE = timedelta(hours=4, minutes=30)
WATCHERS = ("hourly_lightning", "heal_hours")
NEWEST_HOUR_IS_FRESH = dg.AssetCheckSpec(
    "newest_hour_is_fresh",
    asset="load",
    description="While hourly_lightning or heal_hours is on: the newest granule in the ledger is at most "
    f"{LATE / timedelta(hours=1):g} hours old; red from {STALE / timedelta(hours=1):g}. An hour of the past "
    "makes nothing fresh.",
)


@dg.asset_check(
    asset=NEWEST_HOUR_IS_FRESH.asset_key,
    name=NEWEST_HOUR_IS_FRESH.name,
    description=NEWEST_HOUR_IS_FRESH.description,
)
def newest_hour_is_fresh(
    context: dg.AssetCheckExecutionContext,
    warehouse: WarehouseResource,
    lake: LakeResource,
    pin: PinResource,
) -> dg.AssetCheckResult:
    """See the module; with the pin set, or while nobody asks for the newest hours, it passes."""
    with readable_failures():
        if pin.year or pin.doy or pin.hour or not is_on(context.instance, *WATCHERS):
            numbers: dict[str, int | str] = {"watched": "no: hourly_lightning and heal_hours are off"}
            return check_result(NEWEST_HOUR_IS_FRESH, True, dg.AssetCheckSeverity.WARN, "", numbers)
        return check_freshness(lake.newest_granule(warehouse, DATABASE_WAIT_S), _run_made_at(context))


def check_freshness(newest: datetime | None, now: datetime) -> dg.AssetCheckResult:
    """Warns when the newest granule is late, fails when it is stale.

    Args:
        newest: Its start, aware; None when there is no granule.
        now: The present, aware.
    """
    age = now - newest if newest else timedelta.max
    return check_result(
        NEWEST_HOUR_IS_FRESH,
        age <= LATE,
        dg.AssetCheckSeverity.WARN if age <= STALE else dg.AssetCheckSeverity.ERROR,
        f"The newest granule in the ledger began at {_text(newest)}. Either no run succeeded since (look at "
        "failures.log and the runs), or nothing newer is in the bucket (see the log of extract).",
        {"newest_granule": _text(newest)},
    )


def freshness_events(
    instance: dg.DagsterInstance, warehouse: WarehouseResource, lake: LakeResource, now: datetime
) -> Iterator[dg.AssetCheckEvaluation]:
    """The evaluation as it is now, when it is not as it was told last, or where a run hides that."""
    result = check_freshness(lake.newest_granule(warehouse, DATABASE_WAIT_S), now)
    evaluation = dg.AssetCheckEvaluation(
        asset_key=NEWEST_HOUR_IS_FRESH.asset_key,
        check_name=NEWEST_HOUR_IS_FRESH.name,
        passed=result.passed,
        severity=result.severity,
        description=result.description,
        metadata=result.metadata,
    )
    last = instance.event_log_storage.get_latest_asset_check_execution_by_key([NEWEST_HOUR_IS_FRESH.key])
    told = last.get(NEWEST_HOUR_IS_FRESH.key)
    before = told.event.dagster_event if told and told.event else None
    if (
        before is None
        or before.event_type != dg.DagsterEventType.ASSET_CHECK_EVALUATION  # planned: hides what was told
        or _said(before.asset_check_evaluation_data) != _said(evaluation)
    ):
        yield evaluation


def is_on(instance: dg.DagsterInstance, *names: str) -> bool:
    """Whether a schedule or sensor of one of these names is on."""
    if instance.schedule_storage is None:  # of a test, or of one command
        return False
    kinds = (InstigatorType.SCHEDULE, InstigatorType.SENSOR)
    states = [state for kind in kinds for state in instance.all_instigator_state(instigator_type=kind)]
    return any(state.instigator_name in names and state.is_running for state in states)


def _run_made_at(context: dg.AssetCheckExecutionContext) -> datetime:
    record = context.instance.get_run_record_by_id(context.run.run_id)
    if record is None:
        raise dg.Failure(f"run {context.run.run_id} is not in this Dagster instance")
    made_at: datetime = record.create_timestamp
    return made_at.astimezone(UTC)


def _said(evaluation: dg.AssetCheckEvaluation) -> tuple[object, ...]:
    return evaluation.passed, evaluation.severity, evaluation.metadata


def _text(newest: datetime | None) -> str:
    return f"{newest:%Y-%m-%dT%H:%M:%SZ}" if newest else "none is there"
