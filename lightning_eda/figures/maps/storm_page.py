"""The storm page: density under tracks, flashes that fade, a slider over the day, a curve for each storm.

The map is the fixed grid of the satellite's imager, as forecasters see its pictures: the density needs no
other projection, and no storm is cut by the antimeridian. Everything is inside the page, and a content policy
in it forbids every request. Columns of numbers are packed: a flash takes 5 bytes or less, so all are there.
"""

import html
import json
import re
import zlib
from base64 import b64encode
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from lightning_eda.earth import GRID_SIZE
from lightning_eda.figures.frames import source_words, span_text, utc
from lightning_eda.figures.globe.basemap import latitude_text, longitude_text
from lightning_eda.figures.globe.disk import Project
from lightning_eda.figures.interactive import POLICY
from lightning_eda.figures.maps.density_map import COLORS
from lightning_eda.figures.maps.storm_scene import DensitySteps, StormScene
from lightning_eda.figures.packaged import packaged_text
from lightning_eda.figures.sphere import Floats
from lightning_eda.series.storms import FRAME_MINUTES

PLACES_PER_CELL = 12  # of `GRID_SIZE` cells: a place fits into 16 bits, to 170 m
NOWHERE = 65535
FAINTEST, LEVELS_PER_DOUBLING = 0.05, 16.0


def render_storm_page(scenes: Sequence[StormScene]) -> str:
    """The page; it can show one satellite at a time.

    Args:
        scenes: Of the same day, one for each satellite, at least one.
    """
    first = scenes[0]
    day = span_text(first.start, first.end)
    heading = f"{' and '.join(scene.title for scene in scenes)} storms"
    data = {
        "colors": COLORS,
        "step": FRAME_MINUTES,
        "size": GRID_SIZE,
        "places": PLACES_PER_CELL,
        "nowhere": NOWHERE,
        "views": [_view(scene) for scene in scenes],
    }
    parts = {
        "policy": POLICY,
        "title": html.escape(f"{heading}, {day}"),
        "heading": html.escape(heading),
        "day": html.escape(day),
        "source": html.escape(source_words(any(scene.simulated for scene in scenes))),
        "css": packaged_text("page/storms.css"),
        "figure": json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"),
        "script": packaged_text("page/storms.js"),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], packaged_text("page/storms.html"))


def _view(scene: StormScene) -> dict[str, Any]:
    """What the script reads of one satellite."""
    ranked, storms = scene.ranked.to_pylist(), scene.of_storms(scene.points)
    place = {row["track"]: number for number, row in enumerate(ranked)}
    jumps = scene.of_storms(scene.jumps)
    return {
        "name": scene.title,
        "words": f"{scene.words} {scene.density_words}",
        "absence": f"No storms. {scene.absence}",
        "start_ms": round(utc(scene.start).timestamp() * 1000),
        "span": _span(scene),
        "lines": {name: _line(*line) for name, line in scene.disk._asdict().items()},
        "labels": _labels(scene.project),
        "flashes": _flashes(scene),
        "density": _density(scene.density, scene.total),
        "storms": [_storm(scene, row, place, mine) for row, mine in zip(ranked, jumps, strict=True)],
        "points": _points(scene, storms),
        "rates": _rates(scene),
    }


def _span(scene: StormScene) -> list[int]:
    """The first and last minute to show: the hours whose granules have flashes."""
    hours = scene.minutes(scene.flashes["granule_start"]) // 60
    most = round((scene.end - scene.start) / timedelta(minutes=1))
    if not len(hours):
        return [0, most]
    return [60 * int(hours.min()), 60 * int(hours.max()) + 60]


def _flashes(scene: StormScene) -> dict[str, str]:
    """By time, in tenths of a second; those that the satellite cannot have seen are left out."""
    rows = scene.flashes.sort_by("time")
    tenths = np.clip(np.rint(scene.minutes(rows["time"]) * 600.0), 0, None)
    column, row = _places(scene.project, rows)
    seen = column != NOWHERE
    return {"t": _rising(tenths[seen]), "x": _pack(column[seen], "<u2"), "y": _pack(row[seen], "<u2")}


