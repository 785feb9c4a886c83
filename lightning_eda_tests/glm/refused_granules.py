"""Granules that break the accept rule, each in one way, and the reason the decoder must give."""

import gzip
from functools import cache

import h5py
import numpy as np

from lightning_eda.simulator import granule_bytes
from lightning_eda_tests.glm.granule_edits import edited, replaced, stored_values, with_attribute

FLASHES = {"lat": np.linspace(-30, 30, 40), "lon": np.linspace(-150, -120, 40)}


@cache
def sound() -> tuple[bytes, str]:
    """A granule of 40 flashes with two groups of one event each, and its name."""
    image, name = granule_bytes(flashes=FLASHES)
    return image, str(name)


def values(name: str) -> np.ndarray:
    return stored_values(sound()[0], name)


def change(name: str, new: np.ndarray, **storage: object) -> bytes:
    return replaced(sound()[0], name, new, **storage)


def attribute(name: str, key: str, value: object) -> bytes:
    return with_attribute(sound()[0], name, key, value)


def put(name: str, new: object) -> bytes:
    """The sound file with something else under the name of a variable."""

    def edit(file: h5py.File) -> None:
        del file[name]
        file[name] = new

    return edited(sound()[0], edit)


def create(name: str, *shape_and_type: object, **storage: object) -> bytes:
    """The sound file with a variable that holds nothing."""

    def edit(file: h5py.File) -> None:
        del file[name]
        file.create_dataset(name, *shape_and_type, **storage)

    return edited(sound()[0], edit)


