"""What Dagster loads: assets, resources, jobs, schedules and sensors for the settings of this environment."""

import gc
import warnings
from collections.abc import Sequence

import dagster as dg

# Not exported; says who loads this module.
from dagster._core.definitions.definitions_load_context import DefinitionsLoadContext

from lightning_eda.settings import Settings, read_settings

# `backfill_policy` and selections by text are beta in this Dagster; a user can do nothing about either.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
# Dagster and what the assets load are half a million objects that stay. At Python's threshold of 700 the
# collector looked through all of them seven times in a run of the demo: 0.8 s of 6 s.
gc.set_threshold(10_000, 10, 10)

from lightning_eda.assets.clustering.kmeans_cluster import kmeans_cluster  # noqa: E402
from lightning_eda.assets.clustering.preprocessor import preprocessor  # noqa: E402
from lightning_eda.assets.distance_clustering.dbscan_clusters import dbscan_clusters  # noqa: E402
from lightning_eda.assets.distance_clustering.distance_matrix import distance_matrix  # noqa: E402
from lightning_eda.assets.evaluators.elbow_evaluator import elbow_evaluator  # noqa: E402
from lightning_eda.assets.evaluators.silhouette_evaluator import silhouette_evaluator  # noqa: E402
from lightning_eda.assets.grids.flash_density import flash_density  # noqa: E402
from lightning_eda.assets.ingestor.extract import extract  # noqa: E402
from lightning_eda.assets.ingestor.load import load  # noqa: E402
from lightning_eda.assets.ingestor.noaa_granules import noaa_granules  # noqa: E402
from lightning_eda.assets.ingestor.transform import transform  # noqa: E402
from lightning_eda.assets.maps.cluster_map import cluster_map  # noqa: E402
from lightning_eda.assets.s3_tables.parquet_table import parquet_table  # noqa: E402
from lightning_eda.assets.storm_cells.flash_pairs import flash_pairs  # noqa: E402
from lightning_eda.assets.storm_cells.lightning_jumps import lightning_jumps  # noqa: E402
from lightning_eda.assets.storm_cells.storm_cells import storm_cells  # noqa: E402
from lightning_eda.assets.storm_cells.storm_page import storm_page  # noqa: E402
from lightning_eda.assets.storm_cells.storm_tracks import storm_tracks  # noqa: E402
from lightning_eda.checks.freshness import newest_hour_is_fresh  # noqa: E402
from lightning_eda.jobs import jobs  # noqa: E402
from lightning_eda.resources import build_resources  # noqa: E402
from lightning_eda.schedules import build_schedules  # noqa: E402
from lightning_eda.sensors import build_sensors  # noqa: E402

LIGHTNING_ASSETS = [
    extract,
    transform,
    load,
    flash_density,
    preprocessor,
    kmeans_cluster,
    silhouette_evaluator,
    elbow_evaluator,
    cluster_map,
]
DAILY_ASSETS = [
    flash_pairs,
    storm_cells,
    storm_tracks,
    lightning_jumps,
    storm_page,
    distance_matrix,
    dbscan_clusters,
    parquet_table,
]

BACKFILL_HOURS = 24


def build_definitions(settings: Settings, backfill_hours: int | None = None) -> dg.Definitions:
    """The definitions for given settings.

    With the pin set (GOES_YEAR, GOES_DOY, GOES_HOUR) the lightning assets have no partitions, and every way
    of launching them works on the pinned window; without it they are partitioned by hour.

    Args:
        settings: The settings.
        backfill_hours: Most hours in a run of a backfill, and a day of the daily assets; all in one run when
            left out.
    """
    lightning, daily = LIGHTNING_ASSETS, DAILY_ASSETS
    if backfill_hours:
        lightning, daily = _split(lightning, backfill_hours), _split(daily, 1)
    return dg.Definitions(
        assets=[
            noaa_granules(settings),
            *(_without_partitions(lightning) if settings.pinned else lightning),
            *daily,
        ],
        asset_checks=[newest_hour_is_fresh],
        resources=build_resources(settings),
        jobs=jobs,
        schedules=build_schedules(settings),
        sensors=build_sensors(settings),
        executor=dg.in_process_executor,
    )


def _without_partitions(assets: Sequence[dg.AssetsDefinition]) -> list[dg.AssetsDefinition]:
    return [
        asset.map_asset_specs(lambda spec: spec.replace_attributes(partitions_def=None)) for asset in assets
    ]


def _split(assets: Sequence[dg.AssetsDefinition], most: int) -> list[dg.AssetsDefinition]:
    """The assets with at most so many partitions in a run of a backfill."""
    policy = dg.BackfillPolicy.multi_run(most)
    return [asset.with_attributes(backfill_policy=policy) for asset in assets]


def served() -> dg.Definitions:
    """What the UI and the daemon load: a long backfill is a run for each day of it.

    So four days are worked on at a time, and an hour that fails stops its own day. A command that launches a
    range of partitions by itself refuses assets that are split in this way.
    """
    return build_definitions(read_settings(), BACKFILL_HOURS)


def _is_served() -> bool:
    """Whether a code server loads this module, for the UI and the daemon, rather than a command.

    A code server names its location before it loads anything; `dg launch` and `dagster asset materialize`
    load the module without one.
    """
    return DefinitionsLoadContext.is_set() and DefinitionsLoadContext.get().code_location_name is not None


defs = served() if _is_served() else build_definitions(read_settings())
