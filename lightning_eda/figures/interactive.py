"""The interactive map: one HTML page that opens from disk, without a network.

Plotly and the coastlines are inside the page, and a content policy in it forbids every request. The map is
longitude over latitude, widened so that shapes are right at the middle latitude of the data, because its
axes then read in degrees after any zoom. Flashes are drawn by WebGL and stay smooth to 50,000; above that
each cluster is thinned in proportion, and the page says so. A browser without WebGL gets one SVG mark a
point, at most 10,000 of them.
"""

import base64
import html
import json
import re
from datetime import timedelta
from typing import Any

import numpy as np

from lightning_eda.figures.canvas import nice_step
from lightning_eda.figures.frames import Labels, Scene, utc
from lightning_eda.figures.globe.projection import PlateCarree
from lightning_eda.figures.interactive_layers import build_figure, map_center
from lightning_eda.figures.packaged import packaged_text
from lightning_eda.figures.sphere import Floats
from lightning_eda.texts import counted

MOST_POINTS = 50_000
FEWEST_PER_CLUSTER = 20
MOST_BINS = 60
BIN_MINUTES = (1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 360, 720, 1440, 10080)
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:"
)


def render_interactive_map(scene: Scene, title: str = "lightning clusters", contents: str = "") -> str:
    """The page, about 5 MB of it Plotly, and 40 bytes a flash.

    Above `MOST_POINTS` each cluster is thinned in proportion.

    Args:
        scene: What to show.
        title: What is seen, after the name of the satellite.
        contents: What the page holds, in words; empty: how many flashes in how many clusters.
    """
    from plotly.offline import get_plotlyjs

    kept = thinned(scene, MOST_POINTS)
    figure = _page_data(scene, kept)
    heading = f"{scene.satellite_title} {title}"
    parts = {
        "policy": POLICY,
        "title": html.escape(f"{heading}, {scene.window_title}"),
        "heading": html.escape(heading),
        "what": html.escape(title),
        "subtitle": html.escape(f"{scene.window_title}  ·  {contents or _contents(scene)}"),
        "source": html.escape(scene.source),
        "note": html.escape(_note(scene, len(kept))),
        "css": packaged_text("page/interactive.css"),
        "plotly": get_plotlyjs(),
        "figure": json.dumps(figure, separators=(",", ":")).replace("<", "\\u003c"),
        "script": packaged_text("page/interactive.js"),
        "hidden": "" if len(scene) else "hidden",
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], packaged_text("page/interactive.html"))


def _contents(scene: Scene) -> str:
    clusters = f" in {counted(len(scene.labels), scene.word)}" if scene.labels else ""
    return f"{scene.count:,} {scene.noun}{clusters}"


def _note(scene: Scene, drawn: int) -> str:
    """What the reader must know of the drawing."""
    note = (
        f"Scroll to zoom, drag to move, click in the legend to hide a {scene.word}, "
        "double-click to see it alone."
    )
    if drawn < scene.count:
        note += f" {drawn:,} of {scene.count:,} {scene.noun} are drawn, each {scene.word} in proportion."
    return note


def thinned(scene: Scene, most: int) -> Labels:
    """The rows to draw: all, or an even choice in each cluster, with at least a few of every cluster."""
    if len(scene) <= most:
        return np.arange(len(scene))
    rows = []
    for label in scene.counts():
        mine = np.flatnonzero(scene.label == label)
        quota = min(len(mine), max(FEWEST_PER_CLUSTER, len(mine) * most // len(scene)))
        rows.append(mine[np.linspace(0, len(mine) - 1, quota).astype(np.int64)] if quota else mine)
    return np.sort(np.concatenate(rows))


def _page_data(scene: Scene, kept: Labels) -> dict[str, Any]:
    """What the script reads: Plotly's data and layout, the points of each cluster, the bins of time."""
    projection, middle_lat = map_center(scene)
    drawing, traces = build_figure(scene, projection, middle_lat)
    minutes = nice_step(scene.minutes, MOST_BINS, BIN_MINUTES)
    return {
        "data": drawing["data"],
        "layout": drawing["layout"],
        "groups": [_points(scene, projection, kept, label, trace) for label, trace in traces.items()],
        "bins": _bins(scene, minutes),
        "bin_seconds": minutes * 60,
        "start_ms": round(utc(scene.start).timestamp() * 1000),
        "window": scene.window_title,
        "flashes": scene.count,
        "noun": scene.noun,
    }


def _points(scene: Scene, projection: PlateCarree, kept: Labels, label: int, trace: int) -> dict[str, Any]:
    """The drawn points of one cluster, column by column, as base64 of little-endian numbers."""
    mine = kept[scene.label[kept] == label]
    x, y = projection.forward(scene.lat[mine], scene.lon[mine])
    return {
        "trace": trace,
        "count": len(mine),
        "seconds": _base64(scene.seconds[mine], "<f8"),
        "x": _base64(x, "<f4"),
        "y": _base64(y, "<f4"),
        "energy_fj": _base64(scene.energy_fj[mine], "<f4"),
        "area_km2": _base64(scene.area_km2[mine], "<f4"),
        "duration_ms": _base64(scene.duration_ms[mine], "<f4"),
    }


def _base64(values: Floats, kind: str) -> str:
    return base64.b64encode(values.astype(kind).tobytes()).decode("ascii")


def _bins(scene: Scene, minutes: float) -> list[dict[str, Any]]:
    """The steps of the slider: what each is called, and how many points of the window fall in it.

    A point before the window (light that came before its granule began) counts in the first step.
    """
    number = int(np.ceil(scene.minutes / minutes))
    place = np.clip(scene.seconds // (minutes * 60), 0, number - 1).astype(np.int64)
    counts = scene.counts_in_window(np.bincount(place, minlength=number))
    long = scene.minutes > 24 * 60
    form = "%Y-%m-%d %H:%M" if long else "%H:%M"
    bins = []
    for step, count in enumerate(counts.tolist()):
        start = utc(scene.start) + timedelta(minutes=step * minutes)
        end = min(start + timedelta(minutes=minutes), utc(scene.end))
        bins.append({"label": f"{start:{form}} to {end:{form}} UTC", "count": count})
    return bins
