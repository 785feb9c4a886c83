"""The schedules. All are off until they are turned on: installing this must not start downloads.

| schedule | when, UTC | asks for |
|---|---|---|
| `hourly_lightning` | 10 minutes past | the hour just ended: its last granule takes about half a minute |
| `daily_storms` | 07:30 | yesterday: its last hour has been loaded, and healed for HEAL_HOURS |
| `daily_distances` | 08:30 | yesterday: it has ended in Los Angeles too, not only in UTC |
| `daily_table` | 08:45 | yesterday, likewise |

Of the ticks missed while the daemon was down only the newest is made up for; the sensor heal_hours sees to
hours, heal_storms to storm cells, the sensors on S3 to their days.
"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from lightning_eda.glm.windows import floor_hour
from lightning_eda.jobs import (
    DAILY_STORMS,
    STORMS_AT,
    cluster_distances,
    distance_variables_missing,
    lightning,
    load_table,
    not_set,
    storms,
    table_variables_missing,
)
from lightning_eda.partitions import partition_key
from lightning_eda.series import HOUR
from lightning_eda.settings import Settings

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

DAY = timedelta(days=1)
HOURLY_CRON = "10 * * * *"
# The healing sensor asks for granules that come up to HEAL_HOURS after the last hour of the day.
STORMS_CRON = f"{STORMS_AT.seconds // 60 % 60} {STORMS_AT.seconds // 3600} * * *"
DISTANCES_CRON = "30 8 * * *"
TABLE_CRON = "45 8 * * *"


def build_schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """The schedules for given settings; one whose settings are missing says so at each tick."""
    return [
        _hourly_lightning(settings.pinned),
        _daily(DAILY_STORMS, storms, STORMS_CRON, missing=[], advice="It takes what is loaded of the day."),
        _daily(
            "daily_distances",
            cluster_distances,
            DISTANCES_CRON,
            distance_variables_missing(settings.distances),
        ),
        _daily("daily_table", load_table, TABLE_CRON, table_variables_missing(settings.csv)),
    ]


def _hourly_lightning(pinned: bool) -> dg.ScheduleDefinition:
    @dg.schedule(
        name="hourly_lightning",
        job=lightning,
        cron_schedule=HOURLY_CRON,
        execution_timezone="UTC",
        description="At 10 minutes past each hour, UTC: everything for the hour just ended. With GOES_YEAR, "
        "GOES_DOY or GOES_HOUR set: for the pinned window.",
    )
    def hourly_lightning(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        if pinned:
            return dg.RunRequest()
        hour = floor_hour(_scheduled_time(context)) - HOUR
        return dg.RunRequest(partition_key=partition_key(hour))

    return hourly_lightning


def _daily(
    name: str,
    job: "UnresolvedAssetJobDefinition",
    cron: str,
    missing: list[str],
    advice: str = "Use it, or the sensor on the bucket: with both, a day is worked on twice.",
) -> dg.ScheduleDefinition:
    minute, hour, *_ = cron.split()

    @dg.schedule(
        name=name,
        job=job,
        cron_schedule=cron,
        execution_timezone="UTC",
        description=f"At {int(hour):02}:{minute} UTC: yesterday. {advice}",
    )
    def daily(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if missing:
            return not_set(missing)
        return dg.RunRequest(partition_key=f"{_scheduled_time(context) - DAY:%Y-%m-%d}")

    return daily


def _scheduled_time(context: dg.ScheduleEvaluationContext) -> datetime:
    """When the tick was due, however late it comes."""
    return context.scheduled_execution_time.astimezone(UTC)
