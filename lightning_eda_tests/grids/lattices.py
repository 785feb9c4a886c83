"""Sensors whose pixels are known, and their events."""

import numpy as np
import pyarrow as pa

from lightning_eda.glm.transform.event_file import EVENT_FILE_SCHEMA
from lightning_eda.grids.fixed_grid import LIGHTNING_EQUATOR_M, SIZE, SLOTS, to_ground

QUANTUM_DEG = 0.00203128
EAST = SLOTS["GOES-East"]


def borders(sizes=((4.0, 1100.0), (3.75, 1360.0), (3.5, 1600.0), (3.25, 2000.0))) -> np.ndarray:
    """The lines between the pixels of a sensor, in cells from the middle: a size, and how far out it goes."""
    lines = [0.0]
    for size, end in sizes:
        while lines[-1] + size <= end:
            lines.append(lines[-1] + size)
    out = np.array(lines)
    return np.r_[-out[:0:-1], out]


def middles() -> np.ndarray:
    """The middles of the pixels along one axis of the grid."""
    lines = borders()
    return SIZE / 2 + (lines[1:] + lines[:-1]) / 2.0


def events_at(column, row, energy=1e-14, flash=None, group=None, area=1e8, rounded=False) -> pa.RecordBatch:
    """An event at each place of the eastern grid; each is a flash and a group of its own unless said."""
    column, row = np.atleast_1d(column).astype(float), np.atleast_1d(row).astype(float)
    lat, lon = to_ground(column, row, EAST, LIGHTNING_EQUATOR_M)
    if rounded:
        lat, lon = (np.round(degrees / QUANTUM_DEG) * QUANTUM_DEG for degrees in (lat, lon))
    return rows(lat, lon, energy, flash, group, area)


def rows(lat, lon, energy=1e-14, flash=None, group=None, area=1e8) -> pa.RecordBatch:
    """Events as the decoder hands them on; a single value counts for all."""
    number = len(lat)

    def column(values, default):
        values = default if values is None else values
        return [values] * number if np.isscalar(values) else list(values)

    own = np.arange(number).tolist()
    columns = [lat, lon, column(energy, None), [False] * number, column(group, own), column(flash, own)]
    arrays = [
        pa.array(values, field.type)
        for values, field in zip([*columns, column(area, None)], EVENT_FILE_SCHEMA, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=EVENT_FILE_SCHEMA)
