"""The map of the flash extent density."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from PIL import Image

from lightning_eda.figures import DensityScene, render_density_map, thumbnail
from lightning_eda.figures.globe.basemap import LAND, SEA, MapFrame
from lightning_eda.figures.globe.projection import EqualArea
from lightning_eda.figures.maps.density_map import COLORS, DOTS_HIGH, DOTS_WIDE, fill_cells
from lightning_eda.figures.palette import luminance
from lightning_eda_tests.figures.conftest import drawn, written

START = datetime(2024, 7, 1, 20, tzinfo=UTC)


def scene(flashes) -> DensityScene:
    """Cells of a twentieth of a degree in a row along the equator."""
    west = -75.0 + 0.05 * np.arange(len(flashes))[:, None]
    lon, lat = west + np.array([0.0, 0.05, 0.05, 0.0]), np.zeros_like(west) + np.array([0.05, 0.05, 0.0, 0.0])
    corners = np.arange(lat.size).reshape(-1, 4)
    hour = START, START + timedelta(hours=1)
    return DensityScene("G16", *hour, lat.ravel(), lon.ravel(), corners, np.array(flashes, float))


def colors(png: bytes) -> set[str]:
    with Image.open(io.BytesIO(png)) as image:
        found = image.convert("RGB").getcolors(1 << 24)
    return {"#{:02X}{:02X}{:02X}".format(*color) for _, color in found}


def test_lightness_alone_tells_the_densities_apart():
    """It only rises, and no colour is as light as the map below."""
    light = [luminance(color) for color in COLORS]
    assert light == sorted(light)
    assert light[-1] < min(luminance(LAND), luminance(SEA))


def test_dense_cells_are_light_and_faint_ones_dark():
    """The least and the most of the scale are on the map; the same scene gives the same bytes."""
    png = render_density_map(scene([1.0] * 40 + [100.0] * 40))
    assert {COLORS[0], COLORS[-1]} <= colors(png)
    assert png == render_density_map(scene([1.0] * 40 + [100.0] * 40))
    assert len(thumbnail(png)) < 100_000


def test_a_window_without_lightning_has_a_map():
    """That says so, in the words beside it too."""
    nothing = np.empty(0), np.empty(0), np.empty((0, 4), int), np.empty(0)
    empty = DensityScene("G18", START, START + timedelta(hours=1), *nothing)
    assert empty.words == "No lightning in this window."
    assert render_density_map(empty).startswith(b"\x89PNG")
    assert "There were none in this window." in written(drawn(render_density_map, empty))
    unseen = replace(empty, gridded=False, left_out=" 1 of 2 hours have grids.")
    assert unseen.words == "No granule of this window is in the grids. 1 of 2 hours have grids."
    assert "No granule of this window is in the grids." in written(drawn(render_density_map, unseen))


def test_the_words_count_the_cells():
    """For who cannot see the map."""
    words = scene([2.0, 40.0]).words
    assert words == "Flash extent density of 2 cells of 2 km, at most 40 flashes in one."


def boxes(west, south, east, north) -> np.ndarray:
    """Cells whose corners run as those of the fixed grid."""
    return np.stack([np.stack([west, east, east, west], -1), np.stack([north, north, south, south], -1)], -1)


def test_every_dot_of_a_cell_has_its_value_or_a_higher_one():
    """Large and small cells, tilted too, some of them over the edge: held against the polygons dot by dot."""
    frame = MapFrame(EqualArea(0.0, 0.0), 0.0, 1.0 * DOTS_WIDE, 0.0, 1.0 * DOTS_HIGH)  # a dot is 1 km
    rng = np.random.default_rng(8)
    west, south = rng.uniform(-5, DOTS_WIDE, 300), rng.uniform(-5, DOTS_HIGH, 300)
    wide, high = rng.uniform(0.1, 40, 300), rng.uniform(0.1, 40, 300)
    cells = boxes(west, south, west + wide, south + high)
    cells[..., 1] += 0.3 * (cells[..., 0] - west[:, None])
    values = rng.uniform(1, 9, 300)
    expected = np.zeros((DOTS_HIGH, DOTS_WIDE))
    centres = np.mgrid[:DOTS_HIGH, :DOTS_WIDE] + 0.5
    for value, left, low, w, h in zip(values, west, south, wide, high, strict=True):
        dots = np.s_[max(0, int(low)) : int(low + 0.3 * w + h) + 2, max(0, int(left)) : int(left + w) + 2]
        y, x = centres[:, *dots]
        tilted = y - low - 0.3 * (x - left)
        inside = (x >= left) & (x < left + w) & (tilted >= 0) & (tilted < h)
        expected[dots][inside] = np.maximum(expected[dots][inside], value)
    image = fill_cells(frame, cells, values)
    assert (image >= expected).all()
    assert np.mean(image != expected) < 0.01  # rims: a cell fills the dots that it touches with a sample


def test_a_cell_smaller_than_a_dot_is_seen():
    """And the densest of several in one dot is."""
    frame = MapFrame(EqualArea(0.0, 0.0), 0.0, 1.0 * DOTS_WIDE, 0.0, 1.0 * DOTS_HIGH)
    cells = boxes(*(np.array([place, place]) for place in (10.2, 5.2, 10.3, 5.3)))
    image = fill_cells(frame, cells, np.array([7.0, 2.0]))
    assert image[5, 10] == 7.0
    assert np.count_nonzero(image) == 1


def test_the_scale_of_few_flashes_reaches_to_ten():
    """Two flashes are not shown as if they were many."""
    assert drawn(render_density_map, scene([1.0, 2.0])).axes[1].get_ylim() == pytest.approx((1.0, 10.0))


def test_cells_lie_where_they_are_and_faint_ones_are_left_out():
    """Few flashes in the west, more in the east, next to none in the south; each colour at its place."""
    shown = scene([0.04] * 10 + [1.0] * 10 + [100.0] * 20)
    shown.lat[:40] -= 1.0
    figure = drawn(render_density_map, replace(shown, simulated=True))
    assert any(
        text.startswith("Data: simulated granules, seen by no instrument.") for text in written(figure)
    )
    axes, scale = figure.axes
    assert scale.get_ylim() == pytest.approx((1.0, 100.0))
    (image,) = axes.images
    assert image.get_extent() == [*axes.get_xlim(), *axes.get_ylim()]
    assert image.origin == "lower"
    dots = image.get_array()
    rows, columns = np.nonzero(dots[..., 3])
    ends = [dots[rows[at], columns[at], :3] for at in (columns.argmin(), columns.argmax())]
    assert ["#{:02X}{:02X}{:02X}".format(*color) for color in ends] == [COLORS[0], COLORS[-1]]
    assert np.ptp(rows) < 0.2 * DOTS_HIGH
