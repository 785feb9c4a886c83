"""Storm cells, tracks and their frames as shapes on the globe."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from lightning_eda.figures.globe.features import Geometry, hull, line, point


def cell_shapes(cells: pa.Table, flashes: pa.Table) -> list[Geometry]:
    """Each cell as the convex hull of its flashes; as its centre where these are on a line.

    Args:
        cells: cell, center_lat, center_lon.
        flashes: cell, lat, lon; -1 for those in none.
    """
    parts = zip(cells.to_pylist(), _rows_of(flashes.sort_by("cell"), "cell", cells["cell"]), strict=True)
    return [
        hull(mine["lat"].to_numpy(), mine["lon"].to_numpy()) or point(cell["center_lat"], cell["center_lon"])
        for cell, mine in parts
    ]


def track_shapes(tracks: pa.Table, points: pa.Table) -> list[Geometry]:
    """Each storm as its way.

    Args:
        tracks: track; each has points.
        points: track, frame_time, lat, lon.
    """
    ways = points.sort_by([("track", "ascending"), ("frame_time", "ascending")])
    return [
        line(way["lat"].to_numpy(), way["lon"].to_numpy()) for way in _rows_of(ways, "track", tracks["track"])
    ]


def point_shapes(points: pa.Table) -> list[Geometry]:
    """Each frame as its place."""
    places = zip(points["lat"].to_pylist(), points["lon"].to_pylist(), strict=True)
    return [point(lat, lon) for lat, lon in places]


def _rows_of(table: pa.Table, column: str, wanted: pa.ChunkedArray) -> Iterator[pa.Table]:
    """The rows of each value that is wanted, of a table in the order of the column."""
    values, names = (np.array(one.to_pylist()) for one in (table[column], wanted))
    ends = zip(np.searchsorted(values, names), np.searchsorted(values, names, "right"), strict=True)
    for first, last in ends:
        yield table.slice(first, last - first)
