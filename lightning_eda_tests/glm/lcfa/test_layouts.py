"""A granule that was stored anew in another harmless way reads as before, and so does one of any size."""

from collections.abc import Callable

import h5py
import numpy as np
import pytest
from h5py import h5f

from lightning_eda.glm.granule import Granule
from lightning_eda.glm.lcfa import read_granule
from lightning_eda.glm.lcfa.reader import forget
from lightning_eda.glm.lcfa.variables import TIER_VARIABLES
from lightning_eda.series import TIERS
from lightning_eda.simulator import granule_bytes
from lightning_eda_tests.glm.granule_edits import edited

COLUMNS = [variable.name for variables in TIER_VARIABLES.values() for variable in variables]
EVENTS = 20_000  # more than the 16,384 that one node of chunks can list


def many_events() -> tuple[bytes, str]:
    """One flash of many events, each a group, with times and places of their own."""
    number = np.arange(EVENTS)
    image, name = granule_bytes(
        events={"lat": number * 1e-3, "lon": -130 + number * 1e-3, "time_offset": number * 9e-4}
    )
    return image, str(name)


@pytest.fixture(scope="module")
def original() -> tuple[bytes, str, Granule]:
    """A granule of many events: its bytes, its name and its tables as HDF5 reads them."""
    image, name = many_events()
    forget()
    return image, name, read_granule(image, name=name)


def same(one: Granule, other: Granule) -> bool:
    return one.header == other.header and all(one.tier(tier).equals(other.tier(tier)) for tier in TIERS)


def restored(image: bytes, change: Callable[[np.ndarray], np.ndarray], **storage: object) -> bytes:
    """The file with all columns stored anew."""

    def edit(file: h5py.File) -> None:
        for name in COLUMNS:
            new = change(file[name][()])
            attributes = {key: value for key, value in file[name].attrs.items() if key != "DIMENSION_LIST"}
            del file[name]
            file.create_dataset(name, data=new, **storage).attrs.update(attributes)

    return edited(image, edit)


def copied(image: bytes, oldest: str, newest: str) -> bytes:
    """The file copied object by object into one of another HDF5 format version."""
    memory = {"driver": "core", "backing_store": False}
    with (
        h5py.File(h5f.open_file_image(image)) as source,
        h5py.File("copy", "w", libver=(oldest, newest), **memory) as target,
    ):
        for name in source:
            if not name.startswith("number_of_"):
                source.copy(name, target, expand_refs=False)
        target.attrs.update({key: value for key, value in source.attrs.items() if not key.startswith("_")})
        target.flush()
        return bytes(target.id.get_file_image())


def native_unsigned(values: np.ndarray) -> np.ndarray:
    return values.view(values.dtype.str.replace("i", "u"))


def big_endian(values: np.ndarray) -> np.ndarray:
    return values.astype(values.dtype.newbyteorder(">"))


CHUNKED = {"chunks": (256,), "maxshape": (None,)}
LAYOUTS = {
    "the same": lambda image: restored(image, np.asarray, **CHUNKED),
    "deflate": lambda image: restored(image, np.asarray, compression=4, **CHUNKED),
    "deflate, shuffle and checksum": lambda image: restored(
        image, np.asarray, compression=4, shuffle=True, fletcher32=True, **CHUNKED
    ),
    "contiguous": lambda image: restored(image, np.asarray),
    "large chunks": lambda image: restored(image, np.asarray, chunks=(5000,), maxshape=(None,)),
    "small chunks": lambda image: restored(image, np.asarray, chunks=(100,), maxshape=(None,)),
    "big-endian": lambda image: restored(image, big_endian, **CHUNKED),
    "unsigned types": lambda image: restored(image, native_unsigned, **CHUNKED),
    "HDF5 1.6": lambda image: copied(image, "earliest", "v108"),
    "HDF5 1.10": lambda image: copied(image, "v110", "v110"),
    "latest HDF5": lambda image: copied(image, "latest", "latest"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_values_do_not_depend_on_the_layout(layout, original):
    """Tables and header equal those of the original, whether its metadata was learnt or not."""
    image, name, expected = original
    stored = LAYOUTS[layout](image)
    assert stored != image
    forget()
    assert same(read_granule(stored, name=name), expected)
    assert same(read_granule(image, name=name), expected)
    assert same(read_granule(stored, name=name), expected)


def test_chunks_listed_in_several_nodes(original):
    """More than 64 chunks need a B-tree of two levels; it is read without HDF5, as what is learnt says."""
    image, name, expected = original
    again = read_granule(image, name=name)
    assert same(again, expected)
    assert again.events["group_id"].to_numpy().tolist() == again.groups["group_id"].to_numpy().tolist()
    np.testing.assert_allclose(again.events["event_lat"].to_numpy(), np.arange(EVENTS) * 1e-3, atol=1.1e-3)


@pytest.mark.slow
def test_as_many_rows_as_a_granule_may_have():
    """630,000 groups and events, the most the format allows, are read."""
    lat = np.linspace(-50, 50, 630_000)
    image, name = granule_bytes(events={"lat": lat, "lon": np.full(630_000, -130.0)})
    granule = read_granule(image, name=str(name))
    assert granule.header.n_events == granule.header.n_groups == 630_000
    assert granule.flashes["n_events"].to_pylist() == [630_000]
    np.testing.assert_allclose(granule.events["event_lat"].to_numpy(), lat, atol=1.1e-3)


@pytest.mark.parametrize("tier", TIERS)
def test_ids_may_be_far_apart(tier):
    """Ids that span their whole range, which no table could hold, are joined all the same."""
    ids = {
        "flash": np.array([3, 65_535]),
        "group": np.array([5, 2**32 - 1]),
        "event": np.array([0, 2**32 - 2]),
    }
    places = {"lat": [1.0, 2.0], "lon": [-130.0, -131.0]}
    image, name = granule_bytes(
        flashes=places | {"id": ids["flash"]},
        groups=places | {"id": ids["group"], "parent_flash_id": ids["flash"]},
        events=places | {"id": ids["event"], "parent_group_id": ids["group"][::-1]},
    )
    granule = read_granule(image, name=str(name))
    assert granule.tier(tier)[f"{tier}_id"].to_pylist() == ids[tier].tolist()
    assert granule.events["group_id"].to_pylist() == [2**32 - 1, 5]
    assert granule.events["flash_id"].to_pylist() == [65_535, 3]
    assert granule.header.status == "ok"


def test_the_type_of_a_flag_does_not_hide_its_missing_values():
    """Flags outside the valid range, areas and energies with the fill value are null, others are not."""
    image, name = granule_bytes(
        flashes={"lat": [1.0, 2.0, 3.0], "lon": [-130.0, -131.0, -132.0]},
        raw={
            "flash_quality_flag": [0, 6, -1],
            "flash_area": [-1, 0, 65_530],
            "flash_energy": [-1, 1, 65_531],
        },
    )
    flashes = read_granule(image, name=str(name)).flashes
    assert flashes["flash_quality_flag"].to_pylist() == [0, None, None]
    assert flashes["flash_area"].is_null().to_pylist() == [True, False, False]
    assert flashes["flash_energy"].is_null().to_pylist() == [True, False, True]
