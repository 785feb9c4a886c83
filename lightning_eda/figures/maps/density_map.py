"""Flash extent density on a map: how many flashes touched each cell of the fixed grid.

The colours run from dark to light as forecasters' displays of it do, on a logarithmic scale, since the
density of a storm is a hundred times that of its edge; their lightness alone tells them apart.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lightning_eda.earth import subpoint_lon
from lightning_eda.figures.canvas import SOFT_INK, heading, new_figure, notice, picture
from lightning_eda.figures.frames import satellite_title, source_words, span_text
from lightning_eda.figures.globe.basemap import MapFrame, draw_basemap, frame_points
from lightning_eda.figures.maps.cluster_map import HEIGHT_IN, WIDTH_IN, credit
from lightning_eda.figures.sphere import Floats
from lightning_eda.texts import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure

MAP_BOX = (0.045, 0.075, 0.84, 0.81)
BAR_BOX = (0.905, 0.16, 0.014, 0.62)
COLORS = ("#2A0A6B", "#6A0DA8", "#B5308A", "#E35D5B", "#F8963A", "#FBD324")
"""Dark to light; the lightest is darker than land and sea."""
FAINTEST = 0.05
"""Cells with less are left out: the rim of one pixel of the sensor, seen once."""
NOT_GRIDDED = "No granule of this window is in the grids."
LOWEST, HIGHEST = 1.0, 10.0  # the scale spans at least this
DOTS_WIDE, DOTS_HIGH = 1600, 980
"""Of the image of the cells: a little fewer than the picture has there, so that none is lost in it."""


@dataclass(frozen=True)
class DensityScene:
    """The cells of a window that saw flashes.

    Attributes:
        satellite: For example "G18".
        start: Start of the window, UTC.
        end: End of the window, exclusive, UTC.
        lat: Of the points at which cells meet, degrees, shape (m,).
        lon: Likewise.
        corners: Which points are the corners of each cell, in order around it, shape (n, 4).
        flashes: Flash extent density of each: the flashes that touched it, shape (n,).
        simulated: Whether no instrument saw them.
        left_out: What of the window is not here, as a sentence with a space before it.
        gridded: Whether the grids hold any granule.
    """

    satellite: str
    start: datetime
    end: datetime
    lat: Floats
    lon: Floats
    corners: NDArray[np.int64]
    flashes: Floats
    simulated: bool = False
    left_out: str = ""
    gridded: bool = True

    @property
    def words(self) -> str:
        """What is seen, in a sentence."""
        if not len(self.flashes):
            return f"{'No lightning in this window.' if self.gridded else NOT_GRIDDED}{self.left_out}"
        most = f"at most {self.flashes.max():,.0f} flashes in one"
        return f"Flash extent density of {counted(len(self.flashes), 'cell')} of 2 km, {most}.{self.left_out}"


def render_density_map(scene: DensityScene) -> bytes:
    """The map as a PNG of 1950 by 1230 pixels; a window without lightning says so and never fails."""
    figure = new_figure(WIDTH_IN, HEIGHT_IN)
    title = f"{satellite_title(scene.satellite, scene.simulated)} flash extent density"
    heading(figure, title, f"{span_text(scene.start, scene.end)}  ·  {scene.words}")
    axes = figure.add_axes(MAP_BOX)
    seen = np.isfinite(scene.lat + scene.lon)[scene.corners].all(axis=1) & (scene.flashes >= FAINTEST)
    corners, flashes = scene.corners[seen], scene.flashes[seen]
    subpoint = subpoint_lon(scene.satellite)
    aspect = WIDTH_IN * MAP_BOX[2] / (HEIGHT_IN * MAP_BOX[3])
    frame = frame_points(scene.lat[corners[:, 0]], scene.lon[corners[:, 0]], subpoint, aspect)
    draw_basemap(axes, frame)
    if len(flashes):
        points = np.stack(frame.projection.forward(scene.lat, scene.lon), axis=-1)
        _draw_scale(figure, _draw_cells(axes, frame, points[corners], flashes))
    else:
        notice(axes, "No flashes", "There were none in this window." if scene.gridded else NOT_GRIDDED)
    figure.text(0.045, 0.018, credit(frame, source_words(scene.simulated)), size=8, color=SOFT_INK)
    return picture(figure, words=scene.words)


def _draw_cells(axes: "Axes", frame: MapFrame, corners: Floats, flashes: Floats) -> "ScalarMappable":
    """The cells as one image: as polygons, the 300,000 of an hour take seconds."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, LogNorm

    scale = ScalarMappable(
        LogNorm(LOWEST, max(HIGHEST, float(flashes.max()))),
        LinearSegmentedColormap.from_list("density", COLORS),
    )
    seen = np.isfinite(corners).all(axis=(1, 2))
    densities = fill_cells(frame, corners[seen], flashes[seen])
    lit = densities > 0.0
    image = np.zeros((*densities.shape, 4), np.uint8)
    image[lit] = scale.to_rgba(densities[lit], bytes=True)  # imshow would colour all the dots that are empty
    axes.imshow(
        image,
        extent=(frame.west, frame.east, frame.south, frame.north),
        origin="lower",
        interpolation="none",
        aspect=axes.get_aspect(),
        zorder=4,
    )
    return scale


