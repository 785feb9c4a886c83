"""Results of a window are replaced whole; windows live side by side."""

import hashlib
import math
from datetime import timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from lightning_eda.errors import WarehouseError
from lightning_eda.series import TABLES
from lightning_eda.warehouse.database.attach import STORAGE_VERSION
from lightning_eda.warehouse.queries import integrity, table_counts
from lightning_eda.warehouse.schema.sql import create_sql
from lightning_eda.warehouse.writing.cluster_tables import (
    Choice,
    FitKey,
    choose_k,
    read_scores,
    replace_clusters,
    replace_scores,
)
from lightning_eda_tests.warehouse.cluster_rows import (
    DAY,
    END,
    FIT,
    HOSTILE,
    START,
    centers,
    clusters,
    inertia,
    labels,
    scores,
)
from lightning_eda_tests.warehouse.contents import content_hash, load
from lightning_eda_tests.warehouse.hours import make_hour


def file_hash(database: Path) -> str:
    return hashlib.sha256(database.read_bytes()).hexdigest()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "lightning.duckdb"


def test_windows_live_side_by_side(database: Path) -> None:
    """The hour, the day that holds it and the next hour with the same start or end are four windows."""
    windows = [(START, END), DAY, (END, END + timedelta(hours=1)), (START, END + timedelta(hours=1))]
    for number, window in enumerate(windows):
        replace_scores(database, *window, FIT, inertia({2: float(number)}))
        replace_clusters(database, *window, centers(lat=float(number)), labels(cluster=number))
        choose_k(database, *window, Choice(2, str(number)))
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
    choose_k(database, START, END, Choice(3, "elbow"))
    replace_clusters(database, START, END, centers(3), labels())
    before = file_hash(database)
    assert not replace_scores(database, START, END, FIT, inertia({3: 4.0, 2: 9.0})).changed
    assert not choose_k(database, START, END, Choice(3, "elbow")).changed
    assert not replace_clusters(database, START, END, centers(3), labels().take([4, 1, 0, 2, 3]))
    assert file_hash(database) == before
    assert replace_clusters(database, START, END, centers(3), labels(cluster=1))
    assert replace_scores(database, START, END, FIT, inertia({3: 4.0, 2: math.nextafter(9.0, 10)})).changed


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
            connection.execute(create_sql(table))
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
