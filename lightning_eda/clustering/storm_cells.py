"""From the cell of each flash to the table of cells: where, when, how large, how lively.

A cell is a cluster of flashes in space and time, so a storm that moves is one cell for as long as its flashes
follow each other; radius and hull are of all its flashes, the whole way it came.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike

from lightning_eda.clustering.points import US_PER_MINUTE, ClusterShape, cluster_shapes
from lightning_eda.errors import PointsError

TIME = pa.timestamp("us")
CELL_SCHEMA = pa.schema(
    {
        "cell": pa.int32(),
        "satellite": pa.string(),
        "first_time": TIME,
        "last_time": TIME,
        "duration_minutes": pa.float64(),
        "flashes": pa.int64(),
        "rate_per_minute": pa.float64(),
        "peak_per_minute": pa.int64(),
        "center_lat": pa.float64(),
        "center_lon": pa.float64(),
        "radius_km": pa.float64(),
        "hull_area_km2": pa.float64(),
        "energy_j": pa.float64(),
    }
)


def require_flashes(items: pa.Array, flash_items: pa.Array) -> pa.Array:
    """The place of each item among the flashes.

    Args:
        items: The items that are clustered.
        flash_items: The item of each flash.

    Raises:
        PointsError: An item is none of these flashes: it was made from other rows.
    """
    place = pc.index_in(items, value_set=flash_items)
    if place.null_count:
        lost = items.filter(place.is_null())
        raise PointsError(
            f"{len(lost):,} of {len(items):,} flashes with neighbours, {lost[0]} for one, are not in the "
            "database: they were loaded anew since; run flash_pairs for this day again"
        )
    return place


def label_flashes(flashes: pa.Table, flash_items: pa.Array, items: pa.Array, labels: ArrayLike) -> pa.Table:
    """The flashes with the cell of each; -1 for those in none, which may have no item at all.

    Args:
        flashes: Any columns.
        flash_items: The item of each flash.
        items: The items that were clustered.
        labels: Their clusters, -1 for noise.

    Raises:
        PointsError: As `require_flashes`.
    """
    cells = np.full(flashes.num_rows, -1, np.int32)
    cells[require_flashes(items, flash_items).to_numpy()] = labels
    return flashes.append_column("cell", pa.array(cells))


def storm_cells(flashes: pa.Table) -> pa.Table:
    """One row a cell, in the order of the labels.

    Args:
        flashes: satellite, time (UTC, no zone), lat, lon (degrees), energy_j (J, may be null), cell (-1 for
            none); in any order.

    Returns:
        cell, satellite, first_time and last_time (of the first light of its first and last flash),
        duration_minutes (between these), flashes, rate_per_minute (over the duration, at least a minute),
        peak_per_minute (flashes of its liveliest minute of the clock), center_lat, center_lon (direction of
        the mean vector, degrees), radius_km (from there to the farthest flash), hull_area_km2, energy_j (sum,
        null where no flash has one).
    """
    inside = flashes.filter(pc.greater_equal(flashes["cell"], 0))
    inside = inside.sort_by([("cell", "ascending"), ("time", "ascending")])
    labels = inside["cell"].to_numpy()
    names, starts = np.unique(labels, return_index=True)
    ends = np.append(starts, len(labels))[1:]
    records = [
        _cell(int(name), inside.slice(start, end - start))
        for name, start, end in zip(names, starts, ends, strict=True)
    ]
    return pa.Table.from_pylist(records, CELL_SCHEMA)


def _cell(name: int, rows: pa.Table) -> dict[str, Any]:
    """One line of the table, from the flashes of one cell in the order of their times."""
    shape = _shape(rows)
    time = rows["time"].cast(TIME).cast(pa.int64()).to_numpy()
    minutes = float(time[-1] - time[0]) / US_PER_MINUTE
    return {
        "cell": name,
        "satellite": rows["satellite"][0].as_py(),
        "first_time": rows["time"][0].as_py(),
        "last_time": rows["time"][-1].as_py(),
        "duration_minutes": minutes,
        "flashes": shape.size,
        "rate_per_minute": shape.size / max(minutes, 1.0),
        "peak_per_minute": int(np.unique(time // US_PER_MINUTE, return_counts=True)[1].max()),
        "center_lat": shape.lat,
        "center_lon": shape.lon,
        "radius_km": shape.radius_km,
        "hull_area_km2": shape.hull_area_km2,
        "energy_j": pc.sum(rows["energy_j"]).as_py(),
    }


def _shape(rows: pa.Table) -> ClusterShape:
    (shape,) = cluster_shapes(
        rows["lon"].to_numpy(), rows["lat"].to_numpy(), np.zeros(rows.num_rows, np.int8)
    )
    return shape
