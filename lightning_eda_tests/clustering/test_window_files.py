"""What the analysis assets hand to each other: points from rows, files, tables of clusters."""

import multiprocessing
import os
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from lightning_eda.clustering import clean_file
from lightning_eda.clustering.cells import cells_of_points
from lightning_eda.clustering.clean_file import CleanWindow, read_clean, thin_rows, write_clean
from lightning_eda.clustering.features import PointSpec, make_points
from lightning_eda.clustering.points import sphere_points
from lightning_eda.clustering.summary import cluster_table, label_rows
from lightning_eda.clustering.sweep import kmeans_sweep
from lightning_eda.clustering.sweep_file import read_sweep, sweep_digest, write_sweep
from lightning_eda.clustering.window_sweep import sweep_window
from lightning_eda.earth import EARTH_RADIUS_KM
from lightning_eda.errors import PointsError
from lightning_eda.storage import atomic

START = datetime(2024, 7, 1, 20, tzinfo=UTC)
END = START + timedelta(hours=1)


def make_rows(count: int = 60) -> pa.Table:
    """Rows in three tight storms, one of them across the antimeridian."""
    rng = np.random.default_rng(3)
    storm = np.arange(count) % 3
    lon = np.array([-120.0, -90.0, 179.9])[storm] + rng.normal(0, 0.2, count)
    return pa.table(
        {
            "satellite": pa.array(["G18"] * count),
            "granule_start": pa.array([START.replace(tzinfo=None)] * count, pa.timestamp("us")),
            "id": pa.array(range(count), pa.int64()),
            "flash_id": pa.array(range(count), pa.int32()),
            "time": pa.array(
                [START.replace(tzinfo=None) + timedelta(seconds=i) for i in range(count)], pa.timestamp("us")
            ),
            "lat": np.array([35.0, 10.0, -15.0])[storm] + rng.normal(0, 0.2, count),
            "lon": (lon + 180) % 360 - 180,
            "energy_j": pa.array([None if i % 7 == 0 else 1e-15 * (i + 1) for i in range(count)]),
            "area_m2": np.full(count, 1e8),
            "duration_s": np.full(count, 0.3),
        }
    )


def window(rows: pa.Table | None = None, spec: PointSpec | None = None, cells=None) -> CleanWindow:
    rows = make_rows() if rows is None else rows
    return CleanWindow(rows, "flash", spec or PointSpec(), rows.num_rows + 5, {"repeat": 5}, cells)


def test_points_on_the_sphere_are_in_km():
    """Of the Earth's radius; the antimeridian is no border."""
    rows = make_rows()
    points = make_points(rows, PointSpec())
    assert np.allclose(np.linalg.norm(points, axis=1), EARTH_RADIUS_KM)
    across = points[2::3]
    assert np.linalg.norm(across - across.mean(axis=0), axis=1).max() < 150


def test_plain_degrees_are_the_degrees():
    """As in the classic notebook."""
    rows = make_rows()
    points = make_points(rows, PointSpec(geometry="lonlat"))
    assert points.tolist() == np.column_stack([rows["lon"], rows["lat"]]).tolist()


def test_features_are_further_dimensions_on_a_common_scale():
    """With mean 0 and the scale asked for; a constant feature counts nothing."""
    spec = PointSpec(features=("time", "area"), feature_scale=200.0)
    points = make_points(make_rows(), spec)
    assert points.shape == (60, 5)
    assert points[:, 3].mean() == pytest.approx(0, abs=1e-9)
    assert points[:, 3].std() == pytest.approx(200.0)
    assert not points[:, 4].any()


def test_a_missing_feature_is_named():
    """With the number of rows that lack it."""
    with pytest.raises(PointsError, match="9 of 60 rows have no energy_j"):
        make_points(make_rows(), PointSpec(features=("energy",)))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"geometry": "flat"}, "geometry: found"),
        ({"features": ("time", "colour")}, "features: found"),
        ({"normalisation": "log"}, "normalisation: found"),
        ({"feature_scale": 0.0}, "feature_scale: found 0.0; allowed: above 0"),
    ],
)
def test_other_words_are_refused(options, words):
    """The error names the option and what is allowed."""
    with pytest.raises(PointsError, match=words):
        PointSpec(**options)


def test_a_clean_window_reads_back(tmp_path):
    """Rows, spec and counts; with cells and without."""
    points = make_points(make_rows(), PointSpec())
    cells, _ = cells_of_points(points, 50.0)
    for original in (window(spec=PointSpec(features=("time",))), window(cells=cells), window(make_rows(0))):
        write_clean(tmp_path / "rows.parquet", original)
        found = read_clean(tmp_path / "rows.parquet")
        assert found.rows.equals(original.rows)
        assert found.digest == original.digest
        assert (found.spec, found.read, found.dropped, found.kept, found.satellites) == (
            original.spec,
            original.read,
            original.dropped,
            original.kept,
            original.satellites,
        )
        assert (tmp_path / "cells.npz").exists() == (original.cells is not None)


