"""Each shape is that of its row, longitudes first, as GIS programs read them."""

import pyarrow as pa
import pytest

from lightning_eda.figures.maps.storm_shapes import cell_shapes, point_shapes, track_shapes

POINTS = pa.table(
    {
        "track": ["b", "a", "b", "c"],
        "frame_time": [2, 1, 1, 5],
        "lat": [20.5, -3.0, 20.0, 7.0],
        "lon": [-110.5, 15.0, -110.0, 90.0],
    }
)
"""Frames of three storms, neither in the order of the storms nor in that of time."""


def test_a_frame_is_its_place():
    """In the order of the rows."""
    assert point_shapes(POINTS) == [
        {"type": "Point", "coordinates": place}
        for place in ((-110.5, 20.5), (15.0, -3.0), (-110.0, 20.0), (90.0, 7.0))
    ]


def test_a_storm_is_its_way_in_the_order_of_time():
    """Of its own frames alone; one that was seen once is a place."""
    assert track_shapes(pa.table({"track": ["c", "b"]}), POINTS) == [
        {"type": "Point", "coordinates": (90.0, 7.0)},
        {"type": "LineString", "coordinates": [(-110.0, 20.0), (-110.5, 20.5)]},
    ]


def test_a_cell_is_the_hull_of_its_flashes():
    """Of flashes on a line it is the centre; those in none are left out."""
    cells = pa.table({"cell": [8, 3], "center_lat": [5.0, 20.5], "center_lon": [60.0, -109.5]})
    flashes = pa.table(
        {
            "cell": [3, -1, 8, 3, 3, 8, 3],
            "lat": [20.0, 80.0, 5.0, 21.0, 21.0, 5.0, 20.0],
            "lon": [-110.0, 0.0, 60.0, -110.0, -109.0, 60.1, -109.0],
        }
    )
    alone, around = cell_shapes(cells, flashes)
    assert alone == {"type": "Point", "coordinates": (60.0, 5.0)}
    (ring,) = around["coordinates"]
    (west, east), (south, north) = ((min(side), max(side)) for side in zip(*ring, strict=True))
    assert (west, east, south, north) == pytest.approx((-110.0, -109.0, 20.0, 21.0), abs=0.01)
