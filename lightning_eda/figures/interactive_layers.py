"""The layers of the interactive map as Plotly traces: land, borders, hulls, points, centres.

They are the plain objects that Plotly's script reads; its Python classes, which take 0.6 s to load, hold them
to its schema in the tests.
"""

import base64
from typing import Any

import numpy as np

from lightning_eda.figures.canvas import INK, SOFT_INK
from lightning_eda.figures.frames import NOT_LOADED, Scene
from lightning_eda.figures.globe.basemap import BORDER, COAST, GRID, LAND, SEA
from lightning_eda.figures.globe.coastlines import joined, load_background, rings
from lightning_eda.figures.globe.projection import PlateCarree
from lightning_eda.figures.palette import look
from lightning_eda.figures.sphere import Floats, convex_hull, enclosing_center
from lightning_eda.figures.wording import number_text

Trace = dict[str, Any]

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'


def map_center(scene: Scene) -> tuple[PlateCarree, float]:
    """The projection around the data, and the latitude at which shapes are right."""
    if len(scene) == 0:
        return PlateCarree(scene.subpoint_lon), 0.0
    lat, lon = enclosing_center(scene.lat, scene.lon)
    return PlateCarree(lon), lat


def build_figure(
    scene: Scene, projection: PlateCarree, middle_lat: float
) -> tuple[dict[str, Any], dict[int, int]]:
    """Plotly's data and layout, and the number of the point trace of each label.

    The point traces are empty: the script of the page fills them for the chosen time.
    """
    ranges = _ranges(scene, projection)
    counts = scene.counts()
    order = sorted(counts, key=lambda label: (label < 0, label))
    behind = _background(projection)
    behind += [hull for label in order for hull in _hull(projection, scene, label)]
    points = [_points(scene, label, counts[label]) for label in order]
    drawing = {
        "data": [*behind, *points, *_centers(projection, scene)],
        "layout": _layout(scene, ranges, middle_lat),
    }
    return drawing, {label: len(behind) + place for place, label in enumerate(order)}


def _ranges(scene: Scene, projection: PlateCarree) -> list[tuple[float, float]]:
    """The longitudes and latitudes in view at first: the data with a margin, or the field of view."""
    if len(scene) == 0:
        return [(projection.center_lon - 64.0, projection.center_lon + 64.0), (-60.0, 60.0)]
    x, y = projection.forward(scene.lat, scene.lon)
    ranges = []
    for values in (x, y):
        pad = max(0.07 * float(np.ptp(values)), 1.0)
        ranges.append((float(values.min()) - pad, float(values.max()) + pad))
    return ranges


def _background(projection: PlateCarree) -> list[Trace]:
    """Land as filled rings with the coast as their edge, and the borders as lines."""
    background = load_background()
    land, borders = background.land, background.borders
    parts = [part for ring in rings(land) for part in projection.fill(ring.lat, ring.lon)]
    coast = _lines(*joined(parts), {"color": COAST, "width": 0.8}, LAND)
    return [coast, _lines(*projection.lines(borders.lat, borders.lon), {"color": BORDER, "width": 0.8})]


def _lines(x: Floats, y: Floats, line: dict[str, Any], fill: str | None = None) -> Trace:
    """Lines that are no part of the legend and say nothing, filled or not."""
    filled = {} if fill is None else {"fill": "toself", "fillcolor": fill}
    return {
        "type": "scatter", "x": _packed(x), "y": _packed(y), "mode": "lines", "line": line, **filled,
        "hoverinfo": "skip", "showlegend": False,
    }  # fmt: skip


def _packed(values: Floats) -> dict[str, str]:
    """Numbers as Plotly's script takes them in bulk; in single precision, 2 m at most."""
    return {"dtype": "f4", "bdata": base64.b64encode(values.astype("<f4").tobytes()).decode("ascii")}


def _hull(projection: PlateCarree, scene: Scene, label: int) -> list[Trace]:
    """The convex hull of a cluster, hidden and shown together with its points; none where it has none."""
    mine = scene.label == label
    lat, lon = convex_hull(scene.lat[mine], scene.lon[mine]) if label >= 0 else (np.empty(0), np.empty(0))
    if len(lat) == 0:
        return []
    color = look(label).color
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    fill = f"rgba({red},{green},{blue},0.10)"
    hull = _lines(*projection.forward(lat, lon), {"color": color, "width": 1.3}, fill)
    return [{**hull, "legendgroup": str(label)}]


