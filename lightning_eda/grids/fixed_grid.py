"""The fixed grid of the GOES-R imager: places on the ground as angles seen from the satellite.

GLM's longitudes and latitudes were made on an ellipsoid above the ground, about as high as the tops of storms
are; only on it does the way back to the satellite give the angle at which the light came in.

Source: GOES-R Product Definition and Users' Guide (PUG) volume 3, 5.1.2, the fixed grid; GLM's ellipsoids
verified on real granules of both eras.
"""

from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lightning_eda.earth import GRID_SIZE
from lightning_eda.errors import GridError

Floats: TypeAlias = NDArray[np.float64]

SIZE = GRID_SIZE
STEP_RAD = 56e-6
"""A pixel, 2 km below the satellite."""

EQUATOR_M, POLE_M = 6_378_137.0, 6_356_752.31414  # GRS80
DISTANCE_M = EQUATOR_M + 35_786_023.0  # of the satellite from the middle of the Earth
LIGHTNING_POLE_M = 6_362_755.0
LIGHTNING_EQUATOR_M = 6_392_137.0
LAUNCH_EQUATOR_M = 6_394_140.0
LAUNCH_ELLIPSOID_ENDS = datetime(2018, 10, 15, tzinfo=UTC)
SLOTS = {"GOES-East": -75.0, "GOES-West": -137.0, "GOES-Test": -89.5}
"""Longitude of the grid of each place in orbit, degrees east."""
SLOT_TOLERANCE_DEG = 1.0  # a satellite stands 0.2 degrees beside its slot's longitude


def slot_of(subpoint_lon: float) -> str:
    """The slot of a satellite above a longitude; GridError where there is none."""
    for slot, lon in SLOTS.items():
        if abs(subpoint_lon - lon) <= SLOT_TOLERANCE_DEG:
            return slot
    known = ", ".join(f"{slot} at {lon:g}" for slot, lon in SLOTS.items())
    raise GridError(
        f"no fixed grid is known for a satellite above {subpoint_lon:g} degrees east; known: {known}"
    )


def lightning_equator(start: datetime) -> float:
    """The equatorial radius of the ellipsoid that the granules of a time are on, m."""
    return LAUNCH_EQUATOR_M if start < LAUNCH_ELLIPSOID_ENDS else LIGHTNING_EQUATOR_M


def to_grid(lat: Floats, lon: Floats, slot_lon: float, equator_m: float) -> tuple[Floats, Floats]:
    """Where the satellite sees points of the lightning ellipsoid.

    Args:
        lat: Geodetic on GRS80, degrees north.
        lon: Degrees east.
        slot_lon: Longitude of the grid, degrees east.
        equator_m: Equatorial radius of the ellipsoid, m.

    Returns:
        Column and row, in pixels from the western and northern edge of the full disk; NaN for points on the
        far side of the Earth.
    """
    geocentric = np.arctan((POLE_M / EQUATOR_M) ** 2 * np.tan(np.radians(lat)))
    east = np.radians(lon - slot_lon)
    flat = 1.0 - (LIGHTNING_POLE_M / equator_m) ** 2
    radius = LIGHTNING_POLE_M / np.sqrt(1.0 - flat * np.cos(geocentric) ** 2)
    out = radius * np.cos(geocentric) * np.cos(east)
    right, up = radius * np.cos(geocentric) * np.sin(east), radius * np.sin(geocentric)
    away = DISTANCE_M - out
    x = np.arcsin(right / np.sqrt(away**2 + right**2 + up**2))
    y = np.arctan(up / away)
    hidden = away * out < right**2 + (equator_m / LIGHTNING_POLE_M) ** 2 * up**2
    return _column(x, hidden), _column(-y, hidden)


def to_ground(column: Floats, row: Floats, slot_lon: float, equator_m: float) -> tuple[Floats, Floats]:
    """The point of the lightning ellipsoid that is seen at a place of the grid: the way back of `to_grid`.

    Returns:
        Latitude and longitude in degrees, longitudes in [-180, 180); NaN beside the Earth.
    """
    x, y = (column - SIZE / 2) * STEP_RAD, (SIZE / 2 - row) * STEP_RAD
    stretch = (equator_m / LIGHTNING_POLE_M) ** 2
    a = np.sin(x) ** 2 + np.cos(x) ** 2 * (np.cos(y) ** 2 + stretch * np.sin(y) ** 2)
    b = -2.0 * DISTANCE_M * np.cos(x) * np.cos(y)
    inside = b**2 - 4.0 * a * (DISTANCE_M**2 - equator_m**2)
    length = (-b - np.sqrt(np.where(inside >= 0.0, inside, np.nan))) / (2.0 * a)
    out = DISTANCE_M - length * np.cos(x) * np.cos(y)
    right, up = length * np.sin(x), length * np.cos(x) * np.sin(y)
    lat = np.degrees(np.arctan((EQUATOR_M / POLE_M) ** 2 * up / np.hypot(out, right)))
    lon = (slot_lon + np.degrees(np.arctan2(right, out)) + 180.0) % 360.0 - 180.0
    return lat, lon


class Corners(NamedTuple):
    """Where the lines of the grid cross around some cells; neighbours share their crossings.

    Attributes:
        lat: Of each crossing, degrees, shape (m,).
        lon: Likewise.
        of_cell: Which crossings are the corners of each cell, in order around it, shape (n, 4).
    """

    lat: Floats
    lon: Floats
    of_cell: NDArray[np.int64]


def cell_corners(
    row: NDArray[np.integer[Any]], column: NDArray[np.integer[Any]], slot: str | None, equator_m: float | None
) -> Corners:
    """The corners of cells on the ground.

    Args:
        row: Of the cells.
        column: Likewise.
        slot: A key of `SLOTS`; None where there is no cell.
        equator_m: As `to_ground` takes it; likewise.
    """
    if slot is None or equator_m is None:
        return Corners(np.empty(0), np.empty(0), np.empty((0, 4), np.int64))
    right, down = np.array([0, 1, 1, 0]), np.array([0, 0, 1, 1])
    lines = SIZE + 1
    numbers = (row[:, None] + down) * lines + column[:, None] + right
    crossings, of_cell = np.unique(numbers, return_inverse=True)
    lat, lon = to_ground(crossings % lines, crossings // lines, SLOTS[slot], equator_m)
    return Corners(lat, lon, of_cell.reshape(-1, 4))


def _column(angle: Floats, hidden: NDArray[np.bool_]) -> Floats:
    return np.where(hidden, np.nan, angle / STEP_RAD + SIZE / 2)
