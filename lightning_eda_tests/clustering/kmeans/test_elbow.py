import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.clustering.kmeans.elbow import best_k, knee
from lightning_eda.clustering.kmeans.sweep import kmeans_sweep
from lightning_eda.errors import PointsError

pytestmark = pytest.mark.filterwarnings("error")


def test_the_knee_of_the_figure_in_the_paper() -> None:
    """The curve -1/x + 5 of figure 2, mirrored: the knee is at the third of ten points, x = 0.22."""
    x = np.linspace(0, 1, 10)
    assert knee(np.arange(10), 1 / (x + 0.1) - 5) == 2


def test_the_knee_is_a_k_not_a_position() -> None:
    """The same curve from k = 2 on has its knee two further."""
    x = np.linspace(0, 1, 10)
    assert knee(np.arange(2, 12), 1 / (x + 0.1)) == 4


def test_a_curve_that_ends_above_its_second_value_has_a_knee() -> None:
    """It has fallen all the same, from the first to the last."""
    assert knee([1, 2, 3, 4, 5], [10.0, 1.0, 1.5, 2.0, 2.5]) == 2


@pytest.mark.parametrize("storms", [3, 5, 6])
def test_planted_storms_are_the_knee(storms: int) -> None:
    """Equal storms evenly around a circle: the inertia drops until each has its centre, then no more."""
    rng = np.random.default_rng(storms)
    angle = 2 * np.pi * (np.arange(storms * 200) % storms) / storms
    points = 100 * np.column_stack([np.cos(angle), np.sin(angle)]) + rng.normal(0, 1, (len(angle), 2))
    sweep = kmeans_sweep(points, 1, 15)
    assert knee(sweep.k, sweep.inertia) == storms


@pytest.mark.parametrize(
    "inertia",
    [
        [],
        [5.0],
        [5.0, 1.0],
        [4.0, 4.0, 4.0, 4.0],
        [0.0, 0.0, 0.0],
        [4.0, 3.0, 2.0, 1.0],
        [1.0, 2.0, 3.0],
        [9.0, 8.0, 6.0, 0.0],
        [np.nan, np.nan, np.nan, np.nan],
        [9.0, np.nan, 1.0],
        [1.0, 0.9, 0.55, 0.75, 0.0],
        [1.0, 0.7, 0.4, 0.4, 0.4, 0.4, -0.8],
        [10.0, 0.0, 0.0],
    ],
    ids=[
        "none",
        "one",
        "two",
        "flat",
        "zero",
        "line",
        "rising",
        "concave",
        "unfitted",
        "two fitted",
        "above",
        "line, then above",
        "a fall of one step",
    ],
)
def test_a_curve_without_a_knee_gives_none(inertia: list[float]) -> None:
    """Degenerate curves are a result."""
    assert knee(np.arange(2, 2 + len(inertia)), inertia) is None


def test_a_flat_top_has_its_knee_at_its_first_k() -> None:
    """From k = 2 to 3 the curve falls as its chord does: 3 pays no more than the chord, so 2 is enough."""
    drop = [0.0, 0.375, 0.5, 0.5, 0.5625, 0.65625, 0.765625, 0.875, 1.0]
    assert knee(np.arange(1, 10), 64.0 * (1.0 - np.array(drop))) == 2


def test_the_last_k_counts_for_the_fall() -> None:
    """For S = 0.5 the fall from the third k to the end is enough."""
    assert knee(range(2, 6), [9.0, 8.9, 0.1, 0.0], 0.5) == 4


def test_a_peak_that_does_not_fall_before_the_next_one_is_no_knee() -> None:
    """Above the chord the curve is 0, 3, 2, 4, 2, 0 tenths: only the second peak falls by over two."""
    assert knee(range(2, 8), [10.0, 5.0, 4.0, 0.0, 0.0, 0.0]) == 5


def test_unfitted_k_are_left_out() -> None:
    """NaN at the end does not hide the knee."""
    curve = [100.0, 40.0, 5.0, 4.0, 3.0, 2.0, np.nan, np.nan]
    assert knee(np.arange(2, 10), curve) == 4


def test_a_larger_sensitivity_wants_a_sharper_knee() -> None:
    """A gentle bend is a knee for S = 0.1 and none for S = 8."""
    k = np.arange(1, 11)
    curve = 11.0 - k + 0.5 * (k - 10) ** 2 / 10
    assert knee(k, curve, 0.1) is not None
    assert knee(k, curve, 8.0) is None


@pytest.mark.parametrize(("k", "inertia"), [([2, 3], [1.0]), ([3, 2], [2.0, 1.0]), ([[2]], [[1.0]])])
def test_a_curve_has_one_value_for_each_ascending_k(k: list[int], inertia: list[float]) -> None:
    """Anything else is refused."""
    with pytest.raises(PointsError):
        knee(k, inertia)


@given(st.dictionaries(st.integers(2, 30), st.floats(-1, 1), min_size=1))
def test_best_k_is_the_k_of_the_highest_score(scores: dict[int, float]) -> None:
    """By value; the smallest of equals."""
    chosen = best_k(scores)
    assert chosen == min(k for k, score in scores.items() if score == max(scores.values()))


def test_best_k_without_scores_is_none() -> None:
    """Nothing, or nothing but NaN; NaN never wins."""
    assert best_k({}) is None
    assert best_k({2: float("nan")}) is None
    assert best_k({2: float("nan"), 3: -0.5}) == 3
