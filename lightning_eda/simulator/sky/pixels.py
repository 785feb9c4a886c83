"""The instrument's pixels: a plane of 8 km squares at the subpoint that cover more ground towards the limb.

A place is (x, y) in km on that plane, x to the east and y to the north of the subpoint. All functions work on
arrays of any shape.

Source: pixel areas of 64 km2 at nadir to 106 km2 at the limb, and flight times of 119 to 132 ms, measured on
real granules.
"""

from functools import lru_cache

import numpy as np

PIXEL_KM = 8.0
EARTH_KM = 6378.0
FLASH_HEIGHT_KM = 14.0
ORBIT_KM = 42164.0
LIGHT_KM_PER_S = 299_792.458
MAX_ANGLE = np.radians(62.9)
"""Earth-central angle from the subpoint to the edge of the field of view, radians.

Source: measured. The events of 13 real granules end at 63.2 degrees; it is a little less, so that no
simulated event lies farther out. (Cleaning drops those beyond 65: `warehouse.cleaning.rules` says why.)
"""

PIXEL_AREA_M2 = 70e6
EVENT_ENERGY_J = 4e-15
FRAME_LAG_S = 0.125
"""A usual pixel, event, and time from a flash to the end of its frame at the satellite.

Source: measured. Areas of 11,687 groups are 70 km2 times their events; energies of 29,352 events have the
median 2.9e-15 J and the upper quartile 5.8e-15 J; the lag was 120 to 134 ms in 7 granules.
"""

FLASH_MARGIN_KM = 180.0  # a flash that starts farther than this inside the edge stays inside it
GROWTH_PIXELS = 91  # the largest group seen in real granules
GROWTH_VARIANTS = 32
_SQUEEZE = 0.87  # makes a pixel at the edge 1.65 times one at the subpoint


def to_plane(lat: np.ndarray, lon_east: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Plane position of a place.

    Args:
        lat: Degrees north.
        lon_east: Degrees east of the subpoint.

    Returns:
        x and y, km.
    """
    phi, delta = np.radians(lat), np.radians(lon_east)
    east, north = np.cos(phi) * np.sin(delta), np.sin(phi)
    toward = np.cos(phi) * np.cos(delta)
    angle = np.arctan2(np.hypot(east, north), toward)
    radius = _plane_radius(angle)
    across = np.maximum(np.hypot(east, north), 1e-12)
    return radius * east / across, radius * north / across


def to_degrees(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Latitude, and degrees east of the subpoint, of a plane position in km."""
    radius = np.maximum(np.hypot(x, y), 1e-9)
    angle = central_angle(x, y)
    sine = np.sin(angle)
    lat = np.degrees(np.arcsin(y / radius * sine))
    return lat, np.degrees(np.arctan2(x / radius * sine, np.cos(angle)))


def central_angle(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Earth-central angle from the subpoint, radians."""
    return np.asarray(np.arcsin(np.minimum(_SQUEEZE * np.hypot(x, y) / EARTH_KM, 1.0)) / _SQUEEZE)


def in_view(x: np.ndarray, y: np.ndarray, margin_km: float = 0.0) -> np.ndarray:
    """Whether the instrument sees a place, and `margin_km` of plane beyond it."""
    return np.asarray(np.hypot(x, y) <= _plane_radius(np.array(MAX_ANGLE)) - margin_km)


def pixel_area_m2(angle: np.ndarray) -> np.ndarray:
    """Ground that a pixel covers at an earth-central angle (radians), m2."""
    angle = np.maximum(angle, 1e-6)
    squeezed = np.sin(2 * _SQUEEZE * angle) / (2 * _SQUEEZE * np.sin(angle))
    return np.asarray((PIXEL_KM * 1000.0) ** 2 / squeezed)


def flight_seconds(angle: np.ndarray) -> np.ndarray:
    """Time light takes from a flash at an earth-central angle (radians) to the satellite, seconds."""
    height = EARTH_KM + FLASH_HEIGHT_KM
    distance = np.sqrt(height**2 + ORBIT_KM**2 - 2 * height * ORBIT_KM * np.cos(angle))
    return np.asarray(distance / LIGHT_KM_PER_S)


def _plane_radius(angle: np.ndarray) -> np.ndarray:
    """Distance from the subpoint on the plane, km."""
    return np.asarray(EARTH_KM * np.sin(_SQUEEZE * angle) / _SQUEEZE)


@lru_cache(maxsize=1)
def growth_offsets() -> np.ndarray:
    """How groups grow: column and row of each pixel from the first, shape (variants, ranks, 2), int64.

    The first n offsets of a variant are n different pixels, each adjacent to an earlier one.
    """
    rng = np.random.default_rng(0)
    return np.stack([_grow(rng) for _ in range(GROWTH_VARIANTS)])


def _grow(rng: np.random.Generator) -> np.ndarray:
    """One order of growth: each step adds the free neighbour nearest to the start, with some noise."""
    lit = [(0, 0)]
    edge: dict[tuple[int, int], float] = {}
    while len(lit) < GROWTH_PIXELS:
        column, row = lit[-1]
        for neighbour in ((column + 1, row), (column - 1, row), (column, row + 1), (column, row - 1)):
            if neighbour not in lit:
                edge.setdefault(neighbour, float(np.hypot(*neighbour) + rng.exponential(0.8)))
        lit.append(min(edge, key=lambda pixel: edge[pixel]))
        del edge[lit[-1]]
    return np.array(lit)
