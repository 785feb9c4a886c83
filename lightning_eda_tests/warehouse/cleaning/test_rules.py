"""Each rule drops what it should and nothing else; the first that applies counts."""

import math
from pathlib import Path

import pytest

from lightning_eda.warehouse.cleaning.rows import REASONS
from lightning_eda_tests.warehouse.cleaned import clean, dropped, ids, stuck_groups
from lightning_eda_tests.warehouse.detections import GRANULE, LATER, START, SUBPOINT_LON, store


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "lightning.duckdb"


def test_coordinates_that_are_none_are_dropped(database: Path) -> None:
    """Missing, NaN, infinite and off the globe; the poles and the antimeridian itself are on it."""
    bad = [None, math.nan, math.inf, -math.inf, 90.01]
    store(
        database,
        flashes=[
            *({"flash_lat": value} for value in bad),
            *({"flash_lon": value} for value in [*bad[:4], -180.01, 180.0]),
            {"flash_lat": 0.0, "flash_lon": -180.0},
        ],
        granules=[{"subpoint_lon": None}],
    )
    found = clean(database)
    assert dropped(found) == {"coordinates": 11}
    assert found.rows["lon"].to_pylist() == [-180.0]


def test_the_field_is_a_circle_around_the_subpoint(database: Path) -> None:
    """Of 65 degrees; just inside is kept, just outside dropped, also across the antimeridian."""
    inside, outside = 65.0 - 1e-6, 65.0 + 1e-6
    west = SUBPOINT_LON + 360.0
    store(
        database,
        flashes=[
            {"flash_lat": inside, "flash_lon": SUBPOINT_LON},
            {"flash_lat": -outside, "flash_lon": SUBPOINT_LON},
            {"flash_lat": 0.0, "flash_lon": west - inside},
            {"flash_lat": 0.0, "flash_lon": west - outside},
            {"flash_lat": 0.0, "flash_lon": SUBPOINT_LON + inside},
            {"flash_lat": 50.0, "flash_lon": SUBPOINT_LON + 55.0},
        ],
    )
    found = clean(database)
    assert (ids(found), dropped(found)) == ([0, 2, 4], {"out_of_field": 3})
    assert "out_of_field" not in found.untested


@pytest.mark.parametrize("granules", [[], [{"subpoint_lon": None}], [{"subpoint_lon": math.nan}]])
def test_without_a_subpoint_the_field_is_not_tested(database: Path, granules: list[dict]) -> None:
    """Rows are kept, and their number is said."""
    store(database, flashes=[{"flash_lon": 30.0}, {}], granules=granules)
    found = clean(database, drop_artifacts=False)
    assert (found.kept, found.untested) == (2, {"out_of_field": 2})
    assert found.notes == (
        "the rule out_of_field could not be applied to 2 of 2 rows: the ledger has no subpoint_lon of their "
        "granules",
    )


def test_flags(database: Path) -> None:
    """All flags are kept by default, 3 and none among them; else only those that were asked for."""
    store(database, flashes=[{"flash_quality_flag": flag} for flag in (0, 1, 3, 5, None)])
    assert clean(database).kept == 5
    assert ids(clean(database, quality_flags=[0, 3])) == [0, 2]
    assert dropped(clean(database, quality_flags=[0])) == {"quality_flag": 4}


PLACES = [
    (-140.0, 0.0), (-120.0, 20.0), (-140.001, 10.0), (-130.0, 20.001), (-130.0, -0.001), (170.0, 0.0),
    (169.999, 0.0), (179.9, 0.0), (-180.0, 0.0), (-175.0, 10.0), (-174.999, 0.0), (-175.0, 10.001),
    (-119.999, 5.0),
]  # fmt: skip
BOXES = {
    "inside": ((-140.0, 0.0, -120.0, 20.0), PLACES[:2]),
    "across": ((170.0, -10.0, -175.0, 10.0), [PLACES[5], *PLACES[7:10]]),
    "to 180": ((170.0, -90.0, 180.0, 90.0), [PLACES[5], *PLACES[7:9]]),
    "from 180": ((180.0, -90.0, -175.0, 90.0), [*PLACES[8:10], PLACES[11]]),
    "one place": ((-175.0, 10.0, -175.0, 10.0), [PLACES[9]]),
    "globe": ((-180.0, -90.0, 180.0, 90.0), PLACES),
}


@pytest.mark.parametrize("name", BOXES)
def test_boxes_are_inclusive_and_cross_the_antimeridian(database: Path, name: str) -> None:
    """West greater than east goes through 180, which is stored as -180."""
    box, expected = BOXES[name]
    store(
        database,
        flashes=[{"flash_lon": lon, "flash_lat": lat} for lon, lat in PLACES],
        granules=[{"subpoint_lon": None}],
    )
    found = clean(database, bbox=box)
    kept = list(zip(found.rows["lon"].to_pylist(), found.rows["lat"].to_pylist(), strict=True))
    assert kept == expected
    assert found.dropped["outside_box"] == len(PLACES) - len(expected)


