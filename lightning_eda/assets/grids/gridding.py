"""Steps of `flash_density`: the grids of an hour, and what they look like."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lightning_eda.errors import GridError
from lightning_eda.glm.paths import WindowFolders
from lightning_eda.glm.windows import Window
from lightning_eda.texts import counted

if TYPE_CHECKING:
    from lightning_eda.figures import DensityScene
    from lightning_eda.glm.extract.record import Extraction
    from lightning_eda.glm.transform.decoder import Decoder
    from lightning_eda.grids.density import Density
    from lightning_eda.grids.hour import HourGrids


def grid_hour(
    extraction: "Extraction", decoder: "Decoder", own_satellites: Collection[str], sums: Sequence[int]
) -> "HourGrids":
    """Decodes the granules of an hour and writes the grids of each satellite.

    Args:
        extraction: The granules.
        decoder: The process that decodes.
        own_satellites: Satellites that have grids even where no granule was found: empty ones.
        sums: Minutes of longer steps to write too; files of others that earlier runs left are removed.

    Raises:
        StorageError: The data folder cannot be written.
        DecoderError: The decoder does not work.
    """
    import pyarrow.compute as pc

    from lightning_eda.glm.transform.event_file import decode_events
    from lightning_eda.glm.transform.hour import satellites_gone
    from lightning_eda.grids.density import DensityBuilder
    from lightning_eda.grids.hour import HourGrids
    from lightning_eda.storage.scratch import scratch_folder

    satellites = {*extraction.satellites, *satellites_gone(extraction, own_satellites)}
    builders = {satellite: DensityBuilder() for satellite in sorted(satellites)}
    refused: dict[str, str] = {}
    granules = from_group = 0
    with scratch_folder(extraction.folders.data_dir / "scratch") as scratch:
        events = decode_events(extraction, decoder, scratch)
        for header, rows in events:
            try:
                builders[header.satellite].add(header.granule_start, header.subpoint_lon, rows)
            except GridError as error:
                refused[str(header.name)] = str(error)
                continue
            granules += 1
            from_group += pc.sum(rows.column("energy_from_group")).as_py() or 0
    densities = {satellite: builder.finish() for satellite, builder in builders.items()}
    files = [
        path
        for satellite, density in densities.items()
        for path in _write(extraction, satellite, density, sums)
    ]
    return HourGrids(
        extraction.folders.hour,
        densities,
        tuple(files),
        granules,
        len(extraction.gaps),
        {**events.refused, **refused},
        from_group,
    )


def _write(extraction: "Extraction", satellite: str, density: "Density", sums: Sequence[int]) -> list[Path]:
    from lightning_eda.grids.density import summed
    from lightning_eda.grids.files import LONGER_STEPS, density_path, write_density
    from lightning_eda.storage.atomic import remove_file

    place = extraction.folders
    path = density_path(place.data_dir, place.hour, satellite)
    write_density(path, density.table, density)
    written = [path]
    for minutes in LONGER_STEPS:
        longer = density_path(place.data_dir, place.hour, satellite, minutes)
        if minutes in sums:
            write_density(longer, summed(density.table, minutes), density)
            written.append(longer)
        else:
            remove_file(longer)
    return written


def numbers(grids: "HourGrids") -> dict[str, int | float]:
    """What adds up over hours, for the report of a run."""
    densities = grids.densities.values()
    return {
        "dagster/row_count": sum(density.table.num_rows for density in densities),
        "granules": grids.granules,
        "granules_missing": grids.missing,
        "granules_refused": len(grids.refused),
        "events": sum(density.events for density in densities),
        "events_unseen": sum(density.unseen for density in densities),
        "events_without_flash": sum(density.without_flash for density in densities),
        "energies_unknown": sum(density.without_energy for density in densities),
        "energies_from_group": grids.energies_from_group,
        "sensor_pixels": sum(density.pixels for density in densities),
        "energy_j": sum(density.energy_j for density in densities),
        "size_bytes": sum(path.stat().st_size for path in grids.files),
    }


def warnings(grids: "HourGrids") -> Iterator[str]:
    """What a person should know of an hour."""
    hour = f"{grids.hour:%Y-%m-%dT%HZ}"
    for name, reason in grids.refused.items():
        yield f"{hour}: not in the grids: {name}: {reason.removeprefix(f'{name}: ')}"
    unknown = sum(density.without_energy for density in grids.densities.values())
    if unknown:
        yield f"{hour}: the energy of {counted(unknown, 'event')} is not known and counts as 0"
    if not grids.densities:
        yield f"{hour}: nothing of the product is at its source, so no grid was written"


def density_pictures(
    data_dir: Path, hour: datetime, satellites: Collection[str]
) -> dict[str, tuple[bytes, str]]:
    """A small map of an hour for each satellite, and what it shows in words; the maps go to figures too."""
    from lightning_eda import figures

    maps = draw_density(data_dir, Window.of_hour(hour), satellites)
    return {satellite: (figures.thumbnail(png), words) for satellite, (png, words) in maps.items()}


def draw_density(data_dir: Path, window: Window, satellites: Collection[str]) -> dict[str, tuple[bytes, str]]:
    """Writes the map of a window for each satellite that has grids of any of its hours.

    Returns:
        By satellite the PNG and what it shows in words.

    Raises:
        StorageError: The folder of figures cannot be written.
    """
    from lightning_eda import figures
    from lightning_eda.storage.atomic import write_atomic

    maps = {}
    for satellite in sorted(satellites):
        scene = _scene(data_dir, window, satellite)
        if scene is not None:
            png = figures.render_density_map(scene)
            write_atomic(map_path(data_dir, window, satellite), png)
            maps[satellite] = (png, scene.words)
    return maps


def drawn_density(
    data_dir: Path, window: Window, satellites: Collection[str]
) -> dict[str, tuple[bytes, str]]:
    """As `draw_density`, but takes a map that is newer than the grids: that of an hour is there already."""
    from lightning_eda.figures import described
    from lightning_eda.grids.files import density_path

    maps = {}
    for satellite in satellites:
        grids = [density_path(data_dir, hour, satellite) for hour in window.hours()]
        drawn = map_path(data_dir, window, satellite)
        times = [path.stat().st_mtime_ns for path in grids if path.exists()]
        if times and drawn.exists() and drawn.stat().st_mtime_ns >= max(times):
            png = drawn.read_bytes()
            if words := described(png):
                maps[satellite] = (png, words)
    drawn_now = draw_density(data_dir, window, {*satellites} - maps.keys())
    return dict(sorted((maps | drawn_now).items()))


def map_path(data_dir: Path, window: Window, satellite: str) -> Path:
    """Where the map of a window is."""
    return WindowFolders(data_dir, window.start, window.end).figures / f"density_{satellite}.png"


def _scene(data_dir: Path, window: Window, satellite: str) -> "DensityScene | None":
    from lightning_eda.figures import DensityScene
    from lightning_eda.glm.origin import window_is_simulated
    from lightning_eda.grids.files import OneGrid, saved_density, total_density
    from lightning_eda.grids.fixed_grid import cell_corners

    grids = OneGrid(saved_density(data_dir, window.hours(), satellite))
    found = total_density(grids)
    if found is None:
        return None
    flashes, rows, columns = (found.table[name].to_numpy() for name in ("flash_extent_density", "row", "col"))
    corners = cell_corners(rows, columns, found.slot, found.equator_m)
    simulated = window_is_simulated(data_dir, window, [satellite])
    made, hours = grids.hours + len(grids.elsewhere), sum(1 for _ in window.hours())
    left_out = grids.left_out + (f" {made} of {hours} hours have grids." if made < hours else "")
    gridded = found.granule_minutes != ()  # None in files of before they were kept
    return DensityScene(satellite, window.start, window.end, *corners, flashes, simulated, left_out, gridded)
