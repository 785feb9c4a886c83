"""Lightning of an hour by minute on the fixed grid.

A granule belongs to the minute that it starts in, as it belongs to the hour that it starts in.
"""

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightning_eda.errors import GridError
from lightning_eda.grids.clipping import AREA, AREA_FLASHES, ENERGY, FLASHES, GROUPS, LEAST_AREA, collect
from lightning_eda.grids.fixed_grid import SIZE, SLOTS, lightning_equator, slot_of
from lightning_eda.grids.pixel_sizes import PixelSizes, learn_sizes
from lightning_eda.grids.sensor_pixels import SensorPixels, sensor_pixels
from lightning_eda.series.files import FLASH_DENSITY

SCHEMA = FLASH_DENSITY.arrow_schema()
MINUTE_US = 60_000_000
SUMMED = {FLASHES: "flash_extent_density", GROUPS: "group_extent_density", ENERGY: "total_energy"}


@dataclass(frozen=True)
class Density:
    """The grids of some granules of one satellite.

    Attributes:
        table: `SCHEMA`: the cells that got something, by minute, row and column; areas in m2, energy in J.
        slot: GOES-East, GOES-West or GOES-Test; None without an event.
        equator_m: Equatorial radius of the lightning ellipsoid, m; None without an event.
        sizes: The sizes of the sensor's pixels.
        pixels: How many pixels of the sensor there were, those of each granule counted apart.
        events: Events of all granules.
        unseen: As `SensorPixels`, summed.
        without_flash: Likewise.
        without_energy: Likewise.
        energy_j: Sum over all events, J; that of the table is the same but for what lies outside the grid.
        granule_minutes: The minute each granule starts in, since 1970; of those without events too.
    """

    table: pa.Table
    slot: str | None
    equator_m: float | None
    sizes: PixelSizes
    pixels: int
    events: int
    unseen: int
    without_flash: int
    without_energy: int
    energy_j: float
    granule_minutes: tuple[int, ...] = ()

    @property
    def grid_energy_j(self) -> float:
        """Energy in all cells, J."""
        return float(self.table["total_energy"].to_numpy().sum(dtype=np.float64))


@dataclass
class DensityBuilder:
    """Gathers the granules of one satellite, in any order, then makes their grids."""

    _slot: str | None = None
    _equator_m: float | None = None
    _granules: list[tuple[datetime, SensorPixels]] = field(default_factory=list)
    _minutes: list[int] = field(default_factory=list)

    def add(self, start: datetime, subpoint_lon: float | None, events: pa.RecordBatch) -> None:
        """Takes the events of a granule.

        Args:
            start: Of the granule, aware UTC.
            subpoint_lon: Nominal longitude of the satellite, degrees east; None only without events.
            events: As `sensor_pixels` takes them.

        Raises:
            GridError: The satellite is at no known place, or at another than in the granules before.
        """
        if subpoint_lon is None:
            if not events.num_rows:
                self._minutes.append(minute_number(start))
                return
            raise GridError("the granule does not say where its satellite is")
        slot = slot_of(subpoint_lon)
        if slot != (self._slot or slot):
            raise GridError(f"the satellite is at {slot}, in other granules of the hour at {self._slot}")
        self._slot, self._equator_m = slot, lightning_equator(start)
        self._minutes.append(minute_number(start))
        if events.num_rows:
            self._granules.append((start, sensor_pixels(events, SLOTS[slot], self._equator_m)))

    def finish(self) -> Density:
        """The grids of all granules that were added."""
        granules = sorted(self._granules, key=lambda granule: granule[0])
        pixels = [pixels for _, pixels in granules]
        sizes = learn_sizes([(one.column, one.row) for one in pixels])
        return Density(
            _minutes(granules, sizes),
            self._slot,
            self._equator_m,
            sizes,
            pixels=sum(len(one.column) for one in pixels),
            events=sum(one.events for one in pixels),
            unseen=sum(one.unseen for one in pixels),
            without_flash=sum(one.without_flash for one in pixels),
            without_energy=sum(one.without_energy for one in pixels),
            energy_j=sum(one.energy_j for one in pixels),
            granule_minutes=tuple(sorted(self._minutes)),
        )


