"""Numbers in words: three digits, the unit that suits, a dash for what is not known."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from lightning_eda.figures.charts.distributions import rate_per_minute
from lightning_eda.figures.wording import (
    NOT_RECORDED,
    curves_text,
    distributions_text,
    energy_text,
    map_text,
    median_text,
    moment_text,
    number_text,
    place_text,
    rate_text,
    silhouettes_text,
)
from lightning_eda_tests.figures.storms import START, empty_scene, evaluation, storm_scene


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234.5, "1,234 km"), (12.345, "12.3 km"), (0.012345, "0.0123 km"), (-5.0, "-5.00 km"), (0.0, "0 km"),
        (None, NOT_RECORDED), (np.nan, NOT_RECORDED), (np.inf, NOT_RECORDED),
    ],
)  # fmt: skip
def test_a_number_has_three_digits(value, text):
    """And its unit; what is not known has none."""
    assert number_text(value, "km") == text


@pytest.mark.parametrize(
    ("joules", "text"),
    [(2.5e-13, "250 fJ"), (1e-12, "1.00 pJ"), (3.2e-5, "32.0 µJ"), (12.0, "12.0 J"), (1e-18, "0.00100 fJ"),
     (0.0, "0 fJ"), (None, NOT_RECORDED)],
)  # fmt: skip
def test_an_energy_has_the_unit_that_suits_it(joules, text):
    """From femtojoules, the energy of one event, to joules."""
    assert energy_text(joules) == text


def test_a_moment_has_its_date_where_it_is_needed():
    """In a window longer than a day, or on another day than its start."""
    scene = storm_scene(1, 5)
    assert moment_text(START, scene) == "00:00:00"
    assert moment_text(START.replace(tzinfo=None), scene) == "00:00:00"
    assert moment_text(START - timedelta(seconds=1), scene) == "2024-09-30 23:59:59"
    assert moment_text(START, storm_scene(1, 5, hours=25)) == "2024-10-01 00:00:00"
    assert moment_text(None, scene) == NOT_RECORDED


def test_places_and_medians():
    """A hundredth of a degree with the side; unknown values are left out of a median."""
    assert place_text(-12.345, 179.999) == "12.35°S 180°"
    assert median_text(np.array([1.0, np.nan, 3.0]), "ms") == "2.00 ms"
    assert median_text(np.array([np.nan]), "ms") == NOT_RECORDED


def test_the_map_in_words():
    """Counts of the window, also where the rows are a sample; the largest cluster by name."""
    scene = storm_scene(3, 100)
    assert map_text(replace(scene, total=10_000)).startswith("Map of 10,000 flashes in 3 clusters")
    assert "The largest, cluster 0, has" in map_text(scene)
    alone = replace(scene, clusters=scene.clusters.slice(0, 0))
    assert map_text(alone) == "Map of 100 flashes, not clustered."
    assert map_text(empty_scene()) == "Map of the satellite's field of view with no flashes."
    unseen = map_text(replace(empty_scene(), loaded=False))
    assert unseen == "Map of the satellite's field of view. Nothing of this window is loaded."


def test_the_curves_in_words():
    """The range, the best, the knee and the choice; too few k say so."""
    text = curves_text(evaluation())
    assert text.startswith("Inertia and mean silhouette for k from 2 to 23. ")
    assert "The silhouette is highest, 0.650, at k = 7." in text
    assert text.endswith("The inertia has its knee at k = 6. The chosen k is 7.")
    assert curves_text(evaluation(2, 2)) == "No curves over k: there were not enough points."


def test_the_silhouettes_in_words():
    """The mean at the chosen k; none is told where none was chosen or scored."""
    told = "The silhouette coefficients of each cluster from low to high, beside the map of the clusters."
    assert silhouettes_text(evaluation(chosen=7)) == f"{told} Their mean is 0.650."
    assert silhouettes_text(evaluation(chosen=None)) == told


def test_the_rate_and_the_distributions_in_words():
    """The mean is that of the window; medians have units."""
    scene = replace(storm_scene(2, 600), total=1200)
    rate = rate_per_minute(scene)[1]
    assert rate_text(scene) == (
        f"Flashes per minute over the window: 20.0 on average, from {rate.min():,.1f} to {rate.max():,.1f}."
    )
    one = pa.table(
        {
            "time": pa.array([datetime(2024, 10, 1, tzinfo=UTC)], pa.timestamp("us", tz="UTC")),
            "lat": [0.0], "lon": [0.0], "energy_j": [2.5e-13], "area_m2": [1e8], "duration_s": [0.5],
            "cluster": [0],
        }
    )  # fmt: skip
    text = distributions_text(replace(scene, flashes=one))
    assert text == "Histograms on logarithmic axes. Median energy 250 fJ, median duration 500 ms."
