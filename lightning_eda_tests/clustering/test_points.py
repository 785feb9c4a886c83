import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.clustering.points import (
    check_points,
    cluster_shapes,
    lonlat,
    normalise,
    sphere_points,
)
from lightning_eda.earth import EARTH_RADIUS_KM
from lightning_eda.errors import LightningEdaError, PointsError
from lightning_eda_tests.support.examples import examples

pytestmark = pytest.mark.filterwarnings("error")

longitudes = st.floats(-180, 179.999, allow_nan=False)
latitudes = st.floats(-89.9, 89.9, allow_nan=False)


@given(st.lists(st.tuples(longitudes, latitudes), min_size=1, max_size=20))
@examples(50)
def test_lonlat_undoes_sphere_points(places: list[tuple[float, float]]) -> None:
    """Longitude and latitude come back to 1e-9 degree, and every point lies on the sphere."""
    lon, lat = np.array(places).T
    points = sphere_points(lon, lat)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), EARTH_RADIUS_KM, rtol=1e-14)
    back = lonlat(points)
    turn = (back[:, 0] - lon + 180) % 360 - 180
    np.testing.assert_allclose(turn, 0, atol=1e-9 / np.cos(np.radians(lat)).min())
    np.testing.assert_allclose(back[:, 1], lat, atol=1e-9)


def test_sphere_points_of_known_places() -> None:
    """The axes: x through (0, 0), y through (90 E, 0), z through the north pole."""
    expected = EARTH_RADIUS_KM * np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 0, 0]])
    np.testing.assert_allclose(sphere_points([0, 90, 12, 180], [0, 0, 90, 0]), expected, atol=1e-9)


def test_longitudes_count_in_any_turn_and_end_below_180() -> None:
    """-194.9 east is 165.1 east, and the antimeridian is -180."""
    np.testing.assert_allclose(sphere_points([-194.9], [10]), sphere_points([165.1], [10]), atol=1e-9)
    assert lonlat(sphere_points([180.0], [0.0]))[0, 0] == -180.0


