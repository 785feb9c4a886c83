"""The printed map: flashes coloured by cluster, hulls, numbered centres, and a legend with counts."""

from typing import TYPE_CHECKING

import numpy as np

from lightning_eda.figures.canvas import INK, RULE, SOFT_INK, heading, new_figure, notice, picture
from lightning_eda.figures.frames import GLM, Scene
from lightning_eda.figures.globe.basemap import (
    MapFrame,
    draw_basemap,
    frame_scene,
    latitude_text,
    longitude_text,
)
from lightning_eda.figures.palette import look
from lightning_eda.figures.sphere import Floats, convex_hull

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_IN, HEIGHT_IN = 13.0, 8.2
MAP_BOX = (0.045, 0.075, 0.735, 0.81)
WIDE_BOX = (0.045, 0.075, 0.91, 0.81)
LEGEND_BOX = (0.80, 0.075, 0.185, 0.81)
LEGEND_ROWS = 30


def render_cluster_map(scene: Scene) -> bytes:
    """The map of a window as a PNG of 1950 by 1230 pixels.

    A window without points gives the whole field of view and says so; it never fails.
    """
    figure = new_figure(WIDTH_IN, HEIGHT_IN)
    heading(figure, f"{scene.satellite_title} lightning clusters", subtitle(scene))
    box = MAP_BOX if len(scene) else WIDE_BOX
    axes = figure.add_axes(box)
    frame = frame_scene(scene, WIDTH_IN * box[2] / (HEIGHT_IN * box[3]))
    draw_basemap(axes, frame)
    if len(scene) == 0:
        why = "There were none in this window." if scene.loaded else scene.absence
        notice(axes, f"No {scene.noun}", why)
    else:
        draw_hulls(axes, frame, scene)
        draw_points(axes, frame, scene)
        draw_centers(axes, frame, scene)
        _draw_legend(figure, scene)
    figure.text(0.045, 0.018, credit(frame, scene.source), size=8, color=SOFT_INK)
    return picture(figure)


def subtitle(scene: Scene) -> str:
    """The window and the counts in one line."""
    parts = [scene.window_title, f"{scene.count:,} {scene.noun if scene.count != 1 else scene.tier}"]
    if scene.labels:
        parts.append(f"{len(scene.labels)} cluster{'s' if len(scene.labels) > 1 else ''}")
    return "  ·  ".join(parts)


def credit(frame: MapFrame, source: str = GLM) -> str:
    """Where the data come from and how the map is drawn."""
    at = frame.projection
    place = f"{latitude_text(round(at.center_lat))} {longitude_text(round(at.center_lon))}"
    return (
        f"Data: {source}.  Coastlines and borders: Natural Earth.  "
        f"Lambert equal-area projection centred at {place}; the scale is true there."
    )


def point_size(count: int) -> float:
    """The area of one point, square points: small when there are many."""
    return float(np.clip(900.0 / np.sqrt(max(count, 1)), 5.0, 42.0))


def draw_points(axes: "Axes", frame: MapFrame, scene: Scene) -> None:
    """The points, the largest cluster at the bottom, so that small ones stay in sight."""
    x, y = frame.projection.forward(scene.lat, scene.lon)
    size = point_size(len(scene))
    counts = scene.counts()
    for order, label in enumerate(sorted(counts, key=lambda label: -counts[label])):
        style, mine = look(label), scene.label == label
        axes.scatter(
            x[mine], y[mine], s=size, c=style.color, marker=style.mark.matplotlib,
            alpha=0.75, linewidths=0.3 if size > 15 else 0, edgecolors="#FFFFFF", zorder=5 + order / 1000,
        )  # fmt: skip


def draw_hulls(axes: "Axes", frame: MapFrame, scene: Scene) -> None:
    """The convex hull of each cluster, where three points or more span one."""
    for label in scene.labels:
        mine = scene.label == label
        lat, lon = convex_hull(scene.lat[mine], scene.lon[mine])
        x, y = frame.projection.forward(lat, lon)
        if len(x) == 0:
            continue
        color = look(label).color
        axes.fill(x, y, facecolor=color, alpha=0.09, linewidth=0, zorder=4)
        axes.plot(x, y, color=color, alpha=0.85, linewidth=1.1, zorder=4)


