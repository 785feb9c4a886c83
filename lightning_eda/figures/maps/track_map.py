"""The storms of a day in small: their tracks over the density, in the fixed grid, as on the storm page."""

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from lightning_eda.earth import GRID_SIZE
from lightning_eda.figures.canvas import SOFT_INK, heading, new_figure, notice, picture
from lightning_eda.figures.frames import span_text
from lightning_eda.figures.globe.basemap import COAST, GRID, SEA, fill_land
from lightning_eda.figures.globe.coastlines import Lines, rings
from lightning_eda.figures.maps.density_map import COLORS
from lightning_eda.figures.maps.storm_scene import DensitySteps, StormScene
from lightning_eda.figures.sphere import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAP_BOX = (0.02, 0.06, 0.96, 0.81)
LEAST_CELLS = 300
LEGEND = "Lines are storms, triangles lightning jumps: research, not a warning."
MARGIN = 0.08


def render_track_map(scene: StormScene) -> bytes:
    """The map as a PNG of 1350 by 900 pixels; a day without storms says so."""
    figure = new_figure(9.0, 6.0)
    heading(figure, f"{scene.title} storms", f"{span_text(scene.start, scene.end)}  ·  {scene.words}", 0.02)
    axes = figure.add_axes(MAP_BOX)
    axes.set(xticks=[], yticks=[], facecolor="#FFFFFF")
    _set_limits(axes, scene)
    disk = scene.disk
    axes.fill(*disk.rim, color=SEA, zorder=0)
    land = rings(Lines(lat=disk.land[1], lon=disk.land[0]))
    fill_land(axes, [(ring.lon, ring.lat) for ring in land])
    for line, color in ((disk.coasts, COAST), (disk.grid, GRID)):
        axes.plot(*line, color=color, linewidth=0.5, zorder=2)
    if scene.total is not None:
        _draw_density(axes, scene.total)
    lines = [_places(scene, points) for points in scene.of_storms(scene.points)]
    if lines:
        axes.plot(*np.concatenate(lines, axis=1), color="#111111", linewidth=0.8, zorder=4)
    jumps = scene.project(scene.jumps["lat"].to_numpy(), scene.jumps["lon"].to_numpy())
    axes.scatter(*jumps, marker="^", s=30, c="#FFFFFF", edgecolors="#111111", zorder=5)
    if not scene.tracks.num_rows:
        notice(axes, "No storms", scene.absence)
    figure.text(0.02, 0.02, f"{LEGEND} {scene.density_words}", size=8, color=SOFT_INK)
    return picture(figure)


def _places(scene: StormScene, points: pa.Table) -> Floats:
    """Columns and rows of a storm, with a gap behind it, shape (2, n + 1)."""
    places = scene.project(points["lat"].to_numpy(), points["lon"].to_numpy())
    return np.append(places, [[np.nan], [np.nan]], axis=1)


def _set_limits(axes: "Axes", scene: StormScene) -> None:
    """Around all flashes; the whole Earth without any."""
    column, row = scene.project(scene.flashes["lat"].to_numpy(), scene.flashes["lon"].to_numpy())
    seen = np.isfinite(column + row)
    x, y = (part[seen] if seen.any() else np.array([0.0, GRID_SIZE]) for part in (column, row))
    wide = (1.0 + 2.0 * MARGIN) * max(np.ptp(x), 1.5 * MAP_BOX[2] / MAP_BOX[3] * np.ptp(y), LEAST_CELLS)
    high = wide / (1.5 * MAP_BOX[2] / MAP_BOX[3])
    middle_x, middle_y = (x.min() + x.max()) / 2.0, (y.min() + y.max()) / 2.0
    axes.set_xlim(middle_x - wide / 2.0, middle_x + wide / 2.0)
    axes.set_ylim(middle_y + high / 2.0, middle_y - high / 2.0)


def _draw_density(axes: "Axes", total: DensitySteps) -> None:
    """The blocks as one image, a dot of it as large as a dot of the picture at least."""
    from matplotlib.colors import LinearSegmentedColormap, LogNorm

    if not len(total.flashes):
        return
    dots = max(1, round(np.ptp(axes.get_xlim()) / 1350 / total.side))
    row, column = total.row // dots, total.column // dots
    top, left = row.min(), column.min()
    image = np.zeros((row.max() - top + 1, column.max() - left + 1))
    np.maximum.at(image, (row - top, column - left), total.flashes)
    side = total.side * dots
    extent = (left * side, (left + image.shape[1]) * side, (top + image.shape[0]) * side, top * side)
    axes.imshow(
        np.ma.masked_equal(image, 0.0), extent=extent, zorder=3, interpolation="none", aspect="auto",
        cmap=LinearSegmentedColormap.from_list("density", COLORS), norm=LogNorm(1.0, max(10.0, image.max())),
    )  # fmt: skip
