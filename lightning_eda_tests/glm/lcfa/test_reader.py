"""Variables are taken from the bytes once HDF5 has read their like, and never when anything differs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import h5py
import numpy as np
import pytest
from h5py import h5f

from lightning_eda.errors import GranuleError
from lightning_eda.glm.hdf5.image import Hdf5Image
from lightning_eda.glm.hdf5.metadata import Root
from lightning_eda.glm.hdf5.template import Template
from lightning_eda.glm.lcfa import read_granule
from lightning_eda.glm.lcfa.reader import Reader, forget
from lightning_eda.glm.lcfa.variables import TIER_VARIABLES, Kind, Variable
from lightning_eda.glm.names import GranuleName
from lightning_eda.series import TIERS
from lightning_eda.simulator import Activity, granule_bytes, simulate_hour
from lightning_eda_tests.glm.granule_edits import edited, with_attribute

HOURS = {
    "current": datetime(2024, 7, 1, 20, tzinfo=UTC),
    "do07": datetime(2018, 10, 17, 10, tzinfo=UTC),
    "milliseconds": datetime(2018, 7, 2, 4, tzinfo=UTC),
}
VARIABLES = [variable for tier in TIERS for variable in TIER_VARIABLES[tier]]
FLASHES = {"lat": np.linspace(-30, 30, 40), "lon": np.linspace(-100, -60, 40)}


def needed_hdf5(image: bytes, name: GranuleName) -> bool:
    """Whether HDF5 had to read any variable, scalar or attribute of a granule."""
    with Hdf5Image(image) as opened:
        reader = Reader(opened, name.start)
        era = reader.column(TIER_VARIABLES["flash"][1])[1].era
        for variable in VARIABLES:
            if not variable.optional or reader.has(variable.name, era):
                reader.column(variable)
        for tier in TIERS:
            reader.count(f"{tier}_count", len(reader.column(TIER_VARIABLES[tier][0])[0]))
        reader.number("nominal_satellite_subpoint_lon")
        reader.text("platform_ID", name.satellite)
        reader.text("orbital_slot")
        return opened.is_open


@pytest.mark.parametrize("era", HOURS)
def test_hdf5_reads_only_the_first_granule_of_a_kind(era, tmp_path):
    """Of distinct granules of an hour, of any size, all but the first are taken from the bytes."""
    paths = simulate_hour(
        tmp_path, "G16", HOURS[era], 5, era=era, granules=12, activity=Activity(flashes_per_granule=90.0)
    )
    forget()
    for path in paths:
        read_granule(path)
        assert not needed_hdf5(path.read_bytes(), GranuleName.parse(path.name))


def test_hdf5_reads_only_the_first_of_contiguous_real_granules(granules_folder):
    """The three granules of G16 2018-183 are distinct, and alike in all their metadata."""
    paths = sorted(granules_folder.glob("*_s2018183*.nc"))
    forget()
    read_granule(paths[0])
    for path in paths[1:]:
        assert not needed_hdf5(path.read_bytes(), GranuleName.parse(path.name))


def real_and_simulated(folder: Path) -> list[tuple[bytes, GranuleName]]:
    real = [(path.read_bytes(), GranuleName.parse(path.name)) for path in sorted(folder.glob("*.nc"))]
    return [
        *real,
        *(granule_bytes(satellite="G16", flashes=FLASHES, era=era, start=HOURS[era]) for era in HOURS),
    ]


def variables_of(image: bytes) -> list[Variable]:
    root = Root(image)
    return [variable for variable in VARIABLES if variable.name in root]


def test_variables_that_are_alike_are_read_together(granules_folder):
    """A wrong address passes a variable off as another only where both are read, so that chunks overlap."""
    for image, name in real_and_simulated(granules_folder):
        root, start = Root(image), name.start.isoformat(" ", "milliseconds")[:23].encode()
        variables = variables_of(image)
        for one in variables:
            template = Template(image, root.address(one.name), start)
            alike = {v.name for v in variables if template.match(image, root.address(v.name), start, [])}
            together = {v.name for v in TIER_VARIABLES[one.name.split("_")[0]] if v.kind is one.kind}
            assert one.name in alike
            assert alike <= together
            assert one.kind is not Kind.ID or alike == {one.name}  # not all ids are read for every tier


def test_a_link_to_the_wrong_variable_is_damage():
    """Two names of one header are refused, whether the variables were learnt or not."""
    image, name = granule_bytes(flashes=FLASHES)
    root = Root(image)
    first, last = (root.address(f"flash_time_offset_of_{which}_event") for which in ("first", "last"))
    link = b"flash_time_offset_of_last_event" + last.to_bytes(8, "little")
    assert image.count(link) == 1
    damaged = image.replace(link, link[:-8] + first.to_bytes(8, "little"))
    for is_learnt in (False, True):
        forget()
        if is_learnt:
            read_granule(image, name=str(name))
        with pytest.raises(GranuleError, match="damaged"):
            read_granule(damaged, name=str(name))


def test_another_start_is_not_taken_for_the_granules(tmp_path):
    """A learnt variable of which only the start in its units differs is read by HDF5, and refused."""
    image, name = granule_bytes(flashes=FLASHES)
    forget()
    assert read_granule(image, name=str(name)).header.status == "ok"
    text = name.start.isoformat(" ", "milliseconds")[:23].encode()
    later = (name.start + timedelta(seconds=20)).isoformat(" ", "milliseconds")[:23].encode()
    assert image.count(text) >= 7
    with pytest.raises(GranuleError, match="the file is damaged"):  # its checksums are wrong now
        read_granule(image.replace(text, later), name=str(name))


@pytest.mark.parametrize("attribute", ["scale_factor", "add_offset", "_FillValue", "valid_range"])
def test_a_changed_attribute_is_seen_after_learning(attribute):
    """Each attribute that decides a value is part of what must be the same."""
    image, name = granule_bytes(flashes=FLASHES, raw={"flash_energy": np.arange(40)})
    forget()
    before = read_granule(image, name=str(name)).flashes["flash_energy"].to_numpy(zero_copy_only=False)
    new = {
        "scale_factor": np.float32(2e-15), "add_offset": np.float32(0),
        "_FillValue": np.int16(7), "valid_range": np.array([3, 9], "<i2"),
    }  # fmt: skip
    changed = with_attribute(image, "flash_energy", attribute, new[attribute])
    after = read_granule(changed, name=str(name)).flashes["flash_energy"].to_numpy(zero_copy_only=False)
    assert not np.array_equal(before, after, equal_nan=True)
    assert np.array_equal(before, read_granule(image, name=str(name)).flashes["flash_energy"].to_numpy())


def test_the_remains_of_a_removed_variable_are_not_read():
    """A variable that was removed is missing, although its bytes are still in the file."""
    image, name = granule_bytes(flashes=FLASHES)
    forget()
    read_granule(image, name=str(name))
    without = edited(image, lambda file: file.__delitem__("flash_area"))
    assert b"flash_area" in without
    with pytest.raises(GranuleError, match="variable flash_area is missing"):
        read_granule(without, name=str(name))


def test_a_count_that_disagrees_is_reported_after_learning():
    """A learnt scalar is still read: the count of another granule is not taken for this one's."""
    image, name = granule_bytes(flashes=FLASHES)
    forget()
    for stated in (40, 47, 12):
        changed = edited(image, lambda file, stated=stated: file["flash_count"].__setitem__((), stated))
        header = read_granule(changed, name=str(name)).header
        assert header.flash_count == stated
        assert header.status == ("ok" if stated == 40 else "inconsistent")


