"""Scores of k come from two sides in either order; clusters of a window are replaced whole."""

import hashlib
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightning_eda.errors import SettingError, WarehouseError
from lightning_eda.warehouse.attach import STORAGE_VERSION
from lightning_eda.warehouse.cluster_tables import (
    FitKey,
    choose_k,
    read_scores,
    replace_clusters,
    replace_scores,
)
from lightning_eda.warehouse.queries import integrity, table_counts
from lightning_eda.warehouse.schema import TABLES
from lightning_eda_tests.warehouse.contents import content_hash, load, rows_with
from lightning_eda_tests.warehouse.hours import make_hour

START = datetime(2024, 7, 1, 20, tzinfo=UTC)
END = START + timedelta(hours=1)
DAY = (START.replace(hour=0), START.replace(hour=0) + timedelta(days=1))
FIT = FitKey("5f0c", "flash", "sphere", "exact")
HOSTILE = "x'); DROP TABLE k_scores; --\0\n\"é"


def inertia(values: dict[int, float | None]) -> pa.Table:
    """What elbow_evaluator has to say."""
    return pa.table({"k": pa.array(values, pa.int64()), "inertia": pa.array(values.values(), pa.float64())})


def silhouette(values: dict[int, float | None], error: float = 0.0) -> pa.Table:
    """What silhouette_evaluator has to say."""
    n = len(values)
    return pa.table(
        {
            "k": pa.array(values, pa.int64()),
            "silhouette": pa.array(values.values(), pa.float64()),
            "silhouette_error": pa.array([error] * n, pa.float64()),
            "silhouette_method": pa.array(["sample"] * n, pa.string()),
        }
    )


def scores(database: Path, window: tuple[datetime, datetime] = (START, END)) -> dict[int, tuple]:
    """Inertia, silhouette and who chose it, by k."""
    rows = read_scores(database, *window).to_pylist()
    return {row["k"]: (row["inertia"], row["silhouette"], row["chosen_by"]) for row in rows}


def centers(n: int = 2, lat: float = 10.0) -> pa.Table:
    return pa.table(
        {
            "k": [n] * n, "cluster": list(range(n)), "lat": [lat] * n, "lon": [-130.0 - i for i in range(n)],
            "n": [100 - i for i in range(n)],
        }
    )  # fmt: skip


def labels(n: int = 5, cluster: int = 0) -> pa.Table:
    return pa.table(
        {
            "satellite": ["G18"] * n,
            "granule_start": [datetime(2024, 7, 1, 20)] * n,
            "flash_id": [65_535 - i for i in range(n)],
            "cluster": [cluster] * n,
            "energy_j": [1e-13] * n,
        }
    )


def clusters(database: Path, start: datetime = START, end: datetime = END) -> tuple[pa.Table, pa.Table]:
    """The centres and labels of a window, without its ends."""
    window = {"window_start": start.replace(tzinfo=None), "window_end": end.replace(tzinfo=None)}
    found = [rows_with(database, table, **window) for table in ("cluster_centers", "flash_clusters")]
    return found[0].drop_columns(list(window)), found[1].drop_columns(list(window))


def file_hash(database: Path) -> str:
    return hashlib.sha256(database.read_bytes()).hexdigest()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "lightning.duckdb"


def test_scores_of_both_sides(database: Path) -> None:
    """The second evaluator adds its columns and leaves those of the first, whichever is first."""
    sides = [inertia({2: 9.0, 3: 4.0}), silhouette({2: 0.5, 3: 0.75}, error=0.01)]
    expected = {2: (9.0, 0.5, None), 3: (4.0, 0.75, None)}
    for number, order in enumerate((sides, sides[::-1])):
        path = database.with_name(f"{number}.duckdb")
        assert [replace_scores(path, START, END, FIT, side) for side in order] == [True, True]
        assert scores(path) == expected
    together = sides[0].append_column("silhouette", sides[1]["silhouette"])
    for name in ("silhouette_error", "silhouette_method"):
        together = together.append_column(name, sides[1][name])
    replace_scores(database, START, END, FIT, together)
    assert read_scores(database, START, END).equals(read_scores(database.with_name("0.duckdb"), START, END))
    assert read_scores(database, START, END).to_pylist()[0] == {
        "k": 2, "inertia": 9.0, "silhouette": 0.5, "silhouette_error": 0.01, "method": "exact",
        "chosen_by": None, "tier": "flash", "geometry": "sphere", "fit": "5f0c",
        "silhouette_method": "sample",
    }  # fmt: skip


