"""The storm cells of a day are replaced whole."""

import hashlib
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from lightning_eda.warehouse.writing.storm_tables import replace_storm_cells
from lightning_eda_tests.warehouse.contents import rows_with

DAY, NEXT = date(2024, 7, 1), date(2024, 7, 2)


def cells(n: int = 2, flashes: int = 5) -> pa.Table:
    moment = [datetime(2024, 7, 1, 20)] * n
    return pa.table(
        {
            "cell": list(range(n)), "satellite": pa.array(["G18"] * n, pa.string()),
            "first_time": pa.array(moment, pa.timestamp("us")),
            "last_time": pa.array(moment, pa.timestamp("us")),
            "duration_minutes": pa.array([0.0] * n, pa.float64()), "flashes": [flashes] * n,
            "rate_per_minute": pa.array([5.0] * n, pa.float64()), "peak_per_minute": [5] * n,
            "center_lat": pa.array([10.0] * n, pa.float64()),
            "center_lon": pa.array([-130.0] * n, pa.float64()),
            "radius_km": pa.array([3.0] * n, pa.float64()),
            "hull_area_km2": pa.array([9.0] * n, pa.float64()),
            "energy_j": pa.array([None] * n, pa.float64()),
        }
    )  # fmt: skip


def flashes(n: int = 4, cell: int = 0) -> pa.Table:
    return pa.table(
        {
            "satellite": pa.array(["G18"] * n, pa.string()),
            "granule_start": pa.array([datetime(2024, 7, 1, 20)] * n, pa.timestamp("us")),
            "flash_id": pa.array(range(n), pa.uint16()),
            "cell": pa.array([cell] * n, pa.int32()),
            "energy_j": pa.array([1.0] * n, pa.float64()),
        }
    )


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "lightning.duckdb"


def test_a_day_comes_back(database):
    """By cell, and by the key of the flashes; columns that the tables have not are left out."""
    assert replace_storm_cells(database, DAY, cells().take([1, 0]), flashes().take([3, 0, 2, 1]))
    found = rows_with(database, "storm_cells", day=DAY)
    assert found.drop_columns(["day"]).to_pylist() == cells().to_pylist()
    found = rows_with(database, "storm_cell_flashes", day=DAY)
    assert found["flash_id"].to_pylist() == [0, 1, 2, 3]
    assert found.column_names == ["day", "satellite", "granule_start", "flash_id", "cell"]


def test_the_same_day_again_writes_nothing(database):
    """In whatever order the rows come; the file stays as it is."""
    replace_storm_cells(database, DAY, cells(), flashes())
    before = hashlib.sha256(database.read_bytes()).digest()
    assert not replace_storm_cells(database, DAY, cells().take([1, 0]), flashes().take([1, 0, 3, 2]))
    assert hashlib.sha256(database.read_bytes()).digest() == before


def test_a_new_result_replaces_the_day_alone(database):
    """Fewer cells leave no old one behind; the next day is not touched."""
    replace_storm_cells(database, DAY, cells(3), flashes(9))
    replace_storm_cells(database, NEXT, cells(1), flashes(2))
    assert replace_storm_cells(database, DAY, cells(1, flashes=7), flashes(1, cell=1))
    assert rows_with(database, "storm_cells", day=DAY)["flashes"].to_pylist() == [7]
    assert rows_with(database, "storm_cell_flashes", day=DAY)["cell"].to_pylist() == [1]
    assert rows_with(database, "storm_cell_flashes", day=NEXT).num_rows == 2


def test_a_day_may_have_no_cells(database):
    """It is written as none."""
    replace_storm_cells(database, DAY, cells(), flashes())
    assert replace_storm_cells(database, DAY, cells(0), flashes(0))
    for table in ("storm_cells", "storm_cell_flashes"):
        assert rows_with(database, table, day=DAY).num_rows == 0


def test_a_flash_in_two_cells_is_refused(database):
    """And the day stays as it was."""
    replace_storm_cells(database, DAY, cells(), flashes())
    with pytest.raises(ValueError, match="storm_cell_flashes"):
        replace_storm_cells(database, DAY, cells(), pa.concat_tables([flashes(), flashes(1, cell=1)]))
    assert rows_with(database, "storm_cell_flashes", day=DAY).num_rows == 4
