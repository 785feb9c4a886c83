"""`write_granule`: what is given is what is written, and the rest is sound."""

from datetime import UTC, datetime, timedelta

import netCDF4
import numpy as np
import pytest

from lightning_eda.errors import SettingError
from lightning_eda.glm.names import GranuleName, hour_prefix
from lightning_eda.simulator import granule_bytes, write_granule
from lightning_eda_tests.glm.raw_granule import RawGranule, read_raw

START = datetime(2020, 2, 29, 23, 59, 40, tzinfo=UTC)
TIERS = ("event", "group", "flash")


def check_sound(granule: RawGranule) -> None:
    """Ids are unique, parents resolve, counts hold."""
    for tier in TIERS:
        assert len(np.unique(granule[f"{tier}_id"])) == granule.rows(tier) == granule[f"{tier}_count"]
    assert (granule.group_of_event >= 0).all()
    assert (granule.flash_of_group >= 0).all()


def test_nothing_given_is_an_empty_granule(tmp_path):
    """Without rows the granule is empty, under its usual name and place."""
    path = write_granule(str(tmp_path), satellite="G17", start=START)
    assert path.parent == tmp_path / hour_prefix(START)
    name = GranuleName.parse(path.name)
    assert (name.satellite, name.start, name.end) == ("G17", START, START + timedelta(seconds=20))
    assert [read_raw(path).rows(tier) for tier in TIERS] == [0, 0, 0]


def test_flashes_alone_get_groups_and_events(tmp_path):
    """Each flash has two groups of one event at its place, with half of its energy each."""
    flashes = {"lat": [10.0, -20.0, 30.0], "lon": [-120.0, 179.0, -140.0], "energy": 8e-14}
    granule = read_raw(write_granule(tmp_path, flashes=flashes))
    check_sound(granule)
    assert [granule.rows(tier) for tier in TIERS] == [6, 6, 3]
    np.testing.assert_allclose(granule["flash_lat"], flashes["lat"])
    np.testing.assert_allclose(granule["flash_lon"], flashes["lon"])
    np.testing.assert_allclose(granule["flash_energy"], 8e-14, rtol=1e-2)
    np.testing.assert_allclose(granule["event_lon"], [-120, -120, -181, -181, -140, -140], atol=0.0011)
    np.testing.assert_allclose(granule["event_energy"], 4e-14, rtol=1e-3)
    np.testing.assert_allclose(
        granule["flash_time_offset_of_last_event"] - granule["flash_time_offset_of_first_event"],
        0.004,
        atol=4e-4,
    )


def test_events_alone_are_groups_of_one_flash(tmp_path):
    """The flash has the sum of their energies, the mean place, the first and last time."""
    events = {"lat": [1.0, 3.0], "lon": [-130.0, -134.0], "energy": [1e-14, 3e-14], "time_offset": [2.0, 1.5]}
    granule = read_raw(write_granule(tmp_path, events=events))
    check_sound(granule)
    assert [granule.rows(tier) for tier in TIERS] == [2, 2, 1]
    assert granule["flash_energy"][0] == pytest.approx(4e-14, rel=0.02)
    assert (granule["flash_lat"][0], granule["flash_lon"][0]) == pytest.approx((2.5, -133.0))
    assert granule["flash_time_offset_of_first_event"][0] == pytest.approx(1.5, abs=2e-4)
    assert granule["flash_time_offset_of_last_event"][0] == pytest.approx(2.0, abs=2e-4)


def test_parents_given_are_kept_even_when_they_are_not_there(tmp_path):
    """Orphans are written as asked for; a parent that is named only by its children is made."""
    path = write_granule(
        tmp_path,
        flashes={"id": [7]},
        groups={"id": [70, 71], "parent_flash_id": [7, 8]},
        events={"lat": [1.0, 2.0, 3.0], "parent_group_id": [70, 70, 99]},
    )
    granule = read_raw(path)
    assert granule["group_parent_flash_id"].tolist() == [7, 8]
    assert granule.flash_of_group.tolist() == [0, -1]
    assert granule.group_of_event.tolist() == [0, 0, -1]
    made = read_raw(
        write_granule(tmp_path / "made", events={"lat": [1.0, 2.0, 3.0], "parent_group_id": [5, 5, 6]})
    )
    check_sound(made)
    assert made["group_id"].tolist() == [5, 6]


