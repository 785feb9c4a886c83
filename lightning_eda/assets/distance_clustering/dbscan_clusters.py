"""The clusters of a day's items: DBSCAN on the sparse graph, written back to S3.

Labels are those of scikit-learn's DBSCAN on the same precomputed distances: noise -1, clusters from 0 in
order of their first core item. `OUTPUT_FOLDER/day=YYYY-MM-DD/clusters.csv.gz` (header `cluster,key`, noise
left out) is replaced by one PUT, so a reader has the old clusters or the new ones; the table
`distance_clusters` holds the same. A day without pairs is a result with 0 clusters. ALGORITHM can also be
OPTICS or HDBSCAN.
"""

from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from lightning_eda.assets.catalog import DISTANCES, DISTANCES_LINKS, OWNERS, about
from lightning_eda.assets.day_reports import day_reports
from lightning_eda.assets.distance_clustering.distance_matrix import distance_matrix
from lightning_eda.checks.distances import ITEMS_ARE_CLUSTERED, check_items_are_clustered
from lightning_eda.partitions import daily, one_run
from lightning_eda.reporting import (
    Metadata,
    PartitionReport,
    file_link,
    picture,
    preview,
    report_partitions,
    retried_failures,
)
from lightning_eda.resources import DataFolderResource, DistancesResource, WarehouseResource
from lightning_eda.storage.lock import sole_use
from lightning_eda.warehouse.schema.distances import DISTANCE_CLUSTERS

if TYPE_CHECKING:
    from lightning_eda.cluster_days import DayClusters


@dg.asset(
    group_name="distance_clustering",
    code_version="1",
    description=__doc__,
    owners=OWNERS,
    tags=DISTANCES,
    metadata=about(DISTANCE_CLUSTERS, links=DISTANCES_LINKS),
    partitions_def=daily,
    backfill_policy=one_run,
    kinds={"s3", "scikitlearn", "duckdb"},
    deps=[distance_matrix],
    check_specs=[ITEMS_ARE_CLUSTERED],
)
def dbscan_clusters(
    context: dg.AssetExecutionContext,
    distances: DistancesResource,
    folders: DataFolderResource,
    warehouse: WarehouseResource,
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """See the module."""
    from lightning_eda.cluster_days import ClusterTask, cluster_day
    from lightning_eda.distances.files.graph import read_graph
    from lightning_eda.warehouse.writing.day_rows import replace_day

    found: dict[date, DayClusters] = {}
    with retried_failures(context):
        store, task = distances.store(), ClusterTask.from_settings(distances.settings())
        database = warehouse.file()

        def of_day(day: date) -> PartitionReport:
            place = distances.graph_folder(folders.folder(), day)
            with sole_use(place):
                done = found[day] = cluster_day(store, task, day, read_graph(place))
                replace_day(database, day, {DISTANCE_CLUSTERS: done.rows})
                url = store.url(done.written.key)
                context.log.info(f"{day}: {done.clusters:,} clusters, {url}")
                return _report(str(day), done, {"clusters_file": url, "database": file_link(database)})

        reports = day_reports(context, of_day)
    return report_partitions(context, reports, [check_items_are_clustered(found)])


def _report(day: str, done: "DayClusters", details: Metadata) -> PartitionReport:
    from lightning_eda.figures.charts.distances import render_cluster_sizes

    items, sizes = len(done.labels), done.sizes
    return PartitionReport(
        day,
        {
            "dagster/row_count": done.clustered,
            "clusters": done.clusters,
            "items": items,
            "noise_items": items - done.clustered,
        },
        {
            "noise_share": round((items - done.clustered) / items, 4) if items else 0.0,
            "largest_cluster": int(sizes.max(initial=0)),
            "sizes": picture(render_cluster_sizes(sizes, items - done.clustered), "Items of each cluster"),
            "largest_clusters": preview(done.largest(20), rows_shown=20),
            **details,
        },
    )
