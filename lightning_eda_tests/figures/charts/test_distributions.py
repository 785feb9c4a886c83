"""The rate is that of the window; the histograms are drawn whatever the values are."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from lightning_eda.figures.canvas import ACCENT, SECOND
from lightning_eda.figures.charts.distributions import rate_per_minute, render_distributions, render_rate
from lightning_eda_tests.figures.conftest import near, pixels
from lightning_eda_tests.figures.storms import empty_scene, storm_scene


@pytest.mark.parametrize(("hours", "bins"), [(1, 120), (24, 96), (720, 120)])
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


def drawn(picture: bytes) -> bool:
    """Whether there is a bar or a curve in the left half."""
    image = pixels(picture)
    return int(near(image[:, : image.shape[1] // 2], ACCENT, 70).sum()) > 500


def test_histograms_have_bars_and_a_median():
    """PNG by default; the same input gives the same bytes."""
    scene = storm_scene(3, 400)
    picture = render_distributions(scene)
    assert drawn(picture)
    assert near(pixels(picture), SECOND).sum() > 50
    assert picture == render_distributions(scene)


@pytest.mark.parametrize("values", [[None, None], [0.0, 0.0]], ids=["not recorded", "all zero"])
def test_values_that_no_logarithm_shows_are_told(values):
    """In place of bars, without an error."""
    assert not drawn(render_distributions(with_energies(values)))


@pytest.mark.parametrize("values", [[1e-13] * 3, [0.0, 0.0, 1e-13]], ids=["all equal", "median zero"])
def test_few_values_are_drawn(values):
    """One value has a histogram; a median of 0 has no line."""
    assert drawn(render_distributions(with_energies(values)))


def test_a_window_without_flashes_has_both():
    """An empty curve and empty histograms."""
    assert render_rate(empty_scene()).startswith(b"\x89PNG")
    assert not drawn(render_distributions(empty_scene()))
    assert b"<svg" in render_rate(empty_scene(), "svg")
