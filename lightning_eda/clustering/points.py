"""Points: rows of coordinates, on a sphere in km or in plain degrees, and the shapes of their clusters.

On the sphere a point is its unit vector times the Earth's radius, so Euclidean inertia is km2 and distances
are chords in km: a chord is 0.1 % shorter than its great circle at 1,000 km and 1 % at 3,100 km. There is no
seam at the antimeridian and no shrinking of longitudes towards the poles.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lightning_eda.earth import EARTH_RADIUS_KM
from lightning_eda.errors import PointsError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

US_PER_MINUTE = 60_000_000
M_PER_KM = 1000.0


def check_points(points: ArrayLike) -> Floats:
    """The points as a C-ordered float64 array of shape (n, d), with no negative zeros.

    Raises:
        PointsError: The array is not two-dimensional, has no columns, or holds NaN or infinity.
    """
    array = np.asarray(points, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] == 0:
        raise PointsError(f"points: shape {array.shape}; expected (n, d) with d >= 1")
    finite = np.isfinite(array)
    if not finite.all():
        bad = int(np.count_nonzero(~finite.all(axis=1)))
        raise PointsError(f"points: {bad} of {len(array)} rows hold NaN or infinity; drop them first")
    return np.ascontiguousarray(array + 0.0)  # -0.0 becomes 0.0: equal points get equal bytes


def sphere_points(lon_deg: ArrayLike, lat_deg: ArrayLike) -> Floats:
    """Points on a sphere of the Earth's mean radius, shape (n, 3), km from its centre.

    Args:
        lon_deg: Longitudes, degrees east, in any turn (-194 is 166).
        lat_deg: Latitudes, degrees north (geodetic latitudes are taken as spherical: at most 0.2 degree off).

    Raises:
        PointsError: A coordinate is not finite, a latitude is beyond the poles, or the lengths differ.
    """
    lon = np.radians(np.atleast_1d(np.asarray(lon_deg, dtype=np.float64)))
    lat = np.radians(np.atleast_1d(np.asarray(lat_deg, dtype=np.float64)))
    if lon.shape != lat.shape or lon.ndim != 1:
        raise PointsError(f"longitudes of shape {lon.shape}, latitudes of shape {lat.shape}")
    if np.any(np.abs(lat) > np.pi / 2):
        raise PointsError("a latitude lies beyond the poles: are longitude and latitude swapped?")
    across = EARTH_RADIUS_KM * np.cos(lat)
    axes = [across * np.cos(lon), across * np.sin(lon), EARTH_RADIUS_KM * np.sin(lat)]
    return check_points(np.column_stack(axes))


def lonlat(points: ArrayLike) -> Floats:
    """Longitude in [-180, 180) and latitude, degrees, shape (n, 2), of points given by `sphere_points`.

    Only the direction counts, so the mean of a cluster maps to its spherical centre. A point at the Earth's
    centre has no direction and gives (0, 0).
    """
    x, y, z = check_points(points)[:, :3].T
    lon = (np.degrees(np.arctan2(y, x)) + 180.0) % 360.0 - 180.0
    return np.column_stack([lon, np.degrees(np.arctan2(z, np.hypot(x, y)))])


def normalise(features: ArrayLike, method: Literal["none", "zscore", "minmax"] = "zscore") -> Floats:
    """Feature columns on a common scale, shape (n, m); a constant column becomes zeros.

    Args:
        features: Shape (n, m), finite, any units.
        method: `none` keeps the values; `zscore` gives mean 0 and standard deviation 1 (of the population);
            `minmax` gives 0 to 1.

    Raises:
        PointsError: A value is not finite, or the method is none of the three.
    """
    values = check_points(features)
    if method == "none" or len(values) == 0:
        return values
    if method == "zscore":
        shift, scale = values.mean(axis=0), values.std(axis=0)
    elif method == "minmax":
        shift, scale = values.min(axis=0), np.ptp(values, axis=0)
    else:
        raise PointsError(f"normalisation {method!r}; allowed: none, zscore, minmax")
    constant = np.ptp(values, axis=0) == 0
    return np.where(constant, 0.0, (values - shift) / np.where(constant | (scale == 0), 1.0, scale))


@dataclass(frozen=True)
class ClusterShape:
    """Where one cluster lies on the sphere, and how large it is.

    Attributes:
        size: Points in it.
        lon: Spherical centre (direction of the mean vector), degrees east, [-180, 180).
        lat: The same, degrees north.
        radius_km: Great-circle distance from the centre to the farthest point.
        hull_area_km2: Area of the convex hull; 0 where the points lie on one line.
    """

    size: int
    lon: float
    lat: float
    radius_km: float
    hull_area_km2: float


def cluster_shapes(lon_deg: ArrayLike, lat_deg: ArrayLike, labels: ArrayLike) -> list[ClusterShape]:
    """The shape of each cluster 0, 1, ... in the order of the labels; negative labels (noise) are left out.

    Args:
        lon_deg: Longitudes, degrees.
        lat_deg: Latitudes, degrees.
        labels: One label per point.
    """
    label = np.asarray(labels)
    points = sphere_points(lon_deg, lat_deg)
    if label.shape != (len(points),):
        raise PointsError(f"{len(points)} points but labels of shape {label.shape}")
    order = np.argsort(label, kind="stable")
    order = order[label[order] >= 0]
    starts = np.unique(label[order], return_index=True)[1]
    return _shapes(points[order] / EARTH_RADIUS_KM, starts) if len(starts) else []


def radii_km(lon_deg: ArrayLike, lat_deg: ArrayLike, labels: ArrayLike, centers: Floats) -> Floats:
    """The great-circle distance from each centre to the farthest point with its label; 0 without one.

    Args:
        lon_deg: Longitudes, degrees, shape (n,).
        lat_deg: Latitudes, degrees, shape (n,).
        labels: One label per point, shape (n,); negative labels (noise) are left out.
        centers: Longitude and latitude of centre 0, 1, ..., degrees, shape (k, 2).

    Returns:
        Shape (k,).
    """
    label = np.asarray(labels)
    inside = label >= 0
    label, unit = label[inside], sphere_points(lon_deg, lat_deg)[inside] / EARTH_RADIUS_KM
    farthest = np.zeros(len(centers))
    centre = sphere_points(*centers.T) / EARTH_RADIUS_KM
    np.maximum.at(farthest, label, _great_circle_km(unit, centre[label]))
    return farthest


def _shapes(unit: Floats, starts: Integers) -> list[ClusterShape]:
    """The shapes of clusters whose unit vectors stand together; `starts` has the first of each."""
    sizes = np.diff(np.append(starts, len(unit)))
    centre = _directions(unit, starts, sizes)
    own = np.repeat(centre, sizes, axis=0)
    radius = np.maximum.reduceat(_great_circle_km(unit, own), starts)
    hulls = map(_hull_area_km2, np.split(_equal_area_km(unit, centre, sizes), starts[1:]))
    rows = zip(sizes.tolist(), lonlat(centre).tolist(), radius.tolist(), hulls, strict=True)
    return [ClusterShape(size, lon, lat, radius_km, area) for size, (lon, lat), radius_km, area in rows]


def _directions(unit: Floats, starts: Integers, sizes: Integers) -> Floats:
    """The direction of the mean vector of each cluster, shape (k, 3)."""
    mean = np.add.reduceat(unit, starts, axis=0) / sizes[:, np.newaxis]
    length = np.linalg.norm(mean, axis=1, keepdims=True)
    # Points spread evenly over the globe have no mean direction: any of them serves.
    return np.where(length > 1e-12, mean / np.maximum(length, 1e-12), unit[starts])


def _great_circle_km(unit: Floats, centre: Floats) -> Floats:
    """The distance of each unit vector from its own centre, shape (n,)."""
    # By the chord, not by acos of the dot product: that loses all digits below about 100 m.
    half_chord = np.linalg.norm(unit - centre, axis=1) / 2
    distance: Floats = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(half_chord, 1.0))
    return distance


def _equal_area_km(unit: Floats, centre: Floats, sizes: Integers) -> Floats:
    """Lambert azimuthal equal-area coordinates around the own centre, shape (n, 2), km: areas are true.

    Source: Snyder 1987, Map Projections - A Working Manual, USGS Professional Paper 1395, page 182.

    Args:
        unit: Unit vectors, those of one cluster together, shape (n, 3).
        centre: The centre of each cluster, a unit vector, shape (k, 3).
        sizes: Points of each cluster, shape (k,).
    """
    pole = np.eye(3)[np.argmin(np.abs(centre), axis=1)]  # any axis that is not along the centre
    east = np.cross(pole, centre)
    east /= np.linalg.norm(east, axis=1, keepdims=True)
    axes = (east, np.cross(centre, east), centre)
    x, y, up = ((unit * np.repeat(axis, sizes, axis=0)).sum(axis=1) for axis in axes)
    scale = EARTH_RADIUS_KM * np.sqrt(2 / np.maximum(1 + up, 1e-12))
    return np.column_stack([scale * x, scale * y])


def _hull_area_km2(plane: Floats) -> float:
    """The area of the convex hull of points in km, shape (n, 2); 0 of a line or a point."""
    from scipy.spatial import ConvexHull, QhullError

    if len(plane) < 3:
        return 0.0
    try:
        return float(ConvexHull(plane).volume)  # in a plane the volume is the area
    except QhullError:  # all points on one line, or on one spot
        return 0.0
