"""Land, coasts and borders as a satellite sees them, for pictures in the fixed grid of its imager."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np

from lightning_eda.earth import EARTH_RADIUS_KM
from lightning_eda.figures.globe.coastlines import Lines, joined, load_background
from lightning_eda.figures.globe.projection import EqualArea
from lightning_eda.figures.sphere import Floats, positions, tangent_axes

Project: TypeAlias = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""Latitudes and longitudes in degrees to columns and rows; NaN for what the satellite cannot see."""

EDGE_DEG = 80.5
"""How far from the point below the satellite land is drawn; a degree on is the horizon."""
DETAIL_DEG = 0.02


class Disk(NamedTuple):
    """The Earth as seen: lines of columns and rows, parted by NaN.

    Attributes:
        rim: Around what is drawn.
        land: Closed to be filled together, even-odd.
        coasts: The shores.
        borders: Between countries.
        grid: Meridians and parallels, every ten degrees.
    """

    rim: tuple[Floats, Floats]
    land: tuple[Floats, Floats]
    coasts: tuple[Floats, Floats]
    borders: tuple[Floats, Floats]
    grid: tuple[Floats, Floats]


def seen_disk(project: Project, subpoint_lon: float) -> Disk:
    """What is seen from above a longitude."""
    background, center = load_background(), EqualArea(0.0, subpoint_lon)
    coarse = background.land.coarser(DETAIL_DEG)
    land = joined(center.fill_all(coarse.lat, coarse.lon))
    others = (background.coasts.coarser(DETAIL_DEG), background.borders.coarser(DETAIL_DEG), graticule())
    return Disk(
        _seen(project, subpoint_lon, *center.rim()),
        _seen(project, subpoint_lon, *land),
        *(project(lines.lat, lines.lon) for lines in others),
    )


def graticule() -> Lines:
    """Meridians and parallels, parted by NaN."""
    along = np.append(np.arange(-180.0, 180.5), np.nan)
    lats, lons = np.arange(-80.0, 81.0, 10.0), np.arange(-180.0, 180.0, 10.0)
    up = np.where(np.abs(along) <= 80.0, along, np.nan)
    return Lines(
        lat=np.concatenate([np.repeat(lats, len(along)), np.tile(up, len(lons))]),
        lon=np.concatenate([np.tile(along, len(lats)), np.repeat(lons, len(along))]),
    )


def _seen(project: Project, subpoint_lon: float, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """A line of the equal-area map; what is beyond the edge is moved to it."""
    far = 2.0 * np.arcsin(np.clip(np.hypot(x, y) / (2.0 * EARTH_RADIUS_KM), 0.0, 1.0))
    far, turn = np.minimum(far, np.radians(EDGE_DEG)), np.arctan2(y, x)
    local = np.stack([np.sin(far) * np.cos(turn), np.sin(far) * np.sin(turn), np.cos(far)], axis=-1)
    return project(*positions(local @ tangent_axes(0.0, subpoint_lon)))
