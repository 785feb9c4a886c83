"""What the storm page is given: flashes, density, hours, texts; and the small map beside it."""

import json
import re
import zlib
from base64 import b64decode
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from matplotlib.colors import to_rgb

from lightning_eda.figures import render_storm_page, render_track_map
from lightning_eda.figures.globe.basemap import COAST, GRID
from lightning_eda.figures.maps.density_map import COLORS
from lightning_eda_tests.clustering.storms.moving_storms import flashes, storm
from lightning_eda_tests.figures.conftest import drawn, payload, pixels
from lightning_eda_tests.figures.maps.conftest import START, WEST, scene_of

HOSTILE = "</script><b>{{css}}"


def column(packed, kind, rising=False):
    values = np.frombuffer(zlib.decompress(b64decode(packed)), kind)
    return np.cumsum(values, dtype=values.dtype) if rising else values


def test_every_flash_is_in_the_page(scene, text):
    """To a tenth of a second and a twelfth of a cell, on both sides of the antimeridian."""
    view = payload(text)["views"][0]
    packed, minutes = view["flashes"], scene.minutes(scene.flashes["time"])
    np.testing.assert_allclose(column(packed["t"], "<u4", rising=True) / 600, minutes, atol=0.001)
    x, y = WEST(scene.flashes["lat"].to_numpy(), scene.flashes["lon"].to_numpy())
    np.testing.assert_allclose(column(packed["x"], "<u2") / 12, x, atol=0.05)
    np.testing.assert_allclose(column(packed["y"], "<u2") / 12, y, atol=0.05)