STRUCTURE = {
    "missing variable": (
        lambda: edited(sound()[0], lambda file: file.__delitem__("event_lon")),
        "variable event_lon is missing",
    ),
    "a group": (
        lambda: edited(
            sound()[0], lambda file: (file.__delitem__("event_lat"), file.create_group("event_lat"))
        ),
        "variable event_lat is no dataset",
    ),
    "two dimensions": (
        lambda: change("flash_lat", np.stack([values("flash_lat")] * 2, axis=1)),
        "variable flash_lat has 2 dimensions, not 1",
    ),
    "no dimension": (
        lambda: change("flash_lat", np.float32(3)),
        "variable flash_lat has 0 dimensions, not 1",
    ),
    "float where packed": (
        lambda: change("event_lat", values("event_lat").astype("f4")),
        "variable event_lat is of type float32, not of 16-bit integers",
    ),
    "wide integers": (
        lambda: change("flash_id", values("flash_id").astype("i4")),
        "variable flash_id is of type int32, not of 16-bit integers",
    ),
    "doubles": (
        lambda: change("flash_lat", values("flash_lat").astype("f8")),
        "variable flash_lat is of type float64, not of 32-bit floating-point numbers",
    ),
    "text": (
        lambda: change("flash_id", np.full(40, b"ab")),
        "variable flash_id is of type |S2, not of 16-bit integers",
    ),
    "one row short": (
        lambda: edited(sound()[0], lambda file: file["flash_energy"].resize((39,))),
        "variable flash_energy has 39 rows, its tier 40",
    ),
    "ids of different length": (
        lambda: edited(sound()[0], lambda file: file["group_parent_flash_id"].resize((39,))),
        "the group variables differ in length: [39, 80]",
    ),
    "rows that were never written": (
        lambda: create("flash_lat", (40,), "<f4", chunks=(256,), maxshape=(None,)),
        "variable flash_lat: the list of its chunks is damaged",
    ),
    "too many rows": (
        lambda: granule_bytes(flashes=FLASHES, raw={"event_id": np.arange(630_001)})[0],
        "variable event_id: it has 630,001 rows; a granule has at most 630,000",
    ),
    "absurdly many rows": (
        lambda: create("event_id", (1 << 40,), "<i4"),
        "variable event_id: it has 1,099,511,627,776 rows; a granule has at most 630,000",
    ),
    "absurdly many chunked rows": (
        lambda: create("event_id", (1 << 40,), "<i4", chunks=(256,)),
        "variable event_id: it has 1,099,511,627,776 rows; a granule has at most 630,000",
    ),
    "a huge chunk": (
        lambda: create("event_lat", (80,), "<i2", chunks=(1 << 28,), maxshape=(None,)),
        "variable event_lat: it has chunks of 536,870,912 bytes",
    ),
}
VALUES = {
    "flash ids given twice": (lambda: change("flash_id", np.zeros(40, "<i2")), "flash_id is not unique"),
    "group ids given twice": (lambda: change("group_id", np.zeros(80, "<i4")), "group_id is not unique"),
    "event ids given twice": (lambda: change("event_id", np.zeros(80, "<i4")), "event_id is not unique"),
    "one id of each given twice": (
        lambda: granule_bytes(flashes=FLASHES, faults=["duplicate_ids"])[0],
        "flash_id is not unique",
    ),
    "NaN": (
        lambda: granule_bytes(flashes=FLASHES, faults=["nan_coordinates"])[0],
        "variable flash_lon has values that are no coordinates",
    ),
    "infinity": (
        lambda: change("group_lon", np.full(80, np.inf, "f4")),
        "variable group_lon has values that are no coordinates",
    ),
    "a latitude of 91": (
        lambda: change("flash_lat", np.full(40, 91, "f4")),
        "variable flash_lat has values that are no coordinates",
    ),
    "a longitude of 400": (
        lambda: change("flash_lon", np.full(40, 400, "f4")),
        "variable flash_lon has values that are no coordinates",
    ),
    "times long after the end": (
        lambda: attribute("event_time_offset", "add_offset", np.float32(40)),
        "variable event_time_offset has times from 50.000 s to 50.004 s after the start, which are not in",
    ),
    "times long before the start": (
        lambda: attribute("event_time_offset", "add_offset", np.float32(-50)),
        "variable event_time_offset has times from -40.000 s to -39.996 s after the start, which are not in",
    ),
    "a satellite over Africa": (
        lambda: edited(sound()[0], lambda file: file["nominal_satellite_subpoint_lon"].__setitem__((), 9.0)),
        "nominal_satellite_subpoint_lon is 9.0, which no GOES satellite is at",
    ),
}
ATTRIBUTES = {
    "scale 0": (
        lambda: attribute("event_lat", "scale_factor", np.float32(0)),
        "variable event_lat has scale 0.0 and offset -66.55999755859375",
    ),
    "scale NaN": (
        lambda: attribute("flash_energy", "scale_factor", np.float32(np.nan)),
        "variable flash_energy has scale nan",
    ),
    "offset infinite": (
        lambda: attribute("flash_area", "add_offset", np.float32(np.inf)),
        "variable flash_area has scale 152601.859375 and offset inf",
    ),
    "scale missing": (
        lambda: attribute("event_lon", "scale_factor", None),
        "variable event_lon lacks a number as scale_factor or add_offset",
    ),
    "scale of three numbers": (
        lambda: attribute("event_lon", "scale_factor", np.ones(3, "f4")),
        "variable event_lon lacks a number as scale_factor or add_offset",
    ),
    "scale that is text": (
        lambda: attribute("event_lon", "scale_factor", "one"),
        "variable event_lon lacks a number as scale_factor or add_offset",
    ),
    "scale absurd": (
        lambda: attribute("event_energy", "scale_factor", np.float32(1)),
        "variable event_energy has scale 1.0",
    ),
    "scale of degrees absurd": (
        lambda: attribute("event_lon", "scale_factor", np.float32(0.004)),
        "variable event_lon has scale 0.004",
    ),
    "scale of times absurd": (
        lambda: attribute("group_time_offset", "scale_factor", np.float32(1)),
        "variable group_time_offset has scale 1.0 and offset -5.0 in seconds",
    ),
    "units garbage": (
        lambda: attribute("event_time_offset", "units", "fortnights since the flood"),
        "variable event_time_offset has units 'fortnights since the flood', not",
    ),
    "units missing": (
        lambda: attribute("event_time_offset", "units", None),
        "variable event_time_offset has units None, not",
    ),
    "units without a date": (
        lambda: attribute("event_time_offset", "units", "seconds since 2024-13-41 25:00:00.000"),
        "variable event_time_offset has units 'seconds since 2024-13-41 25:00:00.000', whose date is not "
        "valid",
    ),
    "another epoch": (
        lambda: attribute("event_time_offset", "units", "seconds since 2000-01-01 12:00:00.000"),
        "variable event_time_offset counts from 2000-01-01 12:00:00+00:00, its name says 2024-07-01 20:00:00",
    ),
    "two eras": (
        lambda: with_attribute(
            attribute("event_time_offset", "scale_factor", np.float32(2)),
            "event_time_offset",
            "units",
            "milliseconds since 2024-07-01 20:00:00.000",
        ),
        "variable event_time_offset is of the milliseconds era, others of the current era",
    ),
    "area in acres": (
        lambda: attribute("flash_area", "units", "acres"),
        "variable flash_area has units 'acres', not m2 or km2",
    ),
    "another platform": (
        lambda: edited(sound()[0], lambda file: file.attrs.__setitem__("platform_ID", "G16")),
        "its platform_ID is 'G16', its name says G18",
    ),
    "no global attributes": (
        lambda: granule_bytes(flashes=FLASHES, faults=["no_global_attributes"])[0],
        "its platform_ID is None, its name says G18",
    ),
}
WRAPPING = {
    "a byte behind": (lambda: sound()[0] + b"x", "bytes where its HDF5 header says"),
    "two files": (lambda: sound()[0] * 2, "bytes where its HDF5 header says"),
    "cut": (lambda: sound()[0][:-1], "bytes where its HDF5 header says"),
    "signature alone": (lambda: sound()[0][:8], "its HDF5 header is of the unknown version b''"),
    "a user block": (lambda: bytes(512) + sound()[0], "it is no HDF5 file: it starts with b'\\x00"),
    "an error page": (lambda: b"<html>busy</html>", "it is no HDF5 file: it starts with b'<html>busy</html"),
    "gzip": (lambda: gzip.compress(sound()[0]), "it is no HDF5 file: it starts with b'\\x1f\\x8b"),
    "classic netCDF": (lambda: b"CDF\x01" + bytes(500), "it is no HDF5 file: it starts with b'CDF"),
    "zero bytes": (lambda: b"", "it is no HDF5 file: it starts with b'' (0 bytes)"),
}
CASES = STRUCTURE | VALUES | ATTRIBUTES | WRAPPING
