"""Sums per cell are those of the rows that are kept, however DuckDB goes about it."""

import dataclasses
import math
from collections import Counter
from datetime import UTC, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from lightning_eda.clustering.kmeans.cells import CellSums, cells_of_points
from lightning_eda.clustering.points import sphere_points
from lightning_eda.errors import SettingError
from lightning_eda.warehouse.cleaning.cell_sums import CleanCells, clean_cells
from lightning_eda.warehouse.cleaning.rows import Cleaning, clean_rows
from lightning_eda_tests.warehouse.detections import START, store

HOUR = START.replace(tzinfo=UTC)
HOURS = 3
END = HOUR + timedelta(hours=HOURS)
CLEANING = Cleaning("event", bbox=(170.0, -60.0, -120.0, 60.0), max_energy_j=2e-15)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3,000 events of three hours in storms on both sides of the antimeridian, some of them bad or double."""
    random = np.random.default_rng(3)
    storms = np.array([[179.9, 10.0], [-179.8, -20.0], [-150.0, 0.0], [-100.0, 30.0], [-140.0, 55.0]])
    places = storms[random.integers(0, 5, 3000)] + random.normal(0, 0.2, (3000, 2))
    events = [
        {
            "event_lon": (lon + 180) % 360 - 180,
            "event_lat": lat,
            "event_energy": energy,
            "event_time": START + timedelta(seconds=number),
            "granule_start": START + timedelta(minutes=60 * HOURS * number / 3000),
        }
        for number, ((lon, lat), energy) in enumerate(
            zip(places.tolist(), random.uniform(1e-15, 2.2e-15, 3000).tolist(), strict=True)
        )
    ]
    events[5]["event_lat"] = math.inf
    events += [row | {"event_id": 3000 + number} for number, row in enumerate(events[100:110])]
    return store(tmp_path_factory.mktemp("cells") / "lightning.duckdb", events=events)


def as_cells(cells: CleanCells) -> CellSums:
    """As the clustering takes them."""
    return CellSums(cells.size, cells.key, cells.count, cells.mean, cells.sum_squares)


def assert_close(one: CellSums, two: CellSums) -> None:
    """Equal to 1e-9, the sums of squares beside the square of the edge."""
    np.testing.assert_array_equal(one.key, two.key)
    np.testing.assert_array_equal(one.count, two.count)
    np.testing.assert_allclose(one.mean, two.mean, rtol=1e-9)
    np.testing.assert_allclose(one.sum_squares, two.sum_squares, rtol=1e-9, atol=1e-12 * one.size**2)


def by_numpy(points: np.ndarray, size: float) -> CellSums:
    """The sums in the plainest way."""
    key, cell, count = np.unique(
        np.floor(points / size).astype(np.int64), axis=0, return_inverse=True, return_counts=True
    )
    members = [points[cell.ravel() == number] for number in range(len(key))]
    mean = np.array([rows.mean(axis=0) for rows in members])
    squares = np.array([((rows - rows.mean(axis=0)) ** 2).sum() for rows in members])
    return CellSums(size, key, count.astype(float), mean, squares)


@pytest.mark.parametrize(("geometry", "size"), [("sphere", 2.0), ("sphere", 250.0), ("lonlat", 0.1)])
def test_sums_are_those_of_the_rows(database: Path, geometry: str, size: float) -> None:
    """Keys, counts, means and squares of the rows kept, and the same account of the rows dropped."""
    kept = clean_rows(database, HOUR, END, CLEANING)
    found = clean_cells(database, HOUR, END, CLEANING, size, geometry)
    lon, lat = kept.rows["lon"].to_numpy(), kept.rows["lat"].to_numpy()
    points = sphere_points(lon, lat) if geometry == "sphere" else np.column_stack([lon, lat])
    assert_close(as_cells(found), by_numpy(points, size))
    assert (found.read, found.dropped, found.notes) == (kept.read, kept.dropped, kept.notes)
    assert found.count.sum() == found.kept == kept.kept
    reasons = {"coordinates", "outside_box", "energy_limit", "duplicate"}
    assert {reason for reason, count in found.dropped.items() if count} == reasons
    assert (found.geometry, found.size) == (geometry, size)


def test_sums_are_those_of_the_clustering(database: Path) -> None:
    """The package that fits makes the same cells of the same points."""
    rows = clean_rows(database, HOUR, END, CLEANING).rows
    made = cells_of_points(sphere_points(rows["lon"].to_numpy(), rows["lat"].to_numpy()), 8.0)
    assert made is not None
    found = as_cells(clean_cells(database, HOUR, END, CLEANING, 8.0))
    np.testing.assert_array_equal(found.key, made[0].key)
    np.testing.assert_array_equal(found.count, made[0].count)
    np.testing.assert_allclose(found.mean, made[0].mean, atol=1e-8)
    np.testing.assert_allclose(found.sum_squares, made[0].sum_squares, atol=1e-6)


def test_hours_add_up_to_the_window(database: Path) -> None:
    """Counts of each cell, reads and drops of the hours are together those of the window."""
    hours = [HOUR + timedelta(hours=number) for number in range(HOURS + 1)]
    parts = [clean_cells(database, start, end, CLEANING, 16.0) for start, end in pairwise(hours)]
    whole = clean_cells(database, HOUR, END, CLEANING, 16.0)
    counts = Counter()
    for part in parts:
        counts.update(dict(zip(map(tuple, part.key.tolist()), part.count.tolist(), strict=True)))
    assert counts == dict(zip(map(tuple, whole.key.tolist()), whole.count.tolist(), strict=True))
    assert sum(part.read for part in parts) == whole.read
    for reason, count in whole.dropped.items():
        assert sum(part.dropped[reason] for part in parts) == count


def test_cells_do_not_depend_on_the_order_of_the_rows(tmp_path: Path) -> None:
    """The same bytes whichever way the rows were stored, and every time they are asked for."""
    random = np.random.default_rng(1)
    events = [
        {
            "event_lon": lon,
            "event_lat": lat,
            "event_id": number,
            "event_time": START + timedelta(seconds=number),
        }
        for number, (lon, lat) in enumerate(random.uniform([-140, 0], [-139, 1], (500, 2)).tolist())
    ]
    for path, rows in (("one", events), ("two", events[::-1])):
        store(tmp_path / path, events=rows)
    bytes_of = [
        [field.tobytes() for field in dataclasses.astuple(as_cells(cells))[1:]]
        for cells in (
            clean_cells(tmp_path / path, HOUR, END, CLEANING, 32.0) for path in ("one", "two", "one")
        )
    ]
    assert bytes_of[0] == bytes_of[1] == bytes_of[2]


def test_one_place_many_times(tmp_path: Path) -> None:
    """A cell of one position has that mean and no squares to speak of, a cell of one row none at all."""
    events = [{"event_time": START + timedelta(seconds=number)} for number in range(1000)]
    events.append({"event_lat": 20.0, "event_time": START})
    store(tmp_path / "x", events=events)
    found = clean_cells(tmp_path / "x", HOUR, END, Cleaning("event"))
    places = sphere_points([-130.0, -130.0], [10.0, 20.0])
    largest = np.argmax(found.count)
    np.testing.assert_allclose(found.mean[largest], places[0], rtol=1e-14)
    assert sorted(found.count) == [1, 1000]
    assert 0 <= found.sum_squares[largest] < 1e-11
    assert found.sum_squares[1 - largest] == 0


def test_an_empty_window_has_no_cells(database: Path) -> None:
    """The arrays keep their shapes."""
    found = clean_cells(database, HOUR - timedelta(hours=1), HOUR)
    assert (found.read, found.kept, found.key.shape, found.mean.shape) == (0, 0, (0, 3), (0, 3))
    assert (found.count.shape, found.sum_squares.shape) == ((0,), (0,))


@pytest.mark.parametrize(
    ("options", "variable"),
    [
        ({"geometry": "plane'"}, "geometry"),
        ({"cell_size": 0.0}, "cell_size"),
        ({"cell_size": -1.0}, "cell_size"),
        ({"cell_size": math.nan}, "cell_size"),
        ({"cell_size": 1e-12}, "cell_size"),
    ],
)
def test_grids_that_cannot_be_are_refused(database: Path, options: dict, variable: str) -> None:
    """The error names the option."""
    with pytest.raises(SettingError) as caught:
        clean_cells(database, HOUR, END, **options)
    assert caught.value.variable == variable