@pytest.mark.parametrize(
    ("column", "option", "reason"),
    [("flash_area", "area_m2", "area_limit"), ("flash_energy", "energy_j", "energy_limit")],
)
def test_limits_are_inclusive(database: Path, column: str, option: str, reason: str) -> None:
    """The limits themselves are kept; a missing value is above all, so only a maximum drops it."""
    low, high = 1.5e-15, 7e-15
    values = [low, math.nextafter(low, 0), high, math.nextafter(high, 1), None, math.nan]
    store(database, flashes=[{column: value} for value in values])
    least, largest = clean(database, **{f"min_{option}": low}), clean(database, **{f"max_{option}": high})
    assert (ids(least), dropped(least)) == ([0, 2, 3, 4, 5], {reason: 1})
    assert (ids(largest), dropped(largest)) == ([0, 1, 2], {reason: 3})
    assert ids(clean(database, **{f"min_{option}": low, f"max_{option}": low})) == [0]


def test_energy_is_required_only_when_it_is_a_feature(database: Path) -> None:
    """Then rows without a finite one are dropped, for that reason and not for a limit."""
    store(database, flashes=[{"flash_energy": energy} for energy in (1e-15, None, math.nan, math.inf, 0.0)])
    assert clean(database).kept == 5
    found = clean(database, require_energy=True, max_energy_j=1e-16)
    assert (ids(found), dropped(found)) == ([4], {"no_energy": 3, "energy_limit": 1})


def test_an_area_is_required_only_when_it_is_a_feature(database: Path) -> None:
    """Then rows without a finite one are dropped, for that reason and not for a limit."""
    store(database, flashes=[{"flash_area": area} for area in (1e8, None, math.nan, math.inf, 0.0)])
    assert clean(database).kept == 5
    found = clean(database, require_area=True, max_area_m2=1e7)
    assert (ids(found), dropped(found)) == ([4], {"no_area": 3, "area_limit": 1})


def test_exact_duplicates_leave_the_smallest_key(database: Path) -> None:
    """Same satellite, times, place, energy and area, NULL like NULL; any difference makes two flashes."""
    same = {"flash_time_of_first_event": START, "flash_time_of_last_event": START + LATER}
    later = START + GRANULE
    flashes = [
        same | {"flash_id": 7, "granule_start": later},
        same | {"flash_id": 9},
        same | {"flash_id": 8, "flash_quality_flag": 3},
        same | {"flash_id": 1, "flash_energy": None},
        same | {"flash_id": 2, "flash_energy": None},
        same | {"flash_id": 3, "flash_area": 1.0},
        same | {"flash_id": 4, "flash_lat": math.nextafter(10, 11)},
        same | {"flash_id": 5, "flash_time_of_last_event": START + 2 * LATER},
        same | {"flash_id": 6, "flash_energy": 1.1e-13},
        same | {"satellite": "G17", "flash_id": 7},
    ]
    store(database, flashes=flashes)
    found = clean(database)
    assert (ids(found), dropped(found)) == ([7, 1, 3, 4, 5, 6, 8], {"duplicate": 3})
    # What another rule drops leaves its equal to be kept.
    found = clean(database, quality_flags=[0])
    assert (ids(found), dropped(found)) == ([7, 1, 3, 4, 5, 6, 9], {"quality_flag": 1, "duplicate": 2})


def test_events_and_groups_have_duplicates_too(database: Path) -> None:
    """Times, place and energy (and area) decide, the parents do not; the same row stored twice is one."""
    store(
        database,
        groups=[{"group_time": START, "flash_id": number} for number in range(3)],
        events=[{"event_time": START, "event_id": number} for number in (4, 4, 5)] + [{"event_lat": 11.0}],
    )
    assert dropped(clean(database, tier="group")) == {"duplicate": 2}
    found = clean(database, tier="event")
    assert (ids(found), dropped(found)) == ([3, 4], {"duplicate": 2})


def test_the_first_reason_counts(database: Path) -> None:
    """A row that breaks every rule counts under the first; mended rule by rule it moves to the next."""
    wrong = {
        "flash_lat": None, "flash_lon": 30.0, "flash_id": 1, "flash_quality_flag": 5, "flash_energy": None,
        "flash_area": None, "flash_time_of_first_event": START, "flash_time_of_last_event": START,
    }  # fmt: skip
    mended = [
        {}, {"flash_lat": -20.0}, {"flash_lon": -130.0}, {"flash_id": 2}, {"flash_quality_flag": 0},
        {"flash_lat": 10.0}, {"flash_energy": 1.0}, {"flash_area": 1e12}, {"flash_energy": 1e-15},
        {"flash_area": 1.0},
    ]  # fmt: skip
    satellites = [{"satellite": f"G{number}"} for number in range(10, 10 + len(mended))]
    flashes = [(wrong := wrong | change) | one for change, one in zip(mended, satellites, strict=True)]
    store(
        database, flashes=flashes, groups=[row | one for one in satellites for row in stuck_groups(30, 2.0)]
    )
    counts = [
        dropped(clean(
            database, satellites=[one["satellite"]], quality_flags=[0], bbox=(-140, 0, -120, 20),
            require_energy=True, max_energy_j=1e-14, max_area_m2=1e9, require_area=True,
        )) for one in satellites
    ]  # fmt: skip
    assert counts == [{reason: 1} for reason in REASONS[:-1]] + [{}]
