"""A window and sector of the grids as NetCDF, named and built as the gridded GLM product.

Whatever opens that opens this: xarray, and satpy's reader `glm_l2` when the file has the product's name.

Source: GOES-R Product Definition and Users' Guide (PUG) volume 3, 5.1.2, for the fixed grid and the CONUS
sectors; the names of the variables are those of the gridded GLM product.
"""

import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lightning_eda.errors import GridError
from lightning_eda.grids.files import GridFile
from lightning_eda.grids.fixed_grid import (
    DISTANCE_M,
    EQUATOR_M,
    LIGHTNING_EQUATOR_M,
    POLE_M,
    SIZE,
    SLOTS,
    STEP_RAD,
    Floats,
    to_grid,
)
from lightning_eda.storage.atomic import write_atomic

if TYPE_CHECKING:
    import xarray as xr

CONUS_ROWS = (422, 1922)
CONUS_COLUMNS = {"GOES-East": (902, 3402), "GOES-West": (1462, 3962)}
MESO_SIZE = 500
PIXEL = "3136 microradian^2 pixel"
VARIABLES: dict[str, tuple[str, str, float, float]] = {
    "flash_extent_density": ("1", f"flashes in a {PIXEL}", 1.0, 0.0),
    "group_extent_density": ("1", f"groups in a {PIXEL}", 1.0, 0.0),
    "average_flash_area": ("km2", "mean area of the flashes", 1e-6, np.nan),
    "minimum_flash_area": ("km2", "smallest area of the flashes", 1e-6, np.nan),
    "total_energy": ("nJ", "radiant energy of the events", 1e9, 0.0),
}
"""Unit, description, factor from the unit of the Parquet files, and what a cell without lightning has."""


@dataclass(frozen=True)
class Sector:
    """A part of the full disk.

    Attributes:
        letter: In names of files: F, C or M1.
        scene: What the product calls it.
        rows: First, and the first after.
        columns: Likewise.
    """

    letter: str
    scene: str
    rows: tuple[int, int]
    columns: tuple[int, int]

    def holds(self, table: pa.Table) -> npt.NDArray[np.bool_]:
        """Which rows of `density.SCHEMA` are cells of it."""
        (top, bottom), (left, right) = self.rows, self.columns
        row, column = (table[axis].to_numpy() for axis in ("row", "col"))
        inside: npt.NDArray[np.bool_] = (row >= top) & (row < bottom) & (column >= left) & (column < right)
        return inside


def sector_of(name: str, slot: str, center: tuple[float, float] | None = None) -> Sector:
    """A sector of a slot's full disk.

    Args:
        name: "full", "conus" or "meso".
        slot: A key of `SLOTS`.
        center: Latitude and longitude of the middle of a mesoscale sector.

    Raises:
        GridError: The slot has no such sector, or the centre is not given or not seen.
    """
    if name == "full":
        return Sector("F", "FULL", (0, SIZE), (0, SIZE))
    if name == "conus":
        if slot not in CONUS_COLUMNS:
            raise GridError(f"{slot} has no CONUS sector: take full, or meso with a centre")
        return Sector("C", "CONUS", CONUS_ROWS, CONUS_COLUMNS[slot])
    if center is None:
        raise GridError("a mesoscale sector is where it is asked for: give its centre, --center=LAT,LON")
    lat, lon = (np.array([degrees]) for degrees in center)
    place = to_grid(lat, lon, SLOTS[slot], LIGHTNING_EQUATOR_M)
    if not np.isfinite(place).all():
        raise GridError(f"{lat[0]:g}, {lon[0]:g} is not seen from {slot}: give another --center=LAT,LON")
    columns, rows = (_meso_span(float(middle[0])) for middle in place)
    return Sector("M1", "MESO", rows, columns)


