"""A slow, plain reading of a granule, to hold the simulator and the decoder against."""

from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np

MILLISECONDS = "milliseconds"


@dataclass(frozen=True)
class RawGranule:
    """Columns of a granule by NOAA's name, scaled by hand in float64; times in seconds from its start.

    `group_of_event` and `flash_of_group` are rows of the parent, -1 for orphans.
    """

    columns: dict[str, np.ndarray]
    scales: dict[str, float]
    group_of_event: np.ndarray
    flash_of_group: np.ndarray

    def __getitem__(self, name: str) -> np.ndarray:
        return self.columns[name]

    def rows(self, tier: str) -> int:
        return len(self.columns[f"{tier}_id"])

    def first_and_last(self) -> tuple[np.ndarray, np.ndarray]:
        times = ("flash_time_offset_of_first_event", "flash_time_offset_of_last_event")
        return self[times[0]], self[times[1]]


def read_raw(path: Path) -> RawGranule:
    """Reads a granule with netCDF4-python, its own scaling and masking off."""
    columns, scales = {}, {}
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        for name, variable in file.variables.items():
            columns[name] = _scaled(name, variable)
            if "scale_factor" in variable.ncattrs():
                scales[name] = float(variable.scale_factor)
    return RawGranule(
        columns,
        scales,
        parents(columns["event_parent_group_id"], columns["group_id"]),
        parents(columns["group_parent_flash_id"], columns["flash_id"]),
    )


def parents(wanted: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Row of each wanted id, -1 where there is none."""
    rows = {number: row for row, number in enumerate(ids.tolist())}
    return np.array([rows.get(number, -1) for number in wanted.tolist()], int)


def _scaled(name: str, variable: netCDF4.Variable) -> np.ndarray:
    values = np.asarray(variable[...])
    attributes = variable.ncattrs()
    is_time = "time_offset" in name
    unsigned = "_Unsigned" in attributes or (is_time and variable.units.startswith("seconds"))
    if unsigned and values.dtype.kind == "i":
        values = values.view(values.dtype.str.replace("i", "u"))
    if "scale_factor" in attributes:
        values = values.astype("f8") * float(variable.scale_factor) + float(variable.add_offset)
    if is_time and variable.units.startswith(MILLISECONDS):
        values = values / 1000.0
    if name.endswith("_area") and variable.units == "km2":
        values = values * 1e6
    return values.astype("i8") if values.dtype.kind in "iu" else values