def _minutes(granules: list[tuple[datetime, SensorPixels]], sizes: PixelSizes) -> pa.Table:
    by_minute: dict[datetime, list[SensorPixels]] = {}
    for start, pixels in granules:
        by_minute.setdefault(start.replace(second=0, microsecond=0), []).append(pixels)
    parts = [_minute(minute, pixels, sizes) for minute, pixels in by_minute.items()]
    return pa.concat_tables([SCHEMA.empty_table(), *parts]).combine_chunks()


def _minute(minute: datetime, pixels: list[SensorPixels], sizes: PixelSizes) -> pa.Table:
    edges = sizes.edges(
        np.concatenate([one.column for one in pixels]), np.concatenate([one.row for one in pixels])
    )
    cells, sums = collect(edges, np.concatenate([one.brought for one in pixels]))
    return density_table(np.full(len(cells), minute_number(minute)), cells, sums)


def minute_number(minute: datetime) -> int:
    """Minutes since 1970."""
    return int(minute.timestamp()) // 60


def density_table(
    minutes: NDArray[np.int64], cells: NDArray[np.int64], sums: NDArray[np.float64]
) -> pa.Table:
    """A table of `SCHEMA`.

    Args:
        minutes: Of each row, since 1970.
        cells: Number of the cell, row * SIZE + column.
        sums: As `clipping` collects them, shape (n, 6).
    """
    flashes = sums[:, AREA_FLASHES]
    known = flashes > 0.0
    average = np.divide(sums[:, AREA], flashes, out=np.zeros(len(cells)), where=known)
    columns = [
        pa.array(minutes * MINUTE_US).cast(SCHEMA.field("minute").type),
        pa.array((cells // SIZE).astype(np.uint16)),
        pa.array((cells % SIZE).astype(np.uint16)),
        pa.array(sums[:, FLASHES].astype(np.float32)),
        pa.array(sums[:, GROUPS].astype(np.float32)),
        pa.array(average.astype(np.float32), mask=~known),
        pa.array(sums[:, LEAST_AREA].astype(np.float32), mask=~known),
        pa.array(sums[:, ENERGY].astype(np.float32)),
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def summed(table: pa.Table, minutes: int | None) -> pa.Table:
    """The grids of longer steps: densities and energies added, the mean of areas by flashes, the least area.

    Args:
        table: By minute, `SCHEMA`.
        minutes: Length of a step, counted from the full hour: 5, or 60; None puts all into one step.

    Returns:
        `SCHEMA`, `minute` being the first of the step.
    """
    minute = table["minute"].to_numpy().astype("datetime64[m]").astype(np.int64)
    first = int(minute.min()) if len(minute) else 0
    length = minutes or 1
    step = np.zeros_like(minute) if minutes is None else minute // length - first // length
    number = step * SIZE**2 + table["row"].to_numpy().astype(np.int64) * SIZE + table["col"].to_numpy()
    order = np.argsort(number, kind="stable")  # quick on minutes in their order
    number = number[order]
    starts = np.flatnonzero(np.diff(number, prepend=-1))
    average = table["average_flash_area"].to_numpy()
    flashes, known = table["flash_extent_density"].to_numpy().astype(np.float64), np.isfinite(average)
    brought = {place: table[name].to_numpy().astype(np.float64) for place, name in SUMMED.items()}
    brought[AREA_FLASHES] = np.where(known, flashes, 0.0)
    brought[AREA] = np.where(known, flashes * average, 0.0)
    least = np.where(known, table["minimum_flash_area"].to_numpy(), np.inf)
    sums = np.zeros((len(starts), 6))
    if len(starts):
        for place, values in brought.items():
            sums[:, place] = np.add.reduceat(values[order], starts)
        sums[:, LEAST_AREA] = np.minimum.reduceat(least[order], starts)
    cells, steps = number[starts] % SIZE**2, number[starts] // SIZE**2
    return density_table(first // length * length + steps * length, cells, sums)
