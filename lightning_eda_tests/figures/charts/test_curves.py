"""The curves over k show the scores, the chosen k and the knee, and say when there is nothing to show."""

import re

import pyarrow as pa
import pytest

from lightning_eda.figures import Evaluation, render_curves
from lightning_eda.figures.charts.curves import BAND
from lightning_eda_tests.figures.conftest import near, pixels
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
