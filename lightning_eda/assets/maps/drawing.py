"""Steps of `cluster_map`: labels for the rows, and every figure of a window."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lightning_eda.glm.paths import WindowFolders
from lightning_eda.glm.windows import Window
from lightning_eda.reporting import granules_told
from lightning_eda.resources import LakeResource, WarehouseResource
from lightning_eda.series import HOUR

if TYPE_CHECKING:
    import pyarrow as pa

    from lightning_eda.assets.evaluators.scores import Fitted
    from lightning_eda.clustering.window.clean_file import CleanWindow
    from lightning_eda.figures import Blades, Evaluation


@dataclass(frozen=True)
class ClusteredWindow:
    """The rows of a window with their clusters.

    Attributes:
        clean: The rows and how they came to be.
        rows: The rows with the column `cluster`; -1 where nothing was clustered.
        table: One row a cluster: where it lies, how large and active it is.
        centers: k, cluster, lat, lon, n.
        labels: satellite, granule_start, flash_id, cluster of each flash; None where the rows are no flashes
            or only a sample.
    """

    clean: "CleanWindow"
    rows: "pa.Table"
    table: "pa.Table"
    centers: "pa.Table"
    labels: "pa.Table | None"


@dataclass(frozen=True)
class Figures:
    """The files of a window, by what they are; a small picture of the map; where its points come from."""

    paths: dict[str, Path]
    thumbnail: bytes
    source: str


def read_window(
    lake: LakeResource, warehouse: WarehouseResource, window: Window
) -> tuple["pa.Table", "pa.Table"]:
    """The scores of a window, and the granules of its hours; without a lake of one state of the database."""
    from lightning_eda.warehouse.queries import hour_counts, reading
    from lightning_eda.warehouse.writing.cluster_tables import read_scores

    start, end = window.start, window.end
    with reading(warehouse.file()) as opened:
        scores = read_scores(opened, start, end)
        counts = hour_counts(opened, start, end)
    if lake.is_set():
        with lake.open_hours(warehouse, start, end) as hours:
            counts = hours.counts()
    return scores, counts


def cluster_rows(fitted: "Fitted", window: Window, k: int | None) -> ClusteredWindow:
    """The rows with their cluster at k; without a k, no row has one."""
    from lightning_eda.clustering.window.summary import cluster_table, label_rows

    clean = fitted.clean
    rows, centers = label_rows(clean, fitted.sweep, k)
    table = cluster_table(rows, centers, window.start, window.end)
    all_flashes = clean.tier == "flash" and clean.cells is None
    labels = rows.select(["satellite", "granule_start", "flash_id", "cluster"]) if all_flashes else None
    return ClusteredWindow(clean, rows, table, centers, labels)


def read_blades(place: WindowFolders, fitted: "Fitted", evaluation: "Evaluation") -> "Blades | None":
    """The silhouettes of the clusters at the chosen k; None where they were not scored."""
    from lightning_eda.clustering.window.silhouette_file import read_silhouettes
    from lightning_eda.figures import Blades

    k = evaluation.chosen_k
    found = None if k is None else read_silhouettes(place.silhouettes, k, fitted.fit.fit)
    if found is None:
        return None
    (overall,) = evaluation.column("silhouette")[evaluation.column("k") == k]
    return Blades(found.histogram, found.mean, float(overall))


def draw_figures(
    place: WindowFolders,
    window: Window,
    clustered: ClusteredWindow,
    evaluation: "Evaluation",
    granules: "pa.Table",
    blades: "Blades | None",
) -> Figures:
    """Writes the map, the map to explore, the curves, the animation of a longer window, and the report."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from lightning_eda import figures
    from lightning_eda.assets.grids.gridding import drawn_density
    from lightning_eda.storage.atomic import remove_file, write_atomic

    clean = clustered.clean
    if clean.chosen:
        granules = granules.filter(pc.is_in(granules["satellite"], pa.array(clean.chosen)))
    scene = figures.Scene(
        clean.satellites or "GOES",
        window.start,
        window.end,
        clustered.rows,
        clustered.table,
        clean.tier,
        total=clean.kept,
        simulated=is_simulated(place, window, clean),
        loaded=any(granules["granules"].to_pylist()),
    )
    contents = {"map": ("map.png", figures.render_cluster_map(scene))}
    contents["curves"] = ("curves.png", figures.render_curves(evaluation))
    silhouettes = None if blades is None else figures.render_silhouettes(scene, blades)
    if silhouettes is not None:
        contents["cluster_silhouettes"] = ("cluster_silhouettes.png", silhouettes)
    else:
        remove_file(place.figures / "cluster_silhouettes.png")
    contents["interactive_map"] = ("map.html", figures.render_interactive_map(scene).encode())
    links = {"Interactive map": "map.html"}
    if window.end - window.start > HOUR:
        contents["animation"] = ("animation.gif", figures.render_animation(scene))
        links["Animation, hour by hour"] = "animation.gif"
    else:
        remove_file(place.figures / "animation.gif")
    densities = drawn_density(place.data_dir, window, clean.satellites.split(", "))
    report = figures.render_report(
        scene,
        evaluation,
        links=links,
        details={"Granules": granules_told(granules, sum(1 for _ in window.hours()))} | _details(clean),
        map_png=contents["map"][1],
        curves_png=contents["curves"][1],
        densities=list(densities.values()),
        silhouettes_png=silhouettes,
    )
    contents["report"] = ("report.html", report.encode())
    for name, content in contents.values():
        write_atomic(place.figures / name, content)
    paths = {kind: place.figures / name for kind, (name, _) in contents.items()}
    return Figures(paths, figures.thumbnail(contents["map"][1]), scene.source)


def is_simulated(place: WindowFolders, window: Window, clean: "CleanWindow") -> bool:
    """Whether the rows come from the simulator, as far as their granules are still there."""
    from lightning_eda.glm.origin import window_is_simulated

    return window_is_simulated(place.data_dir, window, clean.satellites.split(", "))


def _details(clean: "CleanWindow") -> dict[str, str]:
    """How the report was made, for its last section."""
    dropped = {f"Dropped: {reason}": f"{count:,}" for reason, count in clean.dropped.items() if count}
    features = ", ".join(clean.spec.features)
    return {
        "Rows read": f"{clean.read:,}",
        **dropped,
        "Rows clustered": f"{clean.kept:,}",
        **({"Rows drawn (a sample)": f"{clean.rows.num_rows:,}"} if clean.cells is not None else {}),
        "Geometry": clean.spec.geometry,
        **({"Features": f"{features} ({clean.spec.normalisation})"} if features else {}),
    }
