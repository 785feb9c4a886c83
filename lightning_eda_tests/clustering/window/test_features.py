"""Points from rows: places, degrees and further features."""

import numpy as np
import pytest

from lightning_eda.clustering.window.features import PointSpec, make_points
from lightning_eda.earth import EARTH_RADIUS_KM
from lightning_eda.errors import PointsError
from lightning_eda_tests.clustering.window.windows import make_rows


def test_points_on_the_sphere_are_in_km():
    """Of the Earth's radius; the antimeridian is no border."""
    rows = make_rows()
    points = make_points(rows, PointSpec())
    assert np.allclose(np.linalg.norm(points, axis=1), EARTH_RADIUS_KM)
    across = points[2::3]
    assert np.linalg.norm(across - across.mean(axis=0), axis=1).max() < 150


def test_plain_degrees_are_the_degrees():
    """As in the classic notebook."""
    rows = make_rows()
    points = make_points(rows, PointSpec(geometry="lonlat"))
    assert points.tolist() == np.column_stack([rows["lon"], rows["lat"]]).tolist()


def test_features_are_further_dimensions_on_a_common_scale():
    """With mean 0 and the scale asked for; a constant feature counts nothing."""
    spec = PointSpec(features=("time", "area"), feature_scale=200.0)
    points = make_points(make_rows(), spec)
    assert points.shape == (60, 5)
    assert points[:, 3].mean() == pytest.approx(0, abs=1e-9)
    assert points[:, 3].std() == pytest.approx(200.0)
    assert not points[:, 4].any()


def test_features_that_are_not_normalised_keep_their_units():
    """Seconds since the first, and square metres."""
    points = make_points(make_rows(), PointSpec("sphere", ("time", "area"), "none", 0.5))
    assert points[:, 3].tolist() == pytest.approx(0.5 * np.arange(60))
    assert points[:, 4].tolist() == [0.5e8] * 60


def test_a_missing_feature_is_named():
    """With the number of rows that lack it."""
    with pytest.raises(PointsError, match="9 of 60 rows have no energy_j"):
        make_points(make_rows(), PointSpec(features=("energy",)))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"geometry": "flat"}, "geometry: found 'flat'; allowed: sphere, lonlat"),
        ({"features": ("time", "colour")}, r"features: found \['colour', 'time'\]; allowed: time"),
        ({"normalisation": "log"}, "normalisation: found 'log'; allowed:"),
        ({"feature_scale": 0.0}, "feature_scale: found 0.0; allowed: above 0"),
    ],
)
def test_other_words_are_refused(options, words):
    """The error names the option and what is allowed."""
    with pytest.raises(PointsError, match=words):
        PointSpec(**options)
