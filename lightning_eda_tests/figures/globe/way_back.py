"""From a place on the printed map back to the globe: what the projection is tested against."""

import numpy as np

from lightning_eda.earth import EARTH_RADIUS_KM
from lightning_eda.figures.globe.projection import EqualArea
from lightning_eda.figures.sphere import positions, tangent_axes


def equal_area_inverse(projection: EqualArea, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """x, y in km, inside the disk, to latitudes and longitudes in degrees.

    Source: Snyder, Map Projections: A Working Manual, USGS 1395 (1987), chapter 24, sphere.
    """
    a, b = x / EARTH_RADIUS_KM, y / EARTH_RADIUS_KM
    up = 1.0 - (a**2 + b**2) / 2.0
    shrink = np.sqrt((1.0 + up) / 2.0)
    axes = tangent_axes(projection.center_lat, projection.center_lon)
    return positions(np.stack([a * shrink, b * shrink, up], axis=-1) @ axes)
