"""The animated map for windows longer than an hour: a GIF with one frame an hour.

A GIF moves everywhere: in a browser, a chat, a slide, a Markdown page and the Dagster UI. The map is drawn
once and only the points are drawn anew; all frames share one palette, so colours do not flicker and Pillow
stores just what changed.
"""

import io
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from lightning_eda.figures.canvas import ACCENT, INK, PAPER, SOFT_INK, heading, new_figure
from lightning_eda.figures.frames import Labels, Scene, span_text, utc
from lightning_eda.figures.globe.basemap import LAND, SEA, MapFrame, draw_basemap, frame_scene
from lightning_eda.figures.maps.cluster_map import draw_hulls, point_size, subtitle
from lightning_eda.figures.palette import COLORS, look

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from PIL.Image import Image

WIDTH_IN, HEIGHT_IN, DPI = 10.0, 7.6, 96
MAP_BOX = (0.055, 0.175, 0.925, 0.705)
BARS_BOX = (0.055, 0.045, 0.925, 0.075)
MOST_FRAMES = 168
FRAME_MS = 600
LAST_FRAME_MS = 2000
MOST_COLORS = 112
EARLIER = "#9AA5B1"
BAR = "#B9C6D6"


def hours_per_frame(scene: Scene) -> int:
    """One, up to a week; more for a longer window, so that the file stays small."""
    return max(1, int(np.ceil(scene.minutes / 60.0 / MOST_FRAMES)))


def render_animation(scene: Scene) -> bytes:
    """The window hour by hour: this hour in colour, the hours before in grey, a bar for each below.

    A window of an hour or less gives a single frame.
    """
    hours = hours_per_frame(scene)
    frames = max(1, int(np.ceil(scene.minutes / 60.0 / hours)))
    step = np.clip(scene.seconds // (hours * 3600), 0, frames - 1).astype(np.int64)
    stage = _Stage.build(scene, step, frames)
    pictures = [stage.draw(number, frame_title(scene, number, hours)) for number in range(frames)]
    return _gif(pictures)


def frame_counts(scene: Scene, step: Labels, frames: int) -> Labels:
    """How many points of the window fall in each frame, shape (frames,).

    Args:
        scene: What is drawn.
        step: The frame of each row, shape (n,).
        frames: How many there are.
    """
    return scene.counts_in_window(np.bincount(step, minlength=frames))


def frame_title(scene: Scene, number: int, hours: int) -> str:
    """The time of one frame, in words."""
    start = utc(scene.start) + timedelta(hours=number * hours)
    end = min(start + timedelta(hours=hours), utc(scene.end))
    return span_text(start, end)


@dataclass
class _Stage:
    """The map as drawn once, and the means to draw one hour on it.

    Attributes:
        canvas: Of the figure.
        axes: The map.
        bars: The row of bars.
        still: The drawn figure without any hour.
        scene: What is drawn.
        frame: The extent of the map.
        step: The frame of each point.
        counts: The points of the window in each frame.
    """

    canvas: Any
    axes: "Axes"
    bars: "Axes"
    still: Any
    scene: Scene
    frame: MapFrame
    step: Labels
    counts: Labels

    @classmethod
    def build(cls, scene: Scene, step: Labels, frames: int) -> "_Stage":
        """Draws everything that does not change."""
        figure = new_figure(WIDTH_IN, HEIGHT_IN, DPI)
        heading(figure, f"{scene.satellite_title} lightning clusters", subtitle(scene), left=0.055)
        axes = figure.add_axes(MAP_BOX)
        frame = frame_scene(scene, WIDTH_IN * MAP_BOX[2] / (HEIGHT_IN * MAP_BOX[3]))
        draw_basemap(axes, frame)
        draw_hulls(axes, frame, scene)
        counts = frame_counts(scene, step, frames)
        bars = figure.add_axes(BARS_BOX)
        bars.axis("off")
        bars.set(xlim=(-0.5, frames - 0.5), ylim=(0.0, max(1, int(counts.max()))))
        bars.bar(np.arange(frames), counts, width=0.86, color=BAR)
        figure.text(0.055, 0.012, f"{scene.noun.capitalize()} per frame", size=8.5, color=SOFT_INK)
        canvas: Any = figure.canvas
        canvas.draw()
        return cls(canvas, axes, bars, canvas.copy_from_bbox(figure.bbox), scene, frame, step, counts)

    def draw(self, number: int, title: str) -> "Image":
        """One frame."""
        from PIL import Image

        self.canvas.restore_region(self.still)
        x, y = self.frame.projection.forward(self.scene.lat, self.scene.lon)
        size = point_size(len(self.scene)) * 0.8
        now, earlier = self.step == number, self.step < number
        self._show(
            self.axes, self.axes.scatter(x[earlier], y[earlier], s=size * 0.5, c=EARLIER, linewidths=0)
        )
        for label in self.scene.counts():
            mine, style = now & (self.scene.label == label), look(label)
            points = self.axes.scatter(
                x[mine], y[mine], s=size, c=style.color, marker=style.mark.matplotlib, linewidths=0
            )
            self._show(self.axes, points)
        (bar,) = self.bars.bar([number], [self.counts[number]], width=0.86, color=ACCENT)
        self._show(self.bars, bar)
        text = f"{title}   {self.counts[number]:,} {self.scene.noun}"
        clock = self.axes.figure.text(
            0.98, 0.012, text, size=12, weight="bold", color=INK, ha="right", va="baseline"
        )
        self._show(self.axes, clock)
        return Image.fromarray(np.asarray(self.canvas.buffer_rgba())[..., :3].copy())

    @staticmethod
    def _show(axes: "Axes", artist: "Artist") -> None:
        """Draws one thing on the canvas, and takes it off the figure again."""
        axes.draw_artist(artist)
        artist.remove()


def _gif(pictures: "list[Image]") -> bytes:
    """The frames as an endless GIF with one palette.

    It holds the colours of the clusters and the map as they are, and the most needed of three frames.
    """
    from PIL import Image

    sample = [pictures[0], pictures[len(pictures) // 2], pictures[-1]]
    tall = Image.new("RGB", (sample[0].width, sum(p.height for p in sample)))
    for place, one in enumerate(sample):
        tall.paste(one, (0, place * one.height))
    found = tall.quantize(MOST_COLORS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    exact = [*COLORS, ACCENT, BAR, EARLIER, INK, LAND, SEA, PAPER]
    parts = [int(color[i : i + 2], 16) for color in exact for i in (1, 3, 5)]
    palette = Image.new("P", (1, 1))
    palette.putpalette(parts + (found.getpalette() or [])[: 3 * MOST_COLORS])
    first, *rest = [p.quantize(palette=palette, dither=Image.Dither.NONE) for p in pictures]
    stream = io.BytesIO()
    durations = [FRAME_MS] * (len(pictures) - 1) + [LAST_FRAME_MS]
    first.save(stream, "GIF", save_all=True, append_images=rest, duration=durations, loop=0, optimize=False)
    return stream.getvalue()
