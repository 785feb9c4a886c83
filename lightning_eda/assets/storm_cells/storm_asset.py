"""What is the same of all assets of storms."""

from collections.abc import Callable
from typing import Any

import dagster as dg

from lightning_eda.assets.catalog import LIGHTNING, OWNERS
from lightning_eda.partitions import lightning_daily, one_run


def storm_asset(
    **options: Any,  # noqa: ANN401 - those of dagster.asset
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """As `dagster.asset`, with what is the same of all assets of storms."""
    decorator: Callable[[Callable[..., Any]], dg.AssetsDefinition] = dg.asset(
        group_name="storm_cells",
        partitions_def=lightning_daily,
        backfill_policy=one_run,
        owners=OWNERS,
        tags=LIGHTNING,
        **options,
    )
    return decorator
