"""Which rows of a window are kept, and why the others are not."""

import math
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lightning_eda.errors import SettingError, WarehouseError
from lightning_eda.warehouse.cleaning import REASONS, Cleaning, CleanRows, clean_rows, count_rows
from lightning_eda.warehouse.cleaning_rules import FIELD_LIMIT_DEG
from lightning_eda.warehouse.connection import writer
from lightning_eda_tests.warehouse.detections import GRANULE, LATER, START, SUBPOINT_LON, store

HOUR = START.replace(tzinfo=UTC)
END = HOUR + timedelta(hours=1)
ALL_COLUMNS = [
    "satellite", "granule_start", "id", "flash_id", "time", "lat", "lon", "energy_j", "area_m2",
    "duration_s", "quality_flag",
]  # fmt: skip


def clean(database: Path, **options) -> CleanRows:
    """The hour cleaned; what holds for every result is asserted here."""
    found = clean_rows(database, HOUR, END, Cleaning(**options))
    assert found.read == found.kept + sum(found.dropped.values())
    assert found.kept == found.rows.num_rows
    assert found.read == count_rows(
        database, HOUR, END, options.get("tier", "flash"), options.get("satellites")
    )
    assert tuple(found.dropped) == REASONS
    assert found.rows.column_names == ALL_COLUMNS
    return found


def dropped(found: CleanRows) -> dict[str, int]:
    """The reasons that dropped something."""
    return {reason: count for reason, count in found.dropped.items() if count}


def ids(found: CleanRows) -> list[int]:
    return found.rows["id"].to_pylist()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "lightning.duckdb"


def test_columns_are_the_same_for_every_tier(database: Path) -> None:
    """A tier that lacks a column has NULL in it; types and values are those of the tables."""
    store(database, flashes=[{}], groups=[{}], events=[{"flash_id": None}])
    rows = [clean(database, tier=tier).rows for tier in ("flash", "group", "event")]
    assert rows[0].schema == rows[1].schema == rows[2].schema
    flash, group, event = (table.to_pylist()[0] for table in rows)
    assert flash == {
        "satellite": "G18", "granule_start": START, "id": 0, "flash_id": 0, "time": START, "lat": 10.0,
        "lon": -130.0, "energy_j": 1e-13, "area_m2": 3e8, "duration_s": 0.3, "quality_flag": 0,
    }  # fmt: skip
    assert (group["flash_id"], group["area_m2"], group["duration_s"]) == (1, 1e8, None)
    assert (event["flash_id"], event["area_m2"], event["quality_flag"]) == (None, None, None)


def test_rows_are_in_the_order_of_their_key(database: Path) -> None:
    """By satellite, granule and id, however they were stored; the window is half open."""
    keys = [("G18", 40, 2), ("G16", 20, 9), ("G18", 0, 65_535), ("G18", 40, 1), ("G16", 3600, 1)]
    keys += [("G18", -20, 0)]
    store(
        database,
        flashes=[
            {"satellite": name, "granule_start": START + timedelta(seconds=seconds), "flash_id": number}
            | ({"flash_lon": -70.0} if name == "G16" else {})
            for name, seconds, number in keys
        ],
        granules=[
            {"satellite": "G16", "granule_start": START + GRANULE, "subpoint_lon": -75.2},
            *({"granule_start": START + timedelta(seconds=seconds)} for seconds in (0, 40)),
        ],
    )
    found = clean(database)
    assert [(row["satellite"], row["id"]) for row in found.rows.to_pylist()] == [
        ("G16", 9), ("G18", 65_535), ("G18", 1), ("G18", 2),
    ]  # fmt: skip
    assert ids(clean(database, satellites=["G16"])) == [9]


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
    """Just inside the limit is kept, just outside dropped, also across the antimeridian."""
    inside, outside = FIELD_LIMIT_DEG - 1e-6, FIELD_LIMIT_DEG + 1e-6
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
def test_without_a_subpoint_the_field_is_not_asked(database: Path, granules: list[dict]) -> None:
    """Rows are kept, and their number is said."""
    store(database, flashes=[{"flash_lon": 30.0}, {}], granules=granules)
    found = clean(database, drop_artifacts=False)
    assert (found.kept, found.untested) == (2, {"out_of_field": 2})
    assert found.notes == (
        "the rule out_of_field could not be applied to 2 of 2 rows: the ledger has no subpoint_lon of their "
        "granules",
    )


def test_a_granule_twice_in_the_ledger_doubles_nothing(database: Path) -> None:
    """Rows are read once each, whatever the ledger holds."""
    store(database, flashes=[{}, {}], granules=[{}, {}, {"subpoint_lon": None}])
    assert clean(database).read == 2


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
    "one meridian": ((-175.0, -90.0, -175.0, 90.0), [PLACES[9], PLACES[11]]),
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
    assert ids(clean(database, **{f"min_{option}": low, f"max_{option}": high})) == [0, 2]


