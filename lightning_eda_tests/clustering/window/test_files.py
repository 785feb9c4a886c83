"""The files that the analysis assets hand to each other: what reads back, digests, damage."""

import multiprocessing
import os
import signal
from dataclasses import replace

import pyarrow as pa
import pytest

from lightning_eda.clustering.kmeans.cells import cells_of_points
from lightning_eda.clustering.kmeans.sweep import kmeans_sweep
from lightning_eda.clustering.window import clean_file
from lightning_eda.clustering.window.clean_file import CleanWindow, read_clean, write_clean
from lightning_eda.clustering.window.features import PointSpec, make_points
from lightning_eda.clustering.window.sweep_file import read_sweep, sweep_digest, write_sweep
from lightning_eda.errors import PointsError
from lightning_eda.storage import atomic
from lightning_eda_tests.clustering.window.windows import cells_window, make_rows, window


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


def test_the_digest_tells_rows_and_geometry_apart():
    """The same rows have the same; another point, time, energy, area, order or geometry another."""
    rows = make_rows()
    assert window(rows).digest == window(make_rows()).digest
    others = [
        window(rows.slice(1)),
        window(rows.take(list(range(59, -1, -1)))),
        window(rows, PointSpec("lonlat")),
    ]
    columns = {name: rows[name].take([*range(1, 60), 0]) for name in ("time", "lon", "lat", "energy_j")}
    columns["area_m2"] = pa.array([2e8] * 60)
    for name, column in columns.items():
        others.append(window(rows.set_column(rows.column_names.index(name), name, column)))
    assert len({window(rows).digest, *(other.digest for other in others)}) == 9


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
