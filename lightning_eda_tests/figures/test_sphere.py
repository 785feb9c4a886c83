"""Hulls and centres on the sphere."""

import numpy as np
import pytest

from lightning_eda.figures.globe.projection import EqualArea
from lightning_eda.figures.sphere import convex_hull, enclosing_center, tangent_axes, unit_vectors
from lightning_eda_tests.figures.globe.way_back import equal_area_inverse


def cap_points(lat, lon, radius_deg, count, seed):
    """Points spread in a cap, degrees."""
    random = np.random.default_rng(seed)
    x, y = (random.normal(0, radius_deg * 40.0, count) for _ in range(2))
    return equal_area_inverse(EqualArea(lat, lon), x, y)


@pytest.mark.parametrize("place", [(0.0, -75.0), (20.0, 179.9), (-50.0, -137.0), (89.0, 10.0)])
def test_hull_holds_every_point(place):
    """No point lies outside any great circle through two neighbours of the hull."""
    lat, lon = cap_points(*place, 5.0, 400, seed=1)
    ring = unit_vectors(*convex_hull(lat, lon))
    assert np.allclose(ring[0], ring[-1])
    side = np.cross(ring[:-1], ring[1:])
    side = side[np.linalg.norm(side, axis=1) > 1e-9]
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    assert (unit_vectors(lat, lon) @ side.T).min() > -1e-9


def test_hull_corners_are_points():
    """The hull of a square with points inside is that square."""
    lat = np.array([0.0, 0.0, 10.0, 10.0, 5.0, 4.0])
    lon = np.array([175.0, -175.0, -175.0, 175.0, 180.0, 179.0])
    hull_lat, hull_lon = convex_hull(lat, lon, step_deg=90.0)
    corners = {(round(a), round(b % 360)) for a, b in zip(hull_lat, hull_lon, strict=True)}
    assert corners == {(0, 175), (0, 185), (10, 185), (10, 175)}


@pytest.mark.parametrize(
    ("lat", "lon"),
    [
        ([], []),
        ([1.0], [2.0]),
        ([1.0, 2.0], [3.0, 4.0]),
        ([5.0] * 4, [7.0] * 4),
        ([0.0] * 4, [1.0, 2.0, 3.0, 4.0]),
    ],
)
def test_too_little_for_a_hull(lat, lon):
    """Fewer than three points, equal points and points on one great circle have no hull."""
    hull_lat, _ = convex_hull(np.array(lat), np.array(lon))
    assert len(hull_lat) == 0


def test_points_around_the_globe_have_no_hull():
    """Points that no half of the globe holds have no hull."""
    lat, lon = np.zeros(6), np.arange(-180.0, 180.0, 60.0)
    assert len(convex_hull(lat + np.array([1, -1, 1, -1, 1, -1]), lon)[0]) == 0


def test_center_is_the_middle_not_the_mean():
    """A thousand points at one end and one at the other have their centre half-way, over the antimeridian."""
    lat, lon = np.zeros(1001), np.append(np.full(1000, 170.0), -150.0)
    center_lat, center_lon = enclosing_center(lat, lon)
    assert center_lat == pytest.approx(0.0, abs=1.0)
    assert center_lon % 360 == pytest.approx(190.0, abs=2.0)


def test_tangent_axes_are_a_rotation():
    """East, north and up are orthogonal, and up points at the place."""
    axes = tangent_axes(33.0, -120.0)
    assert np.allclose(axes @ axes.T, np.eye(3))
    assert np.allclose(axes @ unit_vectors(np.array([33.0]), np.array([-120.0]))[0], [0, 0, 1])
