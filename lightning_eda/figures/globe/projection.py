"""Two projections, in plain numpy: one for the printed map, one for the interactive map.

**EqualArea** (Lambert azimuthal, centred on the data, cut at the horizon 90 degrees from the centre) draws
the printed map. A GLM sees a disk of about 63 degrees around its subpoint, and an azimuthal
projection keeps the data in such a disk; the view from the satellite itself would squeeze storms at the
edge to nothing. Equal area keeps the density of flashes and the size of hulls comparable all over the map,
which is what a map of clusters is read for, and makes the scale true at the centre.

**PlateCarree** (longitude and latitude as x and y) draws the interactive map: after any pan and zoom its axes
still read in degrees. Longitudes are counted from the centre, so data on both sides of the antimeridian
stay together.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lightning_eda.earth import EARTH_RADIUS_KM
from lightning_eda.figures.sphere import Floats, tangent_axes, unit_vectors

HORIZON_KM = EARTH_RADIUS_KM * float(np.sqrt(2.0))
"""The radius of the disk in which EqualArea draws half of the globe."""


@dataclass(frozen=True)
class EqualArea:
    """Lambert azimuthal equal-area projection of the half globe around a centre.

    Attributes:
        center_lat: Degrees.
        center_lon: Degrees.

    Source: Snyder, Map Projections: A Working Manual, USGS 1395 (1987), chapter 24, sphere.
    """

    center_lat: float
    center_lon: float

    @cached_property
    def _axes(self) -> Floats:
        return tangent_axes(self.center_lat, self.center_lon)

    def forward(self, lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
        """Positions in degrees to x, y in km from the centre; NaN beyond the horizon."""
        x, y, up = self._project(unit_vectors(np.asarray(lat), np.asarray(lon)) @ self._axes.T)
        hidden = ~(up >= 0.0)
        return np.where(hidden, np.nan, x), np.where(hidden, np.nan, y)

    def lines(self, lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
        """Lines in degrees, parted by NaN, to lines in km, cut exactly at the horizon."""
        local = unit_vectors(np.asarray(lat), np.asarray(lon)) @ self._axes.T
        up = local[:, 2]
        with np.errstate(invalid="ignore"):
            cut = np.flatnonzero((up[:-1] >= 0.0) != (up[1:] >= 0.0))
        cut = cut[np.isfinite(up[cut]) & np.isfinite(up[cut + 1])]
        share = (up[cut] / (up[cut] - up[cut + 1]))[:, None]
        at_limb = local[cut] + share * (local[cut + 1] - local[cut])
        at_limb[:, 2] = 0.0
        at_limb /= np.linalg.norm(at_limb, axis=1, keepdims=True)
        local = np.insert(local, cut + 1, at_limb, axis=0)
        x, y, up = self._project(local)
        hidden = ~(up >= 0.0)
        return np.where(hidden, np.nan, x), np.where(hidden, np.nan, y)

    def fill(self, lat: Floats, lon: Floats) -> list[tuple[Floats, Floats]]:
        """A land ring to the rings to fill, in km; none when nothing of it is in view.

        The part beyond the horizon is moved to the rim along its azimuth, which leaves the visible part
        as it is. A ring around the point opposite to the centre encloses the outside of its own drawing,
        so the rim is added, walked the other way.

        Args:
            lat: Degrees, first equal to last, land on the right hand.
            lon: Degrees.
        """
        local = unit_vectors(lat, lon) @ self._axes.T
        if local[:, 2].max() < 0.0:
            return []
        x, y, up = self._project(local)
        azimuth = np.unwrap(np.arctan2(local[:, 1], local[:, 0]))
        rings = [_moved_to_rim(x, y, azimuth, beyond=up < 0.0)]
        if azimuth[-1] - azimuth[0] > np.pi:
            rings.append(self.rim(clockwise=True))
        return rings

    def fill_all(self, lat: Floats, lon: Floats) -> list[tuple[Floats, Floats]]:
        """The rings to fill of land rings parted by NaN, as `fill` has them, of most rings in one go.

        Those of fewer than four points are left out.
        """
        ends = np.flatnonzero(np.isnan(lat))
        starts = np.append(0, ends[:-1] + 1)
        local = unit_vectors(lat, lon) @ self._axes.T
        x, y, up = self._project(local)
        turns = np.diff(np.arctan2(local[:, 1], local[:, 0]), append=np.nan)
        turns = np.nan_to_num(turns - 2.0 * np.pi * np.rint(turns / (2.0 * np.pi)))
        highest, lowest = np.fmax.reduceat(up, starts), np.fmin.reduceat(up, starts)
        plain = (lowest >= 0.0) & (np.add.reduceat(turns, starts) < 1.0)
        found: list[tuple[Floats, Floats]] = []
        for ring in np.flatnonzero((highest >= 0.0) & (ends - starts > 3)):
            part = slice(starts[ring], ends[ring])
            found.extend([(x[part], y[part])] if plain[ring] else self.fill(lat[part], lon[part]))
        return found

    def rim(self, clockwise: bool = False) -> tuple[Floats, Floats]:
        """The horizon as a closed ring, km."""
        angle = np.linspace(0.0, 2.0 * np.pi, 361)
        angle = -angle if clockwise else angle
        return HORIZON_KM * np.cos(angle), HORIZON_KM * np.sin(angle)

    @staticmethod
    def _project(local: Floats) -> tuple[Floats, Floats, Floats]:
        """x, y in km and the upward part of local unit vectors."""
        up = local[..., 2]
        stretch = EARTH_RADIUS_KM * np.sqrt(2.0 / np.maximum(1.0 + up, 1e-12))
        return local[..., 0] * stretch, local[..., 1] * stretch, up


def _moved_to_rim(x: Floats, y: Floats, azimuth: Floats, beyond: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """A ring with the points beyond the horizon put on the rim, and the rim followed between them.

    A side that passes close to the point opposite to the centre turns far in azimuth; as a straight line it
    would cut through the picture.
    """
    pieces = np.ones(len(x), dtype=np.int64)
    both = beyond[:-1] & beyond[1:]
    pieces[:-1][both] = np.ceil(np.abs(np.diff(azimuth))[both] / np.radians(2.0)).clip(min=1)
    start = np.repeat(np.arange(len(x)), pieces)
    share = (np.arange(len(start)) - np.repeat(np.cumsum(pieces) - pieces, pieces)) / pieces[start]
    turned = azimuth[start] + share * np.append(np.diff(azimuth), 0.0)[start]
    on_rim = beyond[start]
    return (
        np.where(on_rim, HORIZON_KM * np.cos(turned), x[start]),
        np.where(on_rim, HORIZON_KM * np.sin(turned), y[start]),
    )


@dataclass(frozen=True)
class PlateCarree:
    """Longitude and latitude as x and y in degrees, x within 180 degrees of a central longitude.

    Attributes:
        center_lon: Degrees.
    """

    center_lon: float

    def forward(self, lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
        """Positions in degrees to x, y in degrees."""
        offset = (np.asarray(lon, dtype=np.float64) - self.center_lon + 180.0) % 360.0 - 180.0
        return self.center_lon + offset, np.asarray(lat, dtype=np.float64)

    def lines(self, lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
        """Lines in degrees, parted by NaN, to lines broken where they leave one side for the other."""
        x, y = self.forward(lat, lon)
        with np.errstate(invalid="ignore"):
            jump = np.flatnonzero(np.abs(np.diff(x)) > 180.0) + 1
        return np.insert(x, jump, np.nan), np.insert(y, jump, np.nan)

    def fill(self, lat: Floats, lon: Floats) -> list[tuple[Floats, Floats]]:
        """A land ring to the rings to fill: one copy for each side of the map that it reaches.

        A ring around a pole is closed along that pole.
        """
        x = np.unwrap(lon, period=360.0)
        y = np.asarray(lat, dtype=np.float64)
        if abs(x[-1] - x[0]) > 180.0:
            pole = 90.0 if y.mean() > 0.0 else -90.0
            x, y = np.append(x, [x[-1], x[0]]), np.append(y, [pole, pole])
        x = x - 360.0 * np.round((x.mean() - self.center_lon) / 360.0)
        west, east = self.center_lon - 180.0, self.center_lon + 180.0
        moved = [x + turn for turn in (-360.0, 0.0, 360.0)]
        return [(np.clip(c, west, east), y) for c in moved if c.max() > west and c.min() < east]
