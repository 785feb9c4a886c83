"""The busiest hour that GOES-East knows, simulated, all three tiers: seconds and peak memory of each step.

50,000 flashes, 1.3 million groups and 3.6 million events in 180 granules, from a folder into DuckDB. Each
step runs in a process of its own, so that its peak is its own; transform has its decoder process besides.
The usual way is xarray, a pandas CSV a granule and tier, and `read_csv`, without any check.

    python -m benchmarks.peak_hour
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.support.granules import HOUR
from lightning_eda.glm.extract.record import read_extraction
from lightning_eda.glm.extract.source import fetch_hour
from lightning_eda.glm.paths import HourFolders
from lightning_eda.glm.transform.decoder import Decoder
from lightning_eda.glm.transform.hour import read_hour_series, write_hour_series
from lightning_eda.series import TABLE_NAMES
from lightning_eda.simulator import simulate_hour
from lightning_eda.simulator.hour import EAST_PEAK
from lightning_eda.storage.folder import FolderStore
from lightning_eda.warehouse.writing.hour import replace_hour

TIERS = ("flash", "group", "event")
SATELLITE = "G16"
ROOT = Path(__file__).parents[1]


def simulate(place: Path) -> None:
    """The hour, under the bucket's layout."""
    simulate_hour(place / "archive", SATELLITE, HOUR, seed=1, activity=EAST_PEAK)


def folders(place: Path) -> HourFolders:
    """Where the hour goes."""
    return HourFolders(place / "data", "noaa-goes16", HOUR)


def extract(place: Path) -> None:
    """From the archive to the extract folder."""
    fetch_hour(FolderStore(place / "archive"), folders(place))


def transform(place: Path) -> None:
    """To one CSV a tier."""
    with Decoder() as decoder:
        write_hour_series(read_extraction(folders(place)), TIERS, decoder)


def load(place: Path) -> None:
    """Into DuckDB."""
    series = read_hour_series(folders(place))
    paths = {table: file.path for table, file in series.files.items()}
    replace_hour(place / "lightning.duckdb", HOUR, series.satellites, paths, datetime.now(UTC))


def usual(place: Path) -> None:
    """From xarray to a CSV a granule and tier with pandas, then `read_csv` into one table a tier."""
    import duckdb
    import pandas as pd
    import xarray as xr

    for path in sorted((place / "archive").rglob("*.nc")):
        with xr.open_dataset(path) as dataset:
            for table in TABLE_NAMES.values():
                columns = {
                    name: values.values
                    for name, values in dataset.variables.items()
                    if values.dims == (f"number_of_{table}",)
                }
                target = place / "usual" / table / f"{path.stem}.csv"
                target.parent.mkdir(parents=True, exist_ok=True)
                pd.DataFrame(columns).to_csv(target, index=False)
    with duckdb.connect(str(place / "usual.duckdb")) as database:
        for table in TABLE_NAMES.values():
            database.read_csv(str(place / "usual" / table / "*.csv")).create(table)


STEPS: dict[str, Callable[[Path], None]] = {
    step.__name__: step for step in (simulate, extract, transform, load, usual)
}


def run_step(name: str, place: Path) -> dict[str, float]:
    """A step in a process of its own: what `measured` says there."""
    command = [sys.executable, "-m", "benchmarks.peak_hour", name, str(place)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, cwd=ROOT)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def measured(step: Callable[[Path], None], place: Path) -> dict[str, float]:
    """Seconds of a step, and the peak memory of this process and of its largest child, MB."""
    begin = time.perf_counter()
    step(place)
    return {
        "seconds": time.perf_counter() - begin,
        "own_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "children_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    }


def main() -> None:
    """Print a line a step, and the ratio to the usual way."""
    with tempfile.TemporaryDirectory(prefix="lightning-eda-") as folder:
        total = 0.0
        for name in STEPS:
            figures = run_step(name, Path(folder))
            total += figures["seconds"] if name in ("extract", "transform", "load") else 0.0
            ratio = f"  {figures['seconds'] / total:.1f} x ours" if name == "usual" else ""
            print(
                f"  {name:10} {figures['seconds']:6.2f} s  peak {figures['own_mb']:5.0f} MB, "
                f"its children {figures['children_mb']:4.0f} MB{ratio}",
                flush=True,
            )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(measured(STEPS[sys.argv[1]], Path(sys.argv[2]))))
    else:
        main()
