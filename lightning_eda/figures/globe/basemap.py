"""The still map without its flashes: extent, land, borders, graticule, scale bar."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lightning_eda.earth import EARTH_RADIUS_KM
from lightning_eda.figures.canvas import INK, SOFT_INK, halo, nice_step
from lightning_eda.figures.frames import Scene
from lightning_eda.figures.globe.coastlines import Lines, load_background
from lightning_eda.figures.globe.projection import HORIZON_KM, EqualArea
from lightning_eda.figures.sphere import Floats, enclosing_center

if TYPE_CHECKING:
    from matplotlib.axes import Axes


SEA = "#E3ECF3"
LAND = "#F7F4EC"
COAST = "#8296A8"
BORDER = "#B9B4A6"
GRID = "#B7C6D3"

MARGIN = 0.07
SMALLEST_HALF_WIDTH_KM = 150.0
FIELD_OF_VIEW_KM = 6660.0
"""The radius, on the map, of the 63 degrees around its subpoint in which a satellite's GLM sees lightning.

Source: measured. The farthest events of 13 granules of GOES-16 to -19 are 63.2 degrees from the subpoint.
"""

GRID_STEPS_DEG = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0)
SCALE_STEPS_KM = tuple(base * 10.0**power for power in range(4) for base in (1, 2, 5))


@dataclass(frozen=True)
class MapFrame:
    """A rectangle of the map.

    Attributes:
        projection: Centred on what is shown.
        west: Left side, km from the centre; `east`, `south` and `north` alike.
        east: Right side.
        south: Lower side.
        north: Upper side.
    """

    projection: EqualArea
    west: float
    east: float
    south: float
    north: float

    @property
    def width(self) -> float:
        """From side to side, km."""
        return self.east - self.west

    @property
    def height(self) -> float:
        """From top to bottom, km."""
        return self.north - self.south


def frame_scene(scene: Scene, aspect: float) -> MapFrame:
    """The frame that shows every point with a margin; the whole field of view when there is none.

    Args:
        scene: What is drawn.
        aspect: Width over height of the frame.
    """
    return frame_points(scene.lat, scene.lon, scene.subpoint_lon, aspect)


def frame_points(lat: Floats, lon: Floats, subpoint_lon: float, aspect: float) -> MapFrame:
    """As `frame_scene`, for points in degrees seen from above a longitude."""
    if len(lat) == 0:
        projection = EqualArea(0.0, subpoint_lon)
        return _fitted(
            projection, (-FIELD_OF_VIEW_KM, FIELD_OF_VIEW_KM), (-FIELD_OF_VIEW_KM, FIELD_OF_VIEW_KM), aspect
        )
    projection = EqualArea(*enclosing_center(lat, lon))
    x, y = projection.forward(lat, lon)
    return _fitted(projection, (np.nanmin(x), np.nanmax(x)), (np.nanmin(y), np.nanmax(y)), aspect)


def _fitted(projection: EqualArea, x: tuple[float, float], y: tuple[float, float], aspect: float) -> MapFrame:
    """The smallest frame of an aspect around two ranges with a margin."""
    pad = 1.0 + 2.0 * MARGIN
    half_width = max(SMALLEST_HALF_WIDTH_KM, pad * (x[1] - x[0]) / 2.0)
    half_height = max(SMALLEST_HALF_WIDTH_KM / aspect, pad * (y[1] - y[0]) / 2.0)
    half_width, half_height = max(half_width, half_height * aspect), max(half_height, half_width / aspect)
    middle_x, middle_y = (x[0] + x[1]) / 2.0, (y[0] + y[1]) / 2.0
    return MapFrame(
        projection,
        middle_x - half_width,
        middle_x + half_width,
        middle_y - half_height,
        middle_y + half_height,
    )


def draw_basemap(axes: "Axes", frame: MapFrame) -> None:
    """Draws everything that lies under the points, and sets the limits of the axes."""
    axes.set(xlim=(frame.west, frame.east), ylim=(frame.south, frame.north), aspect="equal")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(color=COAST, linewidth=0.8)
    _draw_land(axes, frame)
    background = load_background()
    for lines, color, width, order in (
        (background.borders, BORDER, 0.6, 2),
        (background.coasts, COAST, 0.7, 3),
    ):
        x, y = frame.projection.lines(lines.lat, lines.lon)
        axes.plot(x, y, color=color, linewidth=width, zorder=order, solid_joinstyle="round")
    _draw_graticule(axes, frame)
    _draw_scale_bar(axes, frame)


def _draw_land(axes: "Axes", frame: MapFrame) -> None:
    """The sea as a disk, and the land."""
    rim_x, rim_y = frame.projection.rim()
    axes.fill(rim_x, rim_y, facecolor=SEA, edgecolor=COAST, linewidth=0.8, zorder=0)
    land = load_background().land
    fill_land(axes, frame.projection.fill_all(land.lat, land.lon))


def fill_land(axes: "Axes", rings: list[tuple[Floats, Floats]]) -> None:
    """Fills closed rings as one path, so that inner seas stay sea."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    if rings:
        ends = np.cumsum([len(x) for x, _ in rings])
        codes = np.full(ends[-1], Path.LINETO, Path.code_type)
        codes[np.append(0, ends[:-1])] = Path.MOVETO
        codes[ends - 1] = Path.CLOSEPOLY
        path = Path(np.column_stack([np.concatenate(side) for side in zip(*rings, strict=True)]), codes)
        shape = PathPatch(path, facecolor=LAND, edgecolor="none", zorder=1)
        axes.add_artist(shape)  # add_patch would walk all corners for limits that are set already


