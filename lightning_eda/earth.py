"""The Earth as a sphere, and the satellites above it: what distances, areas, maps and grids share."""

from typing import Final

EARTH_RADIUS_KM = 6371.0088
"""Mean radius (2a + b) / 3 of the ellipsoid. Source: IUGG, Geodetic Reference System 1980 (Moritz 2000)."""

SUBPOINT_LON_DEG: Final = {"G16": -75.2, "G17": -137.2, "G18": -137.0, "G19": -75.2}
"""Where each satellite stands in operation. Source: nominal_satellite_subpoint_lon in granules of each."""
SATELLITES: Final = tuple(SUBPOINT_LON_DEG)

GRID_SIZE: Final = 5424
"""Rows and columns of the full disk on the fixed grid of the imager; row 0 is north, column 0 west."""


def subpoint_lon(satellite: str) -> float:
    """Where a satellite stands, degrees east; between East and West for one that is not known."""
    return SUBPOINT_LON_DEG.get(satellite, -106.0)
