"""Storm cells, tracks and their frames as shapes on the globe."""

import numpy as np
import pyarrow as pa

from lightning_eda.figures.globe.features import Geometry, hull, line, point


def cell_shapes(cells: pa.Table, flashes: pa.Table) -> list[Geometry]:
    """Each cell as the convex hull of its flashes; as its centre where these are on a line.

    Args:
        cells: cell, center_lat, center_lon.
        flashes: cell, lat, lon; -1 for those in none.
    """
    parts = zip(cells.to_pylist(), rows_of(flashes.sort_by("cell"), "cell", cells["cell"]), strict=True)
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
    parts = rows_of(ways, "track", tracks["track"])
    return [line(way["lat"].to_numpy(), way["lon"].to_numpy()) for way in parts]


def point_shapes(points: pa.Table) -> list[Geometry]:
    """Each frame as its place."""
    places = zip(points["lat"].to_pylist(), points["lon"].to_pylist(), strict=True)
    return [point(lat, lon) for lat, lon in places]


def rows_of(table: pa.Table, column: str, wanted: pa.ChunkedArray) -> list[pa.Table]:
    """The rows of each value that is wanted, of a table in the order of the column."""
    values, names = (np.array(one.to_pylist(), dtype=object) for one in (table[column], wanted))
    first, last = (np.searchsorted(values, names, side).tolist() for side in ("left", "right"))
    return [table.slice(a, b - a) for a, b in zip(first, last, strict=True)]
