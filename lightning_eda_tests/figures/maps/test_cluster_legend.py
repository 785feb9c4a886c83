"""What is written and drawn beside and on the clusters of the printed map: legend, numbers, sizes."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from matplotlib.colors import to_hex

from lightning_eda.figures.frames import Scene
from lightning_eda.figures.globe.basemap import frame_scene
from lightning_eda.figures.maps.cluster_map import (
    HEIGHT_IN,
    LEGEND_ROWS,
    MAP_BOX,
    WIDTH_IN,
    point_size,
    render_cluster_map,
)
from lightning_eda.figures.palette import look
from lightning_eda.figures.sphere import convex_hull
from lightning_eda_tests.figures.conftest import drawn, written
from lightning_eda_tests.figures.storms import storm_scene

MAP, LEGEND = 0, 1


def with_labels(scene: Scene, labels: np.ndarray) -> Scene:
    """The scene with other labels on its points."""
    place = scene.flashes.column_names.index("cluster")
    flashes = scene.flashes.set_column(place, "cluster", pa.array(labels))
    return Scene(scene.satellite, scene.start, scene.end, flashes, scene.clusters)


@pytest.fixture(scope="module")
def counted():
    """Three clusters of 600, 300 and 60 simulated points and 40 in none: the scene and its map."""
    scene = with_labels(storm_scene(3, 1000), np.repeat([0, 1, 2, -1], [600, 300, 60, 40]))
    scene = replace(scene, simulated=True)
    return scene, drawn(render_cluster_map, scene)


def test_the_legend_has_a_row_a_cluster_and_none_last(counted):
    """Number and count, each row at its own height, from the top down."""
    _, figure = counted
    rows: dict[float, list[str]] = {}
    for text in figure.axes[LEGEND].texts:
        rows.setdefault(text.get_position()[1], []).append(text.get_text())
    assert list(rows.values()) == [
        ["Cluster", "Flashes"],
        ["0", "600"],
        ["1", "300"],
        ["2", "60"],
        ["none", "40"],
    ]
    assert list(rows) == sorted(rows, reverse=True)


def test_the_bars_of_the_legend_are_in_proportion(counted):
    """The largest has the full width; each has the colour of its cluster, and its mark beside it."""
    _, figure = counted
    axes = figure.axes[LEGEND]
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([0.42, 0.21, 0.042, 0.028])
    colors = [look(label).color.lower() for label in (0, 1, 2, -1)]
    assert [to_hex(bar.get_facecolor()) for bar in axes.patches] == colors
    assert [to_hex(mark.get_facecolors()[0]) for mark in axes.collections] == colors


def test_no_bar_runs_into_the_millions_of_a_long_window(counted):
    """Counts of seven digits and more, as a month or a year has them, leave a shorter bar."""
    scene, _ = counted
    counts = pa.array([63_000_000, 1_171_263, 60])
    place = scene.clusters.column_names.index("flashes")
    clusters = scene.clusters.slice(0, 3).set_column(place, "flashes", counts)
    figure = drawn(render_cluster_map, replace(scene, clusters=clusters, total=64_171_323))
    axes = figure.axes[LEGEND]
    figure.canvas.draw()
    numbers = [text for text in axes.texts if text.get_text() in {"63,000,000", "1,171,263"}]
    bars = [bar.get_window_extent() for bar in axes.patches]
    assert len(numbers) == 2
    for number, bar in zip(numbers, bars, strict=False):
        assert bar.x1 < number.get_window_extent().x0


def test_a_long_legend_says_how_many_it_leaves_out():
    """Its rows are the first clusters."""
    scene = storm_scene(LEGEND_ROWS + 9, 4000)
    texts = [text.get_text() for text in drawn(render_cluster_map, scene).axes[LEGEND].texts]
    assert texts[-1] == f"and {len(scene.counts()) - LEGEND_ROWS} more"
    assert texts[2::2][:LEGEND_ROWS] == [str(label) for label in range(LEGEND_ROWS)]


def test_each_point_is_at_its_place_in_the_colour_of_its_cluster(counted):
    """All points of a cluster are one collection, of which none is missing."""
    scene, figure = counted
    axes = figure.axes[MAP]
    marks = [each for each in axes.collections if 5 <= each.get_zorder() < 6]
    found = {to_hex(each.get_facecolors()[0]): np.asarray(each.get_offsets()) for each in marks}
    assert found.keys() == {look(label).color.lower() for label in (0, 1, 2, -1)}
    for label in (0, 1, 2, -1):
        places = found[look(label).color.lower()]
        assert len(places) == (scene.label == label).sum()
    everything = np.concatenate(list(found.values()))
    north = everything[:, 1].argmax()
    assert everything[north, 1] == pytest.approx(max(places[:, 1].max() for places in found.values()))
    assert np.corrcoef(found[look(0).color.lower()][:, 1], scene.lat[scene.label == 0])[0, 1] > 0.98


def test_each_cluster_has_its_hull(counted):
    """As a line and filled, in its colour; points in none have no hull."""
    scene, figure = counted
    projection = frame_scene(scene, WIDTH_IN * MAP_BOX[2] / (HEIGHT_IN * MAP_BOX[3])).projection
    lines, fills = (
        [one for one in drawn_ones if one.get_zorder() == 4]
        for drawn_ones in (figure.axes[MAP].lines, figure.axes[MAP].patches)
    )
    assert len(lines) == len(fills) == 3
    for label, line, fill in zip((0, 1, 2), lines, fills, strict=True):
        mine = scene.label == label
        places = np.column_stack(projection.forward(*convex_hull(scene.lat[mine], scene.lon[mine])))
        np.testing.assert_allclose(line.get_xydata(), places)
        np.testing.assert_allclose(fill.get_xy()[: len(places)], places)
        color = look(label).color.lower()
        assert (line.get_color().lower(), to_hex(fill.get_facecolor())) == (color, color)


def test_simulated_points_are_said_to_be_so(counted):
    """Above the map and in the line of its sources below."""
    words = written(counted[1])
    assert "Simulated GOES-18 lightning clusters" in words
    assert any(text.startswith("Data: simulated granules, seen by no instrument.  Coast") for text in words)


def test_numbers_stand_on_the_centres_of_wide_clusters():
    """With the label in the tables; a cluster that its disc would hide has it beside it, on a line."""
    wide = storm_scene(2, 400, spread_deg=4.0)
    axes = drawn(render_cluster_map, wide).axes[MAP]
    discs = [np.asarray(each.get_offsets())[0] for each in axes.collections if each.get_zorder() == 10]
    names = [text for text in axes.texts if text.get_zorder() == 11]
    assert [text.get_text() for text in names] == ["0", "1"]
    np.testing.assert_allclose(discs, [text.xy for text in names])
    assert not [line for line in axes.lines if line.get_zorder() == 9]
    tight = drawn(render_cluster_map, storm_scene(2, 400, spread_deg=0.01)).axes[MAP]
    leaders = [line for line in tight.lines if line.get_zorder() == 9]
    assert len(leaders) == 2
    for line, text in zip(leaders, [text for text in tight.texts if text.get_zorder() == 11], strict=True):
        np.testing.assert_allclose(line.get_xydata()[1], text.xy)


@pytest.mark.parametrize(("count", "size"), [(1, 42.0), (900, 30.0), (10_000, 9.0), (10**6, 5.0)])
def test_points_are_smaller_where_there_are_more(count, size):
    """Within bounds."""
    assert point_size(count) == size
