"""Both projections go there and back, stop at their edges, and keep the antimeridian whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.path import Path

from lightning_eda.earth import EARTH_RADIUS_KM
from lightning_eda.figures.globe.coastlines import load_background, rings
from lightning_eda.figures.globe.projection import HORIZON_KM, EqualArea, PlateCarree
from lightning_eda.figures.sphere import unit_vectors
from lightning_eda_tests.figures.globe.way_back import equal_area_inverse

LATS = st.floats(-89, 89)
LONS = st.floats(-180, 179.99)
CENTERS = [(0.0, -137.0), (0.0, -75.2), (35.0, -100.0), (-20.0, 178.0), (10.0, -30.0)]


@given(LATS, LONS, LATS, LONS)
def test_equal_area_round_trip(center_lat, center_lon, lat, lon):
    """Every place in view comes back to within a metre; every place beyond the horizon is NaN."""
    projection = EqualArea(center_lat, center_lon)
    x, y = projection.forward(np.array([lat]), np.array([lon]))
    here, there = unit_vectors(np.array([[lat], [center_lat]]), np.array([[lon], [center_lon]]))
    up = float(here[0] @ there[0])
    if up < -1e-9:
        assert np.isnan(x[0])
    elif up > 1e-9:
        back = unit_vectors(*equal_area_inverse(projection, x, y))
        assert np.linalg.norm(back[0] - here[0]) * EARTH_RADIUS_KM < 1e-3


def test_equal_area_keeps_areas():
    """A small square has its true area at the centre, at 30 and at 80 degrees from it."""
    projection = EqualArea(0.0, 0.0)
    for lon in (0.0, 30.0, 80.0):
        side = 0.1
        x, y = projection.forward(
            np.array([-side, -side, side, side]), lon + np.array([-side, side, side, -side])
        )
        area = 0.5 * abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))
        true = np.radians(2 * side) * 2 * np.sin(np.radians(side)) * EARTH_RADIUS_KM**2
        assert area == pytest.approx(true, rel=1e-4)


def test_lines_end_on_the_horizon():
    """A line that leaves the view ends on the rim and is followed by NaN; one that comes in begins there."""
    projection = EqualArea(0.0, 0.0)
    x, y = projection.lines(np.zeros(5), np.array([60.0, 80.0, 100.0, 80.0, 60.0]))
    visible = np.isfinite(x)
    assert visible.tolist() == [True, True, True, False, True, True, True]
    assert np.hypot(x[[2, 4]], y[[2, 4]]) == pytest.approx(HORIZON_KM)


@pytest.mark.parametrize("center", CENTERS)
def test_land_is_land_and_sea_is_sea(center):
    """Filled land holds towns and not oceans, also with the point opposite to the centre inside Africa."""
    projection = EqualArea(*center)
    parts = [part for ring in rings(load_background().land) for part in projection.fill(ring.lat, ring.lon)]
    land = {"Denver": (39.7, -105.0), "Manaus": (-3.1, -60.0), "Alice Springs": (-23.7, 133.9)}
    land |= {"Timbuktu": (16.8, -3.0), "Nairobi": (-1.3, 36.8), "Whitehorse": (60.7, -135.1)}
    sea = {"North Pacific": (30.0, -150.0), "South Pacific": (-30.0, -110.0), "Atlantic": (30.0, -45.0)}
    sea |= {"Gulf of Mexico": (25.0, -90.0), "Fiji Basin": (-15.0, 176.0), "Hudson Bay": (60.0, -86.0)}
    seen = 0
    for places, expected in ((land, True), (sea, False)):
        for name, (lat, lon) in places.items():
            x, y = projection.forward(np.array([lat]), np.array([lon]))
            if np.isfinite(x[0]):
                seen += 1
                assert (_winding(parts, x[0], y[0]) != 0) is expected, name
    assert seen >= 5


@pytest.mark.parametrize("center", [*CENTERS, (42.0, 51.0), (-90.0, 0.0)])
def test_all_rings_at_once_are_those_one_by_one(center):
    """Also from within the Caspian, whose shore has the land outside, and from above a pole."""
    projection, land = EqualArea(*center), load_background().land
    one_by_one = [part for ring in rings(land) for part in projection.fill(ring.lat, ring.lon)]
    at_once = projection.fill_all(land.lat, land.lon)
    assert len(at_once) == len(one_by_one)
    assert all(np.array_equal(a, b) for a, b in zip(at_once, one_by_one, strict=True))


def _winding(parts, x, y):
    """How often the rings together turn around a place: what a nonzero fill asks."""
    total = 0
    for part_x, part_y in parts:
        if Path(np.column_stack([part_x, part_y])).get_extents().contains(x, y):
            angle = np.arctan2(part_y - y, part_x - x)
            total += round(float(np.sum((np.diff(angle) + np.pi) % (2 * np.pi) - np.pi)) / (2 * np.pi))
    return total


@given(LATS, LONS, LONS)
def test_plate_carree_keeps_places(lat, lon, center):
    """Every place keeps its latitude, and its longitude but for turns, within 180 degrees of the centre."""
    projection = PlateCarree(center)
    x, y = projection.forward(np.array([lat]), np.array([lon]))
    assert abs(x[0] - center) <= 180.0 + 1e-9
    assert y[0] == lat
    assert (x[0] - lon + 180.0) % 360.0 - 180.0 == pytest.approx(0.0, abs=1e-9)


def test_plate_carree_keeps_the_antimeridian_whole():
    """Around 178 W, a step over the antimeridian is a short one, and a step over 2 E breaks the line."""
    projection = PlateCarree(-178.0)
    x, _ = projection.forward(np.zeros(2), np.array([179.5, -179.5]))
    assert abs(x[1] - x[0]) == pytest.approx(1.0)
    broken, _ = projection.lines(np.zeros(2), np.array([1.0, 3.0]))
    assert np.isnan(broken).tolist() == [False, True, False]


def test_plate_carree_fills_the_pole():
    """A ring around the south pole is closed along it; a ring on the edge is drawn on both sides."""
    around = np.arange(-180.0, 181.0, 10.0)[::-1]
    ((_, y),) = (p for p in PlateCarree(0.0).fill(np.full(37, -70.0), around) if np.ptp(p[0]) > 300.0)
    assert y.min() == -90.0
    square = np.array([170.0, 190.0, 190.0, 170.0, 170.0])
    assert len(PlateCarree(0.0).fill(np.array([0.0, 0.0, -5.0, -5.0, 0.0]), square)) == 2
