"""The decoder against xarray, an independent one, wherever that is right.

xarray computes in float32, so it is off by up to 4e-6 degrees of latitude, 1.1e-5 of longitude and 2e-6 s. It
is wrong for the times of 2018-10-15 to 2018-11-06, whose `_Unsigned` is missing, and knows no valid_range.
"""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from lightning_eda.glm.lcfa import read_granule
from lightning_eda.glm.lcfa.variables import TIER_VARIABLES, Kind
from lightning_eda.series import TIERS
from lightning_eda.simulator import FAULTS, write_granule

FAULTS_OF_REAL_GRANULES = [
    "lost_blocks", "fill_energy", "fill_area", "flash_id_rollover", "ids_above_2_31", "raw_32769", "late_end",
]  # fmt: skip
TOLERANCES = {
    Kind.ID: {}, Kind.FLAG: {}, Kind.TIME: {"atol": 2.001},  # microseconds
    Kind.DEGREES: {}, Kind.PACKED_DEGREES: {"atol": 1.2e-5}, Kind.PACKED_VALUE: {"rtol": 2e-7},
}  # fmt: skip


def ours(table, variable) -> np.ndarray:
    column = table[variable.column].combine_chunks()
    if variable.kind is Kind.TIME:
        return column.cast("int64").to_numpy()
    return column.to_numpy(zero_copy_only=False).astype(float)


def theirs(read: xr.DataArray, variable) -> np.ndarray:
    if variable.kind is Kind.TIME:
        return read.values.astype("datetime64[ns]").astype(int) / 1000
    values = read.values.astype(float)
    if read.attrs.get("units") == "km2":
        return values * 1e6
    return (values + 180) % 360 - 180 if variable.name == "event_lon" else values


def check(path: Path, with_times: bool) -> None:
    """Every column of every tier is the same, nulls included."""
    granule = read_granule(path)
    with xr.open_dataset(path, engine="netcdf4") as dataset:
        for tier in TIERS:
            for variable in TIER_VARIABLES[tier]:
                if variable.name in dataset and (with_times or variable.kind is not Kind.TIME):
                    np.testing.assert_allclose(
                        ours(granule.tier(tier), variable),
                        theirs(dataset[variable.name], variable),
                        **{"rtol": 0, "atol": 0} | TOLERANCES[variable.kind],
                        err_msg=f"{path.name} {variable.name}",
                    )


@pytest.mark.parametrize("fault", FAULTS_OF_REAL_GRANULES)
@pytest.mark.parametrize("era", ["current", "do07", "milliseconds"])
def test_xarray_reads_the_same_from_simulated_granules(era, fault, tmp_path):
    """With fill values, lost rows, ids beyond 2**31 and packed values beyond 2**15, in every era."""
    assert fault in FAULTS
    places = {"lat": np.linspace(-40, 40, 60), "lon": np.linspace(-110, -50, 60)}
    start = datetime(2018, 10, 17, 10, 26, 20, tzinfo=UTC)
    path = write_granule(tmp_path, satellite="G16", start=start, era=era, flashes=places, faults=[fault])
    check(path, with_times=era != "do07")


def test_xarray_reads_the_same_from_real_granules(granules_folder):
    """All real granules but for the times of the one that lacks `_Unsigned`; no value is missing there."""
    for path in sorted(granules_folder.glob("*.nc")):
        check(path, with_times="s2018290" not in path.name)
