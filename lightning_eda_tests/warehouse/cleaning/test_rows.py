"""Which rows of a window are kept, and why the others are not."""

import math
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from lightning_eda.errors import SettingError, WarehouseError
from lightning_eda.series.files import CLEAN_ROWS
from lightning_eda.warehouse.cleaning.rows import REASONS, Cleaning, clean_rows, count_rows
from lightning_eda.warehouse.cleaning.rules import FIELD_LIMIT_DEG
from lightning_eda.warehouse.database.connection import writer
from lightning_eda_tests.support.examples import examples
from lightning_eda_tests.warehouse.cleaned import END, HOUR, clean, dropped, ids, stuck_groups
from lightning_eda_tests.warehouse.detections import GRANULE, START, SUBPOINT_LON, store


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "lightning.duckdb"


def test_columns_are_the_same_for_every_tier(database: Path) -> None:
    """A tier that lacks a column has NULL in it; types and values are those of the tables."""
    store(database, flashes=[{}], groups=[{}], events=[{"flash_id": None}])
    rows = [clean(database, tier=tier).rows for tier in ("flash", "group", "event")]
    types = {column.name: column.arrow_type for column in CLEAN_ROWS.columns}
    assert [dict(zip(one.schema.names, one.schema.types, strict=True)) for one in rows] == [types] * 3
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


def test_a_granule_twice_in_the_ledger_doubles_nothing(database: Path) -> None:
    """Rows are read once each, whatever the ledger holds."""
    store(database, flashes=[{}, {}], granules=[{}, {}, {"subpoint_lon": None}])
    assert clean(database).read == 2


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
        ({"bbox": (-190.0, 0.0, 0.0, 10.0)}, "west"),
        ({"bbox": (-180.0, 5.0, 180.0, -100.0)}, "north"),
        ({"bbox": (0.0, 10.0, 5.0, 0.0)}, "south"),
        ({"bbox": (0.0, math.nan, 5.0, 0.0)}, "south"),
        ({"bbox": (0.0, -91.0, 181.0, 0.0)}, "south, east"),
        ({"bbox": (0.0, 0.0, 5.0)}, "bbox"),
        ({"min_area_m2": -1.0}, "min_area_m2"),
        ({"max_energy_j": math.inf}, "max_energy_j"),
        ({"min_energy_j": 2.0, "max_energy_j": 1.0}, "min_energy_j"),
        ({"quality_flags": [256]}, "quality_flags"),
        ({"quality_flags": [0, -1]}, "quality_flags"),
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
@examples(25, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
