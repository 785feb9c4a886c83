"""The curves over k show the scores, the chosen k and the knee, and say when there is nothing to show."""

import re

import numpy as np
import pyarrow as pa
import pytest

from lightning_eda.figures import Evaluation, render_curves
from lightning_eda.figures.charts.curves import BAND
from lightning_eda_tests.figures.conftest import drawn, near, pixels
from lightning_eda_tests.figures.storms import evaluation


def texts(svg: bytes) -> list[str]:
    """The texts of an SVG by matplotlib, which names each beside its outline."""
    return re.findall(r"<!-- (.*?) -->", svg.decode())


def test_chosen_k_knee_and_best_are_marked():
    """The picture names the chosen k and who chose it, the knee, and the best silhouette."""
    found = texts(render_curves(evaluation(chosen=7), "svg"))
    assert "chosen k = 7" in found
    assert "k = 7 was chosen by silhouette  ·  knee of the inertia at k = 6" in found
    assert "knee, k = 6" in found
    assert "best, 0.650 at k = 7" in found
    assert "Inertia (10⁹ km²)" in found


def test_band_moves_with_the_chosen_k():
    """The band of the chosen k stands further right for a larger k."""
    columns = []
    for chosen in (4, 12, 20):
        band = near(pixels(render_curves(evaluation(chosen=chosen))), BAND, 3)
        columns.append(band.nonzero()[1].mean())
    assert columns[0] + 200 < columns[1] < columns[2] - 200


@pytest.mark.parametrize("rows", [0, 1])
def test_too_few_k_is_said(rows):
    """With no k, or one, the picture says that there were not enough points."""
    found = texts(render_curves(Evaluation(evaluation().scores.slice(0, rows)), "svg"))
    assert "Not enough points" in found


def test_missing_scores_leave_the_other_curve():
    """Inertia alone is drawn when no silhouette was scored, and the lower panel says so."""
    scores = evaluation().scores.set_column(2, "silhouette", pa.nulls(22, pa.float64()))
    found = texts(render_curves(Evaluation(scores, 7, "knee", 6), "svg"))
    assert "not scored" in found
    assert "knee, k = 6" in found


@pytest.mark.parametrize(("curve", "other"), [("inertia", "silhouette"), ("silhouette", "inertia")])
def test_one_curve_alone_has_its_own_axis_of_k(curve, other):
    """And nothing of the other but, in a word, the knee."""
    shown = {"inertia": "Inertia (10⁹ km²)", "silhouette": "Mean silhouette"}
    found = texts(render_curves(evaluation(chosen=7), "svg", [curve]))
    assert {shown[curve], "Number of clusters, k", "23", "chosen k = 7"} <= {*found}
    assert shown[other] not in found


def test_chosen_k_outside_the_scores_and_odd_units_are_fine():
    """A k by hand outside the range, a unit with a dollar sign and zero inertia are drawn, not refused."""
    scores = pa.table(
        {"k": [2, 3], "inertia": [0.0, 0.0], "silhouette": [None, 0.5], "silhouette_error": [None, 0.1]}
    )
    found = texts(render_curves(Evaluation(scores, 40, "run config", None, "a$b"), "svg"))
    assert "chosen k = 40" in found
    assert "Inertia (a$b)" in found


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_same_input_same_bytes(kind):
    """Two renders are equal to the byte and hold no date."""
    first = render_curves(evaluation(sampled=True), kind)
    assert first == render_curves(evaluation(sampled=True), kind)
    assert b"<dc:date>" not in first
    assert len(first) < 200_000


