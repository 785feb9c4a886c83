"""The map of storm cells: discs in the colour of their hour, a list, and a page of the largest."""

import json
import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from lightning_eda.figures.frames import Scene
from lightning_eda.figures.storm_map import (
    FEW_CELLS,
    LARGEST_DISC,
    LISTED,
    MOST_EXPLORED,
    SMALLEST_DISC,
    disc_sizes,
    largest_cells,
    render_storm_map,
    render_storm_page,
)
from lightning_eda_tests.figures.conftest import near, pixels
from lightning_eda_tests.figures.storms import PACIFIC_BOX, empty_scene, storm_scene


def cell_scene(cells: int, flashes: int = 3000, **options) -> Scene:
    """Storms with the further column of storm cells."""
    scene = storm_scene(cells, flashes, hours=24, spread_deg=0.3, **options)
    peak = pa.array([3] * scene.clusters.num_rows, pa.int64())
    return replace(scene, clusters=scene.clusters.append_column("peak_per_minute", peak))


def no_cells() -> Scene:
    scene = empty_scene()
    return replace(scene, clusters=scene.clusters.append_column("peak_per_minute", pa.array([], pa.int64())))


def test_a_day_is_drawn():
    """1950 by 1230 pixels, the first and the last colour of the day in it, and the same bytes again."""
    scene = cell_scene(60)
    image = render_storm_map(scene)
    assert pixels(image).shape == (1230, 1950, 3)
    assert near(pixels(image), "#33108A").any()
    assert near(pixels(image), "#F5B50A").any()
    assert render_storm_map(scene) == image


@pytest.mark.parametrize("cells", [1, LISTED, LISTED + 5])
def test_any_number_of_cells_is_drawn(cells):
    """Also one, and storms on both sides of the antimeridian."""
    assert render_storm_map(cell_scene(cells, 400, box=PACIFIC_BOX)).startswith(b"\x89PNG")


def test_a_day_without_cells_is_drawn():
    """Without a flash; and with flashes of which none is in a cell."""
    scene = no_cells()
    assert render_storm_map(scene).startswith(b"\x89PNG")
    alone = cell_scene(3, 30)
    place = alone.flashes.column_names.index("cluster")
    flashes = alone.flashes.set_column(place, "cluster", pa.array([-1] * 30, pa.int64()))
    nothing = replace(alone, flashes=flashes, clusters=alone.clusters.slice(0, 0))
    assert render_storm_map(nothing) != render_storm_map(scene)
    assert "0 flashes" in render_storm_page(nothing)


def test_discs_grow_with_the_flashes():
    """In proportion up to the largest, none too small to be seen."""
    sizes = disc_sizes(np.array([100_000, 50_000, 5]))
    assert sizes.tolist() == [LARGEST_DISC, LARGEST_DISC / 2, SMALLEST_DISC]
    assert disc_sizes(np.array([5, 10])).tolist() == [25.0, 50.0]
    assert disc_sizes(np.zeros(0, np.int64)).tolist() == []
    assert disc_sizes(np.full(4 * FEW_CELLS, 1) + np.eye(1, 4 * FEW_CELLS, dtype=int)[0] * 10_000)[1] == (
        SMALLEST_DISC / 2
    )


def test_cells_are_ranked_by_their_flashes():
    """The smaller number first where they are equal."""
    cells = pa.table({"cluster": [9, 4, 7, 2], "flashes": [5, 8, 8, 1]})
    assert largest_cells(cells)["cluster"].to_pylist() == [4, 7, 9, 2]


def test_the_page_shows_the_largest_by_rank():
    """As many as can be told apart, numbered from 1, with the flashes of these alone."""
    scene = cell_scene(MOST_EXPLORED + 10, 4000)
    page = render_storm_page(scene)
    counts = sorted(scene.clusters["flashes"].to_pylist(), reverse=True)[:MOST_EXPLORED]
    assert f"{sum(counts):,} flashes in {MOST_EXPLORED} clusters" in page
    names = re.findall(r'"name":("(?:[^"\\]|\\.)*b>(?:[^"\\]|\\.)*")', page)
    shown = [json.loads(name) for name in names]
    assert [name for name in shown if name.startswith("<b>1</b>")] == [f"<b>1</b>  {counts[0]:,}"]
