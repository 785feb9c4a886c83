"""The reads say what is in the database, and the checks find what is wrong with it."""

import math
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from lightning_eda.errors import WarehouseError
from lightning_eda.warehouse import queries
from lightning_eda.warehouse.queries import TierIntegrity
from lightning_eda_tests.warehouse.contents import load
from lightning_eda_tests.warehouse.detections import GRANULE, START, store
from lightning_eda_tests.warehouse.hours import Tables, after, hour_at, make_hour

HOUR = hour_at("2024-05-01T03:00")
END = after(HOUR, 1)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """One hour of G18 and two of G16, all sound."""
    path = tmp_path / "lightning.duckdb"
    load(path, tmp_path, HOUR, make_hour(HOUR))
    for hour in (HOUR, END):
        load(path, tmp_path, hour, make_hour(hour, "G16", seed=1, granules=2), "G16")
    return path


def with_column(tables: Tables, name: str, column: str, values: dict[int, object]) -> Tables:
    """The tables with some values of one column replaced, by row number."""
    rows = tables[name]
    replaced = rows[column].to_pylist()
    for index, value in values.items():
        replaced[index] = value
    index = rows.schema.get_field_index(column)
    return tables | {name: rows.set_column(index, column, pa.array(replaced, rows.schema.field(column).type))}


def test_sound_hours_have_no_findings(database: Path) -> None:
    """Counts are those loaded, and nothing is wrong."""
    found = queries.integrity(database, HOUR, END, ["G18"])
    assert (found.granules, found.repeated_granules) == (6, 0)
    assert found.tiers == {
        "flashes": TierIntegrity(30, 0, 0, None, 0),
        "groups": TierIntegrity(90, 0, 0, 0, 0),
        "events": TierIntegrity(180, 0, 0, 0, 0),
    }
    assert queries.table_counts(database) == {"granules": 10, "flashes": 50, "groups": 150, "events": 300}


def test_findings_are_counted(tmp_path: Path) -> None:
    """Coordinates out of range, ids that are there twice and absent parents are counted per tier."""
    tables = make_hour(HOUR)
    tables = with_column(tables, "flashes", "flash_lat", {0: 90.5, 1: math.nan, 2: None, 3: -90.0})
    tables = with_column(tables, "flashes", "flash_lon", {4: 180.0, 5: -180.0})
    tables = with_column(tables, "events", "event_lon", {0: -180.01})
    tables = with_column(tables, "groups", "group_id", {1: 1_000_000, 2: 1_000_000})
    tables = with_column(tables, "groups", "flash_id", {89: 60_000})
    tables = with_column(tables, "granules", "orphan_groups", {5: 1})
    tables["granules"] = pa.concat_tables([tables["granules"], tables["granules"].slice(0, 1)])
    load(tmp_path / "x.duckdb", tmp_path, HOUR, tables)
    found = queries.integrity(tmp_path / "x.duckdb", HOUR, END)
    assert (found.granules, found.repeated_granules) == (7, 1)
    assert found.tiers["flashes"] == TierIntegrity(30, 4, 0, None, 0)
    assert found.tiers["groups"] == TierIntegrity(90, 0, 2, 1, 1)
    # Groups 1 and 2 lost their own ids and group 89 its flash, so the two events of each lead to no flash.
    assert found.tiers["events"] == TierIntegrity(180, 1, 0, 6, 0)


def test_a_parent_must_be_in_the_same_granule(tmp_path: Path) -> None:
    """Ids start again, so a flash of another granule is no parent."""
    tables = make_hour(HOUR)
    tables = with_column(tables, "groups", "flash_id", {0: 7})
    load(tmp_path / "x.duckdb", tmp_path, HOUR, tables)
    found = queries.integrity(tmp_path / "x.duckdb", HOUR, END)
    assert found.tiers["groups"].unresolved_parents == 1


def test_parents_are_asked_for_only_where_loaded(tmp_path: Path) -> None:
    """When a tier on the way up is not loaded, what leads to a flash cannot be told, and that is said."""
    found = {}
    for absent in ("flashes", "groups", "events"):
        tables = make_hour(HOUR)
        del tables[absent]
        load(tmp_path / "x.duckdb", tmp_path, HOUR, tables)
        tiers = queries.integrity(tmp_path / "x.duckdb", HOUR, END).tiers
        found[absent] = (tiers["groups"].unresolved_parents, tiers["events"].unresolved_parents)
    assert found == {"flashes": (None, None), "groups": (0, None), "events": (0, 0)}


