"""The graph a user sees."""

from datetime import date
from itertools import product

import dagster as dg
import pytest

from lightning_eda.definitions import BACKFILL_HOURS, build_definitions, served
from lightning_eda.partitions import hourly
from lightning_eda.resources import build_resources
from lightning_eda.settings import DistanceSettings, Settings
from lightning_eda_tests.orchestration.conftest import LIGHTNING_GROUPS

# asset: (group, upstream, checks)
GRAPH = {
    "noaa_granules": ("ingestor", [], []),
    "extract": ("ingestor", ["noaa_granules"], ["hour_is_complete"]),
    "transform": ("ingestor", ["extract"], ["no_granule_quarantined", "parents_resolve"]),
    "load": ("ingestor", ["transform"], ["coordinates_in_range", "ids_are_unique", "newest_hour_is_fresh"]),
    "flash_density": (
        "grids",
        ["extract"],
        ["energy_is_conserved", "no_granule_refused", "pixel_sizes_are_learned"],
    ),
    "preprocessor": ("clustering", ["load"], ["most_rows_kept"]),
    "kmeans_cluster": ("clustering", ["preprocessor"], []),
    "silhouette_evaluator": ("evaluators", ["kmeans_cluster"], []),
    "elbow_evaluator": ("evaluators", ["kmeans_cluster"], []),
    "cluster_map": ("maps", ["elbow_evaluator", "flash_density", "silhouette_evaluator"], ["k_is_clear"]),
    "flash_pairs": ("storm_cells", ["load"], []),
    "storm_cells": ("storm_cells", ["flash_pairs"], []),
    "storm_tracks": ("storm_cells", ["load"], []),
    "lightning_jumps": ("storm_cells", ["storm_tracks"], []),
    "storm_page": ("storm_cells", ["flash_density", "lightning_jumps"], []),
    "parquet_table": (
        "s3_tables",
        [],
        ["columns_are_unchanged", "has_rows", "read_without_doubt", "row_count_is_usual"],
    ),
    "distance_matrix": ("distance_clustering", [], ["all_rows_read"]),
    "dbscan_clusters": ("distance_clustering", ["distance_matrix"], ["items_are_clustered"]),
}

EXTERNAL = {"noaa_granules"}
LIGHTNING = {name for name, (group, _, _) in GRAPH.items() if group in LIGHTNING_GROUPS} - EXTERNAL


@pytest.fixture(scope="module")
def specs():
    """The assets' specs by name."""
    graph = build_definitions(Settings()).resolve_asset_graph()
    return {key.to_user_string(): graph.get(key) for key in graph.get_all_asset_keys()}


def test_the_graph_is_as_documented(specs):
    """Groups, upstream assets and checks of every asset."""
    found = {
        name: (
            node.group_name,
            sorted(key.to_user_string() for key in node.parent_keys),
            sorted(check.name for check in node.check_keys),
        )
        for name, node in specs.items()
    }
    assert found == GRAPH, "what was added, or changed, goes into GRAPH above"


def test_every_asset_describes_itself(specs):
    """The description is the module's docstring: a first line and more."""
    for name, node in specs.items():
        first, _, rest = (node.description or "").strip().partition("\n")
        assert first.endswith("."), name
        assert len(rest) > 100, name


def without_partitions(definitions):
    """The assets that run and have no partitions."""
    nodes = definitions.resolve_asset_graph().asset_nodes
    return {node.key.to_user_string() for node in nodes if node.is_executable and not node.is_partitioned}


def test_every_asset_says_the_version_of_its_code(specs):
    """So that Dagster can tell what was made by an older one; what is made elsewhere has none."""
    assert {name for name, node in specs.items() if not node.code_version} == EXTERNAL


def test_what_is_read_is_named(tmp_path):
    """The bucket or the folder that stands in for it, before anything runs."""
    for settings, place in (
        (Settings(), "s3://noaa-goes18/GLM-L2-LCFA/"),
        (Settings(archive_dir=str(tmp_path)), f"{tmp_path}/GLM-L2-LCFA/"),
    ):
        graph = build_definitions(settings).resolve_asset_graph()
        assert graph.get(dg.AssetKey("noaa_granules")).metadata["place"] == place


def test_unset_the_assets_are_partitioned_by_hour(specs):
    """A key is `2022-12-31-05:00`; the archive begins in 2018."""
    assert all(specs[name].partitions_def == hourly for name in LIGHTNING)
    assert hourly.has_partition_key("2022-12-31-05:00")
    assert hourly.get_first_partition_key() == "2018-02-13-00:00"


