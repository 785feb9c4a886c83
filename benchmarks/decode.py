"""Decoding granules: `read_granule` against xarray and netCDF4-python reading the same variables.

The readers take turns on every file, in one process. Each round reads each granule once, so that no reader
gains from having just read the same file; the figure is the ratio of the sums over the files of each reader's
median time. The real granules are taken where they are beside the checkout, then an hour of simulated ones.
`read_granule` learns the metadata of the first granule of a kind: what that one costs is printed too.

    python -m benchmarks.decode
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import netCDF4
import xarray as xr

from benchmarks.support.granules import real_granules, simulated_hour
from lightning_eda.glm.lcfa import read_granule
from lightning_eda.glm.lcfa.variables import TIER_VARIABLES

TIERS = {"all three tiers": ("flash", "group", "event"), "flash tier": ("flash",)}

Reader = Callable[[Path], object]


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
    """Print one line a set of granules, tier set and reader."""
    if real := real_granules():
        compare("real granules", real, rounds=15)
    compare("simulated granules", simulated_hour("G19"), rounds=1)


def compare(kind: str, paths: list[Path], rounds: int) -> None:
    """Print milliseconds a granule of each reader, and the ratio to ours."""
    print(f"{len(paths)} {kind}, each read {rounds} times, milliseconds a granule")
    for words, tiers in TIERS.items():
        names = [variable.name for tier in tiers for variable in TIER_VARIABLES[tier]]
        readers: dict[str, Reader] = {
            "read_granule": lambda path, tiers=tiers: read_granule(path, tiers),
            "xarray": lambda path, names=names: read_with_xarray(path, names),
            "netCDF4": lambda path, names=names: read_with_netcdf4(path, names),
        }
        times = time_in_turn(readers, paths, rounds)
        seconds = {
            reader: sum(map(statistics.median, times[reader].values())) / len(paths) for reader in readers
        }
        for reader, total in seconds.items():
            ratio = total / seconds["read_granule"]
            print(f"  {words:16} {reader:13} {1e3 * total:7.2f} ms  {ratio:5.1f} x ours")
        first = times["read_granule"][paths[0]][0]
        print(f"  {words:16} {'':13} {1e3 * first:7.2f} ms  for the first of all")


def time_in_turn(
    readers: dict[str, Reader], paths: list[Path], rounds: int
) -> dict[str, dict[Path, list[float]]]:
    """Seconds of each reader on each file in each round; they take turns, so that noise hits all alike."""
    times: dict[str, dict[Path, list[float]]] = {reader: {path: [] for path in paths} for reader in readers}
    for _ in range(rounds):
        for path in paths:
            for reader, read in readers.items():
                begin = time.perf_counter()
                read(path)
                times[reader][path].append(time.perf_counter() - begin)
    return times


if __name__ == "__main__":
    main()
