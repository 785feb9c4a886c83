"""The picture of silhouettes by cluster: blades beside the map."""

import re
from dataclasses import replace

import numpy as np
import pytest

from lightning_eda.figures import Blades, render_silhouettes
from lightning_eda.figures.palette import look
from lightning_eda_tests.figures.conftest import drawn, near, pixels, written
from lightning_eda_tests.figures.storms import storm_scene

SCENE = storm_scene(3, 600)


def blades(*coefficients: float) -> Blades:
    """A cluster for each coefficient, all points of it in the bin of that; sizes 4 : 2 : 1."""
    histogram = np.zeros((len(coefficients), 200))
    for label, value in enumerate(coefficients):
        histogram[label, int((value + 1) * 100)] = 400 / 2**label
    return Blades(histogram, np.array(coefficients), 0.5)


def reach(picture, label: int) -> tuple[float, int]:
    """How far to the right the blade of a label reaches, as a coefficient, and how high it is, in pixels."""
    left, right = 0.06 * 1950, 0.42 * 1950
    here = near(picture, look(label).color, 3)[:, int(left) + 8 : int(right) + 8]
    rows = here.sum(axis=1) > 30
    share = (np.flatnonzero(here[rows].any(axis=0)).max() + 8) / (right - left)
    return -0.2 + 1.2 * share, int(rows.sum())


def test_each_blade_reaches_its_coefficient_and_is_as_high_as_its_cluster_is_large():
    """In the colours of the map."""
    picture = pixels(render_silhouettes(SCENE, blades(0.9, 0.6, 0.3)))
    found = [reach(picture, label) for label in range(3)]
    assert [far for far, _ in found] == pytest.approx([0.9, 0.6, 0.3], abs=0.02)
    assert found[0][1] == pytest.approx(2 * found[1][1], rel=0.05)
    assert found[1][1] == pytest.approx(2 * found[2][1], rel=0.05)


def test_the_mean_is_named():
    """And the number of clusters; a cluster of which nothing was scored has its label all the same."""
    found = re.findall(r"<!-- (.*?) -->", render_silhouettes(SCENE, blades(0.9, 0.6, 0.3), "svg").decode())
    assert "mean 0.500" in found
    assert any("k = 3" in text for text in found)
    nothing = Blades(np.zeros((3, 200)), np.full(3, np.nan), np.nan)
    found = re.findall(r"<!-- (.*?) -->", render_silhouettes(SCENE, nothing, "svg").decode())
    assert {"0", "1", "2"} <= {*found}
    assert not [text for text in found if text.startswith("mean")]


def test_blades_stand_in_the_order_of_the_labels_each_named_at_its_middle():
    """The first on top, its highest coefficients above; the axis reaches below the lowest."""
    histogram = np.zeros((2, 4))  # bins at -0.75, -0.25, 0.25 and 0.75
    histogram[0, 2:] = 1, 3
    histogram[1, 0] = 4
    shown = replace(SCENE, simulated=True), Blades(histogram, np.array([0.6, -0.75]), 0.1)
    figure = drawn(render_silhouettes, *shown)
    assert "Data: simulated granules, seen by no instrument." in written(figure)
    axes = figure.axes[0]
    first, second = (blade.get_paths()[0].vertices for blade in axes.collections[:2])
    assert set(first[:, 0]) == {0.0, 0.25, 0.75}
    assert (first[:, 1].min(), first[:, 1].max()) == (0.0, pytest.approx(0.5))
    assert first[first[:, 0] == 0.75][:, 1].max() == pytest.approx(0.375)
    assert set(second[:, 0]) == {0.0, -0.75}
    assert second[:, 1].min() > 0.5
    assert axes.yaxis_inverted()
    assert axes.get_xlim()[0] < -0.75
    assert [set(line.get_xdata()) for line in axes.lines] == [{0.0}, {0.1}]
    assert [text.xy for text in axes.texts if text.get_text() == "mean 0.100"] == [(0.1, 1.0)]
    names = {text.get_text(): text.get_position()[1] for text in axes.texts}
    for label, blade in (("0", first), ("1", second)):
        assert names[label] == pytest.approx((blade[:, 1].min() + blade[:, 1].max()) / 2)
