"""The pixels of the sensor that saw the events of a granule, and what each saw."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightning_eda.grids.clipping import AREA, AREA_FLASHES, ENERGY, FLASHES, GROUPS, LEAST_AREA
from lightning_eda.grids.fixed_grid import SIZE, STEP_RAD, to_grid

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

COLUMNS = ("event_lat", "event_lon", "event_energy", "group_id", "flash_id", "flash_area")
SAME_PIXEL_RAD = 28e-6
FIRST_PLACE_RAD = -0.31
"""Events in one square of this size are of one pixel; the squares are counted from here, in x and in y.

As the gridded product does it. The position of a pixel moves within a granule by the 6 microradians of the
quantum of longitudes, so now and then a line between squares parts a pixel in two and a flash that both see
counts twice there: up to 8 % of the flashes of a granule. Measured: only squares from just here give the
product's numbers.
"""


@dataclass(frozen=True)
class SensorPixels:
    """The pixels of one granule.

    Attributes:
        column: Their middles on the grid, cells from the western edge of the full disk.
        row: Likewise from the northern edge.
        brought: What they saw, shape (n, 6), as `clipping` names it.
        events: How many events there were.
        unseen: Events that cannot be seen from the slot, and are left out.
        without_flash: Events whose flash is not in the file: their energy counts, flash and group do not.
        without_energy: Events whose energy is not known: it counts as nothing.
        energy_j: Sum over all events, J.
    """

    column: Floats
    row: Floats
    brought: Floats
    events: int
    unseen: int
    without_flash: int
    without_energy: int
    energy_j: float


def sensor_pixels(events: pa.RecordBatch, slot_lon: float, equator_m: float) -> SensorPixels:
    """The pixels of the events of one granule.

    Args:
        events: Columns `COLUMNS`: degrees, J, m2; flash_id is null where the flash is not in the file.
        slot_lon: As `fixed_grid.to_grid` takes it.
        equator_m: Likewise.
    """
    lat, lon, energy, group, flash, area = (_numbers(events, name) for name in COLUMNS)
    column, row = to_grid(lat, lon, slot_lon, equator_m)
    seen = np.isfinite(column + row)
    pixel = _same_pixel(column[seen], row[seen])
    number = int(pixel.max(initial=-1)) + 1
    count = np.bincount(pixel, minlength=number)
    brought = np.zeros((number, 6))
    has_flash = np.isfinite(flash[seen])
    places, flashes = _distinct(pixel[has_flash], flash[seen][has_flash])
    groups, _ = _distinct(pixel[has_flash], group[seen][has_flash])
    areas = area[seen][has_flash][flashes]
    brought[:, FLASHES] = np.bincount(places, minlength=number)
    brought[:, GROUPS] = np.bincount(groups, minlength=number)
    brought[:, AREA] = np.bincount(places, np.nan_to_num(areas), minlength=number)
    brought[:, AREA_FLASHES] = np.bincount(places, np.isfinite(areas), minlength=number)
    brought[:, ENERGY] = np.bincount(pixel, np.nan_to_num(energy[seen]), minlength=number)
    brought[:, LEAST_AREA] = np.inf
    np.minimum.at(brought[:, LEAST_AREA], places, np.where(np.isfinite(areas), areas, np.inf))
    return SensorPixels(
        np.bincount(pixel, column[seen], minlength=number) / count,
        np.bincount(pixel, row[seen], minlength=number) / count,
        brought,
        events=len(lat),
        unseen=int(np.count_nonzero(~seen)),
        without_flash=int(np.count_nonzero(~np.isfinite(flash))),
        without_energy=int(np.count_nonzero(~np.isfinite(energy))),
        energy_j=float(np.nansum(energy)),
    )


def _numbers(events: pa.RecordBatch, name: str) -> Floats:
    """A column as doubles, NaN for what is missing; ids below 2**53 stay exact."""
    numbers: Floats = events.column(name).to_numpy(zero_copy_only=False).astype(np.float64, copy=False)
    return numbers


def _same_pixel(column: Floats, row: Floats) -> Integers:
    """The number of the pixel of each event, counted from 0."""
    squares = [
        np.floor((sign * (place - SIZE / 2) * STEP_RAD - FIRST_PLACE_RAD) / SAME_PIXEL_RAD).astype(np.int64)
        for place, sign in ((column, 1.0), (row, -1.0))
    ]
    numbers: Integers = np.unique(squares[1] * (1 << 20) + squares[0], return_inverse=True)[1]
    return numbers


def _distinct(pixel: Integers, ids: Floats) -> tuple[Integers, Integers]:
    """Each pair of pixel and id once: the pixel, and the place where the pair is found first."""
    order = np.lexsort((ids, pixel))
    pixels, sorted_ids = pixel[order], ids[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = (pixels[1:] != pixels[:-1]) | (sorted_ids[1:] != sorted_ids[:-1])
    return pixels[first], order[first]