def _draw_graticule(axes: "Axes", frame: MapFrame) -> None:
    """Meridians, labelled where they leave below, and parallels, labelled where they leave on the left."""
    step = nice_step(np.degrees(frame.height / EARTH_RADIUS_KM), 6, GRID_STEPS_DEG)
    reach = np.arange(-85.0, 85.1, 0.5)
    for lon in np.arange(-180.0, 180.0, step):
        x, y = _grid_line(axes, frame, Lines(lat=reach, lon=np.full_like(reach, lon)))
        for at in _crossings(x, y, frame.south, (frame.west, frame.east)):
            _edge_label(axes, longitude_text(lon), (at, frame.south), (0, -5), "center", "top")
    around = np.arange(-180.0, 180.1, 0.5)
    most = np.floor(85.0 / step) * step
    for lat in np.arange(-most, most + step / 2.0, step):
        x, y = _grid_line(axes, frame, Lines(lat=np.full_like(around, lat), lon=around))
        at_side = _crossings(y, x, frame.west, (frame.south, frame.north))
        for at in at_side:
            _edge_label(axes, latitude_text(lat), (frame.west, at), (-5, 0), "right", "center")
        if not at_side:
            _limb_label(axes, frame, latitude_text(lat), x, y)


def _grid_line(axes: "Axes", frame: MapFrame, line: Lines) -> tuple[Floats, Floats]:
    """Draws one line of the graticule and returns it in km; a small map shows few of a thousand."""
    x, y = frame.projection.lines(line.lat, line.lon)
    rim = 0.01 * frame.width  # a line is as wide as its pen
    seen = _reaches(x, frame.west - rim, frame.east + rim) & _reaches(y, frame.south - rim, frame.north + rim)
    if seen.any():
        axes.plot(x, y, color=GRID, linewidth=0.5, linestyle=(0, (4, 3)), zorder=1.5)
    return x, y


def _reaches(values: Floats, low: float, high: float) -> NDArray[np.bool_]:
    """For each two neighbours whether any value between them lies within the limits; not where one is NaN."""
    one, two = values[:-1], values[1:]
    return (np.maximum(one, two) >= low) & (np.minimum(one, two) <= high)


def _crossings(along: Floats, across: Floats, level: float, limits: tuple[float, float]) -> list[float]:
    """Where a line crosses a level, measured along it, within the limits."""
    with np.errstate(invalid="ignore"):
        at = np.flatnonzero((across[:-1] < level) != (across[1:] < level))
    at = at[np.isfinite(across[at]) & np.isfinite(across[at + 1])]
    share = (level - across[at]) / (across[at + 1] - across[at])
    found = along[at] + share * (along[at + 1] - along[at])
    return [float(place) for place in found if limits[0] < place < limits[1]]


def _limb_label(axes: "Axes", frame: MapFrame, text: str, x: Floats, y: Floats) -> None:
    """A label at the western end of a parallel that ends at the horizon inside the frame."""
    if not np.isfinite(x).any():
        return
    end = int(np.nanargmin(x))
    at_horizon = np.hypot(x[end], y[end]) > 0.98 * HORIZON_KM
    if at_horizon and x[end] > frame.west + 0.04 * frame.width and frame.south < y[end] < frame.north:
        _edge_label(axes, text, (float(x[end]), float(y[end])), (-5, 0), "right", "center")


def _edge_label(
    axes: "Axes", text: str, place: tuple[float, float], offset: tuple[float, float], ha: str, va: str
) -> None:
    """A label of the graticule just outside the frame."""
    axes.annotate(
        text,
        place,
        offset,
        textcoords="offset points",
        ha=ha,
        va=va,
        size=8.5,
        color=SOFT_INK,
        annotation_clip=False,
    )


def longitude_text(lon: float) -> str:
    """A longitude as on a printed map: 120°W, 0°, 180°."""
    lon = (lon + 180.0) % 360.0 - 180.0
    side = "" if lon in (0.0, -180.0) else "W" if lon < 0.0 else "E"
    return f"{abs(round(lon, 2)):g}°{side}"


def latitude_text(lat: float) -> str:
    """A latitude as on a printed map: 30°N, 0°."""
    lat = round(lat, 2)
    side = "" if lat == 0.0 else "S" if lat < 0.0 else "N"
    return f"{abs(lat):g}°{side}"


def _draw_scale_bar(axes: "Axes", frame: MapFrame) -> None:
    """A bar of a round length at the lower left, true at the centre of the map."""
    length = max((step for step in SCALE_STEPS_KM if step <= frame.width / 5.0), default=SCALE_STEPS_KM[0])
    left, low = frame.west + 0.03 * frame.width, frame.south + 0.035 * frame.height
    thick = 0.009 * frame.height
    for part, color in enumerate((INK, "#FFFFFF")):
        start = left + part * length / 2.0
        axes.fill(
            [start, start + length / 2.0, start + length / 2.0, start],
            [low, low, low + thick, low + thick],
            facecolor=color, edgecolor=INK, linewidth=0.8, zorder=12,
        )  # fmt: skip
    for place, text in ((0.0, "0"), (length, f"{length:,.0f} km")):
        label = axes.annotate(
            text,
            (left + place, low + thick),
            (0, 3),
            textcoords="offset points",
            ha="center",
            size=8.5,
            color=INK,
        )
        label.set(zorder=12, path_effects=halo())
