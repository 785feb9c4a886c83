"""Where lightning is common, as a short list of regions, so that a map of simulated flashes looks natural."""

from typing import NamedTuple


class Region(NamedTuple):
    """A patch of the earth with storms.

    Attributes:
        lat: Centre, degrees north.
        lon: Centre, degrees east, running on past -180.
        lat_spread: Standard deviation of storm places, degrees.
        lon_spread: Likewise, degrees.
        weight: Share of the storms, relative to the other regions of the list.
    """

    lat: float
    lon: float
    lat_spread: float
    lon_spread: float
    weight: float


AMERICAS = (
    Region(8.0, -74.0, 2.5, 3.0, 12.0),  # Colombia and Venezuela
    Region(-5.0, -62.0, 5.0, 6.0, 16.0),  # Amazon
    Region(-14.0, -52.0, 4.0, 5.0, 10.0),  # central Brazil
    Region(-30.0, -58.0, 3.5, 4.0, 14.0),  # Argentina, Paraguay, southern Brazil
    Region(13.0, -86.0, 3.0, 4.0, 7.0),  # Central America
    Region(21.0, -102.0, 4.0, 4.0, 8.0),  # Mexico
    Region(20.0, -76.0, 2.5, 5.0, 5.0),  # Cuba and its neighbours
    Region(29.0, -83.0, 2.0, 3.0, 8.0),  # Florida and the Gulf coast
    Region(37.0, -96.0, 4.5, 5.0, 12.0),  # Great Plains
    Region(40.0, -78.0, 3.0, 4.0, 4.0),  # east of North America
    Region(35.0, -64.0, 4.0, 8.0, 4.0),  # Gulf Stream
    Region(6.0, -38.0, 2.0, 9.0, 3.0),  # Atlantic convergence zone
    Region(-36.0, -42.0, 4.0, 8.0, 3.0),  # South Atlantic
)
PACIFIC = (
    Region(9.0, -115.0, 2.5, 12.0, 16.0),  # eastern Pacific convergence zone
    Region(20.0, -106.0, 3.5, 3.5, 18.0),  # western Mexico
    Region(31.0, -110.0, 3.0, 3.0, 8.0),  # Sonora and Arizona
    Region(8.0, -150.0, 2.0, 14.0, 7.0),  # central Pacific convergence zone
    Region(-12.0, -172.0, 4.0, 8.0, 12.0),  # South Pacific convergence zone
    Region(-8.0, -190.0, 5.0, 4.0, 6.0),  # west of the date line
    Region(-33.0, -150.0, 5.0, 14.0, 7.0),  # South Pacific storm track
    Region(36.0, -165.0, 4.0, 14.0, 8.0),  # North Pacific storm track
    Region(23.0, -158.0, 4.0, 6.0, 3.0),  # Hawaii
    Region(40.0, -120.0, 4.0, 4.0, 5.0),  # west of North America
)
REGIONS = {"GOES-East": AMERICAS, "GOES-Test": AMERICAS, "GOES-West": PACIFIC}