def test_a_new_run_of_one_side_replaces_its_own(database: Path) -> None:
    """A k that it no longer has loses its value, and its row when the other side has none either."""
    replace_scores(database, START, END, FIT, inertia({2: 9.0, 3: 4.0, 4: 3.0}))
    replace_scores(database, START, END, FIT, silhouette({3: 0.7}))
    replace_scores(database, START, END, FIT, inertia({2: 8.0}))
    assert scores(database) == {2: (8.0, None, None), 3: (None, 0.7, None)}


def test_scores_of_another_fit_are_never_mixed_in(database: Path) -> None:
    """Other points, options, tier or geometry: what the window had goes, with the chosen k."""
    others = [FitKey("other", "flash", "sphere", "exact"), FitKey("5f0c", "event", "sphere", "cells")]
    others.append(FitKey("5f0c", "event", "lonlat", "cells"))
    for fit in others:
        replace_scores(database, START, END, FIT, inertia({2: 9.0, 3: 4.0}))
        choose_k(database, START, END, 3, "elbow")
        replace_scores(database, START, END, fit, silhouette({2: 0.1}))
        assert scores(database) == {2: (None, 0.1, None)}


def test_what_is_not_finite_is_no_score(database: Path) -> None:
    """An unfitted k has no row; a side without a number has NULL; not enough points leaves no rows."""
    replace_scores(database, START, END, FIT, inertia({2: 9.0, 3: 0.0, 4: math.nan, 5: math.inf, 6: None}))
    replace_scores(database, START, END, FIT, silhouette({2: 0.5, 3: math.nan, 4: None}, error=math.nan))
    assert scores(database) == {2: (9.0, 0.5, None), 3: (0.0, None, None)}
    rows = read_scores(database, START, END).to_pylist()
    assert [(row["silhouette_error"], row["silhouette_method"]) for row in rows] == [
        (None, "sample"),
        (None, None),
    ]
    replace_scores(database, START, END, FitKey("none", "flash", "sphere", "exact"), inertia({2: math.nan}))
    assert scores(database) == {}


def test_whole_numbers_are_scores(database: Path) -> None:
    """An inertia that came as integers is not taken for missing."""
    replace_scores(database, START, END, FIT, pa.table({"k": [2], "inertia": [9]}))
    assert scores(database) == {2: (9.0, None, None)}


def test_one_k_is_chosen(database: Path) -> None:
    """The last choice holds and is the only one; scores of the same fit that come later leave it."""
    replace_scores(database, START, END, FIT, inertia({2: 9.0, 3: 4.0}))
    assert choose_k(database, START, END, 2, "elbow")
    assert choose_k(database, START, END, 3, HOSTILE)
    replace_scores(database, START, END, FIT, silhouette({2: 0.5, 3: 0.7}))
    assert scores(database) == {2: (9.0, 0.5, None), 3: (4.0, 0.7, HOSTILE)}
    assert not choose_k(database, START, END, 3, HOSTILE)


def test_only_a_scored_k_is_chosen(database: Path) -> None:
    """The error says which there are, and the earlier choice stays."""
    with pytest.raises(SettingError, match=r"k: found 2; allowed: none: the window has no scores yet"):
        choose_k(database, START, END, 2, "config")
    replace_scores(database, START, END, FIT, inertia({2: 9.0, 3: 4.0}))
    choose_k(database, START, END, 2, "elbow")
    with pytest.raises(SettingError, match=r"k: found 30; allowed: 2, 3\."):
        choose_k(database, START, END, 30, "config")
    with pytest.raises(ValueError, match="chosen_by"):
        choose_k(database, START, END, 3, "")
    assert scores(database)[2][2] == "elbow"


