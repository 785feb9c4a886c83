"""How many rows earlier days had, from what Dagster remembers of them."""

from collections.abc import Mapping
from datetime import date, timedelta

import dagster as dg

DAYS = 7
LOOK_BACK_DAYS = 30


def rows_of_days_before(context: dg.AssetExecutionContext, day: date) -> Mapping[date, int]:
    """Rows of the last days that were materialized before a day, at most `DAYS` of them."""
    wanted = [str(day - timedelta(days=back)) for back in range(1, LOOK_BACK_DAYS + 1)]
    records = context.instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=context.asset_key, asset_partitions=wanted), limit=1000
    ).records
    rows: dict[date, int] = {}
    for record in records:  # the newest first
        event = record.asset_materialization
        count = event.metadata.get("dagster/row_count") if event else None
        if event and event.partition and count is not None:
            rows.setdefault(date.fromisoformat(event.partition), int(str(count.value)))
    return {known: rows[known] for known in sorted(rows)[-DAYS:]}
