"""The grids of an hour as Parquet: `<data>/grids/<YYYY-MM-DDTHH>/<satellite>.parquet`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa

from lightning_eda.errors import GridError
from lightning_eda.grids.density import SCHEMA, Density, minute_number, summed
from lightning_eda.storage.atomic import open_atomic
from lightning_eda.texts import counted

LONGER_STEPS = (5, 60)
"""Minutes of the sums that can be written beside the minutes."""
SLOT, EQUATOR, GRANULES = b"slot", b"lightning_equator_m", b"granule_minutes"


@dataclass(frozen=True)
class GridFile:
    """What a file holds.

    Attributes:
        table: `density.SCHEMA`.
        slot: Whose grid it is; None where there was no event.
        equator_m: Equatorial radius of the lightning ellipsoid, m; likewise.
        granule_minutes: As `Density`; None where the file is from before they were kept.
    """

    table: pa.Table
    slot: str | None
    equator_m: float | None
    granule_minutes: tuple[int, ...] | None

    def between(self, start: datetime, end: datetime) -> Self:
        """The steps from one time until another, the end not included."""
        minutes = self.table["minute"].to_numpy()
        first, last = (np.datetime64(time.replace(tzinfo=None), "us") for time in (start, end))
        kept = pa.array((minutes >= first) & (minutes < last))
        minutes_seen = self.granule_minutes
        if minutes_seen is not None:
            minutes_seen = tuple(n for n in minutes_seen if minute_number(start) <= n < minute_number(end))
        return replace(self, table=self.table.filter(kept), granule_minutes=minutes_seen)


def density_path(data_dir: Path, hour: datetime, satellite: str, minutes: int = 1) -> Path:
    """Where the grids of an hour are: `G18.parquet`, those of 5 minutes in `G18_5min.parquet`."""
    ending = "" if minutes == 1 else f"_{minutes}min"
    return data_dir / "grids" / f"{hour:%Y-%m-%dT%H}" / f"{satellite}{ending}.parquet"


def write_density(path: Path, table: pa.Table, density: Density) -> None:
    """Writes a table of grids whole or not at all.

    Args:
        path: Where.
        table: Its minutes, or the sums of them.
        density: What it is of.

    Raises:
        StorageError: The system refused.
    """
    import pyarrow.parquet as pq

    about = {
        SLOT: density.slot or "",
        EQUATOR: str(density.equator_m or ""),
        GRANULES: ",".join(map(str, density.granule_minutes)),
    }
    with open_atomic(path) as file:
        # Without dictionaries, for numbers that hardly repeat: 40 % smaller in a third of the time.
        pq.write_table(table.replace_schema_metadata(about), file, compression="zstd", use_dictionary=False)


def read_density(path: Path) -> GridFile:
    """A file of grids.

    Raises:
        GridError: It is absent, or not such a file.
    """
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
        about = table.schema.metadata or {}
        slot, equator = about[SLOT].decode(), about[EQUATOR].decode()
        seen = about.get(GRANULES)
        minutes = None if seen is None else tuple(int(one) for one in seen.decode().split(",") if one)
        return GridFile(table.cast(SCHEMA), slot or None, float(equator) if equator else None, minutes)
    except FileNotFoundError as error:
        raise GridError(f"{path} is absent: run flash_density for this hour first") from error
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise GridError(f"{path} cannot be read ({error}): run flash_density for this hour again") from error


def total_density(files: Iterable[GridFile]) -> GridFile | None:
    """All grids of some files in one, held one file at a time; None without a file.

    Raises:
        GridError: The satellite moved to another slot in between.
    """
    total: GridFile | None = None
    for file in files:
        if total is None:
            total = replace(file, table=summed(file.table, None))
            continue
        if total.slot and file.slot and total.slot != file.slot:
            raise GridError(f"the satellite was at {total.slot}, then at {file.slot}: take a shorter window")
        table = summed(pa.concat_tables([total.table, file.table]), None)
        both = total.granule_minutes, file.granule_minutes
        minutes = None if None in both else tuple(sorted(n for part in both for n in part or ()))
        total = GridFile(table, total.slot or file.slot, total.equator_m or file.equator_m, minutes)
    return total


def saved_density(data_dir: Path, hours: Iterable[datetime], satellite: str) -> Iterator[GridFile]:
    """The grids of those hours that have some; GridError of one that cannot be read."""
    paths = (density_path(data_dir, hour, satellite) for hour in hours)
    return (read_density(path) for path in paths if path.exists())


class OneGrid:
    """The files of a satellite that are on one grid, where it moved to another slot in between.

    Args:
        files: Those of its hours, in their order; held one at a time.

    Attributes:
        slot: Of the first file that has one; None before.
        equator_m: Likewise.
        hours: How many files were on it.
        elsewhere: The slot of each file that was left out.
    """

    def __init__(self, files: Iterable[GridFile]) -> None:
        self.slot: str | None = None
        self.equator_m: float | None = None
        self.hours = 0
        self.elsewhere: list[str] = []
        self._files = files

    def __iter__(self) -> Iterator[GridFile]:
        """The files, once."""
        for file in self._files:
            self.slot, self.equator_m = self.slot or file.slot, self.equator_m or file.equator_m
            if file.slot and file.slot != self.slot:
                self.elsewhere.append(file.slot)
            else:
                self.hours += 1
                yield file

    @property
    def left_out(self) -> str:
        """What was left out, as a sentence with a space before it; empty where nothing was."""
        if not self.elsewhere:
            return ""
        are = "is" if len(self.elsewhere) == 1 else "are"
        return f" {counted(len(self.elsewhere), 'hour')} on the grid of {self.elsewhere[0]} {are} left out."
