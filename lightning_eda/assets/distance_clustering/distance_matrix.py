"""The distances of a day: pairs read from S3, checked, and kept as a sparse graph.

Reads every object under `INPUT_FOLDER/day=YYYY-MM-DD/` of BUCKET, rows `item,item,distance` without a header.
Pairs have no direction; of a pair given twice the smaller distance counts; a pair that is not given is
farther than any EPSILON. A row that cannot be trusted fails the run with its object and line, and nothing is
written. The plot of k-distances helps to choose EPSILON. Feeds `dbscan_clusters`.
"""

from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from lightning_eda.assets.catalog import (
    DISTANCE_ITEMS,
    DISTANCE_PAIRS,
    DISTANCES,
    DISTANCES_LINKS,
    OWNERS,
    about,
)
from lightning_eda.assets.day_reports import day_reports
from lightning_eda.checks.distances import ALL_ROWS_READ, check_all_rows_read
from lightning_eda.partitions import daily, one_run
from lightning_eda.reporting import PartitionReport, file_link, picture, report_partitions, retried_failures
from lightning_eda.resources import DataFolderResource, DistancesResource
from lightning_eda.storage.lock import sole_use

if TYPE_CHECKING:
    from pathlib import Path

    from lightning_eda.cluster_days import ClusterTask
    from lightning_eda.distances.graph import DistanceGraph, PairCounts


@dg.asset(
    group_name="distance_clustering",
    code_version="1",
    description=__doc__,
    owners=OWNERS,
    tags=DISTANCES,
    metadata=about(DISTANCE_PAIRS, DISTANCE_ITEMS, links=DISTANCES_LINKS),
    partitions_def=daily,
    backfill_policy=one_run,
    kinds={"s3", "parquet"},
    check_specs=[ALL_ROWS_READ],
)
def distance_matrix(
    context: dg.AssetExecutionContext, distances: DistancesResource, folders: DataFolderResource
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """See the module."""
    from lightning_eda.cluster_days import ClusterTask, read_pairs
    from lightning_eda.distances.files.graph import write_graph

    counts: dict[date, PairCounts] = {}
    with retried_failures(context):
        store, task = distances.store(), ClusterTask.from_settings(distances.settings())

        def of_day(day: date) -> PartitionReport:
            context.log.info(f"pairs of {day} from {store.describe()}, folder {task.input_folder}")
            place = distances.graph_folder(folders.folder(), day)
            with sole_use(place):
                graph = read_pairs(store, task, day)
                write_graph(place, graph)
                counts[day] = graph.counts
                for doubt in _doubts(graph, task):
                    context.log.warning(f"{day}: {doubt}")
                return _report(str(day), graph, task, place)

        reports = day_reports(context, of_day)
    return report_partitions(context, reports, [check_all_rows_read(counts, task.max_records)])


def _doubts(graph: "DistanceGraph", task: "ClusterTask") -> list[str]:
    """What the log should warn of."""
    nothing = (
        [] if graph.counts.rows else [f"there are no pairs in {task.input_folder}: is it the right one?"]
    )
    return nothing + graph.counts.doubts


def _report(day: str, graph: "DistanceGraph", task: "ClusterTask", place: "Path") -> PartitionReport:
    from lightning_eda.clustering.graph.k_distance import k_distances
    from lightning_eda.figures.charts.distances import render_k_distances

    items, counts = len(graph.items), graph.counts
    nearest = k_distances(graph.i, graph.j, graph.distance, items, task.min_samples_used)
    plot = render_k_distances(nearest, task.min_samples_used, task.eps_used)
    return PartitionReport(
        day,
        {
            "dagster/row_count": len(graph.distance),
            "objects": counts.objects,
            "rows": counts.rows,
            "items": items,
            "pairs_within_eps": int((graph.distance <= task.eps_used).sum()),
            "self_pairs": counts.self_pairs,
            "repeated_pairs": counts.repeated_pairs,
            "conflicting_pairs": counts.conflicting_pairs,
            "zero_pairs": counts.zero_pairs,
            "padded_items": counts.padded_items,
            "composed_items": counts.composed_items,
        },
        {
            "density": 2 * len(graph.distance) / (items * (items - 1)) if items > 1 else 0.0,
            "eps": task.eps_used,
            "min_samples": task.min_samples_used,
            "cut_by_max_records": counts.truncated,
            "k_distances": picture(plot, "Distance of each item to its k-th neighbour"),
            "folder": file_link(place),
            "objects_passed_over": counts.passed_over or "none",
            "status": "read" if counts.rows else "no pairs: there is no object with rows for this day",
        },
    )
