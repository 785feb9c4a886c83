"""The printed map shows what it is given: a golden-picture test by place and colour, not by bytes."""

import struct
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.figures import Scene, render_cluster_map
from lightning_eda.figures.globe.basemap import LAND, SEA, frame_scene
from lightning_eda.figures.maps.cluster_map import HEIGHT_IN, MAP_BOX, WIDTH_IN, spread_apart
from lightning_eda.figures.palette import look
from lightning_eda_tests.figures.conftest import drawn, near, pixels, written
from lightning_eda_tests.figures.storms import EAST_BOX, PACIFIC_BOX, empty_scene, storm_scene

ASPECT = WIDTH_IN * MAP_BOX[2] / (HEIGHT_IN * MAP_BOX[3])


def map_part(image: np.ndarray) -> np.ndarray:
    """The pixels inside the frame of the map, upper row first."""
    high, wide = image.shape[:2]
    left, low, width, height = MAP_BOX
    top, bottom = round((1 - low - height) * high), round((1 - low) * high)
    return image[top:bottom, round(left * wide) : round((left + width) * wide)]


def places_in_pixels(scene: Scene, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the points in the part of the picture that is the map."""
    frame = frame_scene(scene, ASPECT)
    x, y = frame.projection.forward(scene.lat, scene.lon)
    columns = (x - frame.west) / frame.width * inside.shape[1]
    rows = (frame.north - y) / frame.height * inside.shape[0]
    return rows.astype(int), columns.astype(int)


@pytest.mark.parametrize(
    ("clusters", "box"),
    [
        (7, PACIFIC_BOX),
        *(pytest.param(some, EAST_BOX, marks=pytest.mark.slow) for some in (2, 7, 23)),
    ],
)
def test_points_are_where_they_belong(clusters, box):
    """At the place of nearly every flash the map has the colour of a cluster, and all clusters are seen.

    A blank map, a wrong projection, a mirrored axis or lost clusters all fail here.
    """
    scene = storm_scene(clusters, 3000, box)
    inside = map_part(pixels(render_cluster_map(scene)))
    rows, columns = places_in_pixels(scene, inside)
    assert rows.min() > 0
    assert rows.max() < inside.shape[0]
    assert columns.min() > 0
    assert columns.max() < inside.shape[1]
    ground = near(inside, LAND, 12) | near(inside, SEA, 12)
    assert ground[rows, columns].mean() < 0.05
    for label in scene.labels:
        mine = scene.label == label
        own = near(inside, look(label).color, 70)[rows[mine], columns[mine]]
        assert own.mean() > 0.15, label


@pytest.mark.slow
def test_map_is_mostly_land_and_sea():
    """Land and sea are both there in the share that the Americas and two oceans have."""
    inside = map_part(pixels(render_cluster_map(storm_scene(7, 1000, seed=3))))
    land, sea = near(inside, LAND, 4).mean(), near(inside, SEA, 4).mean()
    assert 0.1 < land < 0.5
    assert 0.3 < sea < 0.8


def test_pixels_of_land_and_sea_are_on_the_globe():
    """Denver is land coloured and the Pacific sea coloured on the map without flashes."""
    scene = empty_scene()
    inside = pixels(render_cluster_map(scene))
    high, wide = inside.shape[:2]
    box = (0.045, 0.075, 0.91, 0.81)
    frame = frame_scene(scene, WIDTH_IN * box[2] / (HEIGHT_IN * box[3]))
    for lat, lon, color in (
        (39.7, -105.0, LAND),
        (25.0, -145.0, SEA),
        (-25.0, -115.0, SEA),
        (-25.0, 140.0, LAND),
    ):
        x, y = frame.projection.forward(np.array([lat]), np.array([lon]))
        column = (box[0] + box[2] * (x[0] - frame.west) / frame.width) * wide
        row = (1 - box[1] - box[3] * (y[0] - frame.south) / frame.height) * high
        patch = near(inside, color, 4)[int(row) - 4 : int(row) + 5, int(column) - 4 : int(column) + 5]
        assert patch.mean() > 0.5, (lat, lon)


def test_empty_window_says_so():
    """Without flashes the map still has land and sea, and dark letters in its middle."""
    image = pixels(render_cluster_map(empty_scene()))
    high, wide = image.shape[:2]
    middle = image[int(high * 0.45) : int(high * 0.5), int(wide * 0.4) : int(wide * 0.6)]
    assert (middle.max(axis=-1) < 80).mean() > 0.02
    assert near(image, LAND, 4).mean() > 0.05
    assert "There were none in this window." in written(drawn(render_cluster_map, empty_scene()))
    unseen = drawn(render_cluster_map, replace(empty_scene(), loaded=False))
    assert "Nothing of this window is loaded." in written(unseen)


@pytest.mark.parametrize("flashes", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_few_flashes_are_drawn(flashes):
    """One flash or three give a map of at least 300 km with their colours on it."""
    scene = storm_scene(1, flashes, spread_deg=0.001)
    assert frame_scene(scene, ASPECT).width >= 300.0
    assert near(map_part(pixels(render_cluster_map(scene))), look(0).color, 8).sum() > 300


def test_flashes_without_a_cluster_are_drawn_and_counted():
    """Label -1 is drawn in grey, and an empty cluster table draws no centre."""
    full = storm_scene(1, 50)
    flashes = full.flashes.set_column(6, "cluster", [[-1] * 50])
    scene = Scene("G18", full.start, full.end, flashes, full.clusters.slice(0, 0))
    image = map_part(pixels(render_cluster_map(scene)))
    assert near(image, look(-1).color, 25).sum() > 500
    assert near(image, look(0).color, 25).sum() == 0
    assert scene.counts() == {-1: 50}


def test_same_input_same_bytes():
    """Two renders are equal to the byte, and the PNG holds no text or time."""
    scene = storm_scene(5, 500)
    first = render_cluster_map(scene)
    assert first == render_cluster_map(scene)
    assert not {b"tEXt", b"iTXt", b"zTXt", b"tIME"} & set(png_chunks(first))
    assert len(first) < 1_000_000


def png_chunks(png: bytes) -> list[bytes]:
    """The kinds of the chunks of a PNG."""
    kinds, at = [], 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kinds.append(png[at + 4 : at + 8])
        at += 12 + length
    return kinds


def test_names_are_text_not_formulas():
    """A satellite name with dollar signs and braces is drawn as it is."""
    full = storm_scene(2, 20)
    scene = Scene("$\\frac{", full.start, full.end, full.flashes, full.clusters)
    assert render_cluster_map(scene).startswith(b"\x89PNG")


@pytest.mark.slow
def test_far_more_clusters_than_colours():
    """60 clusters are drawn; the legend ends with how many more there are."""
    scene = storm_scene(60, 3000)
    assert len(scene.labels) == 60
    assert near(map_part(pixels(render_cluster_map(scene))), look(0).color, 20).sum() > 100


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=1, max_size=23))
def test_spread_places_do_not_overlap(places):
    """No disc ends up with its centre under another, and lonely ones stay where they are."""
    x, y = np.array(places).T
    new_x, new_y = spread_apart(x, y, 4.0)
    gap = np.hypot(new_x[:, None] - new_x, new_y[:, None] - new_y)
    assert gap[~np.eye(len(x), dtype=bool)].min(initial=4.0) > 2.0
    before = np.hypot(x[:, None] - x, y[:, None] - y)
    if before[~np.eye(len(x), dtype=bool)].min(initial=9.0) >= 4.0:
        assert (new_x == x).all()
        assert (new_y == y).all()


def test_a_disc_beside_its_cluster_has_a_line_to_the_centre():
    """Of a cluster that the disc would hide; the line begins where the centre is."""
    scene = storm_scene(2, 400, spread_deg=0.01)
    axes = drawn(render_cluster_map, scene).axes[0]
    discs = [marks.get_offsets()[0] for marks in axes.collections if marks.get_zorder() == 10]
    lines = [line.get_xydata() for line in axes.lines if line.get_zorder() == 9]
    lat, lon = (scene.clusters[name].to_numpy() for name in ("center_lat", "center_lon"))
    centers = np.column_stack(frame_scene(scene, ASPECT).projection.forward(lat, lon))
    np.testing.assert_allclose(lines, np.stack([centers, discs], axis=1))


def test_a_small_cluster_inside_a_large_one_stays_in_sight():
    """It is drawn later than the large one, and so are clusters of any size before larger ones."""
    scene = storm_scene(3, 900)
    label = np.repeat([0, 1, 2], [100, 700, 100])
    label[:3] = -1
    place = scene.flashes.column_names.index("cluster")
    scene = replace(scene, flashes=scene.flashes.set_column(place, "cluster", pa.array(label)))
    axes = drawn(render_cluster_map, scene).axes[0]
    points = {
        len(marks.get_offsets()): marks.get_zorder()
        for marks in axes.collections
        if 5 <= marks.get_zorder() < 6
    }
    assert sorted(points, key=points.get) == [700, 100, 97, 3]
    assert len(set(points.values())) == 4