@pytest.mark.parametrize("pin", [{"goes_year": "2022"}, {"goes_doy": "1"}, {"goes_hour": "0"}])
def test_pinned_the_assets_have_no_partitions(pin):
    """Whichever part of the pin is set, and even when it is wrong: the run will say so."""
    assert without_partitions(build_definitions(Settings(**pin))) == LIGHTNING


def test_both_shapes_live_side_by_side():
    """Building one does not change the other."""
    build_definitions(Settings(goes_doy="1"))
    assert without_partitions(build_definitions(Settings())) == set()


def test_steps_run_in_the_runs_own_process():
    """A process a step would cost more than most steps do."""
    definitions = build_definitions(Settings())
    assert definitions.executor is dg.in_process_executor
    assert [job.name for job in definitions.jobs] == [
        "ingest",
        "lightning",
        "storms",
        "cluster_distances",
        "load_table",
    ]


def test_the_job_of_an_hour_takes_every_hourly_asset():
    """An asset in a new group needs that group in the selection of `lightning`, in jobs.py."""
    (job,) = (one for one in build_definitions(Settings()).jobs if one.name == "lightning")
    graph = build_definitions(Settings()).resolve_asset_graph()
    assert {key.to_user_string() for key in job.selection.resolve(graph)} == LIGHTNING


def test_only_loads_take_turns():
    """What clusters and draws writes under the lock alone, and no load waits for it."""
    assets = build_definitions(Settings()).assets
    pools = {asset.key.to_user_string(): asset.op.pool for asset in assets if asset.is_executable}
    assert {name: pool for name, pool in pools.items() if pool} == {"load": "duckdb"}


def test_the_settings_are_the_defaults_of_the_resources():
    """So that the launchpad shows them."""
    resources = build_definitions(Settings(bucket="noaa-goes16", tiers="flash,event")).resources
    assert resources["glm"].bucket == "noaa-goes16"
    assert resources["glm"].tier_names() == ("flash", "event")


def test_each_bucket_and_folder_keeps_its_own_graphs(tmp_path):
    """However they are spelt, below the data folder, and with names a file system takes."""
    names = ["a", "..", "./a/b", "a/b", "/a", "a/", "b/c", "/", "x" * 300, "x" * 301]
    places = {}
    for bucket, folder in product(names, names):
        resource = build_resources(Settings(distances=DistanceSettings(bucket=bucket, input_folder=folder)))[
            "distances"
        ]
        place = resource.graph_folder(tmp_path, date(2024, 1, 1))
        assert place.resolve().is_relative_to(tmp_path / "distances")
        place.mkdir(parents=True, exist_ok=True)
        places.setdefault(place, set()).add((bucket, folder.strip("/")))
    assert all(len(given) == 1 for given in places.values())


def test_every_field_of_the_launchpad_has_help():
    """A description that names its variable."""
    for name, resource in build_definitions(Settings()).resources.items():
        for field, info in type(resource).model_fields.items():
            assert info.description, f"{name}.{field}"


def test_row_30_no_asset_is_fresh_because_an_hour_of_the_past_was_loaded(specs):
    """Dagster's policy looks at the last materialisation of any partition; the ledger is asked instead."""
    assert not [name for name, node in specs.items() if node.freshness_policy]


def test_nothing_starts_by_itself(specs):
    """Schedules and sensors are off but the one that tells of failures."""
    definitions = build_definitions(Settings())
    running = dg.DefaultSensorStatus.RUNNING
    assert all(one.default_status == dg.DefaultScheduleStatus.STOPPED for one in definitions.schedules)
    assert [one.name for one in definitions.sensors if one.default_status == running] == ["failures"]


def test_a_long_backfill_in_the_ui_is_a_run_a_day(specs):
    """What the daemon loads splits it; the command line, which takes a range as one run only, does not."""
    graph = served().resolve_asset_graph()
    for name in LIGHTNING:
        key = dg.AssetKey(name)
        assert graph.get(key).backfill_policy.max_partitions_per_run == BACKFILL_HOURS
        assert specs[name].backfill_policy == dg.BackfillPolicy.single_run()


def test_a_backfill_of_days_in_the_ui_is_a_run_for_each():
    """So that a day without its CSV fails alone."""
    graph = served().resolve_asset_graph()
    for name in set(GRAPH) - LIGHTNING - EXTERNAL:
        assert graph.get(dg.AssetKey(name)).backfill_policy.max_partitions_per_run == 1


def test_a_pinned_code_location_is_served_too(monkeypatch):
    """Without partitions there is nothing to split."""
    monkeypatch.setenv("GOES_DOY", "1")
    assert without_partitions(served()) == LIGHTNING
