"""Loading replaces an hour: exactly, only it, and only when its content is new."""

import math
import struct
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.errors import SeriesError, WarehouseError
from lightning_eda.series import EVENTS, GRANULES, TABLES
from lightning_eda.warehouse.queries import ledger, table_counts
from lightning_eda.warehouse.writing.hour import replace_hour
from lightning_eda_tests.support.examples import examples
from lightning_eda_tests.warehouse.contents import content_hash, load, stored
from lightning_eda_tests.warehouse.hours import (
    NOW,
    after,
    empty_hour,
    hour_at,
    make_hour,
    table_of,
    write_series,
)

HOUR = hour_at("2022-12-31T23:00")
LATER = NOW + timedelta(days=1)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where a database may be made, in a folder that is not there yet."""
    return tmp_path / "data" / "lightning.duckdb"


def test_a_load_holds_exactly_the_series(database: Path, tmp_path: Path) -> None:
    """All rows of all tables come back as they were written, and the result says how many."""
    tables = make_hour(HOUR, granules=6, flashes=5)
    result = load(database, tmp_path, HOUR, tables)
    assert result.changed
    assert result.rows == {"granules": 6, "flashes": 30, "groups": 90, "events": 180}
    assert result.replaced == dict.fromkeys(TABLES, 0)
    for name, rows in tables.items():
        order = [(column, "ascending") for column in rows.column_names]
        assert stored(database, name).equals(rows.sort_by(order))
    assert set(ledger(database, HOUR, after(HOUR, 1))["loaded_at"].to_pylist()) == {NOW.replace(tzinfo=None)}


@pytest.mark.parametrize("loads", [6, pytest.param(50, marks=pytest.mark.slow)])
def test_more_loads_of_one_hour_change_nothing(database: Path, tmp_path: Path, loads: int) -> None:
    """The second to the last write nothing: every byte of the file and `loaded_at` stay."""
    tables = make_hour(HOUR)
    load(database, tmp_path, HOUR, tables)
    content = database.read_bytes()
    for _ in range(loads - 1):
        result = load(database, tmp_path, HOUR, tables, now=LATER)
        assert not result.changed
        assert result.rows == result.replaced
    assert database.read_bytes() == content


@pytest.mark.parametrize(("granules", "flashes"), [(2, 2), pytest.param(90, 20, marks=pytest.mark.slow)])
@pytest.mark.parametrize("loads", [12, pytest.param(50, marks=pytest.mark.slow)])
def test_alternating_loads_do_not_bloat(
    database: Path, tmp_path: Path, granules: int, flashes: int, loads: int
) -> None:
    """An hour whose content is another each time keeps the file below 1.5 times its size after one load."""
    versions = [make_hour(HOUR, seed=seed, granules=granules, flashes=flashes) for seed in (0, 1)]
    series = [write_series(tmp_path / str(seed), tables) for seed, tables in enumerate(versions)]
    alone = tmp_path / "alone.duckdb"
    replace_hour(alone, HOUR, ["G18"], series[1], NOW)
    sizes = []
    for number in range(loads):
        assert replace_hour(database, HOUR, ["G18"], series[number % 2], NOW).changed
        sizes.append(database.stat().st_size)
    assert max(sizes) <= 1.5 * sizes[0]
    assert content_hash(database) == content_hash(alone)
    left = {path.name for path in database.parent.iterdir()}
    assert left == {database.name, f"{database.name}.lock"}


def test_new_content_replaces_and_is_told(database: Path, tmp_path: Path) -> None:
    """One value that differs in its last bit is new content; fewer rows leave none of the old."""
    tables = make_hour(HOUR)
    load(database, tmp_path, HOUR, tables)
    energy = tables["events"]["event_energy"].to_pylist()
    energy[7] = math.nextafter(energy[7], 1.0)
    index = tables["events"].schema.get_field_index("event_energy")
    tables["events"] = tables["events"].set_column(index, "event_energy", pa.array(energy))
    result = load(database, tmp_path, HOUR, tables, now=LATER)
    assert result.changed
    assert set(ledger(database, HOUR, after(HOUR, 1))["loaded_at"].to_pylist()) == {
        LATER.replace(tzinfo=None)
    }
    fewer = make_hour(HOUR, granules=1)
    result = load(database, tmp_path, HOUR, fewer)
    assert result.replaced["events"] == 180
    assert table_counts(database) == result.rows


def test_the_time_of_a_load_is_stored_in_utc(database: Path, tmp_path: Path) -> None:
    """Whatever the zone of the clock that tells it."""
    east = NOW.astimezone(timezone(timedelta(hours=2)))
    load(database, tmp_path, HOUR, make_hour(HOUR), now=east)
    assert set(ledger(database, HOUR, after(HOUR, 1))["loaded_at"].to_pylist()) == {NOW.replace(tzinfo=None)}


def test_the_sign_of_zero_is_content(database: Path, tmp_path: Path) -> None:
    """-0.0 in place of 0.0 counts as new content, so that what is stored is what the series says."""
    row = {
        "satellite": ["G18"],
        "granule_start": [HOUR],
        "event_id": [1],
        "group_id": [1],
        "event_time": [HOUR],
    }
    for latitude in (0.0, -0.0):
        tables = empty_hour() | {"events": table_of(EVENTS, row | {"event_lat": [latitude]})}
        assert load(database, tmp_path, HOUR, tables).changed
        assert not load(database, tmp_path, HOUR, tables).changed
        assert str(stored(database, "events")["event_lat"].to_pylist()) == f"[{latitude}]"


def test_a_tier_that_is_not_given_is_emptied(database: Path, tmp_path: Path) -> None:
    """Loading flashes alone removes the hour's groups and events: they would belong to other flashes."""
    tables = make_hour(HOUR)
    load(database, tmp_path, HOUR, tables)
    only = {name: tables[name] for name in ("granules", "flashes")}
    assert load(database, tmp_path, HOUR, only).changed
    assert table_counts(database) == {"granules": 6, "flashes": 30, "groups": 0, "events": 0}
    assert not load(database, tmp_path, HOUR, only).changed