def test_numbers_up_to_the_top_of_their_types(tmp_path):
    """Event and group numbers are unsigned 32-bit, flash numbers unsigned 16-bit."""
    path = write_granule(
        tmp_path, flashes={"id": [65535]}, groups={"id": [2**32 - 1], "parent_flash_id": 65535},
        events={"id": [2**31], "parent_group_id": 2**32 - 1},
    )  # fmt: skip
    granule = read_raw(path)
    assert [granule[f"{tier}_id"].tolist() for tier in TIERS] == [[2**31], [2**32 - 1], [65535]]
    check_sound(granule)


@pytest.mark.parametrize("era", ["current", "do07", "milliseconds"])
def test_raw_values_are_written_as_they_are(tmp_path, era):
    """Packed numbers, signed or unsigned, replace what was packed."""
    raw = {"event_energy": [65535, 0], "event_time_offset": [-1, 32768], "flash_id": np.array([40_000], "u2")}
    path = write_granule(tmp_path, flashes={"lat": [0.0]}, raw=raw, era=era)
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        assert file["event_energy"][...].tolist() == [-1, 0]
        assert file["event_time_offset"][...].tolist() == [-1, -32768]
        assert file["flash_id"][...].tolist() == [40_000 - 65_536]


def test_every_packed_value_survives(tmp_path):
    """All 65,536 packed times and places come back, so packing rounds to the nearest value."""
    every = np.arange(65_536)
    raw = read_raw(
        write_granule(
            tmp_path, events={"lat": np.zeros(65_536)}, raw={"event_lat": every, "event_lon": every}
        )
    )
    again = read_raw(
        write_granule(tmp_path / "again", events={"lat": raw["event_lat"], "lon": raw["event_lon"]})
    )
    np.testing.assert_array_equal(again["event_lat"], raw["event_lat"])
    np.testing.assert_array_equal(again["event_lon"], raw["event_lon"])


def test_energy_and_area_that_do_not_fit_become_the_fill_value(tmp_path):
    """Above 1.247 pJ, 10,000 km2, and for NaN."""
    path = write_granule(
        tmp_path, flashes={"area": [1.1e10, np.nan, 9.9e9]}, events={"energy": [1.2e-12, 1.3e-12, np.nan]}
    )
    with netCDF4.Dataset(path) as file:
        assert file["flash_area"][...].mask.tolist() == [True, True, False]
        assert file["event_energy"][...].mask.tolist() == [False, True, True]


def test_counts_and_stamps_can_be_chosen(tmp_path):
    """The scalars, the end and the creation say what was asked for."""
    end, created = START + timedelta(seconds=11), START + timedelta(seconds=35)
    path = write_granule(
        tmp_path, start=START, end=end, created=created, flashes={"lat": [1.0]}, counts={"event": 9}
    )
    name = GranuleName.parse(path.name)
    assert (name.end, name.created) == (end, created)
    granule = read_raw(path)
    assert (granule["event_count"], granule["group_count"], granule["flash_count"]) == (9, 2, 1)


def test_bytes_are_those_of_the_file(tmp_path):
    """`granule_bytes` gives what `write_granule` writes, every time."""
    image, name = granule_bytes(flashes={"lat": [1.0]}, start=START)
    path = write_granule(tmp_path, flashes={"lat": [1.0]}, start=START)
    assert path.name == str(name)
    assert path.read_bytes() == image


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ({"flashes": {"latitude": [1.0]}}, "flash_latitude"),
        ({"flashes": {"lat": [1.0, 2.0], "lon": [1.0]}}, "flash columns"),
        ({"raw": {"nonsense": [1]}}, "raw nonsense"),
        ({"start": datetime(2020, 1, 1)}, "start"),
        ({"faults": ["missing"]}, "faults"),
        ({"faults": ["gremlins"]}, "faults"),
        ({"satellite": "G20"}, "satellite"),
        ({"seed": -1, "faults": ["truncated"]}, "seed"),
    ],
)
def test_what_is_not_allowed_is_named(tmp_path, content, named):
    """A wrong name or value is one error that names it."""
    with pytest.raises(SettingError, match=f"^{named}"):
        write_granule(tmp_path, **content)
