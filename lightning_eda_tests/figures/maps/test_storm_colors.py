"""The colour of a storm cell is the middle of its life: dark early, light late."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from matplotlib.colors import to_hex

from lightning_eda.figures.globe.basemap import frame_scene
from lightning_eda.figures.maps.cluster_map import HEIGHT_IN, MAP_BOX, WIDTH_IN
from lightning_eda.figures.maps.storm_map import disc_sizes, draw_storm_map, largest_cells
from lightning_eda.figures.palette import luminance
from lightning_eda_tests.figures.maps.test_storm_map import cell_scene, cells_at, with_column
from lightning_eda_tests.figures.storms import START


def colors_of(scene):
    """The colour of the disc of each cell, in the order of the cells' numbers."""
    discs = draw_storm_map(scene).axes[0].collections[-1]
    ranked = largest_cells(scene.clusters)["cluster"].to_pylist()
    colors = dict(zip(ranked, map(to_hex, discs.get_facecolors()), strict=True))
    return [colors[cell] for cell in sorted(colors)]


def test_early_cells_are_dark_and_late_ones_light():
    """Over the whole scale, in the order of the hours."""
    light = [luminance(color) for color in colors_of(cells_at(60, 300, 540, 780, 1020, 1380))]
    assert light == sorted(light)
    assert light[0] < 0.05
    assert light[-1] > 0.45


def test_a_cell_has_the_colour_of_the_middle_of_its_life():
    """One from 2 to 10 o'clock that of another at 6."""
    scene = cells_at(1.0, 360.0, 360.0, 1439.0)
    first, last = ([START + timedelta(hours=hour) for hour in (0, edge, 6, 23)] for edge in (2, 10))
    cells = with_column(with_column(scene.clusters, "first_time", first), "last_time", last)
    colors = colors_of(replace(scene, clusters=cells))
    assert colors[1] == colors[2]
    assert len(set(colors)) == 3


def test_a_disc_stands_at_the_centre_of_its_cell_and_grows_with_its_flashes():
    """The largest first, so that small ones lie above."""
    scene = cell_scene(5, 2000)
    ranked = largest_cells(scene.clusters)
    discs = draw_storm_map(scene).axes[0].collections[-1]
    sizes = disc_sizes(ranked["flashes"].to_numpy())
    np.testing.assert_allclose(discs.get_sizes(), sizes)
    assert list(sizes) == sorted(sizes, reverse=True)
    projection = frame_scene(scene, WIDTH_IN * MAP_BOX[2] / (HEIGHT_IN * MAP_BOX[3])).projection
    x, y = projection.forward(ranked["center_lat"].to_numpy(), ranked["center_lon"].to_numpy())
    np.testing.assert_allclose(discs.get_offsets(), np.column_stack([x, y]))


def test_the_heading_counts_cells_and_their_share():
    """Of all flashes, those without a cell too."""
    scene = cell_scene(4, 200)
    labels = scene.label.copy()
    labels[:50] = -1
    figure = draw_storm_map(replace(scene, flashes=with_column(scene.flashes, "cluster", labels)))
    words = [text.get_text() for text in figure.texts]
    assert words[0] == "GOES-18 storm cells"
    assert words[1] == f"{scene.window_title}  ·  200 flashes  ·  4 cells with 75 % of them"


@pytest.mark.parametrize("late", [0, 30])
def test_the_scale_of_the_colours_spans_the_hours_with_flashes(late):
    """Its ends are those of the hours, and the times there are written inwards."""
    axes = draw_storm_map(cells_at(600.0, 660.0 + late)).axes[1]
    assert axes.get_xlim() == (600.0, 720.0)
    sides = [label.get_horizontalalignment() for label in axes.get_xticklabels()]
    assert (sides[0], {*sides[1:-1]}, sides[-1]) == ("left", {"center"}, "right")