def _points(scene: Scene, label: int, count: int) -> Trace:
    """The trace of the points of a cluster, with its entry in the legend."""
    style = look(label)
    name = f"{scene.word} {scene.name(label)}" if label >= 0 else f"no {scene.word}"
    size = float(np.clip(60.0 / max(len(scene), 1) ** 0.25, 4.5, 9.0))
    return {
        "type": "scattergl", "x": [], "y": [], "text": [], "mode": "markers",
        "name": f"<b>{scene.name(label)}</b>  {count:,}",
        "marker": {"color": style.color, "symbol": style.mark.plotly, "size": size, "opacity": 0.75},
        "hovertemplate": f"<b>{name}</b><br>%{{text}}<extra></extra>", "legendgroup": str(label),
    }  # fmt: skip


def _centers(projection: PlateCarree, scene: Scene) -> list[Trace]:
    """The centres, each a disc as wide as its number, with the row of the table as hover text."""
    disc, letters = (21, 12) if scene.clusters.num_rows <= 12 else (17, 11)
    traces = []
    for row in scene.clusters.to_pylist():
        label, style = int(row["cluster"]), look(int(row["cluster"]))
        x, y = projection.forward(np.array([row["center_lat"]]), np.array([row["center_lon"]]))
        name = scene.name(label)
        text = (
            f"<b>{scene.word} {name}, centre</b><br>{row['flashes']:,} {scene.noun}, "
            f"{number_text(row['rate_per_minute'])} per minute"
            f"<br>radius {number_text(row['radius_km'], 'km')}"
            f"<br>hull {number_text(row['hull_area_km2'], 'km²')}"
        )
        marker = {
            "color": style.color, "size": max(disc, 0.6 * letters * len(name) + 3.0),
            "line": {"color": "#FFFFFF", "width": 2},
        }  # fmt: skip
        traces.append(
            {
                "type": "scattergl", "x": x.tolist(), "y": y.tolist(), "mode": "markers+text", "text": [name],
                "legendgroup": str(label), "showlegend": False, "marker": marker,
                "textfont": {"color": style.text_color, "size": letters},
                "hovertemplate": text + "<extra></extra>",
            }
        )  # fmt: skip
    return traces


def _layout(scene: Scene, ranges: list[tuple[float, float]], middle_lat: float) -> dict[str, Any]:
    """Axes in degrees with equal scale at the middle latitude, and the legend."""
    axis = {
        "showgrid": True, "gridcolor": GRID, "griddash": "dot", "zeroline": False, "ticks": "outside",
        "tickcolor": COAST, "tickfont": {"color": SOFT_INK, "size": 12}, "showline": True, "mirror": True,
        "linecolor": COAST,
    }  # fmt: skip
    title = f"{scene.word.capitalize()}, {scene.noun}"
    none = f"No {scene.noun if scene.word == 'cluster' else f'{scene.word}s'} in this window"
    empty = {
        "text": f"<b>{none if scene.loaded else NOT_LOADED}</b>",
        "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "showarrow": False,
        "font": {"size": 24, "color": INK},
    }  # fmt: skip
    return {
        "font": {"family": FONT, "color": INK},
        "plot_bgcolor": SEA,
        "paper_bgcolor": "#FFFFFF",
        "margin": {"l": 56, "r": 12, "t": 10, "b": 34},
        "dragmode": "pan",
        "hovermode": "closest",
        "hoverlabel": {"bgcolor": "#FFFFFF", "font": {"color": INK, "family": FONT, "size": 13}},
        "xaxis": {**axis, "range": ranges[0]},
        "yaxis": {
            **axis, "range": ranges[1], "scaleanchor": "x",
            "scaleratio": 1.0 / float(np.cos(np.radians(middle_lat))),
        },
        "legend": {
            "title": {"text": title, "font": {"color": SOFT_INK, "size": 13}},
            "groupclick": "togglegroup", "itemsizing": "constant", "font": {"size": 14}, "tracegroupgap": 2,
        },
        "annotations": [] if len(scene) else [empty],
    }  # fmt: skip