@pytest.mark.parametrize(
    ("lon", "lat"),
    [([np.nan], [0]), ([0], [np.inf]), ([0], [-95.2]), ([0, 1], [0])],
)
def test_impossible_coordinates_are_refused(lon: list[float], lat: list[float]) -> None:
    """NaN, infinity, swapped coordinates and unequal lengths raise an error of ours that is a ValueError."""
    with pytest.raises(PointsError) as caught:
        sphere_points(lon, lat)
    assert isinstance(caught.value, LightningEdaError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("bad", [np.zeros(3), np.zeros((3, 0)), np.zeros((2, 2, 2))])
def test_points_have_rows_and_columns(bad: np.ndarray) -> None:
    """Any other shape is refused with the shape in the text."""
    with pytest.raises(PointsError, match="shape"):
        check_points(bad)


def test_the_error_counts_the_rows_that_are_not_finite() -> None:
    """The count is of rows, not of values."""
    with pytest.raises(PointsError, match="2 of 3 rows"):
        check_points([[np.nan, np.nan], [0, 1], [np.inf, 0]])


def test_normalise_scales_each_column() -> None:
    """Z-scores have mean 0 and deviation 1, min-max runs 0 to 1, `none` changes nothing."""
    features = np.array([[1.0, 10.0], [2.0, 20.0], [6.0, -30.0]])
    zscore = normalise(features, "zscore")
    np.testing.assert_allclose(zscore.mean(axis=0), 0, atol=1e-15)
    np.testing.assert_allclose(zscore.std(axis=0), 1)
    minmax = normalise(features, "minmax")
    np.testing.assert_array_equal([minmax.min(axis=0), minmax.max(axis=0)], [[0, 0], [1, 1]])
    np.testing.assert_array_equal(normalise(features, "none"), features)


@pytest.mark.parametrize("method", ["zscore", "minmax"])
def test_a_constant_feature_becomes_zeros(method: str) -> None:
    """Also where rounding gives the constant 0.1 a deviation that is not quite 0."""
    features = np.column_stack([np.full(7, 0.1), np.arange(7.0)])
    assert np.array_equal(normalise(features, method)[:, 0], np.zeros(7))  # type: ignore[arg-type]


def test_normalise_takes_no_rows_and_no_unknown_method() -> None:
    """No rows stay no rows; a wrong name is refused."""
    assert normalise(np.empty((0, 2)), "zscore").shape == (0, 2)
    with pytest.raises(PointsError, match="minmax"):
        normalise([[1.0], [2.0]], "robust")  # type: ignore[arg-type]


def _cap(lon: float, lat: float, radius_km: float, n: int = 2000) -> tuple[np.ndarray, np.ndarray]:
    """The rim of a spherical cap around a place, by the direct formula for bearings and distances."""
    bearing = np.linspace(0, 2 * np.pi, n, endpoint=False)
    angle, phi = radius_km / EARTH_RADIUS_KM, np.radians(lat)
    rim_lat = np.arcsin(np.sin(phi) * np.cos(angle) + np.cos(phi) * np.sin(angle) * np.cos(bearing))
    rim_lon = np.radians(lon) + np.arctan2(
        np.sin(bearing) * np.sin(angle) * np.cos(phi), np.cos(angle) - np.sin(phi) * np.sin(rim_lat)
    )
    return np.degrees(rim_lon), np.degrees(rim_lat)


@pytest.mark.parametrize(("lon", "lat"), [(-75.0, 0.0), (179.9, 52.0), (-180.0, -17.0), (20.0, 89.0)])
def test_the_shape_of_a_cap_is_the_cap(lon: float, lat: float) -> None:
    """Centre, radius and area 2 pi R2 (1 - cos r/R) hold at the equator, the antimeridian and the pole."""
    rim_lon, rim_lat = _cap(lon, lat, 300)
    (shape,) = cluster_shapes(rim_lon, rim_lat, np.zeros(2000, dtype=int))
    assert shape.size == 2000
    np.testing.assert_allclose(shape.radius_km, 300, rtol=1e-9)
    area = 2 * np.pi * EARTH_RADIUS_KM**2 * (1 - np.cos(300 / EARTH_RADIUS_KM))
    assert shape.hull_area_km2 == pytest.approx(area, rel=1e-5)
    np.testing.assert_allclose(
        sphere_points([shape.lon], [shape.lat]), sphere_points([lon], [lat]), atol=1e-6 * EARTH_RADIUS_KM
    )


@pytest.mark.parametrize(
    ("lon", "lat"),
    [([5.0], [5.0]), ([5.0, 6.0], [5.0, 5.0]), ([7.0] * 4, [1.0] * 4), ([0.0, 1.0, 2.0, 3.0], [0.0] * 4)],
    ids=["one point", "two points", "one spot", "a line"],
)
def test_flat_clusters_have_area_zero(lon: list[float], lat: list[float]) -> None:
    """Fewer than three corners enclose nothing."""
    (shape,) = cluster_shapes(lon, lat, np.zeros(len(lon), dtype=int))
    assert shape.hull_area_km2 == pytest.approx(0, abs=1e-6)
    assert np.isfinite([shape.lon, shape.lat, shape.radius_km]).all()


def test_shapes_follow_the_labels_and_leave_noise_out() -> None:
    """One shape per label, ascending; -1 has none; no points, no shapes."""
    lon, lat = np.array([0.0, 0.1, 50.0, 120.0]), np.zeros(4)
    shapes = cluster_shapes(lon, lat, [1, 1, 0, -1])
    assert [shape.size for shape in shapes] == [1, 2]
    assert shapes[1].lon == pytest.approx(0.05)
    assert cluster_shapes([], [], np.empty(0, dtype=int)) == []
    with pytest.raises(PointsError, match="labels"):
        cluster_shapes(lon, lat, [0])


def test_opposite_points_have_some_centre() -> None:
    """The mean of two antipodes has no direction: the shape is finite all the same."""
    (shape,) = cluster_shapes([0.0, 180.0], [0.0, 0.0], [0, 0])
    assert shape.radius_km == pytest.approx(np.pi * EARTH_RADIUS_KM, rel=1e-6)
