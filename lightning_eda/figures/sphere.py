"""Geometry on the sphere: unit vectors, the cap around points, convex hulls along great circles."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def unit_vectors(lat: Floats, lon: Floats) -> Floats:
    """Positions in degrees, shape (n,), as unit vectors, shape (n, 3)."""
    phi, lam = np.radians(lat), np.radians(lon)
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=-1)


def positions(vectors: Floats) -> tuple[Floats, Floats]:
    """Latitude and longitude in degrees, shape (n,), of vectors of any length, shape (n, 3)."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    return np.degrees(np.arctan2(z, np.hypot(x, y))), np.degrees(np.arctan2(y, x))


def enclosing_center(lat: Floats, lon: Floats) -> tuple[float, float]:
    """The middle of the smallest cap around the points, to about a degree.

    The mean would follow the densest storm; the middle of the cap is the middle of the picture.

    Source: Badoiu and Clarkson, 2003: step towards the furthest point by 1/(i + 1).
    """
    vectors = unit_vectors(lat, lon)
    extremes = vectors[np.unique(np.concatenate([vectors.argmin(axis=0), vectors.argmax(axis=0)]))]
    center = extremes.mean(axis=0)
    rows = np.ascontiguousarray(vectors.T)  # so laid out, the products take a tenth of the time
    for step in range(1, 60):
        furthest = vectors[np.argmin(center @ rows)]
        center = center + (furthest - center) / (step + 1)
    center_lat, center_lon = positions(center)
    return float(center_lat), float(center_lon)


def tangent_axes(center_lat: float, center_lon: float) -> Floats:
    """The rows east, north and up at a place: a rotation from unit vectors to local axes, shape (3, 3)."""
    phi, lam = np.radians(center_lat), np.radians(center_lon)
    east = [-np.sin(lam), np.cos(lam), 0.0]
    north = [-np.sin(phi) * np.cos(lam), -np.sin(phi) * np.sin(lam), np.cos(phi)]
    up = [np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)]
    return np.array([east, north, up])


def convex_hull(lat: Floats, lon: Floats, step_deg: float = 0.5) -> tuple[Floats, Floats]:
    """The convex hull of points as a closed ring of positions along great circles.

    A gnomonic projection turns great circles into straight lines, so the plane hull there is the hull
    on the sphere.

    Args:
        lat: Degrees, shape (n,).
        lon: Degrees, shape (n,).
        step_deg: The longest side of the ring that is returned, degrees.

    Returns:
        Latitudes and longitudes, first equal to last; empty for fewer than three points, points on one
        line, or points that no half of the globe holds.
    """
    nothing = np.empty(0), np.empty(0)
    if len(lat) < 3:
        return nothing
    local = unit_vectors(lat, lon) @ tangent_axes(*enclosing_center(lat, lon)).T
    if local[:, 2].min() < 0.05:
        return nothing
    corner = _plane_hull(local[:, :2] / local[:, 2:])
    if len(corner) < 3:
        return nothing
    return densify(lat[np.append(corner, corner[0])], lon[np.append(corner, corner[0])], step_deg)


def _plane_hull(points: Floats) -> NDArray[np.int64]:
    """The corners of the hull of points, shape (n, 2), by number, anticlockwise; none of points on a line."""
    from scipy.spatial import ConvexHull, QhullError

    try:
        return np.asarray(ConvexHull(points).vertices, dtype=np.int64)
    except QhullError:
        return np.empty(0, dtype=np.int64)


def densify(lat: Floats, lon: Floats, step_deg: float) -> tuple[Floats, Floats]:
    """A line with points added along the great circles, so that no side is longer than a step."""
    vectors = unit_vectors(lat, lon)
    parts = []
    for a, b in pairwise(vectors):
        angle = np.degrees(np.arccos(np.clip(a @ b, -1.0, 1.0)))
        share = np.linspace(0.0, 1.0, max(2, int(np.ceil(angle / step_deg)) + 1))[:-1, None]
        parts.append(a + share * (b - a))
    return positions(np.concatenate([*parts, vectors[-1:]]))
