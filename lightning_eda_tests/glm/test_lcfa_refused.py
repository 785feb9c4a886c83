"""What cannot be trusted is refused, with a reason that names the file once; nothing outside it is read.

Each file is given twice: to a decoder that has learnt nothing, for which HDF5 reads everything, and to one
that knows granules of the kind, which takes what it knows from the bytes.
"""

import gzip
import time
import zlib
from functools import cache
from pathlib import Path

import h5py
import numpy as np
import pytest

from lightning_eda.errors import GranuleError
from lightning_eda.glm.lcfa import read_granule
from lightning_eda.glm.lcfa_reader import forget
from lightning_eda.glm.simulator import granule_bytes
from lightning_eda_tests.glm.granule_edits import edited, replaced, stored_values, with_attribute

FLASHES = {"lat": np.linspace(-30, 30, 40), "lon": np.linspace(-150, -120, 40)}


@cache
def sound() -> tuple[bytes, str]:
    """A granule of 40 flashes with two groups of one event each, and its name."""
    image, name = granule_bytes(flashes=FLASHES)
    return image, str(name)


def values(name: str) -> np.ndarray:
    return stored_values(sound()[0], name)


def reasons(image: bytes) -> list[str]:
    """What the decoder says against a file, having learnt nothing and having learnt the sound one."""
    good, name = sound()
    said = []
    for is_learnt in (False, True):
        forget()
        if is_learnt:
            assert read_granule(good, name=name).header.status == "ok"
        begin = time.monotonic()
        with pytest.raises(GranuleError) as caught:
            read_granule(image, name=name)
        assert time.monotonic() - begin < 5, "it took too long to refuse"
        text = str(caught.value)
        assert text.startswith(f"{name}: ")
        assert text.count(name) == 1
        said.append(text.removeprefix(f"{name}: "))
    return said


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


@pytest.mark.parametrize("case", CASES)
def test_what_breaks_the_accept_rule_is_refused(case):
    """Each file is refused for its own reason."""
    make, reason = CASES[case]
    for said in reasons(make()):
        assert reason in said


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file of the reader's machine that no granule may bring out."""
    path = tmp_path / "secret"
    path.write_bytes(b"a secret of 26 characters!" * 40)
    return path


def test_external_raw_storage_is_not_read(secret):
    """A variable whose values lie in another file (HDF5 itself would return them) is refused."""
    image = create("event_energy", (80,), "<i2", external=[(str(secret), 0, 160)])
    for said in reasons(image):
        assert said == "variable event_energy: it is not stored inside the file"


def test_links_are_not_followed(secret):
    """Neither to another file nor to another variable, for columns and scalars alike."""
    for name in ("event_lat", "event_count"):
        for link in (h5py.ExternalLink(str(secret), "/x"), h5py.SoftLink("/event_lon")):
            for said in reasons(put(name, link)):
                assert said == f"variable {name} is a link to somewhere else"


def test_virtual_datasets_are_not_read(secret):
    """A variable put together from other files is refused."""
    layout = h5py.VirtualLayout((80,), "<i2")
    layout[:] = h5py.VirtualSource(str(secret), "event_lat", (80,))

    def edit(file: h5py.File) -> None:
        del file["event_lat"]
        file.create_virtual_dataset("event_lat", layout)

    for said in reasons(edited(sound()[0], edit)):
        assert said == "variable event_lat: it is not stored inside the file"


def test_a_chunk_that_inflates_without_end_is_not_inflated():
    """A chunk of 512 bytes that inflates to 512 MB is refused before HDF5 sees it."""
    bomb = zlib.compress(bytes(1 << 29), 9)

    def edit(file: h5py.File) -> None:
        del file["event_lat"]
        data = file.create_dataset("event_lat", (80,), "<i2", chunks=(256,), maxshape=(None,), compression=9)
        data.id.write_direct_chunk((0,), bomb)

    for said in reasons(edited(sound()[0], edit)):
        assert said == "variable event_lat: it has a chunk that inflates beyond 512 bytes"


def test_unusual_filters_are_refused():
    """Only deflate, shuffle and a checksum are taken, each once."""
    image = change("event_lat", values("event_lat"), chunks=(256,), maxshape=(None,), compression="lzf")
    for said in reasons(image):
        assert said == "variable event_lat: it has the HDF5 filters [32000]"


def test_a_granule_under_another_name_is_refused():
    """The name must be of the platform and of the time that the file is of."""
    image, name = sound()
    with pytest.raises(GranuleError, match=r"its platform_ID is 'G18', its name says G16$"):
        read_granule(image, name=name.replace("_G18_", "_G16_"))
    other = name.replace("s20241832000000_e20241832000200", "s20241832000200_e20241832000400")
    assert other != name
    with pytest.raises(
        GranuleError, match=r"counts from 2024-07-01 20:00:00\+00:00, its name says 2024-07-01 20:00:20"
    ):
        read_granule(image, name=other)


def test_bytes_without_any_name_are_refused():
    """The error says that a name is wanted."""
    image = granule_bytes(flashes=FLASHES, faults=["no_global_attributes"])[0]
    with pytest.raises(
        GranuleError, match=r"^the granule: no file name was given, and it has no attribute dataset_name$"
    ):
        read_granule(image)


def test_an_empty_granule_may_lack_all_attributes():
    """Objects without records do, in the archive."""
    image, name = granule_bytes(faults=["no_global_attributes"])
    header = read_granule(image, name=str(name)).header
    assert (header.status, header.n_events, header.orbital_slot) == ("empty", 0, None)


def test_a_file_larger_than_any_granule_is_not_read(tmp_path):
    """128 MB and more are refused by the size alone."""
    path = tmp_path / sound()[1]
    with path.open("wb") as file:
        file.truncate((1 << 27) + 1)
    with pytest.raises(GranuleError, match="134,217,729 bytes is more than any granule has"):
        read_granule(path)
