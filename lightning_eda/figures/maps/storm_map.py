"""The storm cells of a day on a map: a disc a cell, as large as it had flashes, in the colour of its time.

A day has hundreds of cells, too many to tell apart by colour; the time of a cell shows how storms moved and
grew. The colours span the hours that have flashes, so that one hour alone has all of them too. The largest
cells are listed beside the map; the one number of a cell, there and on the map, is that of the tables.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lightning_eda.figures.canvas import INK, RULE, SOFT_INK, heading, new_figure, nice_step, notice, picture
from lightning_eda.figures.frames import Labels, Scene, utc
from lightning_eda.figures.globe.basemap import MapFrame, draw_basemap, frame_scene
from lightning_eda.figures.interactive import render_interactive_map
from lightning_eda.figures.maps.cluster_map import (
    HEIGHT_IN,
    MAP_BOX,
    WIDE_BOX,
    WIDTH_IN,
    credit,
    spread_apart,
)
from lightning_eda.figures.palette import NO_CLUSTER_COLOR
from lightning_eda.figures.sphere import Floats
from lightning_eda.texts import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LISTED = 20
LIST_BOX = (0.79, 0.075, 0.195, 0.70)
BAR_BOX = (0.79, 0.845, 0.195, 0.022)
LEGEND = "A disc is a cell, as large as it had flashes; a grey dot is a flash"
COLUMNS = ((0.0, "left"), (0.38, "right"), (0.72, "right"), (1.0, "right"))
TITLES = ("Cell", "Flashes", "UTC", "Peak/min")
SMALLEST_DISC, DISC_PER_FLASH, LARGEST_DISC = 5.0, 5.0, 700.0  # square points
EDGED_DISC = 15.0
FEW_CELLS = 400
MOST_EXPLORED = 28  # as many as the palette tells apart
NUMBER_HEIGHT_IN, DIGIT_WIDTH_IN = 0.20, 0.09
MOST_PIECES, TICK_MINUTES = 4, (15, 30, 60, 120, 180, 360, 720, 1440)
LEAD_MINUTES = 1.0  # more than light may come before its granule


def render_storm_map(scene: Scene, loaded: str = "") -> bytes:
    """The map of `draw_storm_map` as a PNG of 1950 by 1230 pixels."""
    return picture(draw_storm_map(scene, loaded))


def draw_storm_map(scene: Scene, loaded: str = "") -> "Figure":
    """The map, the scale of its colours and the list; a day without cells says so and never fails.

    Args:
        scene: The flashes of the day, `cluster` being the cell, and its cells as `clusters` with the further
            column peak_per_minute.
        loaded: How much of the day is loaded, in words for the subtitle.
    """
    figure = new_figure(WIDTH_IN, HEIGHT_IN)
    subtitle = "  ·  ".join(part for part in (_subtitle(scene), loaded) if part)
    heading(figure, f"{scene.satellite_title} storm cells", subtitle)
    found = scene.clusters.num_rows > 0
    box = MAP_BOX if found else WIDE_BOX
    axes = figure.add_axes(box)
    frame = frame_scene(scene, WIDTH_IN * box[2] / (HEIGHT_IN * box[3]))
    draw_basemap(axes, frame)
    _draw_flashes(axes, frame, scene)
    if found:
        colors = _Times(scene)
        ranked = largest_cells(scene.clusters)
        _draw_cells(axes, frame, ranked, colors)
        _draw_numbers(axes, frame, ranked)
        _draw_times(figure, colors)
        _draw_list(figure, ranked)
    else:
        far = f"No {scene.noun} were close enough in space and time on this day."
        notice(axes, "No storm cells", far if scene.count else scene.absence)
    figure.text(0.045, 0.018, f"{LEGEND}  ·  {credit(frame, scene.source)}", size=7, color=SOFT_INK)
    return figure


def render_cell_page(scene: Scene) -> str:
    """The interactive map of the largest cells alone, in looks by rank, with their numbers in the tables.

    It says how many cells and flashes there were, where it does not hold all.
    """
    ranked = largest_cells(scene.clusters).slice(0, MOST_EXPLORED)
    ranks = pa.array(range(ranked.num_rows), pa.int64())
    names = dict(enumerate(ranked["cluster"].to_pylist()))
    rank = ranks.take(pc.index_in(pa.array(scene.label), value_set=ranked["cluster"].cast(pa.int64())))
    flashes = scene.flashes
    flashes = flashes.set_column(flashes.column_names.index("cluster"), "cluster", rank)
    flashes = flashes.filter(pc.is_valid(rank))
    ranked = ranked.set_column(ranked.column_names.index("cluster"), "cluster", ranks)
    shown = replace(scene, flashes=flashes, clusters=ranked, names=names, word="cell")
    return render_interactive_map(shown, "storm cells", _share(scene, shown))


def _share(scene: Scene, shown: Scene) -> str:
    """How much of the day is shown, in words; empty when it is all."""
    cells, few = scene.clusters.num_rows, shown.clusters.num_rows
    parts = f"the {few} largest of {cells:,} cells" if few < cells else counted(cells, "cell")
    return f"{parts}, {len(shown):,} of {scene.count:,} {scene.noun}" if len(shown) < scene.count else ""


def largest_cells(cells: pa.Table) -> pa.Table:
    """The cells by number of flashes, most first; of equal ones the smaller label first."""
    return cells.sort_by([("flashes", "descending"), ("cluster", "ascending")])


def drawn_minutes(scene: Scene) -> tuple[float, float]:
    """From when to when colours are needed: the whole hours of the window that have flashes.

    Light that comes just before an hour is of a granule of that hour.

    Returns:
        Minutes from the midnight before the window.
    """
    begin = (utc(scene.start) - _midnight(scene)) / timedelta(minutes=1)
    end = begin + scene.minutes
    if not len(scene):
        return begin, end
    inside = np.clip(begin + scene.seconds / 60.0, begin, np.nextafter(end, begin))
    last = 60.0 * (float(inside.max()) // 60.0 + 1.0)
    first = min(60.0 * ((float(inside.min()) + LEAD_MINUTES) // 60.0), last - 60.0)
    return max(first, begin), min(last, end)


def _midnight(scene: Scene) -> datetime:
    return utc(scene.start).replace(hour=0, minute=0, second=0, microsecond=0)


class _Times:
    """Colours for moments of the hours that are drawn.

    Args:
        scene: Of what.
    """

    def __init__(self, scene: Scene) -> None:
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import LinearSegmentedColormap, Normalize

        self.midnight = _midnight(scene)
        self.first, self.last = drawn_minutes(scene)
        # Dark to light as time goes on, and no colour as light as sea and land are.
        stops = ["#33108A", "#8A0FA8", "#D1366F", "#F0712C", "#F5B50A"]
        self.map = ScalarMappable(
            Normalize(self.first, self.last), LinearSegmentedColormap.from_list("times", stops)
        )

    def of_cells(self, cells: pa.Table) -> Floats:
        """The colour of the middle of each cell's life, RGBA, shape (n, 4)."""
        ends = zip(cells["first_time"].to_pylist(), cells["last_time"].to_pylist(), strict=True)
        middles = [(self._minute(first) + self._minute(last)) / 2.0 for first, last in ends]
        return np.asarray(self.map.to_rgba(np.array(middles)))

    def ticks(self) -> dict[float, str]:
        """Round times and their texts, at most five; the end of the day is 24:00."""
        step = nice_step(self.last - self.first, MOST_PIECES, TICK_MINUTES)
        places = np.arange(np.ceil(self.first / step), np.floor(self.last / step) + 1.0) * step
        return {place: f"{place // 60:02.0f}:{place % 60:02.0f}" for place in places.tolist()}

    def _minute(self, moment: datetime) -> float:
        return (utc(moment) - self.midnight) / timedelta(minutes=1)


