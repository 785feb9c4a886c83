"""Scores of k come from two sides in either order; one k is chosen."""

import math
from datetime import timedelta
from itertools import count
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.errors import SettingError
from lightning_eda.warehouse.writing.cluster_tables import (
    Choice,
    FitKey,
    choose_k,
    read_scores,
    replace_scores,
)
from lightning_eda_tests.support.examples import examples
from lightning_eda_tests.warehouse.cluster_rows import END, FIT, HOSTILE, START, inertia, scores, silhouette
from lightning_eda_tests.warehouse.contents import rows_with

FURTHER = ("calinski_harabasz", "davies_bouldin", "gap", "gap_error", "stability")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "lightning.duckdb"


def test_scores_of_both_sides(database: Path) -> None:
    """The second evaluator adds its columns and leaves those of the first, whichever is first."""
    sides = [inertia({2: 9.0, 3: 4.0}), silhouette({2: 0.5, 3: 0.75}, error=0.01)]
    expected = {2: (9.0, 0.5, None), 3: (4.0, 0.75, None)}
    for number, order in enumerate((sides, sides[::-1])):
        path = database.with_name(f"{number}.duckdb")
        assert [replace_scores(path, START, END, FIT, side).changed for side in order] == [True, True]
        assert scores(path) == expected
    together = sides[0].append_column("silhouette", sides[1]["silhouette"])
    for name in ("silhouette_error", "silhouette_method"):
        together = together.append_column(name, sides[1][name])
    replace_scores(database, START, END, FIT, together)
    assert read_scores(database, START, END).equals(read_scores(database.with_name("0.duckdb"), START, END))
    assert read_scores(database, START, END).to_pylist()[0] == {
        "k": 2, "inertia": 9.0, "silhouette": 0.5, "silhouette_error": 0.01, "method": "exact",
        "chosen_by": None, "tier": "flash", "geometry": "sphere", "fit": "5f0c",
        "silhouette_method": "sample", **dict.fromkeys(FURTHER),
    }  # fmt: skip


def test_further_scores_go_with_their_side(database: Path) -> None:
    """What is left out is NULL, also where it was there before; the other side's stay."""
    elbow = inertia({2: 9.0, 3: 4.0})
    full = elbow.append_column("gap", pa.array([1.5, math.nan])).append_column("stability", [[1.0, 0.5]])
    indices = silhouette({2: 0.5, 3: 0.7}).append_column("davies_bouldin", [[0.3, 0.2]])
    for side in (full, indices):
        replace_scores(database, START, END, FIT, side)
    rows = read_scores(database, START, END).to_pylist()
    assert [[row[name] for name in FURTHER] for row in rows] == [
        [None, 0.3, 1.5, None, 1.0],
        [None, 0.2, None, None, 0.5],
    ]
    assert replace_scores(database, START, END, FIT, elbow).changed
    rows = read_scores(database, START, END).to_pylist()
    assert [[row[name] for name in FURTHER] for row in rows] == [
        [None, 0.3, *[None] * 3],
        [None, 0.2, *[None] * 3],
    ]


def cluster_rows(n: int) -> pa.Table:
    """What silhouette_evaluator has to say of two clusters; of the second nothing was scored."""
    nothing = pa.array([0.5, None], pa.float64())
    return pa.table(
        {"k": [2, 2], "cluster": [0, 1], "n": [n, 1], "n_scored": [n, 0]}
        | dict.fromkeys(("mean", "lowest", "below_zero"), nothing)
    )


