"""Shapes as GeoJSON and GeoParquet, read by DuckDB; what crosses the antimeridian is cut there."""

import json
from datetime import datetime

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lightning_eda.figures.globe.features import bounding_box, geojson, geoparquet, hull, line, point

LINES = {
    "plain": ([1.0, 2.0], [-100.0, -101.0], "LINESTRING (-100 1, -101 2)"),
    "eastwards": ([10.0, 12.0], [179.0, -179.0], "MULTILINESTRING ((179 10, 180 11), (-180 11, -179 12))"),
    "westwards": ([12.0, 10.0], [-179.0, 179.0], "MULTILINESTRING ((-179 12, -180 11), (180 11, 179 10))"),
    "and back": (
        [0.0, 2.0, 4.0],
        [179.0, -179.0, 179.0],
        "MULTILINESTRING ((179 0, 180 1), (-180 1, -179 2, -180 3), (180 3, 179 4))",
    ),
    "through a place on it": (
        [1.0, 2.0, 3.0],
        [179.0, -180.0, -179.0],
        "MULTILINESTRING ((179 1, 180 2), (-180 2, -179 3))",
    ),
    "up to it": ([1.0, 2.0], [179.0, -180.0], "LINESTRING (179 1, 180 2)"),
    "from it": ([1.0, 2.0], [-180.0, -179.0], "LINESTRING (-180 1, -179 2)"),
    "a place": ([1.0], [5.0], "POINT (5 1)"),
    "a place twice": ([1.0, 1.0], [5.0, 5.0], "POINT (5 1)"),
}


def read_back(table, shapes, tmp_path):
    """What DuckDB reads of the GeoParquet: the types of its columns, and the shapes as text."""
    path = tmp_path / "shapes.parquet"
    path.write_bytes(geoparquet(table, shapes))
    with duckdb.connect() as reader:
        types = reader.sql(f"SELECT column_name, column_type FROM (DESCRIBE FROM '{path}')").fetchall()
        return dict(types), [
            text for (text,) in reader.sql(f"SELECT ST_AsText(geometry) FROM '{path}'").fetchall()
        ]


def test_lines_are_cut_at_the_antimeridian(tmp_path):
    """DuckDB reads them as they were meant, in WGS 84."""
    shapes = [line(np.array(lat), np.array(lon)) for lat, lon, _ in LINES.values()]
    types, texts = read_back(pa.table({"name": list(LINES)}), shapes, tmp_path)
    assert types == {"name": "VARCHAR", "geometry": "GEOMETRY('OGC:CRS84')"}
    assert dict(zip(LINES, texts, strict=True)) == {name: text for name, (_, _, text) in LINES.items()}


def turn(ring):
    """Twice the area a ring goes around; above 0 where that is counterclockwise."""
    x, y = np.array(ring).T
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum())


@pytest.mark.parametrize(("middle", "kind"), [(-100.0, "Polygon"), (180.0, "MultiPolygon")])
def test_hulls_are_closed_and_go_counterclockwise(middle, kind):
    """Their parts on both sides of the antimeridian are together as large as elsewhere."""
    random = np.random.default_rng(3)
    lat, lon = random.normal(20.0, 0.5, 60), random.normal(0.0, 0.5, 60)
    shape = hull(lat, (lon + middle + 180.0) % 360.0 - 180.0)
    assert shape is not None
    assert shape["type"] == kind
    parts = shape["coordinates"] if kind == "MultiPolygon" else [shape["coordinates"]]
    rings = [ring for part in parts for ring in part]
    assert all(ring[0] == ring[-1] and turn(ring) > 0 for ring in rings)
    assert all(-180.0 <= x <= 180.0 for ring in rings for x, _ in ring)
    assert len(rings) == (2 if kind == "MultiPolygon" else 1)
    (whole,) = hull(lat, lon)["coordinates"]
    assert sum(turn(ring) for ring in rings) == pytest.approx(turn(whole), rel=1e-3)


def test_flashes_on_a_line_have_no_hull():
    """Nor have two."""
    assert hull(np.array([1.0, 2.0]), np.array([1.0, 2.0])) is None
    assert hull(np.zeros(3), np.array([1.0, 2.0, 3.0])) is None


def test_the_box_leaves_out_the_widest_gap():
    """Over the antimeridian its west is greater than its east, as RFC 7946 section 5.2 has it."""
    assert bounding_box([point(1.0, -100.0), point(3.0, -70.0)]) == [-100.0, 1.0, -70.0, 3.0]
    assert bounding_box([point(1.0, 170.0), point(3.0, -170.0)]) == [170.0, 1.0, -170.0, 3.0]
    assert bounding_box([point(1.0, 5.0)]) == [5.0, 1.0, 5.0, 1.0]


def test_geojson_has_the_columns_as_properties():
    """Times in UTC; what is no number, and NULL, is null; a text stays as it is."""
    moment = pa.array([datetime(2024, 7, 1, 2, 3)] * 3, pa.timestamp("us"))
    table = pa.table({"name": ['"<b>', "b", None], "time": moment, "km": [1.5, float("nan"), None]})
    shapes = [point(1.0, 2.0), point(1.0, 3.0), line(np.array([0.0, 1.0]), np.array([2.0, 3.0]))]
    read = json.loads(geojson(table, shapes))
    assert (read["type"], read["bbox"]) == ("FeatureCollection", [2.0, 0.0, 3.0, 1.0])
    assert [feature["geometry"]["type"] for feature in read["features"]] == ["Point", "Point", "LineString"]
    assert [feature["properties"]["km"] for feature in read["features"]] == [1.5, None, None]
    assert read["features"][0]["properties"] == {"name": '"<b>', "time": "2024-07-01T02:03:00Z", "km": 1.5}


def test_geoparquet_says_what_it_holds(tmp_path):
    """Version, kinds of shapes, box; times say that they are UTC; a day without storms can be read too."""
    moment = pa.array([datetime(2024, 7, 1)], pa.timestamp("us"))
    path = tmp_path / "one.parquet"
    path.write_bytes(geoparquet(pa.table({"time": moment}), [point(1.0, 2.0)]))
    table = pq.read_table(path)
    about = json.loads(table.schema.metadata[b"geo"])
    assert (about["version"], about["primary_column"]) == ("1.1.0", "geometry")
    assert about["columns"]["geometry"]["geometry_types"] == ["Point"]
    assert about["columns"]["geometry"]["bbox"] == [2.0, 1.0, 2.0, 1.0]
    assert str(table.schema.field("time").type) == "timestamp[us, tz=UTC]"
    types, texts = read_back(pa.table({"time": moment.slice(0, 0)}), [], tmp_path)
    assert types["geometry"] == "GEOMETRY('OGC:CRS84')"
    assert texts == []
