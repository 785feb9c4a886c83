"""Silhouettes by cluster, and where the clusters lie: the picture of scikit-learn's silhouette example.

Source: scikit-learn, "Selecting the number of clusters with silhouette analysis on KMeans clustering".
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lightning_eda.figures.canvas import (
    INK,
    SOFT_INK,
    ImageFormat,
    heading,
    new_figure,
    picture,
    plain_axes,
)
from lightning_eda.figures.frames import Scene
from lightning_eda.figures.globe.basemap import draw_basemap, frame_scene
from lightning_eda.figures.maps.cluster_map import draw_centers, draw_points
from lightning_eda.figures.palette import look
from lightning_eda.figures.sphere import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_IN, HEIGHT_IN = 13.0, 6.6
BLADES_BOX = (0.06, 0.13, 0.36, 0.71)
MAP_BOX = (0.46, 0.13, 0.52, 0.71)
GAP = 0.012  # between two blades, as a share of all points
LABEL_STEP = 0.033  # between two labels, likewise
LOWEST_SHOWN = -0.2


@dataclass(frozen=True)
class Blades:
    """The silhouettes of the clusters of a scene.

    Attributes:
        histogram: Points of each cluster, in the order of the labels, in equal bins of the coefficient from
            -1 to 1, shape (k, bins).
        mean: Mean coefficient of each cluster, NaN where none was scored, shape (k,).
        overall: The mean of all points.
    """

    histogram: Floats
    mean: Floats
    overall: float


def render_silhouettes(scene: Scene, blades: Blades, image_format: ImageFormat = "png") -> bytes:
    """A blade a cluster, its coefficients from low to high, beside the map of the clusters.

    Args:
        scene: What was clustered.
        blades: The silhouettes.
        image_format: "png" or "svg".
    """
    figure = new_figure(WIDTH_IN, HEIGHT_IN)
    count = scene.clusters.num_rows
    under = f"k = {count}; the {scene.noun} of each cluster from the lowest silhouette to the highest"
    who = f"{scene.satellite_title}, {scene.window_title}"
    heading(figure, "How well do the clusters fit?", f"{who}  ·  {under}", left=0.06)
    _draw_blades(figure.add_axes(BLADES_BOX), blades)
    places = figure.add_axes(MAP_BOX)
    frame = frame_scene(scene, WIDTH_IN * MAP_BOX[2] / (HEIGHT_IN * MAP_BOX[3]))
    draw_basemap(places, frame)
    draw_points(places, frame, scene)
    draw_centers(places, frame, scene, WIDTH_IN * MAP_BOX[2])
    figure.text(0.06, 0.018, f"Data: {scene.source}.", size=8, color=SOFT_INK)
    return picture(figure, image_format)


def _draw_blades(axes: "Axes", blades: Blades) -> None:
    """The blades, the first label on top, and the mean of all as a dashed line."""
    total = max(float(blades.histogram.sum()), 1.0)
    bins = blades.histogram.shape[1]
    coefficient = (np.arange(bins) + 0.5) * 2 / bins - 1
    at, lowest = 0.0, 0.0
    for label, counts in enumerate(blades.histogram):
        there = np.flatnonzero(counts)
        height = counts.sum() / total
        if len(there):
            ends = at + height - np.concatenate([[0.0], np.cumsum(counts[there])]) / total
            x, y = np.repeat(coefficient[there], 2), np.repeat(ends, 2)[1:-1]
            axes.fill_betweenx(y, 0.0, x, facecolor=look(label).color, linewidth=0)
            lowest = min(lowest, float(coefficient[there[0]]))
        at += height + GAP
    _name_blades(axes, blades.histogram.sum(axis=1) / total)
    plain_axes(axes)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    axes.set(xlim=(min(LOWEST_SHOWN, lowest - 0.03), 1.0), ylim=(at, -GAP), yticks=[])
    axes.set_xlabel("Silhouette coefficient; below 0: nearer to another cluster", size=10)
    axes.axvline(0.0, color=SOFT_INK, linewidth=0.8)
    if np.isfinite(blades.overall):
        axes.axvline(blades.overall, color=INK, linewidth=1.4, linestyle=(0, (4, 3)))
        axes.annotate(
            f"mean {blades.overall:.3f}", (blades.overall, 1.0), (0, 4), xycoords=("data", "axes fraction"),
            textcoords="offset points", ha="center", color=INK, size=9.5,
        )  # fmt: skip


def _name_blades(axes: "Axes", heights: Floats) -> None:
    """The label and mark of each blade at its middle, or above where blades are too thin for it."""
    step = LABEL_STEP * (1 + GAP * len(heights))
    slots = step * np.arange(len(heights))
    middles = np.cumsum(heights + GAP) - GAP - heights / 2
    shown = np.minimum.accumulate((middles - slots)[::-1])[::-1] + slots
    beside = axes.get_yaxis_transform()
    for label, at in enumerate(shown.tolist()):
        style = look(label)
        axes.scatter(
            -0.018, at, s=34, c=style.color, marker=style.mark.matplotlib, linewidths=0, transform=beside,
            clip_on=False,
        )  # fmt: skip
        axes.text(-0.04, at, str(label), transform=beside, ha="right", va="center", size=8.5, color=INK)