def test_energy_is_required_only_when_it_is_a_feature(database: Path) -> None:
    """Then rows without a finite one are dropped, for that reason and not for a limit."""
    store(database, flashes=[{"flash_energy": energy} for energy in (1e-15, None, math.nan, math.inf, 0.0)])
    assert clean(database).kept == 5
    found = clean(database, require_energy=True, max_energy_j=1e-16)
    assert (ids(found), dropped(found)) == ([4], {"no_energy": 3, "energy_limit": 1})


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
    counts = []
    for number, change in enumerate(mended):
        wrong |= change
        path = database.with_name(f"{number}.duckdb")
        store(path, flashes=[wrong], groups=stuck_groups(30, 2.0))
        found = clean(
            path, quality_flags=[0], bbox=(-140, 0, -120, 20), require_energy=True, max_energy_j=1e-14,
            max_area_m2=1e9, require_area=True,
        )  # fmt: skip
        counts.append(dropped(found))
    assert counts == [{reason: 1} for reason in REASONS[:-1]] + [{}]


def stuck_groups(number: int, gap_ms: float, flash_id: int = 1, positions: int = 1) -> list[dict]:
    """Groups of one flash that stand at a few positions, evenly in time."""
    return [
        {
            "group_id": 1000 * flash_id + index,
            "flash_id": flash_id,
            "group_area": 1e8 + flash_id,
            "group_lat": 10.0 + index % positions,
            "group_time": START + timedelta(milliseconds=index * gap_ms),
        }
        for index in range(number)
    ]


@pytest.mark.parametrize(
    ("groups", "is_stuck"),
    [
        (stuck_groups(30, 2.0), True),
        (stuck_groups(101, 2.4, positions=2), True),
        (stuck_groups(29, 2.0), False),
        (stuck_groups(30, 2.0, positions=3), False),
        (stuck_groups(30, 2.5), False),
        (stuck_groups(16, 2.0) + stuck_groups(16, 2.1, flash_id=2), False),
    ],
)
def test_a_static_pixel_is_dropped_in_every_tier(database: Path, groups: list[dict], is_stuck: bool) -> None:
    """30 groups or more, two positions at most, a median gap below 2.5 ms: all three, or it is lightning."""
    store(
        database,
        flashes=[{"flash_id": 1}, {"flash_id": 2}],
        groups=[*reversed(groups), {"group_id": 0, "flash_id": 3, "group_lat": 40.0}],
        events=[{"flash_id": 1}, {"flash_id": 2}, {"flash_id": None}],
    )
    counts = {tier: dropped(clean(database, tier=tier)) for tier in ("flash", "group", "event")}
    expected = {"flash": 1, "group": len(groups), "event": 1}
    assert counts == {tier: {"static_pixel": count} if is_stuck else {} for tier, count in expected.items()}
    assert clean(database).untested == {}
    assert dropped(clean(database, drop_artifacts=False)) == {}


def test_gaps_are_those_within_a_flash(database: Path) -> None:
    """Two flashes in turns, each with 4 ms between its groups, are not one with 2 ms."""
    groups = stuck_groups(40, 4.0)
    for row in stuck_groups(40, 4.0, flash_id=2):
        groups.append(row | {"group_time": row["group_time"] + timedelta(milliseconds=2)})
    store(database, flashes=[{"flash_id": 1}, {"flash_id": 2}], groups=groups)
    assert dropped(clean(database)) == {}


def test_a_flash_of_another_granule_with_the_same_id_is_kept(database: Path) -> None:
    """Flash ids start again within hours, so the granule and the satellite are part of who is stuck."""
    others = [{"granule_start": START + GRANULE}, {"satellite": "G17"}]
    store(
        database,
        flashes=[{"flash_id": 1} | other for other in ({}, *others)],
        groups=stuck_groups(30, 2.0) + [{"flash_id": 1} | other for other in others],
    )
    assert dropped(clean(database)) == {"static_pixel": 1}


def test_without_groups_the_artifact_rule_is_not_asked(database: Path) -> None:
    """It is said of how many rows; with the rule off, nothing is said."""
    store(
        database,
        flashes=[{}, {}, {"granule_start": START + GRANULE}],
        groups=[{"granule_start": START + GRANULE}],
    )
    found = clean(database)
    assert (found.kept, found.untested) == (3, {"static_pixel": 2})
    assert found.notes == (
        "the rule static_pixel could not be applied to 2 of 3 rows: the groups of their granules are not "
        "loaded (tier group)",
    )
    assert clean(database, drop_artifacts=False).notes == ()


def test_an_empty_window_is_a_result(database: Path) -> None:
    """No rows, no drops, the same columns; a window before any hour, a satellite that is not there, none."""
    store(database, flashes=[{}])
    for satellites in (["G16"], [], ["G18') OR true --"]):
        found = clean(database, satellites=satellites)
        assert (found.read, found.kept, found.notes, dropped(found)) == (0, 0, (), {})
    assert count_rows(database, HOUR - timedelta(hours=1), HOUR) == 0
    assert clean(database, tier="event").read == 0
    with pytest.raises(WarehouseError, match="materialize the asset `load` first"):
        clean_rows(database.with_name("none.duckdb"), HOUR, END)


