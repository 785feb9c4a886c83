"""Flash extent density on a map: how many flashes touched each cell of the fixed grid.

The colours run from dark to light as forecasters' displays of it do, on a logarithmic scale, since the
density of a storm is a hundred times that of its edge; their lightness alone tells them apart.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from lightning_eda.figures.canvas import SOFT_INK, heading, new_figure, notice, picture
from lightning_eda.figures.frames import SUBPOINT_LON_DEG, satellite_title, source_words, span_text
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
LOWEST, HIGHEST = 1.0, 10.0  # the scale spans at least this


@dataclass(frozen=True)
class DensityScene:
    """The cells of a window that saw flashes.

    Attributes:
        satellite: For example "G18".
        start: Start of the window, UTC.
        end: End of the window, exclusive, UTC.
        lat: Corners of each cell, degrees, shape (n, 4).
        lon: Likewise.
        flashes: Flash extent density of each: the flashes that touched it, shape (n,).
        simulated: Whether no instrument saw them.
    """

    satellite: str
    start: datetime
    end: datetime
    lat: Floats
    lon: Floats
    flashes: Floats
    simulated: bool = False

    @property
    def words(self) -> str:
        """What is seen, in a sentence."""
        if not len(self.flashes):
            return "No lightning in this window."
        most = f"at most {self.flashes.max():,.0f} flashes in one"
        return f"Flash extent density of {counted(len(self.flashes), 'cell')} of 2 km, {most}."


def render_density_map(scene: DensityScene) -> bytes:
    """The map as a PNG of 1950 by 1230 pixels; a window without lightning says so and never fails."""
    figure = new_figure(WIDTH_IN, HEIGHT_IN)
    title = f"{satellite_title(scene.satellite, scene.simulated)} flash extent density"
    heading(figure, title, f"{span_text(scene.start, scene.end)}  ·  {scene.words}")
    axes = figure.add_axes(MAP_BOX)
    shown = np.isfinite(scene.lat + scene.lon).all(axis=1) & (scene.flashes >= FAINTEST)
    lat, lon, flashes = scene.lat[shown], scene.lon[shown], scene.flashes[shown]
    subpoint = SUBPOINT_LON_DEG.get(scene.satellite, -106.0)
    aspect = WIDTH_IN * MAP_BOX[2] / (HEIGHT_IN * MAP_BOX[3])
    frame = frame_points(lat[:, 0], lon[:, 0], subpoint, aspect)
    draw_basemap(axes, frame)
    if len(flashes):
        _draw_scale(figure, _draw_cells(axes, frame, lat, lon, flashes))
    else:
        notice(axes, "No flashes", "There were none in this window.")
    figure.text(0.045, 0.018, credit(frame, source_words(scene.simulated)), size=8, color=SOFT_INK)
    return picture(figure)


def _draw_cells(axes: "Axes", frame: MapFrame, lat: Floats, lon: Floats, flashes: Floats) -> "ScalarMappable":
    """The cells, the densest on top; thin edges keep one seen that is less than a dot of the picture."""
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import LinearSegmentedColormap, LogNorm

    order = np.argsort(flashes, kind="stable")
    x, y = frame.projection.forward(lat[order].ravel(), lon[order].ravel())
    corners = np.stack([x, y], axis=-1).reshape(-1, 4, 2)
    seen = np.isfinite(corners).all(axis=(1, 2))
    cells = PolyCollection(
        corners[seen],  # type: ignore[arg-type] # an array is taken without a loop
        array=flashes[order][seen],
        cmap=LinearSegmentedColormap.from_list("density", COLORS),
        norm=LogNorm(LOWEST, max(HIGHEST, float(flashes.max()))),
        edgecolors="face",
        linewidths=0.3,
        antialiaseds=False,
        zorder=4,
    )
    axes.add_artist(cells)  # add_collection would walk all corners for limits that are set already
    return cells


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