def test_both_curves_are_the_scores_in_the_unit_of_their_axes():
    """Inertia in units of 10^9, the ring of the knee and that of the best score on their curves."""
    shown = evaluation(chosen=7)
    upper, lower = drawn(render_curves, shown).axes
    assert upper.get_position().y0 > lower.get_position().y1
    k, inertia, silhouette = (shown.column(name) for name in ("k", "inertia", "silhouette"))
    (curve,), (scores,) = upper.lines, lower.lines
    assert upper.get_ylabel() == "Inertia (10\u2079 km²)"
    np.testing.assert_allclose(curve.get_xydata(), np.column_stack([k, inertia / 1e9]))
    np.testing.assert_allclose(scores.get_xydata(), np.column_stack([k, silhouette]))
    low, high = upper.get_ylim()
    assert (low, high) == (0.0, pytest.approx(1.08 * inertia.max() / 1e9))
    assert upper.collections[0].get_offsets().tolist() == [[6.0, pytest.approx(inertia[k == 6][0] / 1e9)]]
    assert lower.collections[0].get_offsets().tolist() == [[7.0, pytest.approx(0.65)]]
    low, high = lower.get_ylim()
    assert low < silhouette.min()
    assert high > silhouette.max()
    assert upper.get_xlim() == lower.get_xlim() == (pytest.approx(1.3), pytest.approx(23.7))


@pytest.mark.parametrize(
    ("inertia", "label", "shown"),
    [
        (5.2e11, "10\u2079 km²", 520.0),
        (3.1e6, "10\u2076 km²", 3.1),
        (9.9e5, "km²", 9.9e5),
        (4e-7, "10\u207b\u2079 km²", 400.0),
    ],
)
def test_large_and_tiny_inertias_have_a_power_of_a_thousand(inertia, label, shown):
    """In between the numbers are shown as they are."""
    scores = pa.table(
        {"k": [2, 3], "inertia": [inertia, 0.0], "silhouette": [0.1, 0.2], "silhouette_error": [0.0] * 2}
    )
    axes = drawn(render_curves, Evaluation(scores)).axes[0]
    assert axes.get_ylabel() == f"Inertia ({label})"
    assert axes.lines[0].get_ydata()[0] == pytest.approx(shown)


@pytest.mark.parametrize(("chosen", "side"), [(2, "left"), (12, "center"), (23, "right")])
def test_words_above_a_curve_stay_inside_its_axes(chosen, side):
    """They begin at a point on the left and end at one on the right."""
    (name,) = [
        one
        for one in drawn(render_curves, evaluation(chosen=chosen)).axes[0].texts
        if "chosen" in one.get_text()
    ]
    assert name.get_horizontalalignment() == side


def test_the_band_is_one_standard_error_to_either_side():
    """Of a sampled score."""
    shown = evaluation(sampled=True)
    band = drawn(render_curves, shown).axes[1].collections[0].get_paths()[0].vertices
    k, silhouette = shown.column("k"), shown.column("silhouette")
    for number, score in zip(k, silhouette, strict=True):
        heights = band[band[:, 0] == number][:, 1]
        assert (heights.min(), heights.max()) == (pytest.approx(score - 0.012), pytest.approx(score + 0.012))


def test_a_wide_band_is_inside_its_axes():
    """Errors larger than the scores differ have room above and below."""
    scores = pa.table(
        {"k": [2, 3], "inertia": [2.0, 1.0], "silhouette": [0.1, 0.2], "silhouette_error": [0.3] * 2}
    )
    low, high = drawn(render_curves, Evaluation(scores)).axes[1].get_ylim()
    assert low < -0.2
    assert high > 0.5


def test_the_chosen_k_has_its_band_in_both_curves():
    """A little narrower than from one k to the next, and named above."""
    figure = drawn(render_curves, evaluation(chosen=7))
    for axes in figure.axes:
        (band,) = axes.patches
        assert (band.get_x(), band.get_width()) == (pytest.approx(6.65), pytest.approx(0.7))
    (name,) = [text for text in figure.axes[0].texts if text.get_text() == "chosen k = 7"]
    assert name.xy == (7, 1.0)
    assert not drawn(render_curves, evaluation(chosen=None)).axes[0].patches
