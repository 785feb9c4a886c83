"""Steps of `storm_page`: what the tables, the flashes and the density grids hold of a day, on one page."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lightning_eda.earth import subpoint_lon
from lightning_eda.glm.paths import WindowFolders
from lightning_eda.glm.windows import Window
from lightning_eda.series import HOUR
from lightning_eda.series.storms import FRAME_MINUTES

if TYPE_CHECKING:
    import pyarrow as pa

    from lightning_eda.figures import StormScene
    from lightning_eda.warehouse.queries import Database

MOST_BLOCKS = 3_000_000  # about 5 MB of the page
NO_SATELLITE = "GOES"  # of a day on which none saw a flash
NO_DENSITY = "No density: flash_density has not run for the hours of this day."


@dataclass(frozen=True)
class StormPage:
    """The page, what is on it, a small map of each satellite, and the files for GIS programs."""

    path: Path
    scenes: "list[StormScene]"
    thumbnails: dict[str, bytes]
    shapes: list[Path]


def make_page(
    hours: "Database", tables: "dict[str, pa.Table]", place: WindowFolders, drop_artifacts: bool
) -> StormPage:
    """Writes the page of a day, and its storms for GIS programs.

    Args:
        hours: Where the flashes are.
        tables: `tracks_of_day`.
        place: The day.
        drop_artifacts: Whether flashes of a stuck pixel are left out.

    Raises:
        WarehouseError: The flashes cannot be read.
        GridError: A file of grids cannot be read.
        StorageError: The page cannot be written.
    """
    import pyarrow.compute as pc

    from lightning_eda import figures
    from lightning_eda.assets.storm_cells.cell_finding import write_shapes
    from lightning_eda.assets.storm_cells.pair_finding import day_flashes
    from lightning_eda.figures.maps.storm_shapes import point_shapes, track_shapes
    from lightning_eda.storage.atomic import write_atomic
    from lightning_eda.warehouse.queries import hour_counts

    tracks, points = tables["storm_tracks"], tables["storm_track_points"]
    # A storm may be found on this day to have been over before.
    tables = {**tables, "storm_tracks": tracks.filter(pc.is_in(tracks["track"], points["track"]))}
    flashes = day_flashes(hours, place, [], drop_artifacts).rows
    satellites = {*flashes["satellite"].to_pylist(), *tables["storm_tracks"]["satellite"].to_pylist()}
    of_day = (flashes, *tables.values())
    loaded = set(hour_counts(hours, place.start, place.end)["satellite"].to_pylist())
    scenes = [
        _scene(place, satellite, of_day, satellite in loaded or (satellite == NO_SATELLITE and bool(loaded)))
        for satellite in sorted(satellites) or [NO_SATELLITE]
    ]
    path = place.figures / "storms.html"
    write_atomic(path, figures.render_storm_page(scenes).encode())
    maps = {one.satellite: figures.thumbnail(figures.render_track_map(one)) for one in scenes}
    tracks = tables["storm_tracks"]
    shapes = write_shapes(place.figures, "storm_tracks", tracks, track_shapes(tracks, points))
    shapes += write_shapes(place.figures, "storm_track_points", points, point_shapes(points))
    return StormPage(path, scenes, maps, shapes)


def _scene(place: WindowFolders, satellite: str, of_day: "Sequence[pa.Table]", loaded: bool) -> "StormScene":
    """What is of a satellite, from all flashes, tracks, points, rates and jumps of the day."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from lightning_eda.figures import DensitySteps, StormScene
    from lightning_eda.glm.origin import window_is_simulated
    from lightning_eda.grids.blocks import density_blocks
    from lightning_eda.grids.files import OneGrid, saved_density
    from lightning_eda.grids.fixed_grid import SLOTS, lightning_equator, to_grid

    grids = OneGrid(saved_density(place.data_dir, Window(place.start, place.end).hours(), satellite))
    blocks = density_blocks((file.table for file in grids), place.start, FRAME_MINUTES, MOST_BLOCKS)
    lon = subpoint_lon(satellite)
    slot = grids.slot or min(SLOTS, key=lambda name: abs(SLOTS[name] - lon))
    equator_m = grids.equator_m or lightning_equator(place.start)
    name = pa.scalar(satellite, pa.string())
    flashes, tracks, points, rates, jumps = (t.filter(pc.equal(t["satellite"], name)) for t in of_day)
    return StormScene(
        satellite,
        place.start,
        place.end,
        partial(to_grid, slot_lon=SLOTS[slot], equator_m=equator_m),
        SLOTS[slot],
        flashes,
        tracks,
        points,
        rates,
        jumps,
        density=DensitySteps(*blocks) if grids.hours else None,
        total=DensitySteps(*blocks.total()),
        density_words=f"Density of {grids.hours} of 24 hours.{grids.left_out}" if grids.hours else NO_DENSITY,
        # A storm of the evening before may have no flashes on the day.
        simulated=window_is_simulated(place.data_dir, Window(place.start - HOUR, place.end), [satellite]),
        loaded=loaded,
    )