def test_chunks_that_overlap_are_damage():
    """Two variables with the chunks of one are refused, whether they were learnt or not."""
    image, name = granule_bytes(flashes=FLASHES)
    with Hdf5Image(image) as opened:
        reader = Reader(opened, name.start)
        lat, lon = (next(v for v in VARIABLES if v.name == f"flash_{axis}") for axis in ("lat", "lon"))
        places = [image.index(reader.column(variable)[0].tobytes()) for variable in (lat, lon)]
    before, after = (place.to_bytes(8, "little") for place in places)
    assert image.count(after) == 1
    damaged = image.replace(after, before)
    forget()
    for _ in range(2):
        with pytest.raises(GranuleError, match="overlap"):
            read_granule(damaged, name=str(name))
        read_granule(image, name=str(name))


def first_node(image: bytes, name: GranuleName) -> int:
    """Place of the B-tree node that lists the chunks of flash_lat."""
    with Hdf5Image(image) as opened:
        lat = next(variable for variable in VARIABLES if variable.name == "flash_lat")
        chunk = image.index(Reader(opened, name.start).column(lat)[0].tobytes())
    entry = image.index(chunk.to_bytes(8, "little"))
    assert image[entry - 48 : entry - 44] == b"TREE"
    return entry - 48


@pytest.mark.parametrize(
    ("part", "place", "value"),
    [
        ("signature", 0, b"TREF"), ("type", 4, b"\0"), ("level", 5, b"\1"), ("no entries", 6, b"\0\0"),
        ("too many entries", 6, b"\xff\xff"), ("bytes of the chunk", 24, b"\7"), ("filters", 28, b"\1"),
        ("first row", 32, b"\1"), ("address", 48, b"\xff" * 7),
    ],
)  # fmt: skip
def test_a_damaged_list_of_chunks_is_refused(part, place, value):
    """It has no checksum, so each of its parts is checked; HDF5 would read other rows, or fill values."""
    image, name = granule_bytes(flashes=FLASHES)
    place += first_node(image, name)
    damaged = image[:place] + value + image[place + len(value) :]
    assert damaged != image, part
    for is_learnt in (False, True):
        forget()
        if is_learnt:
            read_granule(image, name=str(name))
        with pytest.raises(GranuleError, match="variable flash_lat: " if is_learnt else "flash_lat|damaged"):
            read_granule(damaged, name=str(name))


def place_of_plausible_count(image: bytes, header: int) -> int:
    """A place in an object header where four bytes could be taken for a number of rows."""
    numbers = {
        place: int.from_bytes(image[place : place + 4], "little") for place in range(header, header + 256)
    }
    return next(place for place, number in numbers.items() if 40 < number <= 630_000)


def test_a_count_from_the_wrong_place_is_refused():
    """A damaged address of a scalar leads to other things that were read, or to what cannot be a count."""
    image, name = granule_bytes(flashes=FLASHES)
    with h5py.File(h5f.open_file_image(image)) as file:
        address = file["flash_count"].id.get_offset().to_bytes(8, "little")
        elsewhere = file["product_time_bounds"].id.get_offset()
    assert image.count(address) == 1
    header = place_of_plausible_count(image, Root(image).address("flash_lat"))
    for wrong in (0, 8, header, elsewhere, len(image) - 2, 2**64 - 1):
        damaged = image.replace(address, wrong.to_bytes(8, "little"))
        forget()
        read_granule(image, name=str(name))
        with pytest.raises(GranuleError, match="damaged"):
            read_granule(damaged, name=str(name))
