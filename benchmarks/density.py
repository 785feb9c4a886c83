"""Density grids of an hour: processor time and memory beyond decoding.

python -m benchmarks.density [FLASHES_PER_GRANULE ...]      # means of simulated hours; 40 is the demo's
"""

import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from lightning_eda.glm.lcfa import read_granule
from lightning_eda.glm.transform.event_file import event_rows
from lightning_eda.grids.density import DensityBuilder
from lightning_eda.grids.files import write_density
from lightning_eda.simulator import Activity, simulate_hour

HOUR = datetime(2025, 7, 1, 21, tzinfo=UTC)
USUAL, PEAK = 31.0, 280.0  # flashes in 20 s: the mean of GOES-18, the peak of GOES-16 in a night of 2018
REFERENCE_S = 18.0  # of the field's reference tool, for one granule


def main() -> None:
    rates = [float(word) for word in sys.argv[1:]] or [USUAL, PEAK]
    measure(Path(tempfile.mkdtemp()), 5.0, 3)  # compiles, or reads what was compiled
    for rate in rates:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), rate, 180)


def measure(folder: Path, flashes: float, number: int) -> None:
    """One hour: what of it is decoding, and what are the grids."""
    activity = Activity(flashes_per_granule=flashes)
    paths = simulate_hour(folder, "G19", HOUR, 1, activity=activity, granules=number)
    builder = DensityBuilder()
    decoding = gridding = 0.0
    for path in paths:
        begin = time.process_time()
        granule = read_granule(path)
        rows = event_rows(granule)
        decoded = time.process_time()
        builder.add(granule.header.granule_start, granule.header.subpoint_lon, rows)
        decoding += decoded - begin
        gridding += time.process_time() - decoded
    begin = time.process_time()
    density = builder.finish()
    write_density(folder / "out.parquet", density.table, density)
    gridding += time.process_time() - begin
    if number < 180:
        return
    size = (folder / "out.parquet").stat().st_size / 1e6
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{flashes:g} flashes in 20 s: {density.events:,} events, {density.pixels:,} pixels of the sensor")
    print(f"  decoding {decoding:.2f} s, grids {gridding:.2f} s of processor time; {memory:,.0f} MB at most")
    print(f"  {density.table.num_rows:,} rows, {size:.1f} MB; reference: {number * REFERENCE_S:,.0f} s")


if __name__ == "__main__":
    main()