def test_hour_counts(database: Path, tmp_path: Path) -> None:
    """One row per satellite and hour, with granules by status and rows by tier."""
    statuses = {0: "empty", 1: "quarantined", 2: "inconsistent", 3: "undecoded"}
    tables = with_column(make_hour(HOUR), "granules", "status", statuses)
    load(database, tmp_path, HOUR, with_column(tables, "granules", "n_flashes", {1: None}))
    rows = queries.hour_counts(database, HOUR, after(HOUR, 2)).to_pylist()
    assert [(row["satellite"], row["hour"].hour, row["granules"]) for row in rows] == [
        ("G16", 3, 2), ("G16", 4, 2), ("G18", 3, 6),
    ]  # fmt: skip
    assert {name: rows[2][name] for name in ("ok", "empty", "inconsistent", "quarantined", "n_flashes")} == {
        "ok": 2, "empty": 1, "inconsistent": 1, "quarantined": 2, "n_flashes": 25,
    }  # fmt: skip
    assert rows[2]["bytes"] == 6 * 330_000


def test_each_load_of_a_span_changes_the_state_of_its_ledger(tmp_path: Path) -> None:
    """Also one of as many granules, an even number; a load of another hour does not."""
    hour = [{"granule_start": HOUR.replace(tzinfo=None) + n * GRANULE} for n in range(6)]
    next_hour, later = {"granule_start": END.replace(tzinfo=None)}, {"loaded_at": START + GRANULE}
    states = [
        queries.ledger_state(store(tmp_path / str(number), granules=granules), HOUR, END)
        for number, granules in enumerate(
            ([*hour, next_hour], [*hour, next_hour | later], [row | later for row in hour])
        )
    ]
    assert [count for count, _ in states] == [6, 6, 6]
    assert states[0] == states[1] != states[2]


def test_spans_are_half_open_and_in_utc(database: Path) -> None:
    """The start is in, the end is not; another zone means the same moment; a time without one is refused."""
    starts = queries.ledger(database, HOUR, END, ["G16"])["granule_start"].to_pylist()
    assert starts == [datetime(2024, 5, 1, 3, 0, second) for second in (0, 20)]
    assert queries.ledger(database, END, END).num_rows == 0
    elsewhere = datetime.fromisoformat("2024-05-01T05:00:00+02:00")
    assert queries.ledger(database, elsewhere, END, ["G16"])["granule_start"].to_pylist() == starts
    with pytest.raises(ValueError, match="no time zone"):
        queries.ledger(database, HOUR.replace(tzinfo=None), END)


def test_ledger_and_preview_are_in_order(database: Path) -> None:
    """The ledger is by satellite and time; the preview is the first flashes by time, no more than asked."""
    ledger = queries.ledger(database, HOUR, END).to_pylist()
    keys = [(row["satellite"], row["granule_start"]) for row in ledger]
    assert keys == sorted(keys)
    assert len(keys) == 8
    preview = queries.flash_rows_preview(database, HOUR, END, limit=5)
    times = preview["flash_time_of_first_event"].to_pylist()
    assert len(times) == 5
    assert times == sorted(times)
    every = queries.flash_rows_preview(database, HOUR, END, limit=1000)[
        "flash_time_of_first_event"
    ].to_pylist()
    assert times == sorted(every)[:5]


def test_satellites_are_values(database: Path) -> None:
    """A satellite's name is bound: SQL in it selects nothing and does nothing."""
    assert queries.ledger(database, HOUR, END, ["G18') OR true --"]).num_rows == 0
    assert queries.ledger(database, HOUR, END, []).num_rows == 0
    assert queries.table_counts(database)["granules"] == 10


def test_a_database_without_our_tables_is_named(tmp_path: Path) -> None:
    """A DuckDB file of someone else's is an error with its path."""
    import duckdb

    duckdb.connect(str(tmp_path / "other.duckdb")).close()
    with pytest.raises(WarehouseError, match=r"other\.duckdb has no such table; has `load` run on it"):
        queries.table_counts(tmp_path / "other.duckdb")


def test_case_21_a_database_that_lacks_a_column_is_named(database: Path) -> None:
    """As one of another version of the project may."""
    import duckdb

    with duckdb.connect(str(database)) as connection:
        connection.execute("ALTER TABLE granules RENAME COLUMN status TO state")
    with pytest.raises(
        WarehouseError, match=r"lightning\.duckdb lacks a column that this version reads.*status"
    ):
        queries.ledger(database, HOUR, END)
