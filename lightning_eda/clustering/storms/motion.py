"""How storms move: straight lines through their last centres, on the sphere."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lightning_eda.clustering.points import US_PER_MINUTE, Floats
from lightning_eda.earth import EARTH_RADIUS_KM

MINUTES_PER_HOUR = 60.0
STILL_KMH = 1e-6
STILL = np.zeros(3)


class Fix(NamedTuple):
    """Where a storm was.

    Attributes:
        time_us: When.
        unit: The direction of its centre from the Earth's, a unit vector.
    """

    time_us: int
    unit: Floats


def direction(points: Floats) -> Floats:
    """The unit vector of the mean of some `sphere_points`; the first's where they cancel out."""
    mean = points.mean(axis=0)
    length = float(np.linalg.norm(mean))
    found: Floats = mean / length if length > 1e-12 * EARTH_RADIUS_KM else points[0] / EARTH_RADIUS_KM
    return found


def velocity(fixes: Sequence[Fix]) -> Floats:
    """The motion by least squares through some fixes, along the ground at the last of them, km a minute.

    Args:
        fixes: Two or more, at different times.
    """
    minutes = np.array([(fix.time_us - fixes[-1].time_us) / US_PER_MINUTE for fix in fixes])
    units = np.array([fix.unit for fix in fixes])
    centred = minutes - minutes.mean()
    slope = (centred @ (units - units.mean(axis=0))) / (centred @ centred)
    return _along_ground(slope * EARTH_RADIUS_KM, fixes[-1].unit)


def moved(fix: Fix, velocity_km: Floats, time_us: int) -> Floats:
    """Where a storm will be, a unit vector, if it goes on along its great circle."""
    speed = float(np.linalg.norm(velocity_km))
    if speed == 0:
        return fix.unit
    angle = speed * (time_us - fix.time_us) / US_PER_MINUTE / EARTH_RADIUS_KM
    reached: Floats = np.cos(angle) * fix.unit + np.sin(angle) * _along_ground(velocity_km, fix.unit) / speed
    return reached


def distance_km(a: Floats, b: Floats) -> float:
    """The great-circle distance of two unit vectors."""
    return float(2 * EARTH_RADIUS_KM * np.arcsin(min(1.0, float(np.linalg.norm(a - b)) / 2)))


def distances_km(some: Sequence[Floats], others: Sequence[Floats]) -> Floats:
    """The great-circle distance of each of some unit vectors to each of the others, shape (n, m)."""
    chord = np.linalg.norm(np.array(some)[:, np.newaxis] - np.array(others), axis=2)
    distances: Floats = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(1.0, chord / 2))
    return distances


def speed_kmh(velocity_km: Floats) -> float:
    """Kilometres an hour."""
    return float(np.linalg.norm(velocity_km)) * MINUTES_PER_HOUR


def heading_deg(velocity_km: Floats, unit: Floats) -> float | None:
    """Where it moves to, degrees clockwise from north in [0, 360); None of what stands still, to rounding."""
    if speed_kmh(velocity_km) < STILL_KMH:
        return None
    east = np.array([-unit[1], unit[0], 0.0])
    north = np.cross(unit, east)
    return float(np.degrees(np.arctan2(velocity_km @ east, velocity_km @ north)) % 360.0)


def _along_ground(vector: Floats, unit: Floats) -> Floats:
    return vector - (vector @ unit) * unit
