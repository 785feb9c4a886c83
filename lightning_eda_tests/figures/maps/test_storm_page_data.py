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

from lightning_eda.figures import render_storm_page, render_track_map
from lightning_eda_tests.clustering.storms.moving_storms import flashes, storm
from lightning_eda_tests.figures.conftest import payload, pixels
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


def test_density_is_whole(scene, text):
    """Cells in their place, flashes to 5 %, the total behind the steps."""
    packed = payload(text)["views"][0]["density"]
    cells = column(packed["cell"], "<u4", rising=True)
    assert scene.density is not None
    np.testing.assert_array_equal(cells[: len(cells) // 2], scene.density.row * 5424 + scene.density.column)
    assert column(packed["count"], "<u4").sum() == len(cells) == 2 * scene.flashes.num_rows
    flashes = packed["faintest"] * 2 ** ((column(packed["level"], "u1") - 1.0) / packed["per_doubling"])
    np.testing.assert_allclose(flashes, 8.0, rtol=0.05)


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
    page = render_storm_page([replace(scene, satellite=HOSTILE, tracks=tracks)])
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
