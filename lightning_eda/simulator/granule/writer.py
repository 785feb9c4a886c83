"""Drafts to files.

A blank granule is made once per format and satellite with netCDF4-python, in memory; every granule is that
image with its columns and changing attributes put in through h5py's low-level interface. So the structure
is the netCDF library's own, and a file costs milliseconds. Nothing in a file depends on clock or machine.
"""

import uuid
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from lightning_eda.glm.names import GranuleName, format_stamp, hour_prefix
from lightning_eda.simulator.eras import Era, Satellite
from lightning_eda.simulator.granule.draft import Draft
from lightning_eda.simulator.granule.header import SMALL_DIMENSIONS, global_attributes, header_variables
from lightning_eda.simulator.granule.template import (
    CHUNK_ROWS,
    DIMENSIONS,
    FILE_TIERS,
    DiskVariable,
    tier_variables,
)

if TYPE_CHECKING:
    import h5py
    import netCDF4

J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)
_BOOKKEEPING = ("_NCProperties", "_Netcdf4Coordinates", "_Netcdf4Dimid")
_UNITS_START = "{} since {:%Y-%m-%d %H:%M:%S}.{:03d}"


def write_image(image: bytes, folder: Path, name: GranuleName) -> Path:
    """Writes the bytes of a granule under the bucket's layout and returns the path."""
    path = folder / hour_prefix(name.start) / str(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(image)
    return path


def granule_image(draft: Draft) -> bytes:
    """The bytes of a granule's file."""
    from h5py import h5d, h5f, h5s

    file = h5f.open_file_image(_blank_image(draft.era, draft.satellite), h5f.FILE_IMAGE_OPEN_RW)
    try:
        for name, column in draft.columns.items():
            if len(column):
                dataset = h5d.open(file, name.encode())
                dataset.set_extent((len(column),))
                dataset.write(h5s.ALL, h5s.ALL, np.ascontiguousarray(column))
        _write_texts(file, draft)
        _write_scalars(file, draft)
        h5f.flush(file)
        return bytes(file.get_file_image())
    finally:
        file.close()


def _write_texts(file: "h5py.h5f.FileID", draft: Draft) -> None:
    """Puts in every text that differs between granules; each keeps its length."""
    from h5py import h5a, h5d

    def write(owner: "h5py.h5g.GroupID", name: str, text: str) -> None:
        attribute = h5a.open(owner, name.encode())
        attribute.write(np.array(text.encode()), attribute.get_type())

    changing = changing_text(draft)
    for name in ("dataset_name", "date_created", "time_coverage_start", "time_coverage_end", "id"):
        write(file, name, changing[name])
    container = h5d.open(file, b"algorithm_dynamic_input_data_container")
    write(container, "input_GLM_L0_data", changing["input_GLM_L0_data"])
    for name in draft.columns:
        if "time_offset" in name:
            write(h5d.open(file, name.encode()), "units", changing["units"])


def _write_scalars(file: "h5py.h5f.FileID", draft: Draft) -> None:
    """Puts in every scalar that differs between granules."""
    from h5py import h5a, h5d, h5s

    def write(name: str, value: np.ndarray) -> None:
        h5d.open(file, name.encode()).write(h5s.ALL, h5s.ALL, value)

    start, end = ((time - J2000).total_seconds() for time in (draft.name.start, draft.name.end))
    write("product_time", np.array(start))
    write("product_time_bounds", np.array([start, end]))
    for tier in FILE_TIERS:
        write(f"{tier}_count", np.array(draft.counts[tier], "<i4"))
    if draft.rows("flash") == 0:  # an empty granule says that no share of it is good
        for tier in ("flash", "group"):
            flag = h5d.open(file, f"{tier}_quality_flag".encode())
            h5a.open(flag, b"percent_good_quality_qf").write(np.zeros(1, "<f4"))


def changing_text(draft: Draft) -> dict[str, str]:
    """The text attributes that differ between granules; each always has the same length."""
    name = draft.name
    start, end = format_stamp(name.start), format_stamp(name.end)
    return {
        "dataset_name": str(name),
        "date_created": _iso_tenths(name.created),
        "time_coverage_start": _iso_tenths(name.start),
        "time_coverage_end": _iso_tenths(name.end),
        "id": str(uuid.UUID(bytes=draft.identity, version=4)),
        "input_GLM_L0_data": f"OR_GLM-L0_{name.satellite}_s{start}_e{end}_c*.nc",
        "units": _UNITS_START.format(draft.era.time_units, name.start, name.start.microsecond // 1000),
    }


def _iso_tenths(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 100_000}Z"


@lru_cache(maxsize=16)
def _blank_image(era: Era, satellite: Satellite) -> bytes:
    """A granule without rows, whose changing attributes are stand-ins of the right length."""
    from netCDF4 import Dataset

    start = J2000.replace(hour=0)
    name = GranuleName(satellite.name, start, start + timedelta(seconds=20), start + timedelta(seconds=22))
    changing = changing_text(Draft(name, era, satellite, {}))
    with TemporaryDirectory() as folder:  # netCDF in memory tracks no creation order and stamps the clock
        path = Path(folder) / "blank.nc"
        with Dataset(path, "w", format="NETCDF4") as nc:
            for tier in ("flash", "group", "event"):
                nc.createDimension(DIMENSIONS[tier], None)
            for variable in tier_variables(era, satellite, changing["units"]):
                _create(nc, variable, (CHUNK_ROWS,))
            nc.sync()  # without it all dimensions come first; real granules have them in two places
            for dimension, size in SMALL_DIMENSIONS.items():
                nc.createDimension(dimension, size)
            for variable in header_variables(era, satellite, changing):
                _create(nc, variable)
            nc.setncatts(global_attributes(era, satellite, changing))
        return _without_bookkeeping(path.read_bytes())


def _create(nc: "netCDF4.Dataset", variable: DiskVariable, chunks: tuple[int] | None = None) -> None:
    """Makes a variable; without a value it stays unwritten, as in real granules."""
    dimensions = () if variable.dimension is None else (variable.dimension,)
    made = nc.createVariable(
        variable.name, variable.dtype, dimensions, fill_value=variable.fill, chunksizes=chunks
    )
    made.set_auto_maskandscale(False)
    made.setncatts(variable.attributes)
    if variable.value is not None:
        made[...] = variable.value


def _without_bookkeeping(image: bytes) -> bytes:
    """The image without the attributes that the netCDF library adds and real granules lack."""
    from h5py import File, h5f

    with File(h5f.open_file_image(image, h5f.FILE_IMAGE_OPEN_RW)) as file:
        for item in (file, *file.values()):
            for name in _BOOKKEEPING:
                if name in item.attrs:
                    del item.attrs[name]
        file.flush()
        return bytes(file.id.get_file_image())