def test_density_is_whole(scene):
    """Cells in their place, flashes to 5 %, the total behind the steps."""
    twice = replace(scene, total=replace(scene.total, flashes=2.0 * scene.total.flashes))
    packed = payload(render_storm_page([twice]))["views"][0]["density"]
    cells = column(packed["cell"], "<u4", rising=True)
    assert scene.density is not None
    np.testing.assert_array_equal(cells[: len(cells) // 2], scene.density.row * 5424 + scene.density.column)
    assert column(packed["count"], "<u4").sum() == len(cells) == 2 * scene.flashes.num_rows
    flashes = packed["faintest"] * 2 ** ((column(packed["level"], "u1") - 1.0) / packed["per_doubling"])
    np.testing.assert_allclose(flashes, np.repeat([8.0, 16.0], len(cells) // 2), rtol=0.05)


def test_every_frame_and_what_is_told_of_a_storm_are_in_the_page(scene, text):
    """Each column as in the tables, the storms by rank; other storms by their place in the list."""
    view, ranked = payload(text)["views"][0], scene.ranked.to_pylist()
    rows = pa.concat_tables(scene.of_storms(scene.points))
    columns = {
        "rate": "flashes_per_minute",
        "area": "area_km2",
        "speed": "speed_kmh",
        "heading": "heading_deg",
    }
    for name, wanted in columns.items():
        found = column(view["points"][name], "<f4")
        np.testing.assert_allclose(found, rows[wanted].to_numpy().astype("f4"))
    for name in ("lat", "lon"):
        found = column(view["points"][name], "<i2") / 10
        np.testing.assert_allclose(found, rows[name].to_numpy(), atol=0.0501)
    for x, y, ahead in (("x", "y", ""), ("next_x", "next_y", "forecast_")):
        found = [column(view["points"][name], "<u2") for name in (x, y)]
        lat, lon = (rows[f"{ahead}{name}"].to_numpy().astype(float) for name in ("lat", "lon"))
        wanted = [np.where(np.isfinite(part), np.rint(12 * part), 65535) for part in WEST(lat, lon)]
        np.testing.assert_array_equal(found, wanted)
    told = {
        "peak": "peak_per_minute",
        "area": "largest_area_km2",
        "speed": "speed_kmh",
        "heading": "heading_deg",
    }
    for storm_told, row in zip(view["storms"], ranked, strict=True):
        assert {name: storm_told[name] for name in told} == {name: row[at] for name, at in told.items()}
        assert storm_told["born"] == f"{row['first_time']:%Y-%m-%d %H:%M}"
        assert storm_told["last"] == f"{row['last_time']:%H:%M}"
    assert scene.jumps.num_rows
    for storm_told, jumps in zip(view["storms"], scene.of_storms(scene.jumps), strict=True):
        lat, lon, sigma, rate = (
            jumps[name].to_numpy() for name in ("lat", "lon", "sigma", "flashes_per_minute")
        )
        wanted = np.column_stack([scene.minutes(jumps["time"]), sigma, rate, *WEST(lat, lon)])
        np.testing.assert_allclose(np.reshape(storm_told["jumps"], (-1, 5)), wanted, atol=0.0051)
    names = [row["track"] for row in ranked]
    first = [*names[1:2], *([None] * (len(names) - 1))]
    related = scene.tracks.set_column(
        scene.tracks.column_names.index("merged_into"),
        "merged_into",
        pa.array([dict(zip(names, first, strict=True))[name] for name in scene.tracks["track"].to_pylist()]),
    )
    page = payload(render_storm_page([replace(scene, tracks=related)]))
    assert page["views"][0]["storms"][0]["merged"] == [names[1], 1]


def test_crossings_of_meridians_and_parallels_have_their_names(text):
    """Latitude first, each where the satellite sees it."""
    labels = {name: place for *place, name in payload(text)["views"][0]["labels"]}
    for name, lat, lon in (("20°N 130°W", 20, -130), ("30°S 180°", -30, 180), ("0° 140°W", 0, -140)):
        (x,), (y,) = WEST(np.array([1.0 * lat]), np.array([1.0 * lon]))
        assert labels[name] == pytest.approx([x, y], abs=0.051)
    assert len(labels) == len(payload(text)["views"][0]["labels"]) > 100


def test_the_small_map_has_north_above_and_each_thing_in_its_place(scene):
    """Rows run from the north, so densities, storms and jumps lie where the flashes are."""
    axes = drawn(render_track_map, scene).axes[0]
    assert axes.yaxis_inverted()
    assert not axes.xaxis_inverted()
    (image,) = axes.images
    left, right, bottom, top = image.get_extent()
    density = scene.total
    assert left <= density.column.min() < density.column.max() < right
    assert top <= density.row.min() < density.row.max() < bottom
    assert (right - left, bottom - top) < (np.ptp(density.column) + 9, np.ptp(density.row) + 9)
    assert [image.cmap(end)[:3] for end in (0.0, 1.0)] == [to_rgb(COLORS[end]) for end in (0, -1)]
    coasts, grid, ways = axes.lines
    assert [line.get_color() for line in (coasts, grid)] == [COAST, GRID]
    np.testing.assert_array_equal(coasts.get_data(), scene.disk.coasts)
    np.testing.assert_array_equal(grid.get_data(), scene.disk.grid)
    gaps = np.flatnonzero(np.isnan(ways.get_xdata()))
    parts = np.split(ways.get_xydata(), gaps + 1)
    storms = scene.of_storms(scene.points)
    assert len(storms) == len(gaps) >= 2
    for part, storm_points in zip(parts, storms, strict=False):
        places = WEST(storm_points["lat"].to_numpy(), storm_points["lon"].to_numpy())
        np.testing.assert_allclose(part[:-1], np.column_stack(places))
    jumps = WEST(scene.jumps["lat"].to_numpy(), scene.jumps["lon"].to_numpy())
    np.testing.assert_allclose(
        np.ma.filled(axes.collections[-1].get_offsets(), np.nan), np.column_stack(jumps)
    )
    assert len(jumps[0])


@pytest.mark.parametrize(
    ("lat", "lon", "axis", "cells"),
    [
        ([-30.0, 30.0], [-137.0, -137.0], 1, None),
        ([0.0, 0.0], [-170.0, -100.0], 0, None),
        ([10.0], [-130.0], 0, 300),
    ],
    ids=["one above the other", "side by side", "one"],
)
def test_the_small_map_holds_all_flashes_with_a_margin(scene, lat, lon, axis, cells):
    """Of eight hundredths on each side where it is tight; a cell is as high as it is wide."""
    shown = replace(scene, flashes=pa.table({"lat": lat, "lon": lon}))
    shown.__dict__["disk"] = scene.disk
    axes = drawn(render_track_map, shown).axes[0]
    limits, places = (axes.get_xlim(), axes.get_ylim()[::-1]), WEST(np.array(lat), np.array(lon))
    assert np.ptp(limits[axis]) == pytest.approx(1.16 * (cells or np.ptp(places[axis])))
    for (low, high), place in zip(limits, places, strict=True):
        assert (low + high) / 2 == pytest.approx((place.min() + place.max()) / 2)
    box = axes.get_window_extent()
    assert np.ptp(limits[0]) / box.width == pytest.approx(np.ptp(limits[1]) / box.height)


@pytest.mark.parametrize(("before_granule", "hours"), [(0, [0, 120]), (70, [60, 120])])
def test_the_slider_has_the_hours_of_the_granules(before_granule, hours):
    """Whole ones, however early the last flash; a flash that began before its granule adds none."""
    rows = flashes(
        [storm(np.random.default_rng(1), (0, 70), (10.0, -130.0))], start=START.replace(tzinfo=None)
    )
    late = pa.array([START.replace(tzinfo=None) + timedelta(minutes=60)] * rows.num_rows, pa.timestamp("us"))
    if before_granule:
        rows = rows.set_column(rows.column_names.index("granule_start"), "granule_start", late)
    assert payload(render_storm_page([scene_of(rows, density=False)]))["views"][0]["span"] == hours


def test_texts_from_outside_stay_text(scene):
    """A satellite and a storm named with markup and a gap of the page neither close a tag nor fill it."""
    names = pa.array([HOSTILE] * scene.tracks.num_rows)
    place = scene.tracks.column_names.index("parent")
    tracks = scene.tracks.set_column(place, "parent", names)
    page = render_storm_page([replace(scene, satellite=HOSTILE, tracks=tracks, simulated=True)])
    assert "simulated granules, seen by no instrument" in page
    assert "</script><b>" not in page
    (data,) = re.findall(r'id="figure">(.*?)</script>', page, re.DOTALL)
    assert json.loads(data)["views"][0]["storms"][0]["parent"] == [HOSTILE, -1]
    assert set(re.findall(r"https?://[^/\"]+", page)) == {"http://www.w3.org"}  # a name of SVG, no address


def test_the_small_map_is_a_picture_of_it(scene):
    """Storms and density on the Earth; a day without any has the Earth alone."""
    drawn = pixels(render_track_map(scene))
    empty = pixels(render_track_map(scene_of(scene.flashes.slice(0, 0), density=False)))
    assert scene_of(scene.flashes.slice(0, 1)).words == "1 flash, 0 storms, 0 lightning jumps."
    assert drawn.shape == empty.shape == (900, 1350, 3)
    assert (drawn != empty).any(axis=-1).mean() > 0.01
