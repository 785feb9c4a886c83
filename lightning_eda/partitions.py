"""Hours and days as partitions, and the window of a run.

An hourly key is `2022-12-31-05:00`, UTC, and means the granules whose name starts in that hour; a daily key
is `2022-12-31`.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from lightning_eda.errors import SettingError
from lightning_eda.glm.windows import Pin, Window

KEY_FORMAT = "%Y-%m-%d-%H:%M"
PARTITION_TAG = "dagster/partition"
RANGE_TAGS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
FIRST_HOUR = "2018-02-13-00:00"  # the day of the first public GLM object

hourly = dg.HourlyPartitionsDefinition(start_date=FIRST_HOUR, fmt=KEY_FORMAT)
# Days of distances and of CSVs. Today is one already, since its objects arrive today.
FIRST_DAY = "2010-01-01"
daily = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, end_offset=1)
lightning_daily = dg.DailyPartitionsDefinition(start_date=FIRST_HOUR[:10])
one_run = dg.BackfillPolicy.single_run()


def partition_key(hour: datetime) -> str:
    """The key of an hour."""
    return hour.strftime(KEY_FORMAT)


def is_range(context: dg.AssetExecutionContext) -> bool:
    """Whether the run is of several partitions of this asset at once."""
    return _is_partitioned(context) and not context.has_partition_key


def run_window(context: dg.AssetExecutionContext, pin: Pin) -> Window:
    """The hours a run is for: its partitions, else the pin, else the hour before the run was made.

    Raises:
        SettingError: The pin is not a day or hour, a key is not on the hour (Dagster takes such a key and
            means the next hour by it), or the range ends before it begins.
    """
    if not _is_partitioned(context):
        return pin.window(_run_made_at(context))
    keys = context.partition_key_range
    for key in (keys.start, keys.end):
        if not key.endswith(":00"):
            raise SettingError("partition", key, "an hour such as 2022-12-31-05:00")
    _require_order(keys)
    span = context.partition_time_window
    return Window(span.start.astimezone(UTC), span.end.astimezone(UTC))


def run_days(context: dg.AssetExecutionContext) -> Iterator[date]:
    """The days a run is for, in order; SettingError at the first when the range ends before it begins."""
    keys = context.partition_key_range
    _require_order(keys)
    day, last = date.fromisoformat(keys.start), date.fromisoformat(keys.end)
    while day <= last:
        yield day
        day += timedelta(days=1)


def _require_order(keys: dg.PartitionKeyRange) -> None:
    if keys.start > keys.end:  # keys of one format sort as the times they stand for
        raise SettingError(
            "partition range",
            f"{keys.start}...{keys.end}",
            "a first partition that is not after the last",
            "This range ends before it begins.",
        )


def _is_partitioned(context: dg.AssetExecutionContext) -> bool:
    """Whether the run has partitions of this asset; it may have those of a daily one beside a pinned one."""
    has_partitions = context.assets_def.partitions_def is not None
    return has_partitions and (context.has_partition_key or context.has_partition_key_range)


def _run_made_at(context: dg.AssetExecutionContext) -> datetime:
    """When the run was made (the first one, for a re-execution): the same for all its assets."""
    run_id = context.run.root_run_id or context.run.run_id
    record = context.instance.get_run_record_by_id(run_id)
    if record is None:
        raise dg.Failure(f"run {run_id} is not in this Dagster instance; give it a partition or set the pin")
    made_at: datetime = record.create_timestamp
    return made_at.astimezone(UTC)
