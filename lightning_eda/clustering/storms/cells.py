"""From the cell of each flash to the table of cells: where, when, how large, how active.

A cell is a cluster of flashes in space and time, so a storm that moves is one cell for as long as its flashes
follow each other; radius and hull are of all its flashes, the whole way it came.

In a list of distances a flash is called by its item, such as `G18_20241001T001020.2_12345`: satellite, start
of the granule in its name (UTC, to the tenth of a second, as NOAA writes it) and flash id, the key of the
table `flashes`, so the text finds the row again.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike

from lightning_eda.clustering.points import US_PER_MINUTE, cluster_shapes
from lightning_eda.errors import PointsError
from lightning_eda.series.storms import STORM_CELLS

STAMP = "%Y%m%dT%H%M%S"
STAMP_LENGTH = 17


def flash_items(flashes: pa.Table) -> pa.Array:
    """The item of each flash.

    Args:
        flashes: satellite, granule_start (UTC, no zone), flash_id.
    """
    starts = flashes["granule_start"].combine_chunks().dictionary_encode()
    whole = starts.dictionary.cast(pa.timestamp("ms"))  # arrow writes the fraction of its unit after %S
    stamps = pc.utf8_slice_codeunits(pc.strftime(whole, STAMP), 0, STAMP_LENGTH).take(starts.indices)
    parts = (flashes["satellite"].combine_chunks(), stamps, flashes["flash_id"].combine_chunks())
    return pc.binary_join_element_wise(*(part.cast(pa.string()) for part in parts), "_")


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
    """`STORM_CELLS` without the day: one row a cell, in the order of the labels.

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
    cells = inside.group_by("cell", use_threads=False).aggregate(
        [("satellite", "first"), ("time", "min"), ("time", "max"), ([], "count_all"), ("energy_j", "sum")]
    )
    labels, lon, lat = (inside[name].to_numpy() for name in ("cell", "lon", "lat"))
    shapes = cluster_shapes(lon, lat, labels)
    minute = inside["time"].cast(pa.timestamp("us")).cast(pa.int64()).to_numpy() // US_PER_MINUTE
    minutes, counts = np.unique((labels.astype(np.int64) << 32) + minute, return_counts=True)
    peaks = np.maximum.reduceat(counts, np.flatnonzero(np.diff(minutes >> 32, prepend=-1)))
    first, last, sizes = (cells[name] for name in ("time_min", "time_max", "count_all"))
    lasted = pc.subtract(last, first).cast(pa.int64()).to_numpy() / US_PER_MINUTE
    columns = {
        "cell": cells["cell"],
        "satellite": cells["satellite_first"],
        "first_time": first,
        "last_time": last,
        "duration_minutes": lasted,
        "flashes": sizes,
        "rate_per_minute": sizes.to_numpy() / np.maximum(lasted, 1.0),
        "peak_per_minute": peaks,
        "center_lat": [shape.lat for shape in shapes],
        "center_lon": [shape.lon for shape in shapes],
        "radius_km": [shape.radius_km for shape in shapes],
        "hull_area_km2": [shape.hull_area_km2 for shape in shapes],
        "energy_j": cells["energy_j_sum"],
    }
    return pa.table(columns, STORM_CELLS.arrow_schema("day"))
