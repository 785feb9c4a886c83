"""Coastlines, land and country borders from the small file in this package.

Origin: Natural Earth 4.1.0 at 1:50m (public domain), by way of the npm package world-atlas 2.0.2,
reduced by data/make_coastlines.py to steps of 0.01 degree. data/README.md tells how.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from lightning_eda.figures.packaged import packaged_text
from lightning_eda.figures.sphere import Floats


@dataclass(frozen=True)
class Lines:
    """Lines on the globe, parted by NaN.

    Attributes:
        lat: Degrees.
        lon: Degrees, running on past 180 inside a line that crosses the antimeridian.
    """

    lat: Floats
    lon: Floats

    def coarser(self, step_deg: float) -> "Lines":
        """The lines without the points that fall in the same cell of a grid as the point before them."""
        lat, lon = np.rint(self.lat / step_deg), np.rint(self.lon / step_deg)
        same = np.concatenate([[False], (np.diff(lat) == 0.0) & (np.diff(lon) == 0.0)])
        return Lines(self.lat[~same], self.lon[~same])


@dataclass(frozen=True)
class Background:
    """What is drawn under the flashes.

    Attributes:
        coasts: The shores.
        borders: The lines between countries.
        land: Closed rings with land on the right hand, each parted by NaN.
    """

    coasts: Lines
    borders: Lines
    land: Lines


def rings(lines: Lines) -> list[Lines]:
    """Each line for itself, those of fewer than four points left out."""
    parts = np.flatnonzero(np.isnan(lines.lat))
    lats, lons = np.split(lines.lat, parts), np.split(lines.lon, parts)
    pairs = ((a[np.isfinite(a)], b[np.isfinite(b)]) for a, b in zip(lats, lons, strict=True))
    return [Lines(a, b) for a, b in pairs if len(a) > 3]


def joined(parts: Sequence[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """Lines in a plane as one, parted by NaN."""
    x, y = (
        np.concatenate([np.zeros(0), *(np.append(part[axis], np.nan) for part in parts)]) for axis in (0, 1)
    )
    return x, y


@cache
def load_background() -> Background:
    """The background of every map, read once a process."""
    raw = json.loads(packaged_text("data/coastlines.json"))
    unit = raw["units_per_degree"]
    arcs = [_with_steps(np.cumsum(np.array(arc).reshape(-1, 2), axis=0) / unit) for arc in raw["arcs"]]
    land = [_ring(arcs, ring) for ring in raw["rings"]]
    return Background(
        coasts=_join([_without_seam(ring) for ring in land]),
        borders=_join([arcs[number] for number in raw["borders"]]),
        land=_join(land),
    )


def _with_steps(line: Floats) -> Floats:
    """A line with points added so that no step is longer than a degree.

    A border along a parallel is two points in the file, and a curve on the map.
    """
    pieces = np.append(np.maximum(1, np.ceil(np.abs(np.diff(line, axis=0)).max(axis=1))), 1).astype(np.int64)
    place = np.append(0, np.cumsum(pieces[:-1]))
    wanted = np.arange(place[-1] + 1)
    return np.column_stack([np.interp(wanted, place, column) for column in line.T])


def _ring(arcs: list[Floats], numbers: list[int]) -> Floats:
    """The arcs of a ring joined end to end, longitudes running on."""
    parts = [arcs[n] if n >= 0 else arcs[~n][::-1] for n in numbers]
    ring = np.concatenate(parts)
    ring[:, 0] = np.unwrap(ring[:, 0], period=360.0)
    return ring


def _without_seam(ring: Floats) -> Floats:
    """A ring without the sides that only close it along the antimeridian or the pole."""
    on_seam = (np.abs(ring[:, 0]) % 360.0 == 180.0) | (ring[:, 1] < -89.9)
    seam = np.flatnonzero(on_seam[:-1] & on_seam[1:])
    return np.insert(ring, seam + 1, np.nan, axis=0)


def _join(lines: list[Floats]) -> Lines:
    """Lines of shape (n, 2) as one, parted by NaN."""
    gap = np.full((1, 2), np.nan)
    joined = np.concatenate([part for line in lines for part in (line, gap)])
    return Lines(lat=joined[:, 1].copy(), lon=joined[:, 0].copy())
