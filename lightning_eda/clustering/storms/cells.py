"""From the cell of each flash to the table of cells: where, when, how large, how active.

A cell is a cluster of flashes in space and time, so a storm that moves is one cell for as long as its flashes
follow each other; radius and hull are of all its flashes, the whole way it came.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike

from lightning_eda.clustering.points import US_PER_MINUTE, Integers, cluster_shapes
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
    inside = inside.sort_by([("cell", "ascending"), ("time", "ascending")]).combine_chunks()
    labels = inside["cell"].to_numpy()
    names, starts, sizes = np.unique(labels, return_index=True, return_counts=True)
    first, last = (inside["time"].cast(TIME).take(at) for at in (starts, starts + sizes - 1))
    minutes = pc.subtract(last, first).cast(pa.int64()).to_numpy() / US_PER_MINUTE
    shapes = cluster_shapes(inside["lon"].to_numpy(), inside["lat"].to_numpy(), labels)
    columns = {
        "cell": names,
        "satellite": inside["satellite"].take(starts),
        "first_time": first,
        "last_time": last,
        "duration_minutes": minutes,
        "flashes": sizes,
        "rate_per_minute": sizes / np.maximum(minutes, 1.0),
        "peak_per_minute": _peaks(labels, inside["time"].cast(TIME).cast(pa.int64()).to_numpy()),
        "center_lat": [shape.lat for shape in shapes],
        "center_lon": [shape.lon for shape in shapes],
        "radius_km": [shape.radius_km for shape in shapes],
        "hull_area_km2": [shape.hull_area_km2 for shape in shapes],
        "energy_j": _energies(inside),
    }
    return pa.table(columns, CELL_SCHEMA)


def _peaks(labels: Integers, time_us: Integers) -> Integers:
    """The most flashes in one minute of the clock, for each cell; flashes by cell and time."""
    minute = time_us // US_PER_MINUTE
    new_cell = np.diff(labels, prepend=-1) != 0
    runs = np.flatnonzero(new_cell | (np.diff(minute, prepend=0) != 0))
    lengths = np.diff(np.append(runs, len(labels)))
    return np.maximum.reduceat(lengths, np.flatnonzero(new_cell[runs]))


def _energies(rows: pa.Table) -> pa.Array:
    """The sum for each cell, null where no flash has one; rows by cell."""
    sums = rows.group_by("cell", use_threads=False).aggregate([("energy_j", "sum")])
    return sums["energy_j_sum"]
