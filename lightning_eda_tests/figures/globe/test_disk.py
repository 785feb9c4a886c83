"""The Earth as a satellite sees it."""

from functools import partial

import numpy as np
import pytest
from matplotlib.path import Path

from lightning_eda.figures.globe.coastlines import Lines, rings
from lightning_eda.figures.globe.disk import graticule, seen_disk
from lightning_eda.grids.fixed_grid import LIGHTNING_EQUATOR_M, to_grid

WEST = partial(to_grid, slot_lon=-137.0, equator_m=LIGHTNING_EQUATOR_M)


@pytest.fixture(scope="module")
def disk():
    return seen_disk(WEST, -137.0)


def test_all_of_it_is_within_the_rim(disk):
    """Land beyond the horizon is moved to the rim, so that inside of it can be filled."""
    assert np.isfinite(disk.rim).all()
    radius = np.hypot(disk.rim[0] - 2712, disk.rim[1] - 2712).max()
    x, y = disk.land
    assert np.nanmax(np.hypot(x - 2712, y - 2712)) < radius + 3
    assert 2700 < radius < 2720


PLACES = {
    "Utah": (40.0, -110.0, True),
    "Maui": (20.8, -156.3, True),
    "New Zealand": (-43.0, 171.5, True),
    "Pacific": (0.0, -137.0, False),
    "Bering Sea": (55.0, 178.0, False),
}


@pytest.mark.parametrize(("lat", "lon", "is_land"), PLACES.values(), ids=PLACES)
def test_land_is_where_it_is(disk, lat, lon, is_land):
    """On both sides of the antimeridian: as many rings around a place as make it land or sea."""
    (column,), (row,) = WEST(np.array([lat]), np.array([lon]))
    land = rings(Lines(lat=disk.land[1], lon=disk.land[0]))
    around = sum(Path(np.column_stack([ring.lon, ring.lat])).contains_point((column, row)) for ring in land)
    assert around % 2 == is_land


@pytest.mark.parametrize(
    ("name", "other", "lat", "lon"),
    [("coasts", "borders", 36.97, -122.03), ("borders", "coasts", 49.0, -110.0)],
    ids=["Santa Cruz", "49th parallel"],
)
def test_coasts_and_borders_are_lines_of_their_own(disk, name, other, lat, lon):
    """Each where it is, and the other far from there."""
    (column,), (row,) = WEST(np.array([lat]), np.array([lon]))
    own, others = (
        np.nanmin(np.hypot(x - column, y - row)) for x, y in (getattr(disk, one) for one in (name, other))
    )
    assert own < 10
    assert others > 100


def test_the_graticule_has_every_ten_degrees():
    """Parallels and meridians, parted."""
    lines = graticule()
    known = np.isfinite(lines.lat)
    assert set(lines.lat[known & (lines.lon == -175.0)]) >= set(range(-80, 81, 10))
    assert np.isnan(lines.lat).sum() > 17
