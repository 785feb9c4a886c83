"""What storm cells are like, and that the flashes of two storms stay two cells."""

from collections import Counter
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from scipy.spatial import ConvexHull

from lightning_eda.clustering.graph.dbscan import dbscan_pairs
from lightning_eda.clustering.storms.cells import label_flashes, require_flashes, storm_cells
from lightning_eda.clustering.storms.neighbours import near_pairs
from lightning_eda.clustering.storms.pairs_note import PairsNote, read_note, write_note
from lightning_eda.earth import EARTH_RADIUS_KM
from lightning_eda.errors import PointsError
from lightning_eda.series.storms import STORM_CELLS

START = datetime(2024, 7, 1, 20)
KM_PER_DEGREE = 111.195
EPS_KM, MINUTES, ENOUGH = 12.0, 10.0, 5


def flash_table(lat, lon, seconds, cell, energy=None) -> pa.Table:
    n = len(lat)
    times = [START + timedelta(seconds=float(s)) for s in seconds]
    return pa.table(
        {
            "satellite": pa.array(["G18"] * n, pa.string()),
            "time": pa.array(times, pa.timestamp("us")),
            "lat": pa.array(lat, pa.float64()),
            "lon": pa.array(lon, pa.float64()),
            "energy_j": pa.array([1e-14] * n if energy is None else energy, pa.float64()),
            "cell": pa.array(cell, pa.int32()),
        }
    )


