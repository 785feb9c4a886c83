"""The layers of the interactive map as Plotly traces: land, borders, hulls, points, centres."""

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from lightning_eda.figures.canvas import INK, SOFT_INK
from lightning_eda.figures.frames import Scene
from lightning_eda.figures.globe.basemap import BORDER, COAST, GRID, LAND, SEA
from lightning_eda.figures.globe.coastlines import joined, load_background, rings
from lightning_eda.figures.globe.projection import PlateCarree
from lightning_eda.figures.palette import look
from lightning_eda.figures.sphere import Floats, convex_hull, enclosing_center
from lightning_eda.figures.wording import number_text

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

WIDE_VIEW_DEG = 40.0
WIDE_VIEW_STEP_DEG = 0.05
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
    import plotly.graph_objects as go

    figure = go.Figure()
    ranges = _ranges(scene, projection)
    wide = max(high - low for low, high in ranges) > WIDE_VIEW_DEG
    _add_background(figure, projection, WIDE_VIEW_STEP_DEG if wide else 0.0)
    counts = scene.counts()
    order = sorted(counts, key=lambda label: (label < 0, label))
    for label in order:
        _add_hull(figure, projection, scene, label)
    first = len(figure.data)
    for label in order:
        _add_points(figure, scene, label, counts[label])
    _add_centers(figure, projection, scene)
    _lay_out(figure, scene, ranges, middle_lat)
    drawing: dict[str, Any] = json.loads(figure.to_json(engine="json"))
    return drawing, {label: first + place for place, label in enumerate(order)}


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


def _add_background(figure: "Figure", projection: PlateCarree, step_deg: float) -> None:
    """Land as filled rings with the coast as their edge, and the borders as lines."""
    background = load_background()
    land, borders = background.land, background.borders
    if step_deg:
        land, borders = land.coarser(step_deg), borders.coarser(step_deg)
    parts = [part for ring in rings(land) for part in projection.fill(ring.lat, ring.lon)]
    _add_lines(figure, *joined(parts), COAST, LAND)
    _add_lines(figure, *projection.lines(borders.lat, borders.lon), BORDER, None)


def _add_lines(figure: "Figure", x: Floats, y: Floats, color: str, fill: str | None) -> None:
    import plotly.graph_objects as go

    figure.add_trace(
        go.Scatter(
            x=x.astype(np.float32), y=y.astype(np.float32), mode="lines", line={"color": color, "width": 0.8},
            fill="toself" if fill else None, fillcolor=fill, hoverinfo="skip", showlegend=False,
        )
    )  # fmt: skip


def _add_hull(figure: "Figure", projection: PlateCarree, scene: Scene, label: int) -> None:
    """The convex hull of a cluster, hidden and shown together with its points."""
    import plotly.graph_objects as go

    mine = scene.label == label
    lat, lon = convex_hull(scene.lat[mine], scene.lon[mine]) if label >= 0 else (np.empty(0), np.empty(0))
    if len(lat) == 0:
        return
    x, y = projection.forward(lat, lon)
    red, green, blue = (int(look(label).color[i : i + 2], 16) for i in (1, 3, 5))
    figure.add_trace(
        go.Scatter(
            x=np.round(x, 3), y=np.round(y, 3), mode="lines", fill="toself",
            fillcolor=f"rgba({red},{green},{blue},0.10)", line={"color": look(label).color, "width": 1.3},
            hoverinfo="skip", showlegend=False, legendgroup=str(label),
        )
    )  # fmt: skip


def _add_points(figure: "Figure", scene: Scene, label: int, count: int) -> None:
    """The trace of the points of a cluster, with its entry in the legend."""
    import plotly.graph_objects as go

    style = look(label)
    name = f"{scene.word} {scene.name(label)}" if label >= 0 else f"no {scene.word}"
    size = float(np.clip(60.0 / max(len(scene), 1) ** 0.25, 4.5, 9.0))
    figure.add_trace(
        go.Scattergl(
            x=[], y=[], text=[], mode="markers", name=f"<b>{scene.name(label)}</b>  {count:,}",
            marker={"color": style.color, "symbol": style.mark.plotly, "size": size, "opacity": 0.75},
            hovertemplate=f"<b>{name}</b><br>%{{text}}<extra></extra>", legendgroup=str(label),
        )
    )  # fmt: skip


def _add_centers(figure: "Figure", projection: PlateCarree, scene: Scene) -> None:
    """The centres, each a disc as wide as its number, with the row of the table as hover text."""
    import plotly.graph_objects as go

    disc, letters = (21, 12) if scene.clusters.num_rows <= 12 else (17, 11)
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
        figure.add_trace(
            go.Scattergl(
                x=x, y=y, mode="markers+text", text=[name], legendgroup=str(label),
                showlegend=False, textfont={"color": style.text_color, "size": letters},
                hovertemplate=text + "<extra></extra>",
                marker={
                    "color": style.color, "size": max(disc, 0.6 * letters * len(name) + 3.0),
                    "line": {"color": "#FFFFFF", "width": 2},
                },
            )
        )  # fmt: skip


def _lay_out(figure: "Figure", scene: Scene, ranges: list[tuple[float, float]], middle_lat: float) -> None:
    """Axes in degrees with equal scale at the middle latitude, and the legend."""
    axis = {
        "showgrid": True, "gridcolor": GRID, "griddash": "dot", "zeroline": False, "ticks": "outside",
        "tickcolor": COAST, "tickfont": {"color": SOFT_INK, "size": 12}, "showline": True, "mirror": True,
        "linecolor": COAST,
    }  # fmt: skip
    title = f"{scene.word.capitalize()}, {scene.noun}"
    figure.update_layout(
        template="none",
        font={"family": FONT, "color": INK},
        plot_bgcolor=SEA,
        paper_bgcolor="#FFFFFF",
        margin={"l": 56, "r": 12, "t": 10, "b": 34},
        dragmode="pan",
        hovermode="closest",
        hoverlabel={"bgcolor": "#FFFFFF", "font": {"color": INK, "family": FONT, "size": 13}},
        xaxis={**axis, "range": ranges[0]},
        yaxis={
            **axis, "range": ranges[1], "scaleanchor": "x",
            "scaleratio": 1.0 / float(np.cos(np.radians(middle_lat))),
        },
        legend={
            "title": {"text": title, "font": {"color": SOFT_INK, "size": 13}},
            "groupclick": "togglegroup", "itemsizing": "constant", "font": {"size": 14}, "tracegroupgap": 2,
        },
    )  # fmt: skip
    if len(scene) == 0:
        missing = scene.noun if scene.word == "cluster" else f"{scene.word}s"
        figure.add_annotation(
            text=f"<b>No {missing} in this window</b>", xref="paper", yref="paper", x=0.5, y=0.5,
            showarrow=False, font={"size": 24, "color": INK},
        )  # fmt: skip