def test_an_empty_hour_is_a_result(database: Path, tmp_path: Path) -> None:
    """Headings alone make the tables and no rows, and empty an hour that had some."""
    assert not load(database, tmp_path, HOUR, empty_hour()).changed
    assert table_counts(database) == dict.fromkeys(TABLES, 0)
    load(database, tmp_path, HOUR, make_hour(HOUR))
    assert load(database, tmp_path, HOUR, empty_hour()).changed
    assert table_counts(database) == dict.fromkeys(TABLES, 0)


def test_satellites_do_not_touch_each_other(database: Path, tmp_path: Path) -> None:
    """Two satellites in one hour are replaced apart."""
    load(database, tmp_path, HOUR, make_hour(HOUR, "G16", seed=1), "G16")
    east = content_hash(database)
    load(database, tmp_path, HOUR, make_hour(HOUR, "G18", seed=2), "G18")
    load(database, tmp_path, HOUR, make_hour(HOUR, "G18", seed=3), "G18")
    assert table_counts(database)["granules"] == 12
    load(database, tmp_path, HOUR, empty_hour(), "G18")
    assert content_hash(database) == east


def test_hours_end_where_the_next_begins(database: Path, tmp_path: Path) -> None:
    """Midnight of 31 December: the granule of 23:59:40 stays when 00:00 is replaced, and the reverse."""
    next_hour = after(HOUR, 1)
    for hour in (HOUR, next_hour):
        load(database, tmp_path, hour, make_hour(hour, granules=180, flashes=1))
    load(database, tmp_path, next_hour, empty_hour())
    starts = ledger(database, HOUR, after(next_hour, 1))["granule_start"].to_pylist()
    assert (len(starts), max(starts)) == (180, datetime(2022, 12, 31, 23, 59, 40))
    load(database, tmp_path, next_hour, make_hour(next_hour, granules=2))
    load(database, tmp_path, HOUR, empty_hour())
    assert min(ledger(database, HOUR, after(next_hour, 1))["granule_start"].to_pylist()).year == 2023


def test_bad_series_leave_the_database_alone(database: Path, tmp_path: Path) -> None:
    """Files are checked before the database is opened: a wrong one changes nothing, and makes no database."""
    series = write_series(tmp_path, make_hour(HOUR))
    series["events"].write_text("wrong\n")
    with pytest.raises(SeriesError, match="heading"):
        replace_hour(database, HOUR, ["G18"], series, NOW)
    del series["events"], series["granules"]
    with pytest.raises(SeriesError, match="no series for granules"):
        replace_hour(database, HOUR, ["G18"], series, NOW)
    assert not database.parent.exists()


def test_arguments_that_make_no_sense_are_refused(database: Path, tmp_path: Path) -> None:
    """The hour must be a whole UTC hour and aware, the names those of tables."""
    series = write_series(tmp_path, empty_hour())
    for hour in (
        HOUR + timedelta(minutes=30),
        HOUR + timedelta(microseconds=1),
        HOUR.replace(tzinfo=None),
    ):
        with pytest.raises(ValueError, match="not the start of an hour in UTC"):
            replace_hour(database, hour, ["G18"], series, NOW)
    with pytest.raises(ValueError, match=r"\['flash'\] are no tables"):
        replace_hour(
            database, HOUR, ["G18"], {"granules": series["granules"], "flash": series["flashes"]}, NOW
        )


