"""The layers of the interactive map: what each trace holds, in which colour and order."""

from base64 import b64decode
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pyarrow as pa
import pytest
from matplotlib.path import Path

from lightning_eda.figures.globe.coastlines import Lines, load_background, rings
from lightning_eda.figures.interactive_layers import build_figure, map_center
from lightning_eda.figures.palette import look
from lightning_eda.figures.sphere import convex_hull
from lightning_eda.figures.wording import number_text
from lightning_eda_tests.figures.storms import empty_scene, storm_scene


@pytest.fixture(scope="module")
def layers():
    """A scene of three clusters with some points in none, and Plotly's data, layout and point traces."""
    scene = storm_scene(3, 600)
    labels = scene.label.copy()
    labels[::10] = -1
    place = scene.flashes.column_names.index("cluster")
    scene = replace(scene, flashes=scene.flashes.set_column(place, "cluster", pa.array(labels)))
    projection, middle = map_center(scene)
    return scene, projection, *build_figure(scene, projection, middle)


def values(packed: dict[str, str]) -> np.ndarray:
    """Numbers as Plotly packs them."""
    return np.frombuffer(b64decode(packed["bdata"]), packed["dtype"])


def test_they_are_what_plotly_knows(layers):
    """Its classes refuse a name or a value that its script would leave out in silence."""
    scene, projection, drawing, _ = layers
    empty = replace(scene, flashes=scene.flashes[:0], clusters=scene.clusters[:0])
    for one in (drawing, build_figure(empty, projection, 0.0)[0]):
        assert len(go.Figure(one).data) == len(one["data"])
    with pytest.raises(ValueError, match="scaleanchors"):
        go.Figure({**drawing, "layout": {"yaxis": {"scaleanchors": "x"}}})


def test_land_and_borders_lie_below_where_they_are(layers):
    """Longitudes across and latitudes up; the land is filled, and a place in it is within its rings."""
    _, projection, drawing, _ = layers
    land, borders = drawing["data"][:2]
    assert (land["fill"], "fill" in borders) == ("toself", False)
    filled = rings(Lines(lat=values(land["y"]), lon=values(land["x"])))
    for lat, lon, is_land in ((39.7, -105.0, True), (-15.0, -50.0, True), (30.0, -50.0, False)):
        (x,), (y,) = projection.forward(np.array([lat]), np.array([lon]))
        around = sum(Path(np.column_stack([ring.lon, ring.lat])).contains_point((x, y)) for ring in filled)
        assert around % 2 == is_land
    known = load_background().borders
    for axis, wanted in zip("xy", projection.lines(known.lat, known.lon), strict=True):
        np.testing.assert_allclose(values(borders[axis]), wanted, atol=1e-4)


def test_an_empty_window_shows_the_field_of_view():
    """Around the place below its satellite."""
    scene = empty_scene("G18")
    layout = build_figure(scene, *map_center(scene))[0]["layout"]
    assert [*layout["xaxis"]["range"], *layout["yaxis"]["range"]] == [-201.0, -73.0, -60.0, 60.0]
    assert layout["yaxis"]["scaleratio"] == 1.0


def test_points_have_a_trace_a_cluster_and_none_last(layers):
    """In the colour and mark of its label, with its count in the legend."""
    scene, _, drawing, numbers = layers
    traces = [drawing["data"][number] for number in numbers.values()]
    assert list(numbers) == [0, 1, 2, -1]
    assert [trace["legendgroup"] for trace in traces] == ["0", "1", "2", "-1"]
    counts = scene.counts()
    for label, trace in zip(numbers, traces, strict=True):
        assert trace["name"] == f"<b>{scene.name(label)}</b>  {counts[label]:,}"
        assert trace["marker"]["color"] == look(label).color
        assert trace["marker"]["symbol"] == look(label).mark.plotly
        assert list(trace["x"]) == []


def test_each_cluster_has_its_hull(layers):
    """Longitudes across and latitudes up, in its colour; points in none have no hull."""
    scene, projection, drawing, _ = layers
    hulls = [one for one in drawing["data"] if one.get("mode") == "lines" and one.get("legendgroup")]
    assert [one["legendgroup"] for one in hulls] == ["0", "1", "2"]
    for label, one in enumerate(hulls):
        mine = scene.label == label
        x, y = projection.forward(*convex_hull(scene.lat[mine], scene.lon[mine]))
        np.testing.assert_allclose(values(one["x"]), x, atol=1e-3)
        np.testing.assert_allclose(values(one["y"]), y, atol=1e-3)
        assert one["line"]["color"] == look(label).color
        red, green, blue = (int(look(label).color[at : at + 2], 16) for at in (1, 3, 5))
        assert one["fillcolor"] == f"rgba({red},{green},{blue},0.10)"


def test_a_centre_stands_at_its_place_and_tells_its_row(layers):
    """Count, rate, radius and hull, as in the table."""
    scene, projection, drawing, _ = layers
    centers = [one for one in drawing["data"] if one.get("mode") == "markers+text"]
    rows = scene.clusters.to_pylist()
    assert len(centers) == len(rows) == 3
    for one, row in zip(centers, rows, strict=True):
        x, y = projection.forward(np.array([row["center_lat"]]), np.array([row["center_lon"]]))
        assert [*one["x"], *one["y"]] == pytest.approx([x[0], y[0]])
        assert one["marker"]["color"] == look(row["cluster"]).color
        told = one["hovertemplate"]
        assert f"cluster {row['cluster']}, centre" in told
        rate = number_text(row["rate_per_minute"])
        assert f"<br>{row['flashes']:,} flashes, {rate} per minute<br>" in told
        assert told.index("radius") < told.index(" km<br>hull") < told.index(" km²")
        radius = told.partition("radius ")[2].partition(" km")[0]
        assert float(radius.replace(",", "")) == pytest.approx(row["radius_km"], rel=0.01)
        area = told.partition("hull ")[2].partition(" km²")[0]
        assert float(area.replace(",", "")) == pytest.approx(row["hull_area_km2"], rel=0.01)


def test_the_view_is_the_points_with_a_margin(layers):
    """Seven hundredths of their extent, or one degree, on each side; longitudes across, latitudes up."""
    scene, projection, drawing, _ = layers
    for axis, values in zip(("xaxis", "yaxis"), projection.forward(scene.lat, scene.lon), strict=True):
        pad = max(0.07 * np.ptp(values), 1.0)
        assert drawing["layout"][axis]["range"] == pytest.approx([values.min() - pad, values.max() + pad])