def test_windows_live_side_by_side(database: Path) -> None:
    """The hour, the day that holds it and the next hour with the same start or end are four windows."""
    windows = [(START, END), DAY, (END, END + timedelta(hours=1)), (START, END + timedelta(hours=1))]
    for number, window in enumerate(windows):
        replace_scores(database, *window, FIT, inertia({2: float(number)}))
        replace_clusters(database, *window, centers(lat=float(number)), labels(cluster=number))
        choose_k(database, *window, 2, str(number))
    replace_clusters(database, *windows[2], centers().slice(0, 0))
    replace_scores(database, *windows[2], FitKey("x", "flash", "sphere", "exact"), inertia({}))
    for number, window in enumerate(windows):
        found_centers, found_labels = clusters(database, *window)
        if number == 2:
            assert (scores(database, window), found_centers.num_rows, found_labels.num_rows) == ({}, 0, 0)
            continue
        assert scores(database, window) == {2: (float(number), None, str(number))}
        assert set(found_centers["lat"].to_pylist()) == {number}
        assert set(found_labels["cluster"].to_pylist()) == {number}


def test_clusters_come_back(database: Path) -> None:
    """By key, with the columns of the tables; further columns of what was given are left out."""
    assert replace_clusters(database, START, END, centers(3).take([2, 0, 1]), labels())
    found_centers, found_labels = clusters(database)
    assert found_centers.to_pylist() == centers(3).to_pylist()
    assert found_labels["flash_id"].to_pylist() == [65_531, 65_532, 65_533, 65_534, 65_535]
    assert found_labels.column_names == ["satellite", "granule_start", "flash_id", "cluster"]
    replace_clusters(database, START, END, centers(2))
    found_centers, found_labels = clusters(database)
    assert (found_centers.num_rows, found_labels.num_rows) == (2, 0)


def test_the_same_again_writes_nothing(database: Path) -> None:
    """In any row order, the file stays bit for bit what it was; one other value is written."""
    replace_scores(database, START, END, FIT, inertia({2: 9.0, 3: 4.0}))
    choose_k(database, START, END, 3, "elbow")
    replace_clusters(database, START, END, centers(3), labels())
    before = file_hash(database)
    assert not replace_scores(database, START, END, FIT, inertia({3: 4.0, 2: 9.0}))
    assert not choose_k(database, START, END, 3, "elbow")
    assert not replace_clusters(database, START, END, centers(3), labels().take([4, 1, 0, 2, 3]))
    assert file_hash(database) == before
    assert replace_clusters(database, START, END, centers(3), labels(cluster=1))
    assert replace_scores(database, START, END, FIT, inertia({3: 4.0, 2: math.nextafter(9.0, 10)}))


def test_what_cannot_be_stored_changes_nothing(database: Path) -> None:
    """Missing columns and values, keys that are there twice and empty windows are refused before writing."""
    replace_clusters(database, START, END, centers(), labels())
    wrong = [
        (centers().drop_columns(["n"]), labels(), "are missing"),
        (centers(), labels().drop_columns(["satellite"]), "are missing"),
        (pa.concat_tables([centers(), centers()]), labels(), "twice"),
        (centers(), pa.concat_tables([labels(), labels(cluster=3)]), "twice"),
        (centers().set_column(2, "lat", pa.array([1.0, None])), labels(), "lat of cluster_centers has no"),
        (centers(), labels().set_column(2, "flash_id", pa.array([70_000, 1, 2, 3, 4])), "70000"),
    ]
    for some_centers, some_labels, match in wrong:
        with pytest.raises(ValueError, match=match):
            replace_clusters(database, START, END, some_centers, some_labels)
    with pytest.raises(ValueError, match="k twice"):
        replace_scores(database, START, END, FIT, pa.table({"k": [2, 2], "inertia": [1.0, 2.0]}))
    with pytest.raises(ValueError, match="silhouette_error"):
        replace_scores(database, START, END, FIT, pa.table({"k": [2], "silhouette": [1.0]}))
    with pytest.raises(ValueError, match="none of"):
        replace_scores(database, START, END, FIT, pa.table({"k": [2]}))
    for start, end, match in (
        (END, START, "empty"),
        (START, START, "empty"),
        (START.replace(tzinfo=None), END, "zone"),
    ):
        with pytest.raises(ValueError, match=match):
            replace_scores(database, start, end, FIT, inertia({2: 1.0}))
        with pytest.raises(ValueError, match=match):
            replace_clusters(database, start, end, centers())
        with pytest.raises(ValueError, match=match):
            read_scores(database, start, end)
    assert clusters(database)[1].num_rows == 5


