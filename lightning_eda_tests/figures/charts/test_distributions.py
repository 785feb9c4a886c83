"""The rate is that of the window; the histograms are drawn whatever the values are."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from lightning_eda.figures.canvas import ACCENT, SECOND
from lightning_eda.figures.charts.distributions import rate_per_minute, render_distributions, render_rate
from lightning_eda_tests.figures.conftest import drawn, near, pixels, written
from lightning_eda_tests.figures.storms import empty_scene, storm_scene


@pytest.mark.parametrize(("hours", "bins"), [(1, 60), (24, 96), (720, 120)])
def test_the_rate_adds_up_to_the_window(hours, bins):
    """Rate times minutes is the number of flashes, in at most 120 bins of round lengths."""
    edges, rate = rate_per_minute(storm_scene(2, 500, hours=hours))
    assert len(rate) == bins
    assert (edges[0], edges[-1]) == (0.0, 60.0 * hours)
    assert rate @ np.diff(edges) == pytest.approx(500)


def test_the_rate_of_a_sample_is_that_of_the_window():
    """100 rows of 10,000 flashes are 10,000 flashes."""
    edges, rate = rate_per_minute(replace(storm_scene(2, 100), total=10_000))
    assert rate @ np.diff(edges) == pytest.approx(10_000)


def test_the_curve_peaks_at_the_busiest_minute():
    """One bin is one minute of the clock; of a window where that is too fine the width is said."""
    scene = storm_scene(2, 500)
    _, rate = rate_per_minute(scene)
    minutes = np.bincount(np.clip(scene.seconds // 60, 0, None).astype(int), minlength=60)
    np.testing.assert_array_equal(rate, minutes)
    day = replace(scene, end=scene.start + timedelta(days=1))
    (axes,) = drawn(render_rate, day).axes
    assert axes.get_ylabel() == "Flashes per minute\nin bins of 15 minutes"
    clock = [f"{hour % 24:02}:00" for hour in range(0, 25, 3)]
    assert [label.get_text() for label in axes.get_xticklabels()] == clock


def test_light_before_the_window_counts_in_its_first_bin():
    """A flash can begin before the granule it is written in."""
    scene = storm_scene(1, 3)
    scene.__dict__["seconds"] = np.array([-1.5, 10.0, 3600.0])
    edges, rate = rate_per_minute(scene)
    counts = rate * np.diff(edges)
    assert (counts[0], counts[-1], counts.sum()) == (2, 1, 3)


def with_energies(values: list[float | None]):
    """A scene of so many flashes with these energies, J."""
    scene = storm_scene(1, len(values))
    place = scene.flashes.column_names.index("energy_j")
    return replace(scene, flashes=scene.flashes.set_column(place, "energy_j", pa.array(values, pa.float64())))


def has_bars(picture: bytes) -> bool:
    """Whether there is a bar or a curve in the left half."""
    image = pixels(picture)
    return int(near(image[:, : image.shape[1] // 2], ACCENT, 70).sum()) > 500


def test_histograms_have_bars_and_a_median():
    """PNG by default; the same input gives the same bytes."""
    scene = storm_scene(3, 400)
    picture = render_distributions(scene)
    assert has_bars(picture)
    assert near(pixels(picture), SECOND).sum() > 50
    assert picture == render_distributions(scene)


@pytest.mark.parametrize(
    ("values", "text"), [([None, None], "not recorded"), ([0.0, 0.0, None], "all are zero")]
)
def test_values_that_no_logarithm_shows_are_told(values, text):
    """In place of bars, without an error."""
    scene = with_energies(values)
    assert not has_bars(render_distributions(scene))
    energies = drawn(render_distributions, scene).axes[0]
    assert [one.get_text() for one in energies.texts] == [text]


@pytest.mark.parametrize("values", [[1e-13] * 3, [0.0, 0.0, 1e-13]], ids=["all equal", "median zero"])
def test_few_values_are_drawn(values):
    """One value has a histogram; a median of 0 has no line."""
    assert has_bars(render_distributions(with_energies(values)))


def test_a_window_without_flashes_has_both():
    """An empty curve and empty histograms."""
    assert render_rate(empty_scene()).startswith(b"\x89PNG")
    assert not has_bars(render_distributions(empty_scene()))
    assert b"<svg" in render_rate(empty_scene(), "svg")


def test_the_histograms_are_of_the_values_in_their_unit():
    """Energies in fJ and durations in ms, with the median of each as a line and in words."""
    scene = with_energies([1e-13, 2.5e-13, 2.5e-13, 9e-13, 0.0, 0.0, None])
    figure = drawn(render_distributions, scene)
    left, right = figure.axes
    assert (left.get_xlabel(), right.get_xlabel()) == ("Radiant energy (fJ)", "Duration (ms)")
    assert {"median 175 fJ", "2 at zero"} <= set(written(figure))
    assert left.lines[0].get_xdata() == pytest.approx([175.0, 175.0])
    assert [text.xy for text in left.texts if "median" in text.get_text()] == [(pytest.approx(175.0), 1.0)]
    bars = [(bar.get_x(), bar.get_x() + bar.get_width(), bar.get_height()) for bar in left.patches]
    assert (bars[0][0], bars[-1][1]) == (pytest.approx(100.0), pytest.approx(900.0))
    assert [count for low, high, count in bars if count] == [1, 2, 1]
    assert [high / low for low, high, _ in bars] == pytest.approx([9.0 ** (1 / 40)] * 40)
    assert [low <= 250.0 <= high for low, high, count in bars if count == 2] == [True]
    durations = scene.flashes["duration_s"].to_numpy() * 1e3
    assert right.lines[0].get_xdata() == pytest.approx([np.median(durations)] * 2)
    assert sum(bar.get_height() for bar in right.patches) == len(scene)


def test_the_curve_of_the_rate_is_the_rate():
    """Flashes per minute over minutes, to the end of the window, with the times of the clock below."""
    scene = storm_scene(2, 500)
    (axes,) = drawn(render_rate, scene).axes
    edges, rate = rate_per_minute(scene)
    for steps in axes.patches:
        values, places, _ = steps.get_data()
        np.testing.assert_array_equal(values, rate)
        np.testing.assert_array_equal(places, edges)
    assert axes.get_ylabel() == "Flashes per minute"
    assert (axes.get_xlim(), axes.get_ylim()) == ((0.0, 60.0), (0.0, pytest.approx(1.12 * rate.max())))
    clock = [f"00:{minute:02}" for minute in range(0, 60, 10)] + ["01:00"]
    assert [label.get_text() for label in axes.get_xticklabels()] == clock
