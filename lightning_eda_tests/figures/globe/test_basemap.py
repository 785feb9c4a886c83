"""The ground under the points: the frame, the scale bar and the graticule say what is true."""

import numpy as np
import pytest

from lightning_eda.figures.canvas import new_figure
from lightning_eda.figures.globe.basemap import (
    BORDER,
    COAST,
    FIELD_OF_VIEW_KM,
    SMALLEST_HALF_WIDTH_KM,
    draw_basemap,
    frame_points,
    frame_scene,
    latitude_text,
    longitude_text,
)
from lightning_eda.figures.globe.coastlines import load_background
from lightning_eda.figures.globe.projection import HORIZON_KM
from lightning_eda_tests.figures.storms import empty_scene, storm_scene


@pytest.fixture(scope="module")
def ground():
    """The map of a storm a few hundred kilometres wide: its frame and its axes."""
    frame = frame_scene(storm_scene(1, 400), 1.5)
    axes = new_figure(9.0, 6.0).add_axes((0.0, 0.0, 1.0, 1.0))
    draw_basemap(axes, frame)
    return frame, axes


def test_the_scale_bar_is_as_long_as_it_says(ground):
    """From its 0 to its end, in the kilometres of the map; a fifth of the width at most."""
    frame, axes = ground
    (end,) = [text for text in axes.texts if text.get_text().endswith(" km")]
    (zero,) = [text for text in axes.texts if text.get_text() == "0"]
    length = float(end.get_text().removesuffix(" km").replace(",", ""))
    halves = [np.asarray(part.get_xy())[:, 0] for part in axes.patches if part.get_zorder() == 12]
    assert [half.max() - half.min() for half in halves] == pytest.approx([length / 2.0] * 2)
    assert (halves[0].min(), halves[1].max()) == (pytest.approx(zero.xy[0]), pytest.approx(end.xy[0]))
    assert end.xy[0] - zero.xy[0] == pytest.approx(length)
    assert frame.width / 15.0 < length <= frame.width / 5.0


def test_the_axes_are_the_frame(ground):
    """One kilometre is as long upwards as it is sidewards."""
    frame, axes = ground
    assert (axes.get_xlim(), axes.get_ylim()) == ((frame.west, frame.east), (frame.south, frame.north))
    assert axes.get_aspect() == 1.0
    assert frame.width / frame.height == pytest.approx(1.5)


def test_each_line_of_the_graticule_is_named_where_it_leaves(ground):
    """Meridians below and parallels on the left, at the place of that longitude or latitude."""
    frame, axes = ground
    below = [text for text in axes.texts if text.xy[1] == frame.south]
    beside = [text for text in axes.texts if text.xy[0] == frame.west]
    assert len(below) >= 3
    assert len(beside) >= 3
    for text in below:
        lon = _degrees(text.get_text())
        lats = np.linspace(-80.0, 80.0, 160_001)
        x, y = frame.projection.forward(lats, np.full_like(lats, lon))
        assert np.nanmin(np.hypot(x - text.xy[0], y - text.xy[1])) < 0.1
    for text in beside:
        lons = np.linspace(-180.0, 180.0, 360_001)
        x, y = frame.projection.forward(np.full_like(lons, _degrees(text.get_text())), lons)
        assert np.nanmin(np.hypot(x - text.xy[0], y - text.xy[1])) < 0.1


def test_parallels_that_end_at_the_horizon_are_named_there():
    """At their western ends, as far up as the sine of the latitude."""
    axes = new_figure(9.0, 6.0).add_axes((0.0, 0.0, 1.0, 1.0))
    draw_basemap(axes, frame_scene(empty_scene(), 1.5))
    ends = {text.get_text(): text.xy for text in axes.texts if text.get_ha() == "right"}
    assert {"30°N", "0°", "30°S"} <= ends.keys()
    for name, place in ends.items():
        up = np.radians(_degrees(name))
        assert place == pytest.approx([-HORIZON_KM * np.cos(up), HORIZON_KM * np.sin(up)], abs=1.0)


def test_borders_and_coasts_are_lines_of_their_own(ground):
    """Each in its colour, the coasts above."""
    frame, axes = ground
    background = load_background()
    found = {line.get_color(): line for line in axes.lines}
    for lines, color in ((background.borders, BORDER), (background.coasts, COAST)):
        places = frame.projection.lines(lines.lat, lines.lon)
        np.testing.assert_array_equal(found[color].get_data(), places)
    assert found[BORDER].get_zorder() < found[COAST].get_zorder()


def _degrees(text: str) -> float:
    number, _, side = text.partition("°")
    return float(number) * (-1.0 if side in ("W", "S") else 1.0)


def test_a_frame_has_a_margin_around_its_points():
    """Seven hundredths of their extent on each side, in the direction that is tight; never below 300 km."""
    scene = storm_scene(2, 500)
    frame = frame_scene(scene, 1.0)
    x, y = frame.projection.forward(scene.lat, scene.lon)
    extent = max(np.ptp(x), np.ptp(y))
    assert frame.width == pytest.approx(1.14 * extent)
    assert (frame.west + frame.east) / 2.0 == pytest.approx((x.min() + x.max()) / 2.0)
    assert (frame.south + frame.north) / 2.0 == pytest.approx((y.min() + y.max()) / 2.0)
    lat = np.array([-10.0, 10.0])
    tall = frame_points(lat, np.zeros(2), 0.0, 1.0)
    assert tall.height == pytest.approx(1.14 * np.ptp(tall.projection.forward(lat, np.zeros(2))[1]))
    assert frame_scene(storm_scene(1, 1), 2.0).width == 2 * SMALLEST_HALF_WIDTH_KM
    assert frame_scene(empty_scene(), 1.0).width == pytest.approx(1.14 * 2 * FIELD_OF_VIEW_KM)


@pytest.mark.parametrize(
    ("lon", "text"),
    [
        (-120.0, "120°W"),
        (0.0, "0°"),
        (180.0, "180°"),
        (-180.0, "180°"),
        (190.0, "170°W"),
        (12.346, "12.35°E"),
    ],
)
def test_longitudes_as_on_a_printed_map(lon, text):
    """In any turn."""
    assert longitude_text(lon) == text


@pytest.mark.parametrize(("lat", "text"), [(30.0, "30°N"), (-0.001, "0°"), (-12.5, "12.5°S")])
def test_latitudes_as_on_a_printed_map(lat, text):
    """The equator has no side."""
    assert latitude_text(lat) == text
