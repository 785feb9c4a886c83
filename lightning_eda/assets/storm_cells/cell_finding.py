"""Steps of `storm_cells`: the clusters of a day's pairs, what they are like, and the figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from lightning_eda.assets.storm_cells.pair_finding import day_flashes, note_path, satellites_of_day
from lightning_eda.errors import ObjectNotFoundError, PairsError, SettingError
from lightning_eda.glm.paths import WindowFolders
from lightning_eda.reporting import RunConfig

if TYPE_CHECKING:
    import pyarrow as pa

    from lightning_eda.clustering.storms.pairs_note import PairsNote
    from lightning_eda.figures.globe.features import Geometry
    from lightning_eda.settings import DistanceSettings
    from lightning_eda.storage.object_store import ObjectStore
    from lightning_eda.warehouse.queries import Database
    from lightning_eda.warehouse.stale_days import DayState


class StormCellsConfig(RunConfig):
    """What makes a cell."""

    eps_km: float = Field(
        12.0,
        ge=0,
        description="Flashes of a pair at most so far apart are neighbours, km; up to max_km of flash_pairs.",
    )
    min_samples: int = Field(
        5,
        ge=2,
        description="Neighbours of a core flash, itself included. Not 1: a flash alone is in no pair.",
    )


@dataclass(frozen=True)
class FoundCells:
    """The storm cells of a day.

    Attributes:
        note: How the pairs were found.
        flashes: All flashes with their cell, -1 for those in none.
        cells: What each cell is like.
        key: The object with the clusters.
        eps_km: Largest distance of neighbours.
        min_samples: Neighbours of a core flash.
        granules: How much of the day is loaded of the satellites that were asked for, in words.
        loaded: Whether any of it is.
    """

    note: "PairsNote"
    flashes: "pa.Table"
    cells: "pa.Table"
    key: str
    eps_km: float
    min_samples: int
    granules: str
    loaded: bool

    @property
    def inside(self) -> "pa.Table":
        """The flashes that are in a cell."""
        import pyarrow.compute as pc

        return self.flashes.filter(pc.greater_equal(self.flashes["cell"], 0))

    @property
    def noise_share(self) -> float:
        """The share of the flashes that is in no cell."""
        count = self.flashes.num_rows
        return (count - self.inside.num_rows) / count if count else 0.0

    def largest(self, number: int) -> "pa.Table":
        """The cells with most flashes."""
        order = [("flashes", "descending"), ("cell", "ascending")]
        return self.cells.sort_by(order).slice(0, number)


@dataclass(frozen=True)
class Drawings:
    """The map to print, the page to explore, a small map, files for GIS programs; whose flashes they are."""

    map: Path
    page: Path
    thumbnail: bytes
    shapes: list[Path]
    source: str


def find_cells(
    database: "Database",
    store: "ObjectStore",
    settings: "DistanceSettings",
    place: WindowFolders,
    config: StormCellsConfig,
) -> FoundCells:
    """Clusters the pairs of a day, replaces the clusters in the store, and looks the flashes up.

    Raises:
        SettingError: `eps_km` is beyond what the pairs reach, or a folder is not allowed.
        PairsError: The pairs are not those that `flash_pairs` wrote last, or cannot be trusted.
        PointsError: `flash_pairs` has not run for the day, or the flashes were loaded anew since.
        StorageError: The store cannot be read or written.
        WarehouseError: The database cannot be read.
    """
    from lightning_eda.cluster_days import ClusterTask, cluster_day, read_pairs, require_apart
    from lightning_eda.clustering.storms.cells import flash_items, label_flashes, require_flashes, storm_cells
    from lightning_eda.clustering.storms.pairs_note import read_note

    day, note = place.start.date(), read_note(note_path(place))
    _require_reach(config, note)
    require_apart(settings)
    source, target = settings.flash_pairs_folder.strip("/"), settings.storm_cells_folder.strip("/")
    task = ClusterTask(source, target, False, None, "DBSCAN", config.eps_km, config.min_samples, {})
    _require_own_pairs(store, note)
    rows = day_flashes(database, place, note.satellites, note.drop_artifacts).rows
    items = flash_items(rows)
    graph = read_pairs(store, task, day)
    require_flashes(graph.items, items)  # before anything is written
    done = cluster_day(store, task, day, graph)
    labelled = label_flashes(rows, items, graph.items, done.labels)
    _, granules, loaded = satellites_of_day(database, place, note.satellites)
    cells, eps_km, least = storm_cells(labelled), config.eps_km, config.min_samples
    return FoundCells(note, labelled, cells, done.written.key, eps_km, least, granules, loaded)


def _require_reach(config: StormCellsConfig, note: "PairsNote") -> None:
    if config.eps_km > note.max_km:
        raise SettingError(
            "eps_km",
            config.eps_km,
            f"at most {note.max_km:g}, the max_km of this day's flash_pairs",
            "Pairs farther apart are not in its list: choose a smaller eps_km, or run flash_pairs again "
            "with a larger max_km.",
        )


def _require_own_pairs(store: "ObjectStore", note: "PairsNote") -> None:
    """The object is the one the note is on: other pairs may have been found with other limits."""
    try:
        found = store.stat_object(note.key).info.etag
    except ObjectNotFoundError:
        found = None
    if found != note.etag:
        seen = "is not there" if found is None else "was written by another since"
        raise PairsError(f"{store.url(note.key)} {seen}: run flash_pairs for this day again")


def made_of(note: "PairsNote", day: date) -> "DayState | None":
    """What the ledger held of the day when its pairs were found; None for a note of before that was noted."""
    from lightning_eda.warehouse.stale_days import DayState

    if note.granules is None:
        return None
    return DayState(
        day, note.granules, datetime.fromisoformat(note.last_loaded_at) if note.last_loaded_at else None
    )


def draw_cells(found: FoundCells, place: WindowFolders) -> Drawings:
    """Writes the map, the page, and the cells for GIS programs."""
    from lightning_eda import figures
    from lightning_eda.figures.maps.storm_map import render_cell_page, render_storm_map
    from lightning_eda.figures.maps.storm_shapes import cell_shapes
    from lightning_eda.glm.origin import window_is_simulated
    from lightning_eda.glm.windows import Window
    from lightning_eda.storage.atomic import write_atomic

    satellites = found.flashes["satellite"].unique().to_pylist()
    scene = figures.Scene(
        ", ".join(satellites) or "GOES",
        place.start,
        place.end,
        _as_clusters(found.flashes),
        _as_clusters(found.cells),
        simulated=window_is_simulated(place.data_dir, Window(place.start, place.end), satellites),
        loaded=found.loaded,
    )
    image, page = place.figures / "storm_cells.png", place.figures / "storm_cells.html"
    png = render_storm_map(scene, f"granules: {found.granules}")
    write_atomic(image, png)
    write_atomic(page, render_cell_page(scene).encode())
    around = cell_shapes(found.cells, found.flashes)
    shapes = write_shapes(place.figures, "storm_cells", found.cells, around)
    return Drawings(image, page, figures.thumbnail(png), shapes, scene.source)


def _as_clusters(table: "pa.Table") -> "pa.Table":
    return table.rename_columns(["cluster" if name == "cell" else name for name in table.column_names])


def write_shapes(folder: Path, name: str, table: "pa.Table", shapes: "Sequence[Geometry]") -> list[Path]:
    """Writes a table with shapes as GeoJSON and GeoParquet, for GIS programs; StorageError if refused."""
    from lightning_eda.figures.globe.features import geojson, geoparquet
    from lightning_eda.storage.atomic import write_atomic

    paths = [folder / f"{name}.geojson", folder / f"{name}.parquet"]
    for path, content in zip(paths, (geojson, geoparquet), strict=True):
        write_atomic(path, content(table, shapes))
    return paths
