"""What the storm page and its small map are made of: the storms of a day as one satellite saw them."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import pyarrow as pa

from lightning_eda.figures.frames import Labels, satellite_title, utc
from lightning_eda.figures.globe.disk import Disk, Project, seen_disk
from lightning_eda.figures.maps.storm_shapes import rows_of
from lightning_eda.figures.sphere import Floats
from lightning_eda.texts import counted


@dataclass(frozen=True)
class DensitySteps:
    """Flash extent density by step of `FRAME_MINUTES` of the day, in blocks of cells.

    Attributes:
        side: Cells of 2 km along a side of a block.
        step: Of each block that saw flashes, from 0, rising.
        row: Of the block, in blocks from the north.
        column: Likewise, from the west.
        flashes: Mean of the flashes that touched each cell of the block.
    """

    side: int
    step: Labels
    row: Labels
    column: Labels
    flashes: Floats


@dataclass(frozen=True)
class StormScene:
    """The storms of a day as one satellite saw them.

    Attributes:
        satellite: For example "G18".
        start: Start of the day, UTC.
        end: Its end, exclusive.
        project: Places to columns and rows of the fixed grid.
        subpoint_lon: The middle of the grid, degrees.
        flashes: time, granule_start, lat, lon.
        tracks: As the table storm_tracks, of this satellite.
        points: As storm_track_points.
        rates: As storm_track_rates.
        jumps: As lightning_jumps.
        density: Of the steps; None where there is none.
        total: Of the whole day, as one step; likewise.
        density_words: What of the day the density holds, or why there is none.
        simulated: Whether no instrument saw them.
        loaded: Whether there were granules to find flashes in.
    """

    satellite: str
    start: datetime
    end: datetime
    project: Project
    subpoint_lon: float
    flashes: pa.Table
    tracks: pa.Table
    points: pa.Table
    rates: pa.Table
    jumps: pa.Table
    density: DensitySteps | None
    total: DensitySteps | None
    density_words: str
    simulated: bool = False
    loaded: bool = True

    @property
    def title(self) -> str:
        """The satellite as people write it."""
        return satellite_title(self.satellite, self.simulated)

    @property
    def words(self) -> str:
        """What is there, in a sentence."""
        if not self.loaded and not self.tracks.num_rows:
            return self.absence
        storms, jumps = counted(self.tracks.num_rows, "storm"), counted(self.jumps.num_rows, "lightning jump")
        flashes = f"{self.flashes.num_rows:,} flash{'' if self.flashes.num_rows == 1 else 'es'}"
        return f"{flashes}, {storms}, {jumps}."

    @property
    def absence(self) -> str:
        """Why there are no storms, where there are none."""
        if not self.loaded:
            return "Nothing of this day is loaded."
        if not self.flashes.num_rows:
            return "There were no flashes on this day."
        return "No flashes were close enough, or storm_tracks has not run for this day."

    @cached_property
    def disk(self) -> Disk:
        """The Earth below, in columns and rows."""
        return seen_disk(self.project, self.subpoint_lon)

    @cached_property
    def ranked(self) -> pa.Table:
        """The storms by number of flashes, most first."""
        return self.tracks.sort_by([("flashes", "descending"), ("track", "ascending")])

    def minutes(self, times: pa.ChunkedArray) -> Floats:
        """Minutes since the start of the day."""
        micros = times.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_numpy()
        begin = round(utc(self.start).timestamp() * 1e6)
        return np.asarray((micros - begin) / 60e6, dtype=np.float64)

    def of_storms(self, table: pa.Table) -> list[pa.Table]:
        """The rows of each storm, in the order of `ranked` and of time."""
        time = "frame_time" if "frame_time" in table.column_names else "time"
        rows = table.sort_by([("track", "ascending"), (time, "ascending")])
        return rows_of(rows, "track", self.ranked["track"])