def _density(steps: DensitySteps | None, total: DensitySteps | None) -> dict[str, Any] | None:
    """The blocks of each step, and behind them those of the whole time."""
    if steps is None or total is None:
        return None
    wide = -(-GRID_SIZE // steps.side)
    flashes = np.maximum(np.append(steps.flashes, total.flashes), FAINTEST)
    level = 1.0 + LEVELS_PER_DOUBLING * np.log2(flashes / FAINTEST)
    return {
        "side": steps.side,
        "wide": wide,
        "faintest": FAINTEST,
        "per_doubling": LEVELS_PER_DOUBLING,
        "count": _pack(np.append(np.bincount(steps.step), len(total.flashes)), "<u4"),
        "cell": _rising(np.append(steps.row * wide + steps.column, total.row * wide + total.column)),
        "level": _pack(np.clip(np.rint(level), 1, 255), "u1"),
    }


def _storm(scene: StormScene, row: dict[str, Any], place: dict[str, int], jumps: pa.Table) -> dict[str, Any]:
    """What is told of a storm beside its curve; other storms by their place in the list."""
    merged, parent = row["merged_into"], row["parent"]
    minutes = scene.minutes(jumps["time"])
    return {
        "name": row["track"],
        "flashes": row["flashes"],
        "born": f"{row['first_time']:%Y-%m-%d %H:%M}",
        "last": f"{row['last_time']:%H:%M}",
        "peak": row["peak_per_minute"],
        "area": row["largest_area_km2"],
        "speed": row["speed_kmh"],
        "heading": row["heading_deg"],
        "error": row["forecast_error_km"],
        "parent": [parent, place.get(parent, -1)] if parent else None,
        "merged": [merged, place.get(merged, -1)] if merged else None,
        "ended": row["ended_by"],
        "jumps": [
            [round(minute), round(jump["sigma"], 2), jump["flashes_per_minute"], *_corner(scene, jump)]
            for minute, jump in zip(minutes.tolist(), jumps.to_pylist(), strict=True)
        ],
    }


def _corner(scene: StormScene, jump: dict[str, Any]) -> list[float]:
    column, row = scene.project(np.array([jump["lat"]]), np.array([jump["lon"]]))
    return [round(float(value), 2) if np.isfinite(value) else 0.0 for value in (column[0], row[0])]


def _points(scene: StormScene, storms: list[pa.Table]) -> dict[str, str]:
    """The frames of all storms, one after the other."""
    rows = pa.concat_tables([scene.points.slice(0, 0), *storms])
    column, row = _places(scene.project, rows)
    ahead = rows.select(["forecast_lat", "forecast_lon"]).rename_columns(["lat", "lon"])
    next_column, next_row = _places(scene.project, ahead)
    return {
        "count": _pack([storm.num_rows for storm in storms], "<u4"),
        "minute": _pack(np.clip(scene.minutes(rows["frame_time"]), 0, None), "<u2"),
        "x": _pack(column, "<u2"),
        "y": _pack(row, "<u2"),
        "lat": _pack(np.rint(10 * rows["lat"].to_numpy()), "<i2"),  # in tenths of a degree
        "lon": _pack(np.rint(10 * rows["lon"].to_numpy()), "<i2"),
        "next_x": _pack(next_column, "<u2"),
        "next_y": _pack(next_row, "<u2"),
        "rate": _pack(rows["flashes_per_minute"].to_numpy(), "<f4"),
        "area": _pack(rows["area_km2"].to_numpy(), "<f4"),
        "speed": _pack(rows["speed_kmh"].to_numpy(), "<f4"),
        "heading": _pack(rows["heading_deg"].to_numpy(), "<f4"),
    }


def _rates(scene: StormScene) -> dict[str, str]:
    storms = scene.of_storms(scene.rates)
    rows = pa.concat_tables([scene.rates.slice(0, 0), *storms])
    return {
        "count": _pack([storm.num_rows for storm in storms], "<u4"),
        "minute": _pack(scene.minutes(rows["time"]), "<i2"),
        "flashes": _pack(rows["flashes"].to_numpy(), "<u4"),
    }


def _labels(project: Project) -> list[list[Any]]:
    """Where meridians and parallels of ten degrees cross, and their names."""
    grids = np.meshgrid(np.arange(-60.0, 61.0, 10.0), np.arange(-180.0, 180.0, 10.0))
    lat, lon = (grid.ravel() for grid in grids)
    x, y = project(lat, lon)
    names = [
        f"{latitude_text(a)} {longitude_text(b)}" for a, b in zip(lat.tolist(), lon.tolist(), strict=True)
    ]
    return [[round(a, 1), round(b, 1), text] for a, b, text in zip(x, y, names, strict=True) if a == a]


def _places(project: Project, rows: pa.Table) -> tuple[Floats, Floats]:
    """Columns and rows in `PLACES_PER_CELL`; `NOWHERE` for what is not known or not seen."""
    return _rounded(*project(*(rows[name].cast(pa.float64()).to_numpy() for name in ("lat", "lon"))))


def _rounded(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    known = np.isfinite(x + y)
    x, y = (np.where(known, np.clip(np.rint(PLACES_PER_CELL * v), 0, NOWHERE - 1), NOWHERE) for v in (x, y))
    return x, y


def _line(x: Floats, y: Floats) -> dict[str, str]:
    x, y = _rounded(x, y)
    kept = np.append(True, (np.diff(x) != 0) | (np.diff(y) != 0))
    return {"x": _pack(x[kept], "<u2"), "y": _pack(y[kept], "<u2")}


def _rising(values: ArrayLike) -> str:
    """Whole numbers as their differences, which pack well; a fall is stored modulo 2**32."""
    return _pack(np.diff(np.asarray(values, np.int64), prepend=0).astype(np.uint32), "<u4")


def _pack(values: ArrayLike, kind: str) -> str:
    return b64encode(zlib.compress(np.asarray(values).astype(kind).tobytes(), 6)).decode("ascii")
