"""The config of `preprocessor`: what it leaves out, in the units of people."""

from datetime import timedelta

import pytest

from lightning_eda.assets.clustering.window_cleaning import PreprocessorConfig, clean_window
from lightning_eda.fleet.hours import FileHours, file_hours
from lightning_eda.glm.windows import Window
from lightning_eda_tests.support.hours import HOUR
from lightning_eda_tests.warehouse.detections import store

WINDOW = Window(HOUR, HOUR + timedelta(hours=1))
FLASHES = [
    {"flash_area": 1e8}, {"flash_area": 9e8}, {"flash_area": None},
    {"flash_energy": 1e-14}, {"flash_energy": 1e-12}, {"flash_energy": None},
    {"flash_lat": 20.0, "flash_lon": -100.0}, {"flash_lon": 178.0},
]  # fmt: skip
"""The usual ones have 300 km2 and 100 fJ, and are at 10 N, 130 W."""


@pytest.fixture(scope="module")
def hours(tmp_path_factory):
    """Those of a database with these flashes."""
    database = store(tmp_path_factory.mktemp("cleaned") / "lightning.duckdb", flashes=FLASHES)
    with file_hours(database, WINDOW.start, WINDOW.end) as found:
        yield found


@pytest.mark.parametrize(
    ("options", "left_out"),
    [
        ({"min_area_km2": 100.1, "max_area_km2": 899.9}, {0, 1, 2}),
        ({"min_energy_fj": 10.1, "max_energy_fj": 999.9}, {3, 4, 5}),
        ({"min_area_km2": 300.0, "min_energy_fj": 100.0}, {0, 3}),
        ({"west": -120.0, "north": 15.0}, {0, 1, 2, 3, 4, 5, 6}),
        ({"east": -120.0}, {6, 7}),
        ({"south": 15.0}, {0, 1, 2, 3, 4, 5, 7}),
        ({"features": ["area", "energy"]}, {2, 5}),
    ],
)  # fmt: skip
def test_limits_are_in_the_units_of_people(hours: FileHours, options, left_out):
    """What is missing was too large for its packing. An edge of the box that is not given is the globe's."""
    clean, _ = clean_window(hours, WINDOW, PreprocessorConfig(**options))
    assert {*range(len(FLASHES))} - {*clean.rows["flash_id"].to_pylist()} == left_out


@pytest.mark.parametrize(("geometry", "size"), [("sphere", 4.0), ("lonlat", 4.0 / 111.2)])
def test_cells_are_as_large_in_degrees_as_in_km(hours: FileHours, geometry, size):
    """On a great circle."""
    clean, _ = clean_window(hours, WINDOW, PreprocessorConfig(row_limit=1, geometry=geometry))
    assert clean.cells is not None
    assert clean.cells.size == pytest.approx(size)