def test_texts_are_values(database: Path) -> None:
    """SQL in a text is stored as it is and does nothing."""
    fit = FitKey(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    replace_scores(database, START, END, fit, inertia({2: 1.0}))
    hostile = labels(1).set_column(0, "satellite", pa.array([HOSTILE]))
    replace_clusters(database, START, END, centers(), hostile)
    (row,) = read_scores(database, START, END).to_pylist()
    assert {row[name] for name in ("fit", "tier", "geometry", "method")} == {HOSTILE}
    assert clusters(database)[1]["satellite"].to_pylist() == [HOSTILE]


def test_a_database_made_before_these_tables(database: Path, tmp_path: Path) -> None:
    """It has no scores; the first write makes the tables and leaves the hours alone."""
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{database}' AS old (STORAGE_VERSION '{STORAGE_VERSION}')")
        connection.execute("USE old")
        for table in TABLES.values():
            connection.execute(table.create_sql)
    assert read_scores(database, START, END).num_rows == 0
    assert read_scores(database, START, END).column_names[:2] == ["k", "inertia"]
    load(database, tmp_path, START, make_hour(START))
    before = content_hash(database)
    replace_scores(database, START, END, FIT, inertia({2: 1.0}))
    replace_clusters(database, START, END, centers(), labels())
    assert (len(scores(database)), content_hash(database)) == (1, before)


def test_there_is_no_database_yet(database: Path) -> None:
    """Reading says so, and makes none."""
    with pytest.raises(WarehouseError, match="no database"):
        read_scores(database, START, END)
    assert not database.exists()


def test_hours_and_windows_do_not_touch(database: Path, tmp_path: Path) -> None:
    """Loading an hour again leaves the clusters of its windows; counts and checks of hours leave them out."""
    load(database, tmp_path, START, make_hour(START))
    replace_clusters(database, START, END, centers(), labels())
    load(database, tmp_path, START, make_hour(START, seed=1))
    assert clusters(database)[1].num_rows == 5
    assert set(table_counts(database)) == set(TABLES)
    assert set(integrity(database, START, END).tiers) == {"flashes", "groups", "events"}


VALUES = st.dictionaries(st.integers(2, 6), st.sampled_from([0.25, 0.5, math.nan, None]), max_size=5)


@given(first=VALUES, second=VALUES, again=VALUES)
@settings(max_examples=8, deadline=None)
def test_the_order_of_the_sides_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, first: dict, second: dict, again: dict
) -> None:
    """Each side's last word is what the table says, for any k that each has."""
    folder = tmp_path_factory.mktemp("orders")
    orders = [
        [inertia(first), silhouette(second), inertia(again)],
        [inertia(first), inertia(again), silhouette(second)],
        [silhouette(second), inertia(again)],
    ]
    for number, order in enumerate(orders):
        for side in order:
            replace_scores(folder / str(number), START, END, FIT, side)
    known = {k: value for k, value in again.items() if value is not None and math.isfinite(value)}
    others = {k: value for k, value in second.items() if value is not None and math.isfinite(value)}
    expected = {k: (known.get(k), others.get(k), None) for k in sorted(known | others)}
    for number in range(len(orders)):
        assert scores(folder / str(number)) == expected
