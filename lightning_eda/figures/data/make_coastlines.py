"""Reduces a world-atlas TopoJSON file to coastlines.json, the map background of this package.

Run it only to renew the file; README.md beside it names the origin and the licence:

    python -m lightning_eda.figures.data.make_coastlines countries-50m.json coastlines.json
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

UNITS_PER_DEGREE = 100
TOLERANCE_DEG = 0.02
SMALLEST_ISLAND_DEG = 0.05

Points = NDArray[np.float64]


def decode_arcs(topology: dict[str, Any]) -> list[Points]:
    """The arcs of a quantised topology as longitudes and latitudes, degrees, shape (n, 2) each.

    Longitude runs on past 180 where an arc crosses the antimeridian, so that no step is a jump.

    Source: TopoJSON format specification, sections 2.1.2 and 2.1.4.
    """
    scale = np.array(topology["transform"]["scale"])
    translate = np.array(topology["transform"]["translate"])
    arcs = [np.cumsum(np.array(arc, dtype=np.int64), axis=0) * scale + translate for arc in topology["arcs"]]
    for arc in arcs:
        arc[:, 0] = np.unwrap(arc[:, 0], period=360.0)
    return arcs


def simplify(points: Points, tolerance: float) -> Points:
    """The Douglas-Peucker subset of a line: no dropped point is further than `tolerance` from the rest.

    Args:
        points: Positions, degrees, shape (n, 2).
        tolerance: Degrees.

    Returns:
        The kept points, the two ends always among them.
    """
    keep = np.zeros(len(points), dtype=bool)
    keep[[0, -1]] = True
    spans = [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        distance = _distance_to_chord(points[first : last + 1])
        worst = int(np.argmax(distance))
        if distance[worst] > tolerance:
            keep[first + worst] = True
            spans += [(first, first + worst), (first + worst, last)]
    return points[keep]


def _distance_to_chord(points: Points) -> NDArray[np.float64]:
    """The distance of each point to the straight line between the first and the last, degrees."""
    chord = points[-1] - points[0]
    offset = points - points[0]
    length = float(np.hypot(*chord))
    if length == 0.0:  # a ring: both ends are one point
        return np.asarray(np.hypot(offset[:, 0], offset[:, 1]))
    along = np.clip(offset @ chord / length**2, 0.0, 1.0)
    gap = offset - along[:, None] * chord
    return np.asarray(np.hypot(gap[:, 0], gap[:, 1]))


def land_rings(topology: dict[str, Any]) -> list[list[int]]:
    """The rings of the land as lists of arc numbers; `~n` is arc n walked backwards."""
    (land,) = topology["objects"]["land"]["geometries"]
    return [ring for polygon in land["arcs"] for ring in polygon]


def border_arcs(topology: dict[str, Any]) -> list[int]:
    """The arcs that two countries share."""
    owners: dict[int, set[int]] = {}
    for number, country in enumerate(topology["objects"]["countries"]["geometries"]):
        polygons = country["arcs"] if country["type"] == "MultiPolygon" else [country["arcs"]]
        for arc in (arc for polygon in polygons for ring in polygon for arc in ring):
            owners.setdefault(max(arc, ~arc), set()).add(number)
    return sorted(arc for arc, countries in owners.items() if len(countries) > 1)


def reduce(topology: dict[str, Any]) -> dict[str, Any]:
    """The content of coastlines.json: small islands dropped, lines simplified, positions as integer steps."""
    arcs = decode_arcs(topology)
    rings = []
    for ring in land_rings(topology):
        extent = np.ptp(np.concatenate([arcs[max(arc, ~arc)] for arc in ring]), axis=0)
        if extent.max() >= SMALLEST_ISLAND_DEG:
            rings.append(ring)
    borders = border_arcs(topology)
    used = sorted({max(arc, ~arc) for ring in rings for arc in ring} | set(borders))
    number = {arc: place for place, arc in enumerate(used)}
    return {
        "origin": "Natural Earth 4.1.0, 1:50m, public domain, by way of world-atlas 2.0.2 countries-50m.json",
        "units_per_degree": UNITS_PER_DEGREE,
        "arcs": [_integer_steps(simplify(arcs[arc], TOLERANCE_DEG)) for arc in used],
        "rings": [[number[a] if a >= 0 else ~number[~a] for a in ring] for ring in rings],
        "borders": [number[arc] for arc in borders],
    }


def _integer_steps(points: Points) -> list[int]:
    """lon, lat of the first point, then the steps to each next point, flat, in units of the file."""
    whole = np.rint(points * UNITS_PER_DEGREE).astype(np.int64)
    moved = np.concatenate([[True], np.any(np.diff(whole, axis=0) != 0, axis=1)])
    moved[-1] = True
    whole = whole[moved]
    steps: list[int] = np.concatenate([whole[:1], np.diff(whole, axis=0)]).ravel().tolist()
    return steps


def main(source: Path, target: Path) -> None:
    """Writes the reduced file."""
    reduced = reduce(json.loads(source.read_text()))
    target.write_text(json.dumps(reduced, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
