"""A database of an earlier version opens: what its tables lack is NULL for readers, and added by writers."""

from pathlib import Path

import duckdb
import pytest

from lightning_eda.errors import WarehouseError
from lightning_eda.warehouse.database.connection import reader, writer
from lightning_eda.warehouse.schema.clusters import K_SCORES
from lightning_eda.warehouse.writing.cluster_tables import Choice, choose_k, read_scores, replace_scores
from lightning_eda_tests.warehouse.cluster_rows import END, FIT, START, inertia, scores, silhouette

LATER = ("calinski_harabasz", "davies_bouldin", "gap", "gap_error", "stability")


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """A database with scores, as the version wrote it that knew no more than silhouette and inertia."""
    database = tmp_path / "lightning.duckdb"
    for side in (inertia({2: 9.0, 3: 4.0}), silhouette({2: 0.5, 3: 0.7})):
        replace_scores(database, START, END, FIT, side, Choice(3, "silhouette"))
    with duckdb.connect(str(database)) as connection:
        connection.execute("DROP TABLE cluster_silhouettes")
        for name in LATER:
            connection.execute(f"ALTER TABLE k_scores DROP COLUMN {name}")
    return database


def columns(database: Path) -> list[str]:
    with reader(database) as connection:
        return connection.table("k_scores").columns


def test_it_is_read_as_it_is(earlier: Path) -> None:
    """Readers change nothing."""
    rows = read_scores(earlier, START, END).to_pylist()
    assert [(row["k"], row["silhouette"], row["chosen_by"]) for row in rows] == [
        (2, 0.5, None),
        (3, 0.7, "silhouette"),
    ]
    assert {row[name] for row in rows for name in LATER} == {None}
    assert not set(LATER) & set(columns(earlier))


def test_a_writer_adds_what_it_lacks(earlier: Path) -> None:
    """Whatever it writes, once; what is there stays."""
    before = scores(earlier)
    assert choose_k(earlier, START, END, Choice(2, "run config")).changed
    assert columns(earlier) == [column.name for column in K_SCORES.columns]
    assert {k: row[:2] for k, row in scores(earlier).items()} == {k: row[:2] for k, row in before.items()}
    assert not choose_k(earlier, START, END, Choice(2, "run config")).changed


def test_a_writer_that_fails_leaves_it_as_it_was(earlier: Path) -> None:
    """The columns come with its transaction."""
    with pytest.raises(ZeroDivisionError), writer(earlier):
        _ = 1 / 0
    assert not set(LATER) & set(columns(earlier))


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("cluster_centers", "DROP COLUMN n"),
        ("k_scores", "DROP COLUMN inertia"),
        ("k_scores", "ADD COLUMN more INTEGER"),
    ],
)
def test_other_columns_are_refused(earlier: Path, table: str, change: str) -> None:
    """One is missing that must not be NULL, or one in the middle, or one is there that nobody knows."""
    with duckdb.connect(str(earlier)) as connection:
        connection.execute(f"ALTER TABLE {table} {change}")
    with pytest.raises(WarehouseError, match=f"table {table} has other columns"), writer(earlier):
        pytest.fail("it was opened")