def test_a_table_of_the_users_own_is_not_in_the_way(database: Path) -> None:
    """The session's own tables have names that a user's database may hold too."""
    store(database, flashes=[{}])
    with writer(database) as connection:
        for name in ("judged", "repeats", "granule_facts", "static_flashes"):
            connection.execute(f"CREATE TABLE {name} (place VARCHAR)")
    assert clean(database).kept == 1


@pytest.mark.parametrize(
    ("options", "variable"),
    [
        ({"tier": "flashes; DROP TABLE flashes"}, "tier"),
        ({"bbox": (-190.0, 0.0, 0.0, 10.0)}, "bbox"),
        ({"bbox": (0.0, 10.0, 5.0, 0.0)}, "bbox"),
        ({"bbox": (0.0, math.nan, 5.0, 0.0)}, "bbox"),
        ({"bbox": (0.0, 0.0, 5.0)}, "bbox"),
        ({"min_area_m2": -1.0}, "min_area_m2"),
        ({"max_energy_j": math.inf}, "max_energy_j"),
        ({"min_energy_j": 2.0, "max_energy_j": 1.0}, "min_energy_j"),
        ({"quality_flags": [256]}, "quality_flags"),
        ({"quality_flags": []}, "quality_flags"),
        ({"tier": "event", "quality_flags": [0]}, "quality_flags"),
        ({"tier": "event", "max_area_m2": 1.0}, "max_area_m2"),
        ({"tier": "event", "max_area_m2": 0}, "max_area_m2"),
        ({"tier": "event", "min_area_m2": 0.0}, "min_area_m2"),
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict, variable: str) -> None:
    """The error names the option; nothing is silently left out."""
    with pytest.raises(SettingError) as caught:
        Cleaning(**options)
    assert caught.value.variable == variable


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "flash_lat": st.sampled_from([10.0, 60.0, 70.0, math.nan, None]),
            "flash_lon": st.sampled_from([-130.0, -179.0, 30.0, math.inf]),
            "flash_energy": st.sampled_from([1e-15, 2e-15, 3e-15, None]),
            "flash_area": st.sampled_from([1e8, 2e8, None]),
            "flash_quality_flag": st.sampled_from([0, 3, None]),
            "flash_time_of_first_event": st.just(START),
            "flash_time_of_last_event": st.just(START),
            "flash_id": st.integers(0, 3),
        }
    ),
    max_size=30,
)
OPTIONS = st.fixed_dictionaries(
    {
        "quality_flags": st.sampled_from([None, [0]]),
        "bbox": st.sampled_from([None, (170.0, 0.0, -125.0, 65.0)]),
        "require_energy": st.booleans(),
        "min_energy_j": st.sampled_from([None, 2e-15]),
        "max_area_m2": st.sampled_from([None, 1e8]),
    }
)


def first_reason(row: dict, options: dict) -> str | None:
    """The rules once more, in Python."""
    lat, lon, energy, area = (row[f"flash_{name}"] for name in ("lat", "lon", "energy", "area"))
    if lat is None or not (math.isfinite(lat) and math.isfinite(lon)):
        return "coordinates"
    cosine = math.cos(math.radians(lat)) * math.cos(math.radians(lon - SUBPOINT_LON))
    if math.degrees(math.acos(cosine)) > FIELD_LIMIT_DEG:
        return "out_of_field"
    if row["flash_id"] == 1:
        return "static_pixel"
    if options["quality_flags"] and row["flash_quality_flag"] not in options["quality_flags"]:
        return "quality_flag"
    if options["bbox"] and not (0 <= lat <= 65 and (lon >= 170 or lon <= -125)):
        return "outside_box"
    if options["require_energy"] and energy is None:
        return "no_energy"
    if options["min_energy_j"] and energy is not None and energy < options["min_energy_j"]:
        return "energy_limit"
    if options["max_area_m2"] and (area is None or area > options["max_area_m2"]):
        return "area_limit"
    return None


@given(rows=ROWS, options=OPTIONS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_counts_add_up(tmp_path_factory: pytest.TempPathFactory, rows: list[dict], options: dict) -> None:
    """Every row is kept, or counted once under its first reason; of equal ones that are left, one is kept."""
    database = tmp_path_factory.mktemp("counts") / "lightning.duckdb"
    store(database, flashes=rows, groups=stuck_groups(30, 2.0))
    found = clean(database, **options)
    expected = dict.fromkeys(REASONS, 0)
    kept: dict[tuple, int] = {}
    for row in rows:
        reason = first_reason(row, options)
        same = tuple(row[f"flash_{name}"] for name in ("lat", "lon", "energy", "area"))
        if reason is None and same in kept:
            reason = "duplicate"
            kept[same] = min(kept[same], row["flash_id"])
        elif reason is None:
            kept[same] = row["flash_id"]
        if reason is not None:
            expected[reason] += 1
    assert found.dropped == expected
    assert ids(found) == sorted(kept.values())