def test_silhouettes_of_clusters_go_with_the_silhouettes(database: Path) -> None:
    """They are replaced with them, stay when the other side comes, and go with scores of another fit."""

    def sizes() -> list[int]:
        return rows_with(database, "cluster_silhouettes", k=2)["n"].to_pylist()

    replace_scores(database, START, END, FIT, silhouette({2: 0.5}), clusters=cluster_rows(7))
    assert sizes() == [7, 1]
    assert replace_scores(database, START, END, FIT, silhouette({2: 0.5}), clusters=cluster_rows(8)).changed
    assert not replace_scores(
        database, START, END, FIT, silhouette({2: 0.5}), clusters=cluster_rows(8)
    ).changed
    replace_scores(database, START, END, FIT, inertia({2: 9.0}))
    choose_k(database, START, END, Choice(2, "config"))
    assert sizes() == [8, 1]
    replace_scores(database, START, END, FitKey("other", "flash", "sphere", "exact"), inertia({2: 9.0}))
    assert sizes() == []
    replace_scores(database, START, END, FIT, silhouette({2: 0.5}), clusters=cluster_rows(7))
    replace_scores(database, START, END, FIT, silhouette({2: 0.5}))
    assert sizes() == []


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
        choose_k(database, START, END, Choice(3, "elbow"))
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
    assert choose_k(database, START, END, Choice(2, "elbow")).changed
    assert choose_k(database, START, END, Choice(3, HOSTILE)).changed
    replace_scores(database, START, END, FIT, silhouette({2: 0.5, 3: 0.7}))
    assert scores(database) == {2: (9.0, 0.5, None), 3: (4.0, 0.7, HOSTILE)}
    assert not choose_k(database, START, END, Choice(3, HOSTILE)).changed


def test_scores_and_choice_in_one_transaction(database: Path) -> None:
    """The k given with the scores is marked; one without a score leaves the window as it was."""
    replace_scores(database, START, END, FIT, inertia({2: 9.0, 3: 4.0}))
    assert replace_scores(
        database, START, END, FIT, silhouette({2: 0.5, 3: 0.7}), Choice(3, "silhouette")
    ).changed
    marked = {2: (9.0, 0.5, None), 3: (4.0, 0.7, "silhouette")}
    assert scores(database) == marked
    with pytest.raises(SettingError, match=r"k: found 4; allowed: 2, 3\."):
        replace_scores(database, START, END, FIT, silhouette({2: 0.1}), Choice(4, "silhouette"))
    assert scores(database) == marked


def test_only_a_scored_k_is_chosen(database: Path) -> None:
    """The error says which there are, and the earlier choice stays."""
    words = (
        r"k: found 2; allowed: none: the window has no scores yet\. "
        "Run silhouette_evaluator and elbow_evaluator for this window first"
    )
    with pytest.raises(SettingError, match=words):
        choose_k(database, START, END, Choice(2, "config"))
    replace_scores(database, START, END, FIT, inertia({2: 9.0, 3: 4.0}))
    choose_k(database, START, END, Choice(2, "elbow"))
    with pytest.raises(SettingError, match=r"k: found 30; allowed: 2, 3\."):
        choose_k(database, START, END, Choice(30, "config"))
    with pytest.raises(ValueError, match="say who"):
        Choice(3, "")
    assert scores(database)[2][2] == "elbow"


VALUES = st.dictionaries(st.integers(2, 6), st.sampled_from([0.25, 0.5, math.nan, None]), max_size=5)
NUMBERS = count()


@given(first=VALUES, second=VALUES, again=VALUES)
@examples(8)
def test_the_order_of_the_sides_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, first: dict, second: dict, again: dict
) -> None:
    """Each side's last word is what the table says, for any k that each has; every order in a new window."""
    database = tmp_path_factory.getbasetemp() / "orders.duckdb"
    orders = [
        [inertia(first), silhouette(second), inertia(again)],
        [inertia(first), inertia(again), silhouette(second)],
        [silhouette(second), inertia(again)],
    ]
    windows = [(START, END + timedelta(hours=next(NUMBERS))) for _ in orders]
    for window, order in zip(windows, orders, strict=True):
        for side in order:
            replace_scores(database, *window, FIT, side)
    known = {k: value for k, value in again.items() if value is not None and math.isfinite(value)}
    others = {k: value for k, value in second.items() if value is not None and math.isfinite(value)}
    expected = {k: (known.get(k), others.get(k), None) for k in sorted(known | others)}
    assert [scores(database, window) for window in windows] == [expected] * 3
