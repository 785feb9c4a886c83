"""The whole lightning graph on one simulated hour against the same graph with empty assets.

Both through `dagster asset materialize`, in a process of their own, with the same executor (all steps in the
run's process), keys, groups, checks and resources: the ratio is what the work costs beyond Dagster itself.
The first run of each is not counted: it compiles and caches the kernels. `--steps` tells where the time goes.

    python -m benchmarks.graph_overhead [--rounds 3] [--steps]
"""

import argparse
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from lightning_eda.cli.demo import DEMO_FLASHES_PER_GRANULE, DEMO_HOUR, DEMO_SATELLITE, DEMO_SEED
from lightning_eda.simulator import Activity, simulate_hour

ROOT = Path(__file__).parents[2]
BAR = 3.0
GRAPHS = {"full": "lightning_eda.definitions", "empty": "benchmarks.graph_overhead.empty_graph"}
STEP_SECONDS = re.compile(r'Finished execution of step "(\w+)" in ([\d.]+)(ms|s)')


@dataclass(frozen=True)
class Took:
    """One run.

    Attributes:
        wall_s: Seconds that passed.
        cpu_s: Seconds of processor time, with its child processes.
        steps: Seconds of each asset.
    """

    wall_s: float
    cpu_s: float
    steps: dict[str, float]


def run(module: str, folder: Path) -> Took:
    """Materialises the demo hour into an empty data folder; runs and events are kept as they are at home."""
    results = folder / "results"
    shutil.rmtree(results, ignore_errors=True)
    variables = {
        "GLM_ARCHIVE_DIR": str(folder / "archive"),
        "S3_BUCKET": f"noaa-goes{DEMO_SATELLITE[1:]}",
        "GOES_YEAR": f"{DEMO_HOUR:%Y}",
        "GOES_DOY": f"{DEMO_HOUR:%j}",
        "GOES_HOUR": f"{DEMO_HOUR:%H}",
        "LIGHTNING_DATA_DIR": str(results),
        "DUCKDB_PATH": str(results / "lightning.duckdb"),
        "PYTHONPATH": str(ROOT),
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }
    command = [
        sys.executable,
        "-m",
        "dagster",
        "asset",
        "materialize",
        "--select",
        "*cluster_map",
        "-m",
        module,
    ]
    before, begin = _child_seconds(), time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    wall = time.perf_counter() - begin
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    steps = {
        name: float(number) / (1000 if unit == "ms" else 1)
        for name, number, unit in STEP_SECONDS.findall(done.stderr)
    }
    return Took(wall, _child_seconds() - before, steps)


def _child_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.graph_overhead",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", action="store_true", help="the seconds of each asset")
    options = parser.parse_args()
    took: dict[str, list[Took]] = {name: [] for name in GRAPHS}
    with tempfile.TemporaryDirectory(prefix="lightning-eda-") as place:
        folder = Path(place)
        shutil.copy(ROOT / "dagster.yaml", folder)
        activity = Activity(flashes_per_granule=DEMO_FLASHES_PER_GRANULE)
        simulate_hour(folder / "archive", DEMO_SATELLITE, DEMO_HOUR, DEMO_SEED, activity=activity)
        for number in range(options.rounds + 1):
            for name, module in GRAPHS.items():
                found = run(module, folder)
                if number:
                    took[name].append(found)
    print(f"one simulated hour, {len(took['full'][0].steps)} assets, median of {options.rounds} rounds")
    for name, runs in took.items():
        wall, cpu = (statistics.median(getattr(one, field) for one in runs) for field in ("wall_s", "cpu_s"))
        print(f"  {name:6} {wall:6.2f} s, {cpu:6.2f} s of processor time")
    if options.steps:
        for step in took["full"][0].steps:
            seconds = [one.steps[step] for one in took["full"] if step in one.steps]  # a line can be missed
            print(f"    {step:22} {statistics.median(seconds):6.2f} s")
    for field, words in (("wall_s", "time"), ("cpu_s", "processor time")):
        full, empty = (statistics.median(getattr(one, field) for one in took[name]) for name in GRAPHS)
        print(f"ratio of {words}: {full / empty:.2f} (bar: less than {BAR:g})")


if __name__ == "__main__":
    main()