def _subtitle(scene: Scene) -> str:
    inside = int(np.count_nonzero(scene.label >= 0))
    parts = [scene.window_title, f"{scene.count:,} {scene.noun}"]
    if scene.count:
        share = f"{100.0 * inside / scene.count:.0f} %"
        parts.append(f"{counted(scene.clusters.num_rows, 'cell')} with {share} of them")
    return "  ·  ".join(parts)


def _draw_flashes(axes: "Axes", frame: MapFrame, scene: Scene) -> None:
    """Every flash as a dot, so that what is in no cell is seen too."""
    x, y = frame.projection.forward(scene.lat, scene.lon)
    axes.scatter(x, y, s=1.2, c=NO_CLUSTER_COLOR, linewidths=0, alpha=0.55, zorder=4)


def _draw_cells(axes: "Axes", frame: MapFrame, ranked: pa.Table, colors: _Times) -> None:
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


def _draw_numbers(axes: "Axes", frame: MapFrame, ranked: pa.Table) -> None:
    """The numbers of the listed cells: on the disc, above one that they would hide, apart from each other.

    One that had to be moved has a line to its cell.
    """
    from lightning_eda.figures.canvas import halo

    listed = ranked.slice(0, LISTED)
    x, y = _centers(frame, listed)
    inch = frame.width / (WIDTH_IN * MAP_BOX[2])
    numbers = [str(number) for number in listed["cluster"].to_pylist()]
    wide_in = DIGIT_WIDTH_IN * np.array([len(number) for number in numbers])
    disc_in = 2.0 * np.sqrt(disc_sizes(ranked["flashes"].to_numpy())[: len(numbers)] / np.pi) / 72.0
    above = y + np.where(disc_in < 1.2 * wide_in, (disc_in + NUMBER_HEIGHT_IN) / 2.0, 0.0) * inch
    seen = np.flatnonzero(np.isfinite(x + y))
    wider = max(1.0, float(wide_in.max()) / NUMBER_HEIGHT_IN)  # than they are high
    shown_x, shown_y = spread_apart(x[seen] / wider, above[seen], NUMBER_HEIGHT_IN * inch)
    for row, at_x, at_y in zip(seen.tolist(), wider * shown_x, shown_y, strict=True):
        if np.hypot(at_x - x[row], at_y - above[row]) > NUMBER_HEIGHT_IN * inch / 3.0:
            axes.plot([x[row], at_x], [y[row], at_y], color=INK, linewidth=0.6, zorder=9)
        text = axes.text(
            at_x, at_y, numbers[row], ha="center", va="center_baseline", size=9, weight="bold", color=INK
        )
        text.set(zorder=10, path_effects=halo())


