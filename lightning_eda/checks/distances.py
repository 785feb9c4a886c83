"""Checks of the assets of distance clustering."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from lightning_eda.checks.result import check_result
from lightning_eda.texts import named

if TYPE_CHECKING:
    from lightning_eda.cluster_days import DayClusters
    from lightning_eda.distances.graph import PairCounts

ALL_ROWS_READ = dg.AssetCheckSpec(
    "all_rows_read",
    asset="distance_matrix",
    description="No row was left out: the day has no more rows than MAX_RECORDS.",
)
ITEMS_ARE_CLUSTERED = dg.AssetCheckSpec(
    "items_are_clustered",
    asset="dbscan_clusters",
    description="Where there are pairs there is at least one cluster, and not everything is in one.",
)


def check_all_rows_read(counts: Mapping[date, "PairCounts"], max_records: int | None) -> dg.AssetCheckResult:
    """Warns of days that have more rows than were read."""
    cut = [str(day) for day, count in counts.items() if count.truncated]
    return check_result(
        ALL_ROWS_READ,
        not cut,
        dg.AssetCheckSeverity.WARN,
        f"Only the first {max_records or 0:,} rows of a day were read, in the order of the objects' keys: "
        "the clusters are those of these rows alone. Set MAX_RECORDS higher, or to 0 to read all.",
        {"days_cut": len(cut), "days": named(cut)},
    )


def check_items_are_clustered(found: Mapping[date, "DayClusters"]) -> dg.AssetCheckResult:
    """Warns of days where everything is noise, or everything is one cluster."""
    noise = [str(day) for day, done in found.items() if len(done.labels) and not done.clusters]
    single = [
        str(day) for day, done in found.items() if done.clusters == 1 and done.clustered == len(done.labels)
    ]
    return check_result(
        ITEMS_ARE_CLUSTERED,
        not (noise or single),
        dg.AssetCheckSeverity.WARN,
        "Where everything is noise, EPSILON is smaller than the distances or MIN_SAMPLES too high; where all "
        "is one cluster, EPSILON is too large. Look at k_distances in the metadata of distance_matrix, and "
        "mind the unit of the distances.",
        {"days_all_noise": named(noise), "days_one_cluster": named(single)},
    )
