"""What cannot be trusted is refused, with a reason that names the file once; nothing outside it is read.

Each file is given twice: to a decoder that has learnt nothing, for which HDF5 reads everything, and to one
that knows granules of the kind, which takes what it knows from the bytes.
"""

import time
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest

from lightning_eda.errors import GranuleError
from lightning_eda.glm.lcfa import read_granule
from lightning_eda.glm.lcfa.reader import forget
from lightning_eda.series import TIERS
from lightning_eda.simulator import granule_bytes
from lightning_eda_tests.glm.granule_edits import edited, replaced, stored_values, with_attribute
from lightning_eda_tests.glm.refused_granules import (
    CASES,
    FLASHES,
    attribute,
    change,
    create,
    put,
    sound,
    values,
)


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
    """A chunk of 512 bytes that inflates to 64 MB is refused before HDF5 sees it."""
    bomb = zlib.compress(bytes(1 << 26), 9)

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


@pytest.mark.parametrize(
    ("seconds", "accepted"), [(-5.0, True), (-5.005, True), (-5.05, False), (20.005, True), (20.05, False)]
)
def test_times_are_those_of_the_granule(seconds, accepted):
    """Light may be written up to 5 s late, and a hundredth is left for rounding at either end."""
    image, name = granule_bytes(flashes=FLASHES, raw={"event_time_offset": np.zeros(80, np.int16)})
    image = with_attribute(image, "event_time_offset", "add_offset", np.float32(seconds))
    if accepted:
        times = read_granule(image, name=str(name)).events["event_time"].to_pylist()
        after = [(time - name.start).total_seconds() for time in times]
        assert after == pytest.approx([seconds] * 80)
    else:
        words = rf"event_time_offset has times from {seconds:.3f} s to {seconds:.3f} s after the start"
        with pytest.raises(GranuleError, match=words):
            read_granule(image, name=str(name))


def test_an_offset_is_in_the_unit_of_the_times():
    """150 are 0.15 s in files of milliseconds, where 150 seconds would be damage."""
    raw = {"event_time_offset": np.zeros(80, np.int16)}
    image, name = granule_bytes(era="milliseconds", flashes=FLASHES, raw=raw)
    image = with_attribute(image, "event_time_offset", "add_offset", np.float32(150))
    (time,) = set(read_granule(image, name=str(name)).events["event_time"].to_pylist())
    assert (time - name.start).total_seconds() == 0.15


@pytest.mark.parametrize("tiers", [TIERS, ("flash",)])
def test_flashes_without_groups_are_told(tiers):
    """The groups of two flashes are of their neighbour: the file is kept, and says what it lacks."""
    image, name = sound()
    parents = stored_values(image, "group_parent_flash_id")
    ids = stored_values(image, "flash_id")
    parents[np.isin(parents, ids[:2])] = ids[2]
    granule = read_granule(replaced(image, "group_parent_flash_id", parents), tiers, name)
    assert (granule.header.status, granule.header.reason) == ("inconsistent", "2 flashes without groups")
    assert granule.flashes["n_groups"].to_pylist()[:4] == [0, 0, 6, 2]


@pytest.mark.parametrize(
    ("lon", "accepted"), [(-137.0, True), (-60.0, True), (-59.0, False), (-151.0, False)]
)
def test_a_satellite_stands_where_goes_satellites_do(lon, accepted):
    """From West to East with some room."""
    image = put("nominal_satellite_subpoint_lon", np.float32(lon))
    if accepted:
        assert read_granule(image, name=sound()[1]).header.subpoint_lon == lon
    else:
        with pytest.raises(GranuleError, match=f"subpoint_lon is {lon}, which no GOES satellite is at"):
            read_granule(image, name=sound()[1])


@pytest.mark.parametrize(
    ("lon", "stored"),
    [(180.0, -180.0), (180.5, -179.5), (360.0, 0.0), (-180.0, -180.0), (-180.5, 179.5), (-203.5, 156.5)],
)
def test_longitudes_are_from_minus_180_to_less_than_180(lon, stored):
    """Whichever turn they are written in."""
    image = change("flash_lon", np.full(40, lon, "f4"))
    assert read_granule(image, ("flash",), sound()[1]).flashes["flash_lon"].to_pylist() == [stored] * 40


@pytest.mark.parametrize(("second", "accepted"), [("00.099", True), ("00.100", False), ("05.000", False)])
def test_times_count_from_the_start_in_the_name(second, accepted):
    """Which leaves out what is less than a tenth of a second."""
    image = attribute("event_time_offset", "units", f"seconds since 2024-07-01 20:00:{second}")
    if accepted:
        assert read_granule(image, name=sound()[1]).header.n_events == 80
    else:
        with pytest.raises(GranuleError, match="event_time_offset counts from 2024-07-01 20:00:0"):
            read_granule(image, name=sound()[1])
