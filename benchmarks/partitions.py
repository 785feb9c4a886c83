"""Every hour since 2018 as a partition: loading the code location, a tick, and the asset page.

The usual way to hold several satellites is a partition for each hour and satellite; the same assets are
partitioned so for comparison. Processor seconds, each figure in a process of its own; the page is asked of a
real `dagster dev`, in seconds of the clock.

    python -m benchmarks.partitions
"""

import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from lightning_eda.definitions import build_definitions
from lightning_eda.partitions import hourly
from lightning_eda.schedules import build_schedules
from lightning_eda.settings import Settings
from lightning_eda_tests.end_to_end.commands import dagster_dev, graphql, project_folder

SATELLITES = ["G16", "G17", "G18", "G19"]
SHAPES = ("hours", "hours and satellites")
PAGE = """{assetNodeOrError(assetKey: {path: ["load"]}){... on AssetNode{
  partitionKeysByDimension{name partitionKeys} partitionStats{numPartitions numMaterialized}
  assetPartitionStatuses{... on TimePartitionStatuses{ranges{status startKey endKey}}}}}}"""


def definitions(shape: str) -> dg.Definitions:
    """The lightning assets in one shape or the other, with the hourly schedule."""
    made = build_definitions(Settings())
    assets = [asset for asset in made.assets or () if isinstance(asset, dg.AssetsDefinition)]
    assets = [asset for asset in assets if any(spec.partitions_def == hourly for spec in asset.specs)]
    if shape != SHAPES[0]:
        both = dg.MultiPartitionsDefinition(
            {"hour": hourly, "satellite": dg.StaticPartitionsDefinition(SATELLITES)}
        )
        assets = [
            asset.map_asset_specs(lambda one: one.replace_attributes(partitions_def=both)) for asset in assets
        ]
    schedule = build_schedules(Settings())[0]
    return dg.Definitions(assets, [schedule], resources=made.resources, jobs=[schedule.job])


def measure(shape: str) -> dict[str, float]:
    """Processor seconds from an empty process to a loaded location, of a tick, and of listing all keys."""
    location = definitions(shape).get_repository_def()
    loaded = time.process_time()
    partitions = next(iter(location.assets_defs_by_key.values())).partitions_def
    assert partitions is not None
    count = len(partitions.get_partition_keys())
    listed = time.process_time()
    seconds = {"partitions": float(count), "load": loaded, "list of all keys": listed - loaded}
    if shape == SHAPES[0]:
        context = dg.build_schedule_context(
            instance=dg.DagsterInstance.ephemeral(),
            scheduled_execution_time=datetime(2026, 1, 1, 5, 10, tzinfo=UTC),
            repository_def=location,
        )
        begin = time.process_time()
        location.get_schedule_def("hourly_lightning").evaluate_tick(context)
        seconds["tick"] = time.process_time() - begin
    return seconds


def page_seconds() -> float:
    """Seconds until the partitions of an asset's page are there."""
    with (
        tempfile.TemporaryDirectory() as place,
        dagster_dev(project_folder(Path(place) / "project")) as port,
    ):
        begin = time.monotonic()
        assert graphql(port, PAGE)["assetNodeOrError"]["partitionStats"]["numPartitions"] > 70_000
        return time.monotonic() - begin


def main() -> None:
    """Prints the figures, ours beside the others'."""
    measured = {}
    for shape in SHAPES:
        words = [sys.executable, "-m", "benchmarks.partitions", shape]
        measured[shape] = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout)
    ours, usual = (measured[shape] for shape in SHAPES)
    for name, value in ours.items():
        other = f"{usual[name]:12.2f}   ratio {usual[name] / value:.1f}" if name in usual else ""
        print(f"{name:20} {value:12.2f} {other}")
    print(f"{'the asset page':20} {page_seconds():12.2f}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1])))
    else:
        main()
