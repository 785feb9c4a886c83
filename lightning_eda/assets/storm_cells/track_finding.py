"""Steps of `storm_tracks` and `lightning_jumps`: the storms of a day, known by the days before."""

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import dagster as dg
from pydantic import Field

from lightning_eda.assets.storm_cells.pair_finding import (
    TABLES_ASKED,
    day_flashes,
    day_window,
    satellites_of_day,
)
from lightning_eda.glm.paths import WindowFolders
from lightning_eda.reporting import DROP_ARTIFACTS, SATELLITES, RunConfig
from lightning_eda.resources.lake import LEDGER_ONLY
from lightning_eda.series.storms import STORM_TRACK_POINTS, STORM_TRACK_RATES, STORM_TRACKS

if TYPE_CHECKING:
    from lightning_eda.clustering.storms.track_tables import TrackTables
    from lightning_eda.warehouse.queries import Database

Hours: TypeAlias = "Callable[[datetime, datetime, Collection[str]], AbstractContextManager[Database]]"
"""Gives some tables of the hours [start, end): `LakeResource.hours` with its database."""
FIRST_LOOK_BACK, MOST_LOOK_BACK = timedelta(hours=6), timedelta(hours=96)
SURE_AFTER = timedelta(hours=2)  # what is remembered of a storm at most: it may have come out of another
DAY = timedelta(days=1)
MOST_DAYS_AGAIN = 31
NO_TRACKS = "no storm is in storm_tracks for this day, and no run of it is known: run it first"


class StormTracksConfig(RunConfig):
    """What a storm is in a frame of five minutes."""

    window_minutes: int = Field(
        10, ge=6, le=60, description="The flashes of a frame are those of so many minutes before its end."
    )
    eps_km: float = Field(12.0, gt=0, le=100, description="Flashes so near each other are of one storm, km.")
    min_samples: int = Field(3, ge=2, description="Neighbours of a core flash, itself included.")
    satellites: list[str] = SATELLITES
    drop_artifacts: bool = DROP_ARTIFACTS


@dataclass(frozen=True)
class FoundTracks:
    """The storms of a day.

    Attributes:
        day: The day.
        tables: What they are like.
        flashes: Flashes of the day.
        look_back: How far before the day flashes were read.
        sure: Whether every storm was born after that; else its name may be that of a later moment.
        granules: How much of the day is loaded, in words.
        changed: Whether the database held something else.
    """

    day: date
    tables: "TrackTables"
    flashes: int
    look_back: timedelta
    sure: bool
    granules: str
    changed: bool


def tracks_are_known(instance: dg.DagsterInstance, database: Path, day: date) -> bool:
    """Whether the storms of a day are in the tables, or a run of `storm_tracks` found that it has none."""
    from lightning_eda.warehouse.track_queries import tracks_are_made

    runs = dg.AssetRecordsFilter(asset_key=dg.AssetKey("storm_tracks"), asset_partitions=[str(day)])
    return tracks_are_made(database, day) or bool(instance.fetch_materializations(runs, limit=1).records)


def replace_days(
    hours: Hours, database: Path, data_folder: Path, day: date, config: StormTracksConfig
) -> Iterator[FoundTracks]:
    """Finds the storms of a day, and again those of the days after it whose storms change by that.

    So the tables are the same from any order in which days are loaded and tracked.

    Args:
        hours: Where the flashes are.
        database: Where the storms go.
        data_folder: The data folder.
        day: The day.
        config: What a storm is.

    Raises:
        SettingError: A satellite is not loaded though others are.
        WarehouseError: The database cannot be read or written.
        LakeError: The lake cannot be read.
    """
    from lightning_eda.warehouse.track_queries import tracks_are_made

    for number in range(MOST_DAYS_AGAIN):
        now = day + number * DAY
        if number and not tracks_are_made(database, now):
            return
        found = _replace_day(hours, database, day_window(data_folder, now), config)
        yield found
        if number and not found.changed:
            return


def _replace_day(
    hours: Hours, database: Path, place: WindowFolders, config: StormTracksConfig
) -> FoundTracks:
    from lightning_eda.warehouse.writing.day_rows import replace_day

    with hours(place.start, place.end, LEDGER_ONLY) as loaded:
        satellites, granules, _ = satellites_of_day(loaded, place, config.satellites)
    tables, flashes, look_back, sure = _find(hours, place, satellites, config)
    day = place.start.date()
    given = {STORM_TRACKS: tables.tracks, STORM_TRACK_POINTS: tables.points, STORM_TRACK_RATES: tables.rates}
    changed = replace_day(database, day, given)
    return FoundTracks(day, tables, flashes, look_back, sure, granules, changed)


def _find(
    hours: Hours, place: WindowFolders, satellites: list[str], config: StormTracksConfig
) -> "tuple[TrackTables, int, timedelta, bool]":
    """The storms; flashes are read from so far back that the birth of each is among them."""
    import pyarrow.compute as pc

    from lightning_eda.clustering.storms.frames import FrameOptions
    from lightning_eda.clustering.storms.track_tables import track_storms

    options = FrameOptions(config.window_minutes, config.eps_km, config.min_samples)
    look_back, before = FIRST_LOOK_BACK, -1
    while True:
        first = place.start - look_back
        span = WindowFolders(place.data_dir, first, place.end)
        with hours(span.start, span.end, TABLES_ASKED) as loaded:
            rows = day_flashes(loaded, span, satellites, config.drop_artifacts).rows
        edges = (microseconds(first), microseconds(place.start), microseconds(place.end))
        tables = track_storms(rows, *edges, options)
        sure = tables.oldest_us is None or tables.oldest_us > microseconds(first + SURE_AFTER)
        earlier = rows.filter(pc.field("granule_start") < place.start.replace(tzinfo=None)).num_rows
        if sure or earlier == before or look_back >= MOST_LOOK_BACK:
            return tables, rows.num_rows - earlier, look_back, sure or earlier == before
        look_back, before = 2 * look_back, earlier


def microseconds(moment: datetime) -> int:
    """Since 1970, UTC."""
    return round((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