def two_storms(seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Storms 60 km apart that drift east for two hours: lat, lon, seconds, storm of each flash."""
    random = np.random.default_rng(seed)
    storm = np.repeat([0, 1], 240)
    seconds = random.uniform(0.0, 7200.0, 480)
    drift_km = 0.015 * seconds  # 15 m/s
    lat = 10.0 + (60.0 * storm + random.normal(0, 3.0, 480)) / KM_PER_DEGREE
    lon = -130.0 + (drift_km + random.normal(0, 3.0, 480)) / (KM_PER_DEGREE * np.cos(np.radians(10.0)))
    return lat, lon, seconds, storm


def labels_of(lat, lon, seconds) -> np.ndarray:
    micros = np.rint(np.asarray(seconds) * 1e6).astype(np.int64)
    batches = list(near_pairs(lat, lon, micros, 15.0, MINUTES))
    i, j, metres = (np.concatenate([getattr(b, name) for b in batches]) for name in ("i", "j", "metres"))
    return dbscan_pairs(i, j, metres / 1000.0, len(lat), EPS_KM, ENOUGH)


def partition(labels) -> set[frozenset]:
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)}


def test_two_moving_storms_stay_two_cells():
    """Over two hours, though each moved by 108 km, farther than they are apart."""
    lat, lon, seconds, storm = two_storms()
    labels = labels_of(lat, lon, seconds)
    assert set(labels[labels >= 0]) == {0, 1}
    assert np.mean(labels < 0) < 0.02
    for label in (0, 1):
        assert len(np.unique(storm[labels == label])) == 1


def test_turning_the_globe_changes_nothing():
    """By 180 degrees, which takes the storms over the antimeridian; nor does the order of the rows."""
    lat, lon, seconds, _ = two_storms()
    labels = labels_of(lat, lon, seconds)
    turned = (lon + 310.0 + 180.0) % 360.0 - 180.0  # to both sides of 180
    assert turned.min() < -179.0
    assert turned.max() > 179.0
    for other in (turned, lon + 180.0):
        assert partition(labels_of(lat, other, seconds)) == partition(labels)
    order = np.random.default_rng(1).permutation(len(lat))
    back = np.empty_like(labels)
    back[order] = labels_of(lat[order], lon[order], seconds[order])
    assert partition(back) == partition(labels)


def test_storms_at_one_place_an_hour_apart_are_two_cells():
    """Time parts them."""
    seconds = np.concatenate([np.linspace(0, 600, 20), np.linspace(4200, 4800, 20)])
    labels = labels_of(np.full(40, 10.0), np.full(40, -130.0), seconds)
    assert labels.tolist() == [0] * 20 + [1] * 20


def test_a_cell_is_described():
    """Times, rates, place, size and energy, from flashes in any order."""
    north = 10.0 / KM_PER_DEGREE
    rows = flash_table(
        lat=[north, 0.0, -north, 0.0, 30.0],
        lon=[100.0, 100.0, 100.0, 100.0, 30.0],
        seconds=[130.0, 0.0, 60.0, 119.0, 0.0],
        cell=[7, 7, 7, 7, -1],
        energy=[1e-14, None, 2e-14, 3e-14, 1.0],
    )
    (cell,) = storm_cells(rows).to_pylist()
    assert cell == {
        "cell": 7,
        "satellite": "G18",
        "first_time": START,
        "last_time": START + timedelta(seconds=130),
        "duration_minutes": pytest.approx(130 / 60),
        "flashes": 4,
        "rate_per_minute": pytest.approx(4 / (130 / 60)),
        "peak_per_minute": 2,
        "center_lat": pytest.approx(0.0, abs=1e-9),
        "center_lon": pytest.approx(100.0),
        "radius_km": pytest.approx(10.0, rel=1e-4),
        "hull_area_km2": pytest.approx(0.0, abs=1e-6),
        "energy_j": pytest.approx(6e-14),
    }


def described_one_by_one(rows: pa.Table) -> list[dict]:
    """The table of cells in the plainest way: a loop over the cells."""
    return [
        described(rows.filter(pc.equal(rows["cell"], name)).sort_by("time"), name)
        for name in range(1 + max(rows["cell"].to_pylist()))
    ]


def described(rows: pa.Table, name: int) -> dict:
    lon, lat = np.radians(rows["lon"].to_numpy()), np.radians(rows["lat"].to_numpy())
    unit = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    centre = unit.mean(axis=0) / np.linalg.norm(unit.mean(axis=0))
    east = np.cross([0.0, 0.0, 1.0], centre) / np.linalg.norm(np.cross([0.0, 0.0, 1.0], centre))
    plane = unit @ np.column_stack([east, np.cross(centre, east)])
    plane *= EARTH_RADIUS_KM * np.sqrt(2 / (1 + unit @ centre))[:, np.newaxis]
    times = rows["time"].to_pylist()
    minutes = (times[-1] - times[0]) / timedelta(minutes=1)
    energies = [energy for energy in rows["energy_j"].to_pylist() if energy is not None]
    return {
        "cell": name,
        "satellite": rows["satellite"][0].as_py(),
        "first_time": times[0],
        "last_time": times[-1],
        "duration_minutes": pytest.approx(minutes),
        "flashes": rows.num_rows,
        "rate_per_minute": pytest.approx(rows.num_rows / max(minutes, 1.0)),
        "peak_per_minute": max(Counter(time.replace(second=0, microsecond=0) for time in times).values()),
        "center_lat": pytest.approx(np.degrees(np.arcsin(centre[2]))),
        "center_lon": pytest.approx(np.degrees(np.arctan2(centre[1], centre[0]))),
        "radius_km": pytest.approx(
            2 * EARTH_RADIUS_KM * np.arcsin(np.linalg.norm(unit - centre, axis=1).max() / 2)
        ),
        "hull_area_km2": pytest.approx(ConvexHull(plane).volume if len(plane) > 2 else 0.0, rel=1e-9),
        "energy_j": pytest.approx(sum(energies)) if energies else None,
    }


def test_many_cells_are_described_as_one_by_one():
    """300 of all sizes from one flash, in any order, on both sides of the antimeridian, some of noise."""
    random = np.random.default_rng(5)
    cell = np.concatenate([np.arange(300), random.choice(300, 3000, p=np.arange(300) / 44_850), [-1] * 50])
    random.shuffle(cell)
    places = random.uniform([-50.0, 150.0], [50.0, 210.0], (300, 2))[cell] + random.normal(0, 0.2, (3350, 2))
    energy = [None if random.random() < 0.3 else float(e) for e in random.lognormal(4.7, 1.5, 3350) * 1e-15]
    seconds = random.uniform(0, 80_000, 300)[cell] + random.uniform(0, 600, 3350)
    rows = flash_table(places[:, 0], (places[:, 1] + 180) % 360 - 180, seconds, cell, energy)
    rows = rows.set_column(0, "satellite", pa.array(np.where(cell % 2, "G18", "G19")))
    found, expected = storm_cells(rows).to_pylist(), described_one_by_one(rows)
    assert {1, 2} <= {one["flashes"] for one in found}
    assert None in {one["energy_j"] for one in found}
    assert found == expected
    assert storm_cells(rows.take(random.permutation(rows.num_rows))).to_pylist() == expected  # to the bit


def test_the_centre_is_found_across_the_antimeridian():
    """The mean of 179.9 and -179.9 is 180, not 0; hull and radius are those of the same square elsewhere."""
    lat, lon = [-0.1, -0.1, 0.1, 0.1], np.array([-0.1, 0.1, 0.1, -0.1])
    cells = [
        storm_cells(flash_table(lat, ((lon + at + 180) % 360) - 180, [0] * 4, [0] * 4)).to_pylist()[0]
        for at in (0.0, 180.0)
    ]
    assert abs(cells[1]["center_lon"]) == pytest.approx(180.0)
    for name in ("center_lat", "radius_km", "hull_area_km2"):
        assert cells[1][name] == pytest.approx(cells[0][name], rel=1e-6, abs=1e-9)


def test_a_short_cell_has_the_rate_of_a_minute():
    """Five flashes in a second are five a minute, not three hundred; without any energy there is none."""
    rows = flash_table([1.0] * 5, [2.0] * 5, [0.0, 0.2, 0.4, 0.8, 1.0], [0] * 5, [None] * 5)
    (cell,) = storm_cells(rows).to_pylist()
    assert (cell["rate_per_minute"], cell["peak_per_minute"], cell["energy_j"]) == (5.0, 5, None)


def test_a_day_without_cells_is_an_empty_table():
    """With all its columns."""
    for rows in (flash_table([], [], [], []), flash_table([1.0], [2.0], [0.0], [-1])):
        assert storm_cells(rows).schema == STORM_CELLS.arrow_schema("day")
        assert storm_cells(rows).num_rows == 0


def test_labels_find_their_flashes():
    """By item, in whatever order; a flash without an item is in no cell."""
    rows = flash_table([1.0] * 3, [2.0] * 3, [0.0] * 3, [0] * 3).drop_columns(["cell"])
    labelled = label_flashes(rows, pa.array(["a", "b", "c"]), pa.array(["c", "a"]), [4, -1])
    assert labelled["cell"].to_pylist() == [-1, -1, 4]
    none = label_flashes(rows, pa.array(["a", "b", "c"]), pa.array([], pa.string()), [])
    assert none["cell"].to_pylist() == [-1, -1, -1]


def test_items_of_other_flashes_are_refused():
    """The hour was loaded again after the pairs were found."""
    with pytest.raises(PointsError, match=r"1 of 2 flashes with neighbours, x for one, are not in the data"):
        require_flashes(pa.array(["a", "x"]), pa.array(["a", "b"]))


def test_the_note_comes_back(tmp_path):
    """And one that is absent or damaged says what to run."""
    note = PairsNote("flash_pairs/day=2024-07-01/x", "e", 15.0, 10.0, ["G18"], True, 9, 5, 1, 4)
    write_note(tmp_path / "note.json", note)
    assert read_note(tmp_path / "note.json") == note
    with pytest.raises(PointsError, match="is absent: run flash_pairs for this day first"):
        read_note(tmp_path / "none.json")
    for damage in ("{", "[]", '{"key": 1}'):
        (tmp_path / "note.json").write_text(damage)
        with pytest.raises(PointsError, match="run flash_pairs for this day again"):
            read_note(tmp_path / "note.json")
