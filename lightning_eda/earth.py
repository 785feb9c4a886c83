"""The Earth as a sphere: the radius that distances, areas and maps share."""

EARTH_RADIUS_KM = 6371.0088
"""Mean radius (2a + b) / 3 of the ellipsoid. Source: IUGG, Geodetic Reference System 1980 (Moritz 2000)."""