def test_a_table_of_another_shape_is_refused(database: Path, tmp_path: Path) -> None:
    """A table of our name with other columns is named, not written into."""
    import duckdb

    database.parent.mkdir()
    with duckdb.connect(str(database)) as connection:
        connection.execute("CREATE TABLE flashes (id INTEGER)")
    with pytest.raises(WarehouseError, match="table flashes has other columns"):
        load(database, tmp_path, HOUR, make_hour(HOUR))
    with duckdb.connect(str(database)) as connection:
        assert connection.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [("flashes",)]


HOSTILE = [
    "'; DROP TABLE flashes; --",
    'a "quoted", text',
    "two\nlines\r\nand\rmore",
    "",
    " ",
    "NULL",
    "雷\u2028\\N",
    "?$1{}",
]


def test_hostile_texts_come_back_verbatim(database: Path, tmp_path: Path) -> None:
    """Quotes, line ends, SQL and the word NULL in a key or a reason are values; NULL is not the empty one."""
    texts = [*HOSTILE, None, *["a line\n" * 1000] * 171]  # over a million bytes, the reader's block
    tables = make_hour(HOUR, granules=len(texts), flashes=0)
    granules = tables["granules"]
    for name in ("reason", "etag"):
        granules = granules.set_column(
            granules.schema.get_field_index(name), name, pa.array(texts, pa.string())
        )
    keys = pa.array([text or "x" for text in texts])
    granules = granules.set_column(granules.schema.get_field_index("object_key"), "object_key", keys)
    load(database, tmp_path, HOUR, tables | {"granules": granules})
    back = ledger(database, HOUR, after(HOUR, 1))
    assert back["reason"].to_pylist() == texts
    assert back["etag"].to_pylist() == texts
    assert back["object_key"].to_pylist() == keys.to_pylist()
    assert table_counts(database)["flashes"] == 0


doubles = st.none() | st.floats(allow_nan=False, width=64) | st.sampled_from([1e-17, -0.0, 5e-324, 1.7e308])
moments = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1))
ids = st.integers(0, 2**32 - 1) | st.sampled_from([2**31 - 1, 2**31, 2**32 - 1])
event_rows = st.lists(
    st.tuples(ids, ids, st.none() | st.integers(0, 65_535), moments, doubles, doubles, doubles), max_size=40
)


@examples(20)
@given(rows=event_rows)
def test_any_value_comes_back_identical(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple]) -> None:
    """Ids, microseconds and the 64 bits of every double are what was written; a second load is no change."""
    folder = tmp_path_factory.getbasetemp() / "any-value"
    columns: list[list] = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(7)]
    names = [column.name for column in EVENTS.columns[2:]]
    events = table_of(
        EVENTS,
        {"satellite": ["G18"] * len(rows), "granule_start": [HOUR] * len(rows)}
        | dict(zip(names, columns, strict=True)),
    )
    tables = {"granules": empty_hour()["granules"], "events": events}
    load(folder / "x.duckdb", folder, HOUR, tables)
    assert not load(folder / "x.duckdb", folder, HOUR, tables).changed
    back = stored(folder / "x.duckdb", "events")
    assert sorted(map(bits_of, back.to_pylist())) == sorted(map(bits_of, events.to_pylist()))


def bits_of(row: dict) -> list[str]:
    """A row as texts that differ whenever a bit of a value does."""
    return [
        struct.pack(">d", value).hex() if isinstance(value, float) else repr(value) for value in row.values()
    ]


printable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)


@examples(20)
@given(texts=st.lists(st.tuples(printable, st.none() | printable), min_size=1, max_size=20))
def test_any_text_comes_back_verbatim(
    tmp_path_factory: pytest.TempPathFactory, texts: list[tuple[str, str | None]]
) -> None:
    """Whatever stands in a key or a reason is stored as it is."""
    folder = tmp_path_factory.getbasetemp() / "any-text"
    starts = [HOUR.astimezone(UTC) + timedelta(seconds=20 * number) for number in range(len(texts))]
    keys, reasons = map(list, zip(*texts, strict=True))
    granules = table_of(
        GRANULES,
        {
            "satellite": ["G18"] * len(texts),
            "granule_start": starts,
            "object_key": keys,
            "status": ["quarantined"] * len(texts),
            "reason": reasons,
        },
    )
    load(folder / "x.duckdb", folder, HOUR, {"granules": granules})
    back = ledger(folder / "x.duckdb", HOUR, after(HOUR, 1))
    assert (back["object_key"].to_pylist(), back["reason"].to_pylist()) == (keys, reasons)
