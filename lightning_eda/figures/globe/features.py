"""Tables with shapes on the globe as GeoJSON and GeoParquet, which GIS programs open.

Source: RFC 7946 (GeoJSON); GeoParquet 1.1.0. Longitudes and latitudes are of WGS 84 (OGC:CRS84), the default
of both. A shape over the antimeridian is cut there in two, and a box over it has its west above its east.
"""

import io
import json
import math
import struct
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from lightning_eda.figures.sphere import Floats, convex_hull

Place = tuple[float, float]
"""Longitude and latitude, degrees."""
Geometry = dict[str, Any]
"""As GeoJSON has it: `type` and `coordinates`."""
WKB_TYPES = {"Point": 1, "LineString": 2, "Polygon": 3, "MultiLineString": 5, "MultiPolygon": 6}


def point(lat: float, lon: float) -> Geometry:
    """A place."""
    return {"type": "Point", "coordinates": (lon, lat)}


def line(lat: Floats, lon: Floats) -> Geometry:
    """A way through places, in two parts where it crosses the antimeridian; a place alone is a point."""
    places = _joined(lat, lon)
    parts: list[list[Place]] = [places[:1]]
    for a, b in pairwise(places):
        if (a[0] >= 180.0) != (b[0] >= 180.0):
            edge = _at_seam(a, b)
            parts[-1].append(edge)
            parts.append([edge])
        if b != parts[-1][-1]:
            parts[-1].append(b)
    lines = [_turned(part) for part in parts if len(part) > 1]
    if not lines:
        return point(float(lat[0]), float(lon[0]))
    return _one_or_many("LineString", lines)


def hull(lat: Floats, lon: Floats) -> Geometry | None:
    """The convex hull, counterclockwise, in two parts over the antimeridian; None where it has no area."""
    around = convex_hull(lat, lon)
    if not len(around[0]):
        return None
    ring = _joined(*around)
    if max(x for x, _ in ring) <= 180.0:
        return {"type": "Polygon", "coordinates": [ring]}
    sides = [_clipped(ring, west) for west in (True, False)]
    return _one_or_many("Polygon", [[_turned(side)] for side in sides if len(side) > 3])


def geojson(table: pa.Table, shapes: Sequence[Geometry]) -> bytes:
    """A FeatureCollection: a feature a row, its columns the properties, times in UTC."""
    rows = ({name: _plain(value) for name, value in row.items()} for row in table.to_pylist())
    features = [
        {"type": "Feature", "geometry": shape, "properties": row}
        for row, shape in zip(rows, shapes, strict=True)
    ]
    box = {"bbox": bounding_box(shapes)} if shapes else {}
    collection = {"type": "FeatureCollection", **box, "features": features}
    return json.dumps(collection, separators=(",", ":"), allow_nan=False).encode()


def geoparquet(table: pa.Table, shapes: Sequence[Geometry]) -> bytes:
    """The table with a column `geometry`, WKB."""
    import pyarrow.parquet as pq

    about: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": sorted({shape["type"] for shape in shapes}),
        "orientation": "counterclockwise",
    }
    if shapes:
        about["bbox"] = bounding_box(shapes)
    columns = {"geometry": about}
    for place, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            table = table.set_column(place, field.name, table[place].cast(pa.timestamp("us", tz="UTC")))
    table = table.append_column("geometry", pa.array([wkb(shape) for shape in shapes], pa.binary()))
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": columns}
    stream = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), stream, compression="zstd")
    return stream.getvalue()


def wkb(shape: Geometry) -> bytes:
    """A geometry as well-known binary, little-endian."""
    kind, coordinates = shape["type"], shape["coordinates"]
    head = struct.pack("<BI", 1, WKB_TYPES[kind])
    if kind == "Point":
        return head + struct.pack("<2d", *coordinates)
    if kind.startswith("Multi"):
        single = kind.removeprefix("Multi")
        parts = [wkb({"type": single, "coordinates": part}) for part in coordinates]
    elif kind == "Polygon":
        parts = [_packed(ring) for ring in coordinates]
    else:
        return head + _packed(coordinates)
    return head + struct.pack("<I", len(parts)) + b"".join(parts)


def bounding_box(shapes: Sequence[Geometry]) -> list[float]:
    """West, south, east and north of what is there; the widest gap between longitudes is left out."""
    places = np.array([place for shape in shapes for place in _places(shape["coordinates"])])
    lon = np.unique(places[:, 0])
    gaps = np.diff(np.append(lon, lon[0] + 360.0))
    widest = int(np.argmax(gaps))
    west, east = lon[(widest + 1) % len(lon)], lon[widest]
    return [float(west), float(places[:, 1].min()), float(east), float(places[:, 1].max())]


def _joined(lat: Floats, lon: Floats) -> list[Place]:
    """Places whose longitudes run on, the least of them in [-180, 180)."""
    x = np.unwrap(np.asarray(lon, dtype=np.float64), period=360.0)
    x = x - 360.0 * np.floor((x.min() + 180.0) / 360.0)
    return list(zip(x.tolist(), np.asarray(lat, dtype=np.float64).tolist(), strict=True))


def _at_seam(a: Place, b: Place) -> Place:
    """Where a side crosses 180 degrees."""
    return 180.0, a[1] + (180.0 - a[0]) / (b[0] - a[0]) * (b[1] - a[1])


def _clipped(ring: list[Place], west: bool) -> list[Place]:
    """The part of a convex ring on one side of 180 degrees, closed."""
    kept: list[Place] = []
    for a, b in pairwise(ring):
        if (a[0] <= 180.0) == west:
            kept.append(a)
        if (a[0] <= 180.0) != (b[0] <= 180.0):
            kept.append(_at_seam(a, b))
    kept = list(dict.fromkeys(kept))
    return [*kept, *kept[:1]]


def _turned(places: list[Place]) -> list[Place]:
    """Back into [-180, 180]."""
    turn = 360.0 if max(x for x, _ in places) > 180.0 else 0.0
    return [(x - turn, y) for x, y in places]


def _one_or_many(kind: str, parts: list[Any]) -> Geometry:
    if len(parts) == 1:
        return {"type": kind, "coordinates": parts[0]}
    return {"type": f"Multi{kind}", "coordinates": parts}


def _places(coordinates: Any) -> list[Place]:  # noqa: ANN401 - nested as deep as the kind of geometry
    if isinstance(coordinates, tuple):
        return [coordinates]
    return [place for part in coordinates for place in _places(part)]


def _packed(places: list[Place]) -> bytes:
    return struct.pack(f"<I{2 * len(places)}d", len(places), *(value for place in places for value in place))


def _plain(value: Any) -> Any:  # noqa: ANN401 - what a column of any type holds
    if isinstance(value, datetime):
        return f"{value.replace(tzinfo=None).isoformat()}Z"
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
