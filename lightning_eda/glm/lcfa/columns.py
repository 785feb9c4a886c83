"""The Arrow columns of a granule's tables, without a copy where that can be."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightning_eda.errors import GranuleError
from lightning_eda.glm.granule import TIME
from lightning_eda.glm.lcfa.tree import Tree

ARROW_TYPES = {np.dtype(t): pa.from_numpy_dtype(t) for t in (np.int32, np.int64, np.float64)}


def array(values: NDArray[Any], missing: NDArray[np.bool_] | None = None, of: pa.DataType = None) -> pa.Array:
    """The values as an Arrow array, without a copy where all are there."""
    if missing is not None:
        return pa.array(values, mask=missing)
    return pa.Array.from_buffers(of or ARROW_TYPES[values.dtype], len(values), [None, pa.py_buffer(values)])


def key_columns(satellite: str, start_us: int, rows: int) -> dict[str, pa.Array]:
    """The columns that say which granule a row is of."""
    text = satellite.encode()
    ends = np.arange(0, len(text) * (rows + 1), len(text), dtype=np.int32)
    return {
        "satellite": pa.StringArray.from_buffers(rows, pa.py_buffer(ends), pa.py_buffer(text * rows)),
        "granule_start": array(np.full(rows, start_us), of=TIME),
    }


def derived_columns(tier: str, tree: Tree) -> dict[str, pa.Array]:
    """The columns that come from the tree, and not from a variable of the tier."""
    if tier == "flash":
        return {"n_groups": array(tree.groups_of_flash), "n_events": array(tree.events_of_flash)}
    if tier == "group":
        return {"n_events": array(tree.events_of_group)}
    return {"flash_id": array(tree.flash_of_event, tree.flash_of_event < 0 if tree.orphan_events else None)}


def degrees(values: NDArray[Any], name: str) -> NDArray[np.float64]:
    """Latitudes as they are, longitudes wrapped to [-180, 180); GranuleError for what is not on the globe.

    Events west of the antimeridian are stored below -180, down to -203.56.
    """
    if not len(values):
        return values.astype(np.float64)
    limit = 360.0 if name.endswith("_lon") else 90.0
    low, high = values.min(), values.max()
    if not (-limit <= low and high <= limit):  # also for NaN
        raise GranuleError(f"variable {name} has values that are no coordinates")
    degrees = values.astype(np.float64, copy=False)
    if limit == 360.0:
        if low < -180.0:
            degrees[degrees < -180.0] += 360.0
        if high >= 180.0:
            degrees[degrees >= 180.0] -= 360.0
    return degrees
