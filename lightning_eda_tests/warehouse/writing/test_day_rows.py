"""The rows of a day are replaced whole, beside those of other days."""

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.warehouse.database.connection import writer
from lightning_eda.warehouse.schema.distances import DISTANCE_CLUSTERS
from lightning_eda.warehouse.writing.day_rows import replace_day
from lightning_eda_tests.support.examples import examples
from lightning_eda_tests.warehouse.contents import load, rows_with
from lightning_eda_tests.warehouse.hours import make_hour

START = datetime(2024, 7, 1, 20, tzinfo=UTC)
DAY, NEXT = date(2024, 7, 1), date(2024, 7, 2)


def clusters(labels: dict[str, int]) -> dict:
    """Items and their clusters, as the asset gives them."""
    rows = pa.table({"cluster": pa.array(labels.values(), pa.int64()), "key": pa.array(labels, pa.string())})
    return {DISTANCE_CLUSTERS: rows}


def stored(database: Path, day: date) -> dict[str, int]:
    rows = rows_with(database, "distance_clusters", day=day).to_pylist()
    return {row["key"]: row["cluster"] for row in rows}


def test_a_day_is_replaced_and_others_stay(tmp_path: Path):
    """Also by fewer rows, and by none."""
    database = tmp_path / "a.duckdb"
    assert replace_day(database, DAY, clusters({"a": 0, "b": 0, "c": 1}))
    assert replace_day(database, NEXT, clusters({"a": 4}))
    assert replace_day(database, DAY, clusters({"007": 0}))
    assert (stored(database, DAY), stored(database, NEXT)) == ({"007": 0}, {"a": 4})
    assert replace_day(database, DAY, clusters({}))
    assert (stored(database, DAY), stored(database, NEXT)) == ({}, {"a": 4})


def test_the_same_again_writes_nothing(tmp_path: Path):
    """Not a byte of the file changes."""
    database = tmp_path / "a.duckdb"
    replace_day(database, DAY, clusters({"a": 0, "b": 1}))
    before = database.read_bytes()
    assert not replace_day(database, DAY, clusters({"a": 0, "b": 1}))
    assert database.read_bytes() == before


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (pa.table({"cluster": [0]}), "missing"),
        (pa.table({"cluster": [0, 1], "key": ["a", "a"]}), "twice"),
        (pa.table({"cluster": [0], "key": pa.array([None], pa.string())}), "no value"),
        (pa.table({"cluster": [2**40], "key": ["a"]}), "not in range"),
    ],
)
def test_what_cannot_be_stored_changes_nothing(tmp_path: Path, rows: pa.Table, words: str):
    """The error comes before the database is opened."""
    database = tmp_path / "a.duckdb"
    replace_day(database, DAY, clusters({"a": 0}))
    with pytest.raises(ValueError, match=words):
        replace_day(database, DAY, {DISTANCE_CLUSTERS: rows})
    assert stored(database, DAY) == {"a": 0}


@examples(20)
@given(items=st.dictionaries(st.text(min_size=1, max_size=12), st.integers(0, 5), max_size=8))
def test_any_item_comes_back(tmp_path_factory, items: dict[str, int]):
    """Quotes, line ends, NULs and all of Unicode."""
    database = tmp_path_factory.mktemp("day") / "a.duckdb"
    replace_day(database, DAY, clusters(items))
    assert stored(database, DAY) == items


def test_a_database_made_before_this_table(tmp_path: Path):
    """The first write makes the table."""
    database = tmp_path / "a.duckdb"
    load(database, tmp_path, START, make_hour(START))
    with writer(database) as connection:
        connection.execute("DROP TABLE distance_clusters")
    assert replace_day(database, DAY, clusters({"a": 0}))
    assert stored(database, DAY) == {"a": 0}
    with duckdb.connect(str(database), read_only=True) as connection:
        ((granules,),) = connection.execute("SELECT count(*) FROM granules").fetchall()
    assert granules