def cells_window(count: int) -> CleanWindow:
    """A window of so many rows that is clustered by its cells."""
    rows = make_rows(count)
    cells, _ = cells_of_points(make_points(rows, PointSpec()), 50.0)
    return window(rows, cells=cells)


def write_and_die(path, clean: CleanWindow) -> None:
    """Writes a window and is killed with -9 once its first file stands."""

    def write_atomic(*arguments) -> None:
        atomic.write_atomic(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)

    clean_file.write_atomic = write_atomic
    write_clean(path, clean)


def test_a_kill_between_the_files_never_mixes_two_windows(tmp_path):
    """The cells of another run are damage that says what to run, not cells of these rows."""
    path = tmp_path / "rows.parquet"
    write_clean(path, cells_window(6))
    process = multiprocessing.get_context("spawn").Process(
        target=write_and_die, args=(path, cells_window(60))
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    with pytest.raises(PointsError, match=r"rows\.parquet is damaged \(cells\.npz.*run preprocessor"):
        read_clean(path)
    write_clean(path, cells_window(60))
    assert read_clean(path).kept == 60


def test_a_sweep_reads_back(tmp_path):
    """Every field, and so its digest; another seed has another digest."""
    sweep = kmeans_sweep(make_points(make_rows(), PointSpec()), 2, 5, 2)
    write_sweep(tmp_path / "sweep.npz", sweep, "these rows")
    found = read_sweep(tmp_path / "sweep.npz", "these rows")
    with pytest.raises(PointsError, match="is of other rows: run kmeans_cluster"):
        read_sweep(tmp_path / "sweep.npz", "other rows")
    assert sweep_digest(found) == sweep_digest(sweep)
    for k in sweep.fitted:
        assert found.labels(k).tolist() == sweep.labels(k).tolist()
        assert found.centers[k].tolist() == sweep.centers[k].tolist()
    assert (found.method, found.reason, found.n_points, found.seed) == ("exact", "", 60, 60)
    assert sweep_digest(kmeans_sweep(make_points(make_rows(), PointSpec()), 2, 5, 2, 61)) != sweep_digest(
        sweep
    )


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 cut", b"not a file of ours"])
@pytest.mark.parametrize(
    ("read", "name", "asset"),
    [
        (read_clean, "rows.parquet", "preprocessor"),
        (lambda path: read_sweep(path, ""), "sweep.npz", "kmeans_cluster"),
    ],
)
def test_an_absent_or_damaged_file_says_what_to_run(tmp_path, read, name, asset, content):
    """The path and the asset."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(PointsError, match=rf"{name} is (absent|damaged).*run {asset} for this window"):
        read(tmp_path / name)


def test_rows_get_the_cluster_of_the_sweep():
    """Three storms, three clusters; sizes and centres agree."""
    clean = window()
    sweep = sweep_window(clean, 2, 4, 3, 60, fit_limit=1000)
    rows, centers = label_rows(clean, sweep, 3)
    assert centers["n"].to_pylist() == [20, 20, 20]
    for storm in range(3):
        assert len(set(rows["cluster"].to_pylist()[storm::3])) == 1
    middles = sorted(zip(centers["lon"].to_pylist(), centers["lat"].to_pylist(), strict=True))
    assert np.allclose(middles, [(-120, 35), (-90, 10), (179.9, -15)], atol=0.3)


def test_a_sample_gets_the_cluster_of_the_nearest_centre():
    """And the sizes are of all rows, not of the sample."""
    whole = window()
    cells, _ = cells_of_points(make_points(whole.rows, whole.spec), 30.0)
    clean = window(thin_rows(whole.rows, 12, 1), cells=cells)
    sweep = sweep_window(clean, 2, 4, 3, 60, fit_limit=1000)
    rows, centers = label_rows(clean, sweep, 3)
    assert rows.num_rows == 12
    assert centers["n"].to_pylist() == [20, 20, 20]
    storm_of = dict(zip(rows["id"].to_pylist(), rows["cluster"].to_pylist(), strict=True))
    assert len({(item % 3, cluster) for item, cluster in storm_of.items()}) == 3


@pytest.mark.parametrize("count", [None, 12], ids=["rows", "cells"])
def test_a_k_that_is_not_fitted_is_refused(count):
    """With those that are, whether rows or cells were fitted."""
    whole = window()
    cells, _ = cells_of_points(make_points(whole.rows, whole.spec), 30.0)
    clean = whole if count is None else window(thin_rows(whole.rows, count, 1), cells=cells)
    sweep = sweep_window(clean, 2, 4, 3, 60, fit_limit=1000)
    with pytest.raises(PointsError, match=r"k = 9 is not fitted; fitted: \[2, 3, 4\]"):
        label_rows(clean, sweep, 9)


def test_the_table_of_clusters():
    """Counts, rates per minute of the window, energies without the missing, first and last times."""
    clean = window()
    rows, centers = label_rows(clean, sweep_window(clean, 3, 3, 3, 60, fit_limit=1000), 3)
    table = cluster_table(rows, centers, START, END)
    assert table["flashes"].to_pylist() == [20, 20, 20]
    assert table["rate_per_minute"].to_pylist() == [pytest.approx(20 / 60)] * 3
    assert sum(table["energy_j"].to_pylist()) == pytest.approx(
        sum(e for e in rows["energy_j"].to_pylist() if e)
    )
    assert all(0 < radius < 120 for radius in table["radius_km"].to_pylist())
    assert min(table["first_time"].to_pylist()) == START.replace(tzinfo=None)


@pytest.mark.parametrize("geometry", ["sphere", "lonlat"])
@pytest.mark.parametrize("drawn", [60, 30], ids=["rows", "sample"])
def test_the_table_has_the_centres_that_were_fitted(geometry, drawn):
    """Those of `label_rows`, not the mean of the rows that were drawn; the radius is counted from there."""
    whole = window(spec=PointSpec(geometry))
    cells, _ = cells_of_points(make_points(whole.rows, whole.spec), 30.0 if geometry == "sphere" else 0.3)
    rows = thin_rows(whole.rows, drawn, 1)
    clean = whole if drawn == 60 else window(rows, whole.spec, cells)
    rows, centers = label_rows(clean, sweep_window(clean, 3, 3, 3, 60, fit_limit=1000), 3)
    table = cluster_table(rows, centers, START, END)
    assert table["center_lat"].to_pylist() == centers["lat"].to_pylist()
    assert table["center_lon"].to_pylist() == centers["lon"].to_pylist()
    for line in table.to_pylist():
        mine = rows.filter(pa.array(rows["cluster"].to_numpy() == line["cluster"]))
        center = sphere_points([line["center_lon"]], [line["center_lat"]])
        cosine = sphere_points(mine["lon"], mine["lat"]) @ center[0] / EARTH_RADIUS_KM**2
        farthest = EARTH_RADIUS_KM * np.arccos(cosine.min())
        assert line["radius_km"] == pytest.approx(farthest, abs=1e-3)


def test_a_cluster_without_a_row_in_the_sample_keeps_its_line():
    """With its centre and size; energies of the others are scaled to their clusters."""
    whole = window()
    cells, _ = cells_of_points(make_points(whole.rows, whole.spec), 30.0)
    some = whole.rows.take([1, 4, 7, 10])  # of one storm only
    clean = window(some, cells=cells)
    rows, centers = label_rows(clean, sweep_window(clean, 3, 3, 3, 60, fit_limit=1000), 3)
    table = cluster_table(rows, centers, START, END).to_pylist()
    assert [line["flashes"] for line in table] == [20, 20, 20]
    assert [line["radius_km"] is None for line in table].count(True) == 2
    (drawn,) = [line for line in table if line["radius_km"] is not None]
    assert drawn["energy_j"] == pytest.approx(5 * sum(e for e in some["energy_j"].to_pylist() if e))


def test_the_digest_tells_rows_and_geometry_apart():
    """The same rows have the same; another point, order or geometry another."""
    rows = make_rows()
    assert window(rows).digest == window(make_rows()).digest
    others = [
        window(rows.slice(1)),
        window(rows.take(list(range(59, -1, -1)))),
        window(rows, PointSpec("lonlat")),
    ]
    assert window(rows).digest not in {other.digest for other in others}


def test_the_digest_tells_cells_apart():
    """By each of their sums: cells at the same places can be of other rows."""
    clean = cells_window(60)
    cells = clean.cells
    assert cells is not None
    others = [
        replace(cells, size=2 * cells.size),
        replace(cells, count=20 * cells.count),
        replace(cells, mean=cells.mean + 1.0),
        replace(cells, sum_squares=cells.sum_squares + 1.0),
    ]
    digests = {replace(clean, cells=other).digest for other in [cells, *others]}
    assert len(digests) == 5


def test_without_a_k_there_are_no_clusters():
    """Every row has -1; the tables are empty."""
    clean = window(make_rows(1))
    rows, centers = label_rows(clean, sweep_window(clean, 2, 4, 3, 60, fit_limit=1000), None)
    assert rows["cluster"].to_pylist() == [-1]
    assert centers.num_rows == cluster_table(rows, centers, START, END).num_rows == 0


def test_thinning_keeps_the_order_and_the_number():
    """And is the same for the same seed."""
    rows = make_rows()
    thin = thin_rows(rows, 10, 7)
    assert thin["id"].to_pylist() == sorted(thin["id"].to_pylist())
    assert thin.num_rows == 10
    assert thin.equals(thin_rows(rows, 10, 7))
    assert thin_rows(rows, 100, 7) is rows