def draw_centers(
    axes: "Axes", frame: MapFrame, scene: Scene, width_in: float = WIDTH_IN * MAP_BOX[2]
) -> None:
    """The centres as numbered discs.

    A disc that would hide its own cluster or touch another stands beside it, with a line to the centre.

    Args:
        axes: To draw on.
        frame: The map.
        scene: The clusters.
        width_in: Width of the axes, inches.
    """
    table = scene.clusters
    big = table.num_rows <= 12
    across_km = (0.28 if big else 0.235) * frame.width / width_in
    lat = table["center_lat"].to_numpy(zero_copy_only=False)
    lon = table["center_lon"].to_numpy(zero_copy_only=False)
    x, y = frame.projection.forward(lat, lon)
    hides = _extents(frame, scene, x, y) < 0.75 * across_km
    aside = np.where(hides, 0.85 * across_km, 0.0)
    shown_x, shown_y = spread_apart(x + aside, y + aside, across_km)
    for row, label in enumerate(table["cluster"].to_pylist()):
        if not np.isfinite(x[row] + y[row]):
            continue
        style, at = look(label), (shown_x[row], shown_y[row])
        if np.hypot(at[0] - x[row], at[1] - y[row]) > across_km / 3.0:
            axes.plot([x[row], at[0]], [y[row], at[1]], color=INK, linewidth=0.8, zorder=9)
        axes.scatter(
            *at, s=330 if big else 230, c=style.color, edgecolors="#FFFFFF", linewidths=1.6, zorder=10
        )
        axes.annotate(
            str(label), at, ha="center", va="center_baseline", zorder=11,
            size=11 if big else 9, weight="bold", color=style.text_color,
        )  # fmt: skip


def _extents(frame: MapFrame, scene: Scene, center_x: Floats, center_y: Floats) -> Floats:
    """The distance from each centre within which nine tenths of its points lie, km on the map."""
    x, y = frame.projection.forward(scene.lat, scene.lon)
    extents = np.zeros(len(center_x))
    for row, label in enumerate(scene.clusters["cluster"].to_pylist()):
        mine = scene.label == label
        if mine.any():
            away = np.hypot(x[mine] - center_x[row], y[mine] - center_y[row])
            extents[row] = np.quantile(away, 0.9)
    return extents


def spread_apart(x: Floats, y: Floats, distance: float) -> tuple[Floats, Floats]:
    """Places near the given ones, pushed apart until no two are closer than a distance, or nearly so.

    Args:
        x: Any unit, shape (n,).
        y: The same unit, shape (n,).
        distance: The same unit.
    """
    places = np.column_stack([x, y]).astype(np.float64)
    for _ in range(80):
        gap = places[:, None] - places[None]
        length = np.hypot(gap[..., 0], gap[..., 1])
        close = (length < distance) & ~np.eye(len(places), dtype=bool)
        if not close.any():
            break
        rank = np.sign(np.arange(len(places))[:, None] - np.arange(len(places))[None])
        toward = np.where(length[..., None] > 0.0, gap, rank[..., None] * [1.0, 0.3])
        unit = toward / np.maximum(np.hypot(toward[..., 0], toward[..., 1]), 1e-12)[..., None]
        push = np.where(close, (distance - length) / 2.0 + distance * 0.005, 0.0)
        places += (push[..., None] * unit).sum(axis=1)
    return places[:, 0], places[:, 1]


def _draw_legend(figure: "Figure", scene: Scene) -> None:
    """A row a cluster: mark, number, count, and a bar for the share."""
    axes = figure.add_axes(LEGEND_BOX)
    axes.axis("off")
    counts = scene.counts()
    labels = sorted(counts, key=lambda label: (label < 0, label))
    rows = labels[:LEGEND_ROWS]
    step = min(1.0 / (max(len(rows), 1) + 2), 0.045)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.text(0.0, 1.0, "Cluster", size=9.5, color=SOFT_INK, va="top")
    axes.text(1.0, 1.0, scene.noun.capitalize(), size=9.5, color=SOFT_INK, va="top", ha="right")
    axes.plot([0, 1], [1 - 0.72 * step - 0.01] * 2, color=RULE, linewidth=0.8)
    most = max(counts.values(), default=1)
    for row, label in enumerate(rows):
        _legend_row(axes, label, counts[label], most, 1.0 - (row + 1.35) * step - 0.01)
    if len(labels) > len(rows):
        more = f"and {len(labels) - len(rows)} more"
        axes.text(0.0, 1.0 - (len(rows) + 1.35) * step - 0.01, more, size=9.5, color=SOFT_INK, va="center")


def _legend_row(axes: "Axes", label: int, count: int, most: int, at: float) -> None:
    """One row of the legend at a height between 0 and 1."""
    style = look(label)
    axes.scatter(0.04, at, s=52, c=style.color, marker=style.mark.matplotlib, linewidths=0)
    axes.text(
        0.11,
        at,
        "none" if label < 0 else str(label),
        size=11,
        color=INK,
        va="center_baseline",
        weight="bold",
    )
    room = min(0.42, 0.71 - 0.037 * len(f"{most:,}"))  # a digit takes some 0.037
    axes.barh(at, room * count / most, left=0.27, height=0.010, color=style.color, alpha=0.85)
    axes.text(1.0, at, f"{count:,}", size=11, color=INK, va="center_baseline", ha="right")
