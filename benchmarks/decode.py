"""Decoding granules: `read_granule` against xarray and netCDF4-python reading the same variables.

All three read the same files from disk, in turn, in one process; the figure is the ratio of the sums over the
files of each reader's median time. The real granules are taken where they are beside the checkout, otherwise simulated ones.

    python -m benchmarks.decode
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import netCDF4
import xarray as xr

from benchmarks.granules import some_granules
from lightning_eda.glm.lcfa import read_granule
from lightning_eda.glm.lcfa_variables import TIER_VARIABLES

ROUNDS = 15
TIERS = {"all three tiers": ("flash", "group", "event"), "flash tier": ("flash",)}


def read_with_xarray(path: Path, names: list[str]) -> None:
    """Every variable as xarray's netcdf4 engine decodes it."""
    with xr.open_dataset(path, engine="netcdf4") as dataset:
        for name in names:
            if name in dataset:
                _ = dataset[name].values


def read_with_netcdf4(path: Path, names: list[str]) -> None:
    """Every variable with netCDF4's automatic mask and scale."""
    with netCDF4.Dataset(path) as dataset:
        for name in names:
            if name in dataset.variables:
                _ = dataset.variables[name][:]


def main() -> None:
    """Print one line a tier set and reader."""
    paths = some_granules()
    print(f"{len(paths)} granules, median of {ROUNDS} rounds, milliseconds a granule")
    for words, tiers in TIERS.items():
        names = [variable.name for tier in tiers for variable in TIER_VARIABLES[tier]]
        readers: dict[str, Callable[[Path], object]] = {
            "read_granule": lambda path, tiers=tiers: read_granule(path, tiers),
            "xarray": lambda path, names=names: read_with_xarray(path, names),
            "netCDF4": lambda path, names=names: read_with_netcdf4(path, names),
        }
        seconds = {reader: sum(medians) for reader, medians in time_in_turn(readers, paths).items()}
        for reader, total in seconds.items():
            ratio = total / seconds["read_granule"]
            print(f"  {words:16} {reader:13} {1e3 * total / len(paths):7.2f} ms  {ratio:5.1f} x ours")


def time_in_turn(
    readers: dict[str, Callable[[Path], object]], paths: list[Path]
) -> dict[str, list[float]]:
    """Median seconds of each reader on each file; the readers take turns, so that noise hits all alike."""
    medians: dict[str, list[float]] = {reader: [] for reader in readers}
    for path in paths:
        times: dict[str, list[float]] = {reader: [] for reader in readers}
        for _ in range(ROUNDS):
            for reader, read in readers.items():
                begin = time.perf_counter()
                read(path)
                times[reader].append(time.perf_counter() - begin)
        for reader, values in times.items():
            medians[reader].append(statistics.median(values))
    return medians


if __name__ == "__main__":
    main()
