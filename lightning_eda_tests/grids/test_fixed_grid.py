"""Places on the fixed grid, and back."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.errors import GridError
from lightning_eda.grids.fixed_grid import (
    DISTANCE_M,
    LAUNCH_EQUATOR_M,
    LIGHTNING_EQUATOR_M,
    SIZE,
    STEP_RAD,
    lightning_equator,
    slot_of,
    to_grid,
    to_ground,
)


def test_the_subpoint_is_the_middle():
    """Between columns 2711 and 2712, and rows alike."""
    column, row = to_grid(np.array([0.0]), np.array([-75.0]), -75.0, LIGHTNING_EQUATOR_M)
    assert (column[0], row[0]) == (2712.0, 2712.0)


def test_north_is_up_and_east_to_the_right():
    """Row 0 is the northernmost, column 0 the westernmost."""
    column, row = to_grid(np.array([10.0, 0.0]), np.array([-137.0, -127.0]), -137.0, LIGHTNING_EQUATOR_M)
    assert row[0] < SIZE / 2 < column[1]


def test_a_point_on_the_equator_is_seen_at_the_angle_of_the_triangle():
    """Satellite, middle of the Earth and point: the angle of plane geometry."""
    east = np.radians(30.0)
    angle = np.arctan2(LIGHTNING_EQUATOR_M * np.sin(east), DISTANCE_M - LIGHTNING_EQUATOR_M * np.cos(east))
    column, _ = to_grid(np.array([0.0]), np.array([-45.0]), -75.0, LIGHTNING_EQUATOR_M)
    assert column[0] == pytest.approx(SIZE / 2 + angle / STEP_RAD, abs=1e-9)


@given(
    column=st.floats(-1900, 1900),
    row=st.floats(-1900, 1900),
    slot=st.sampled_from([-75.0, -137.0, -89.5]),
    equator=st.sampled_from([LIGHTNING_EQUATOR_M, LAUNCH_EQUATOR_M]),
)
def test_the_way_back_leads_back(column, row, slot, equator):
    """To a thousandth of a cell, also across the antimeridian."""
    place = np.array([SIZE / 2 + column]), np.array([SIZE / 2 + row])
    lat, lon = to_ground(*place, slot, equator)
    assert -180.0 <= lon[0] < 180.0
    np.testing.assert_allclose(to_grid(lat, lon, slot, equator), place, atol=1e-3)


def test_the_far_side_is_not_seen():
    """Its places are NaN; the ground at a corner of the disk, beside the Earth, too."""
    column, row = to_grid(np.array([0.0, 0.0]), np.array([105.0, 10.0]), -75.0, LIGHTNING_EQUATOR_M)
    assert np.isnan(column).all() and np.isnan(row).all()
    assert np.isnan(to_ground(np.array([0.0]), np.array([0.0]), -75.0, LIGHTNING_EQUATOR_M)).all()


def test_the_ellipsoid_is_that_of_the_time():
    """It is 2 km lower at the equator since 2018-10-15."""
    assert lightning_equator(datetime(2018, 10, 14, 23, 59, 40, tzinfo=UTC)) == LAUNCH_EQUATOR_M
    assert lightning_equator(datetime(2018, 10, 15, tzinfo=UTC)) == LIGHTNING_EQUATOR_M


@pytest.mark.parametrize(
    ("lon", "slot"),
    [(-75.0, "GOES-East"), (-75.2, "GOES-East"), (-137.2, "GOES-West"), (-89.5, "GOES-Test")],
)
def test_a_satellite_beside_its_slot_is_of_that_slot(lon, slot):
    """The nominal longitudes of 2018 to 2025."""
    assert slot_of(lon) == slot


def test_a_satellite_elsewhere_has_no_grid():
    """A satellite on its way is not put on the grid of another place."""
    with pytest.raises(GridError, match="above -105 degrees east"):
        slot_of(-105.0)
