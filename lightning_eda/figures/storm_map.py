"""The storm cells of a day on a map: a disc a cell, as large as it had flashes, in the colour of its hour.

A day has hundreds of cells, too many to tell apart by colour; the hour of a cell shows how storms moved and
grew. The largest cells are numbered by rank and listed beside the map with their number in the tables.
"""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lightning_eda.figures.basemap import MapFrame, draw_basemap, frame_scene
from lightning_eda.figures.canvas import INK, RULE, SOFT_INK, heading, new_figure, notice, picture
from lightning_eda.figures.cluster_map import (
    HEIGHT_IN,
    MAP_BOX,
    WIDE_BOX,
    WIDTH_IN,
    credit,
    spread_apart,
)
from lightning_eda.figures.frames import Labels, Scene, utc
from lightning_eda.figures.interactive import render_interactive_map
from lightning_eda.figures.palette import NO_CLUSTER_COLOR
from lightning_eda.figures.sphere import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LISTED = 20
LIST_BOX = (0.79, 0.075, 0.195, 0.70)
BAR_BOX = (0.79, 0.845, 0.195, 0.022)
COLUMNS = ((0.0, "left"), (0.25, "right"), (0.47, "right"), (0.81, "right"), (1.0, "right"))
TITLES = ("", "Cell", "Flashes", "UTC", "Peak")
SMALLEST_DISC, DISC_PER_FLASH, LARGEST_DISC = 5.0, 5.0, 700.0  # square points
EDGED_DISC = 15.0
FEW_CELLS = 400
MOST_EXPLORED = 28  # as many as the palette tells apart


def render_storm_map(scene: Scene) -> bytes:
    """The map as a PNG of 1950 by 1230 pixels; a day without cells says so and never fails.

    Args:
        scene: The flashes of the day, `cluster` being the cell, and its cells as `clusters` with the further
            column peak_per_minute.
    """
    figure = new_figure(WIDTH_IN, HEIGHT_IN)
    heading(figure, f"{scene.satellite_title} storm cells", _subtitle(scene))
    found = scene.clusters.num_rows > 0
    box = MAP_BOX if found else WIDE_BOX
    axes = figure.add_axes(box)
    frame = frame_scene(scene, WIDTH_IN * box[2] / (HEIGHT_IN * box[3]))
    draw_basemap(axes, frame)
    _draw_flashes(axes, frame, scene)
    if found:
        colors = _Hours(scene)
        ranked = largest_cells(scene.clusters)
        _draw_cells(axes, frame, ranked, colors)
        _draw_numbers(axes, frame, ranked.slice(0, LISTED))
        _draw_hours(figure, colors)
        _draw_list(figure, ranked)
    else:
        notice(axes, "No storm cells", "No flashes were close enough in space and time on this day.")
    figure.text(0.045, 0.018, credit(frame, scene.source), size=8, color=SOFT_INK)
    return picture(figure)


def render_storm_page(scene: Scene) -> str:
    """The interactive map of the largest cells alone, numbered by their rank as on the printed map."""
    ranked = largest_cells(scene.clusters).slice(0, MOST_EXPLORED)
    ranks = pa.array(range(1, ranked.num_rows + 1), pa.int64())
    rank = ranks.take(pc.index_in(pa.array(scene.label), value_set=ranked["cluster"].cast(pa.int64())))
    flashes, shown = scene.flashes, pc.is_valid(rank)
    flashes = flashes.set_column(flashes.column_names.index("cluster"), "cluster", rank).filter(shown)
    ranked = ranked.set_column(ranked.column_names.index("cluster"), "cluster", ranks)
    return render_interactive_map(replace(scene, flashes=flashes, clusters=ranked))


def largest_cells(cells: pa.Table) -> pa.Table:
    """The cells by number of flashes, most first; of equal ones the smaller label first."""
    return cells.sort_by([("flashes", "descending"), ("cluster", "ascending")])


class _Hours:
    """Colours for moments of the day.

    Args:
        scene: Its window is the range of the colours.
    """

    def __init__(self, scene: Scene) -> None:
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import LinearSegmentedColormap, Normalize

        self.start, self.hours = utc(scene.start), scene.minutes / 60.0
        # Dark to light as the day goes on, and no colour as light as sea and land are.
        stops = ["#33108A", "#8A0FA8", "#D1366F", "#F0712C", "#F5B50A"]
        self.map = ScalarMappable(
            Normalize(0.0, self.hours), LinearSegmentedColormap.from_list("hours", stops)
        )

    def of_cells(self, cells: pa.Table) -> Floats:
        """The colour of the middle of each cell's life, RGBA, shape (n, 4)."""
        ends = zip(cells["first_time"].to_pylist(), cells["last_time"].to_pylist(), strict=True)
        middles = [(self._hour(first) + self._hour(last)) / 2.0 for first, last in ends]
        return np.asarray(self.map.to_rgba(np.array(middles)))

    def _hour(self, moment: datetime) -> float:
        return (utc(moment) - self.start).total_seconds() / 3600.0


def _subtitle(scene: Scene) -> str:
    inside = int(np.count_nonzero(scene.label >= 0))
    parts = [scene.window_title, f"{scene.count:,} {scene.noun}"]
    if scene.count:
        cells = scene.clusters.num_rows
        share = f"{100.0 * inside / scene.count:.0f} %"
        parts.append(f"{cells:,} cell{'s' if cells != 1 else ''} with {share} of them")
    return "  ·  ".join(parts)