def _meso_span(middle: float) -> tuple[int, int]:
    first = min(max(round(middle) - MESO_SIZE // 2, 0), SIZE - MESO_SIZE)
    return first, first + MESO_SIZE


def product_name(satellite: str, sector: Sector, start: datetime, end: datetime) -> str:
    """The name the product's file of a window has; it counts as made when the window ended."""
    times = {"s": start, "e": end, "c": end}
    stamps = "_".join(f"{letter}{time:%Y%j%H%M%S}0" for letter, time in times.items())
    return f"OR_GLM-L2-GLM{sector.letter}-M3_{satellite}_{stamps}.nc"


def write_product(
    path: Path, grids: GridFile, satellite: str, sector: Sector, start: datetime, end: datetime
) -> None:
    """Writes grids as the product's NetCDF, whole or not at all.

    Args:
        path: The file.
        grids: One step, as `files.total_density` gives it, of a known slot.
        satellite: For example "G18".
        sector: What to write of the full disk.
        start: Of the window, UTC.
        end: Of the window, exclusive, UTC.

    Raises:
        GridError: xarray is not installed.
        StorageError: The system refused.
    """
    xarray = _xarray()
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "product.nc"
        frame = _frame(xarray, grids, satellite, sector, start, end)
        frame.to_netcdf(part, engine="netcdf4")
        for name in VARIABLES:  # one after the other: each has 30 million cells on the full disk
            variable = _variable(xarray, grids, sector, name, (end - start) / timedelta(minutes=1))
            encoding: dict[str, Any] = {
                name: {"zlib": True, "complevel": 1, "_FillValue": np.float32(np.nan)}
            }
            variable.to_netcdf(part, mode="a", engine="netcdf4", encoding=encoding)
        write_atomic(path, part.read_bytes(), setting="out")


def _xarray() -> ModuleType:
    try:
        import xarray
    except ImportError as error:
        raise GridError(
            "writing NetCDF needs xarray: `pip install 'lightning_eda[grids]'`, in a clone "
            "`pip install -c constraints.txt -e '.[grids]'`"
        ) from error
    return xarray


def _frame(
    xarray: ModuleType, grids: GridFile, satellite: str, sector: Sector, start: datetime, end: datetime
) -> "xr.Dataset":
    """All but the grids themselves."""
    assert grids.slot is not None
    lon = SLOTS[grids.slot]
    coordinates = {
        "x": ("x", _angles(sector.columns), {"standard_name": "projection_x_coordinate", "units": "rad"}),
        "y": ("y", -_angles(sector.rows), {"standard_name": "projection_y_coordinate", "units": "rad"}),
    }
    variables = {
        "goes_imager_projection": ((), np.int32(0), _projection(lon)),
        "nominal_satellite_subpoint_lat": ((), np.float32(0.0), {"units": "degrees_north"}),
        "nominal_satellite_subpoint_lon": ((), np.float32(lon), {"units": "degrees_east"}),
    }
    attributes = {
        "Conventions": "CF-1.7",
        "title": f"Gridded lightning of {satellite}, made by lightning_eda from GLM L2 LCFA granules",
        "platform_ID": satellite,
        "orbital_slot": grids.slot,
        "instrument_ID": "GLM",
        "scene_id": sector.scene,
        "timeline_ID": "ABI Mode 3",
        "production_site": "lightning_eda",
        "spatial_resolution": "2km at nadir",
        "time_coverage_start": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "time_coverage_end": f"{end:%Y-%m-%dT%H:%M:%SZ}",
    }
    frame: xr.Dataset = xarray.Dataset(variables, coordinates, attributes)
    return frame


def _projection(lon: float) -> dict[str, object]:
    """The grid mapping; satpy and CF name it alike."""
    return {
        "grid_mapping_name": "geostationary",
        "perspective_point_height": DISTANCE_M - EQUATOR_M,
        "semi_major_axis": EQUATOR_M,
        "semi_minor_axis": POLE_M,
        "inverse_flattening": EQUATOR_M / (EQUATOR_M - POLE_M),
        "latitude_of_projection_origin": 0.0,
        "longitude_of_projection_origin": lon,
        "sweep_angle_axis": "x",
    }


def _angles(span: tuple[int, int]) -> Floats:
    """The middles of some columns, radians from the subpoint."""
    angles: Floats = (np.arange(*span, dtype=np.float64) + 0.5 - SIZE / 2) * STEP_RAD
    return angles


def _variable(xarray: ModuleType, grids: GridFile, sector: Sector, name: str, minutes: float) -> "xr.Dataset":
    unit, words, factor, nothing = VARIABLES[name]
    (top, bottom), (left, right) = sector.rows, sector.columns
    row, column = (grids.table[axis].to_numpy().astype(np.int64) for axis in ("row", "col"))
    inside = sector.holds(grids.table)
    values = np.full((bottom - top, right - left), nothing, np.float32)
    found = grids.table[name].to_numpy().astype(np.float64)
    values[row[inside] - top, column[inside] - left] = factor * found[inside]
    attributes = {
        "units": unit,
        "long_name": f"{words} in {minutes:g} min",
        "grid_mapping": "goes_imager_projection",
    }
    dataset: xr.Dataset = xarray.Dataset({name: (("y", "x"), values, attributes)})
    return dataset