def _draw_times(figure: "Figure", colors: _Times) -> None:
    """What the colours mean."""
    axes = figure.add_axes(BAR_BOX)
    bar = figure.colorbar(colors.map, cax=axes, orientation="horizontal")
    ticks = colors.ticks()
    bar.set_ticks(list(ticks), labels=list(ticks.values()))
    for place, label in zip(ticks, axes.get_xticklabels(), strict=True):
        label.set_horizontalalignment(
            "left" if place == colors.first else "right" if place == colors.last else "center"
        )
    axes.tick_params(labelsize=8.5, colors=SOFT_INK, length=2)
    bar.outline.set_visible(False)
    axes.set_title("Middle of the cell's life, UTC", size=9, color=SOFT_INK, loc="left", pad=5)


def _draw_list(figure: "Figure", ranked: pa.Table) -> None:
    """A line a cell: number, flashes, from when to when, flashes in its liveliest minute."""
    axes = figure.add_axes(LIST_BOX)
    axes.axis("off")
    axes.set(xlim=(0, 1), ylim=(0, 1))
    step = 1.0 / (LISTED + 2.5)
    _list_row(axes, TITLES, 1.0 - step / 2.0, 9.0, SOFT_INK)
    axes.plot([0, 1], [1.0 - 1.1 * step] * 2, color=RULE, linewidth=0.8)
    for row, cell in enumerate(ranked.slice(0, LISTED).to_pylist()):
        span = f"{cell['first_time']:%H:%M}-{cell['last_time']:%H:%M}"
        texts = (str(cell["cluster"]), f"{cell['flashes']:,}", span, f"{cell['peak_per_minute']:,}")
        _list_row(axes, texts, 1.0 - (row + 1.8) * step, 9.2, INK)
    if ranked.num_rows > LISTED:
        more = f"and {ranked.num_rows - LISTED:,} smaller cells"
        axes.text(0.0, 1.0 - (LISTED + 1.8) * step, more, size=9.5, color=SOFT_INK, va="center_baseline")


def _list_row(axes: "Axes", texts: tuple[str, ...], at: float, size: float, color: str) -> None:
    for column, (text, (left, ha)) in enumerate(zip(texts, COLUMNS, strict=True)):
        weight = "bold" if column == 0 else "normal"
        axes.text(left, at, text, ha=ha, va="center_baseline", size=size, color=color, weight=weight)


def _centers(frame: MapFrame, cells: pa.Table) -> tuple[Floats, Floats]:
    lat = cells["center_lat"].to_numpy(zero_copy_only=False)
    lon = cells["center_lon"].to_numpy(zero_copy_only=False)
    return frame.projection.forward(lat, lon)