def _draw_flashes(axes: "Axes", frame: MapFrame, scene: Scene) -> None:
    """Every flash as a dot, so that what is in no cell is seen too."""
    x, y = frame.projection.forward(scene.lat, scene.lon)
    axes.scatter(x, y, s=1.2, c=NO_CLUSTER_COLOR, linewidths=0, alpha=0.55, zorder=4)


def _draw_cells(axes: "Axes", frame: MapFrame, ranked: pa.Table, colors: _Hours) -> None:
    """The discs, the small ones above."""
    x, y = _centers(frame, ranked)
    sizes = disc_sizes(ranked["flashes"].to_numpy())
    edges = [0.4 if size > EDGED_DISC else 0.0 for size in sizes.tolist()]
    axes.scatter(
        x, y, s=sizes, c=colors.of_cells(ranked), alpha=0.8, linewidths=edges, edgecolors="#FFFFFF", zorder=6
    )


def disc_sizes(flashes: Labels) -> Floats:
    """The area of each disc in square points, in proportion to the flashes.

    None is too small to be seen, but the more cells there are, the smaller that is: thousands of small ones
    would hide the large ones.
    """
    largest = max(float(flashes.max(initial=0)), 1.0)
    least = SMALLEST_DISC / max(1.0, np.sqrt(len(flashes) / FEW_CELLS))
    sizes: Floats = np.maximum(least, flashes * min(DISC_PER_FLASH, LARGEST_DISC / largest))
    return sizes


def _draw_numbers(axes: "Axes", frame: MapFrame, listed: pa.Table) -> None:
    """The ranks of the listed cells, moved aside with a line to the cell where they would overlap."""
    from lightning_eda.figures.canvas import halo

    x, y = _centers(frame, listed)
    seen = np.flatnonzero(np.isfinite(x + y))
    apart = 0.20 * frame.width / (WIDTH_IN * MAP_BOX[2])
    shown_x, shown_y = spread_apart(x[seen], y[seen], apart)
    for place, row in enumerate(seen.tolist()):
        at = (shown_x[place], shown_y[place])
        if np.hypot(at[0] - x[row], at[1] - y[row]) > apart / 3.0:
            axes.plot([x[row], at[0]], [y[row], at[1]], color=INK, linewidth=0.6, zorder=9)
        text = axes.text(
            *at, str(row + 1), ha="center", va="center_baseline", size=9, weight="bold", color=INK, zorder=10
        )
        text.set_path_effects(halo())


def _draw_hours(figure: "Figure", colors: _Hours) -> None:
    """What the colours mean."""
    axes = figure.add_axes(BAR_BOX)
    bar = figure.colorbar(colors.map, cax=axes, orientation="horizontal")
    ticks = [part * colors.hours / 4.0 for part in range(5)]
    bar.set_ticks(ticks)
    bar.set_ticklabels([f"{hour:g} h" for hour in ticks])
    axes.tick_params(labelsize=8.5, colors=SOFT_INK, length=2)
    bar.outline.set_visible(False)
    axes.set_title("Middle of the cell's life, hours", size=9, color=SOFT_INK, loc="left", pad=5)


def _draw_list(figure: "Figure", ranked: pa.Table) -> None:
    """A line a cell: rank, number, flashes, hours, flashes in its liveliest minute."""
    axes = figure.add_axes(LIST_BOX)
    axes.axis("off")
    axes.set(xlim=(0, 1), ylim=(0, 1))
    step = 1.0 / (LISTED + 2.5)
    _list_row(axes, TITLES, 1.0 - step / 2.0, 9.0, SOFT_INK)
    axes.plot([0, 1], [1.0 - 1.1 * step] * 2, color=RULE, linewidth=0.8)
    for row, cell in enumerate(ranked.slice(0, LISTED).to_pylist()):
        _list_row(axes, _cell_texts(row + 1, cell), 1.0 - (row + 1.8) * step, 9.2, INK)
    if ranked.num_rows > LISTED:
        more = f"and {ranked.num_rows - LISTED:,} smaller cells"
        axes.text(0.0, 1.0 - (LISTED + 1.8) * step, more, size=9.5, color=SOFT_INK, va="center_baseline")


def _cell_texts(rank: int, cell: dict[str, Any]) -> tuple[str, ...]:
    hours = f"{cell['first_time']:%H:%M}-{cell['last_time']:%H:%M}"
    return (str(rank), str(cell["cluster"]), f"{cell['flashes']:,}", hours, f"{cell['peak_per_minute']:,}")


def _list_row(axes: "Axes", texts: tuple[str, ...], at: float, size: float, color: str) -> None:
    for column, (text, (left, ha)) in enumerate(zip(texts, COLUMNS, strict=True)):
        weight = "bold" if column == 0 else "normal"
        axes.text(left, at, text, ha=ha, va="center_baseline", size=size, color=color, weight=weight)


def _centers(frame: MapFrame, cells: pa.Table) -> tuple[Floats, Floats]:
    lat = cells["center_lat"].to_numpy(zero_copy_only=False)
    lon = cells["center_lon"].to_numpy(zero_copy_only=False)
    return frame.projection.forward(lat, lon)