def fill_cells(frame: MapFrame, corners: Floats, values: Floats) -> Floats:
    """The highest value in each dot of the map; a cell fills one dot at least.

    Args:
        frame: What the image shows.
        corners: Of each cell in their order around it, km from the centre of the map, shape (n, 4, 2).
        values: Above 0, shape (n,).

    Returns:
        From south to north and west to east; 0 where no cell is. Shape (`DOTS_HIGH`, `DOTS_WIDE`).
    """
    image = np.zeros((DOTS_HIGH, DOTS_WIDE))
    dots = (corners - [frame.west, frame.south]) * [DOTS_WIDE / frame.width, DOTS_HIGH / frame.height]
    side = np.abs(np.diff(dots[:, [0, 1, 2, 3, 0]], axis=1)).max(axis=(1, 2), initial=0.0)
    # So many samples a side that they are less than a dot apart, also across; powers of two make few groups.
    samples = 2 ** np.ceil(np.log2(np.maximum(1.5 * side, 1.0))).astype(int)
    for count in np.unique(samples):
        group = samples == count
        east, south = np.meshgrid(*2 * [(np.arange(count) + 0.5) / count])
        weights = np.stack([(1 - east) * (1 - south), east * (1 - south), east * south, (1 - east) * south])
        place = np.floor(np.tensordot(dots[group], weights.reshape(4, -1), axes=(1, 0))).astype(int)
        column, row = place[:, 0], place[:, 1]
        inside = (column >= 0) & (column < DOTS_WIDE) & (row >= 0) & (row < DOTS_HIGH)
        value = np.broadcast_to(values[group, None], column.shape)
        np.maximum.at(image, (row[inside], column[inside]), value[inside])
    return image


def _draw_scale(figure: "Figure", cells: "ScalarMappable") -> None:
    """What the colours mean, with the unit."""
    from matplotlib.ticker import LogFormatter, LogLocator

    bar = figure.colorbar(cells, cax=figure.add_axes(BAR_BOX), ticks=LogLocator(subs=(1.0, 2.0, 5.0)))
    bar.ax.yaxis.set_major_formatter(LogFormatter(labelOnlyBase=False, minor_thresholds=(10.0, 5.0)))
    bar.ax.minorticks_off()
    bar.ax.tick_params(labelsize=9, colors=SOFT_INK, length=2)
    bar.outline.set_visible(False)
    figure.text(
        BAR_BOX[0],
        BAR_BOX[1] + BAR_BOX[3] + 0.02,
        "Flashes that\ntouched a cell\nof 2 km",
        size=9,
        color=SOFT_INK,
        linespacing=1.25,
    )
