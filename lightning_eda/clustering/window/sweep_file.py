"""The k-means sweep of a cleaned window: found, and kept on disk, so that none who needs it fits again."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from lightning_eda.clustering.kmeans.cells import CellSums
from lightning_eda.clustering.kmeans.sweep import Sweep, kmeans_sweep, kmeans_sweep_cells
from lightning_eda.clustering.window.clean_file import CleanWindow
from lightning_eda.clustering.window.features import make_points
from lightning_eda.errors import PointsError
from lightning_eda.storage.atomic import write_atomic

CELL_FIELDS = ("key", "count", "mean", "sum_squares")
PLAIN_FIELDS = ("method", "cell_size", "n_points", "reason", "n_init", "seed")


def sweep_window(
    clean: CleanWindow, k_min: int, k_max: int, n_init: int, seed: int, *, fit_limit: int
) -> Sweep:
    """The k-means of every k; arguments as in `kmeans_sweep`.

    Raises:
        PointsError: A row lacks a feature, or the arguments are not usable.
    """
    if clean.cells is not None:
        return kmeans_sweep_cells(clean.cells, k_min, k_max, n_init, seed, fit_limit=fit_limit)
    points = make_points(clean.rows, clean.spec)
    return kmeans_sweep(points, k_min, k_max, n_init, seed, fit_limit=fit_limit)


def write_sweep(path: Path, sweep: Sweep, rows_digest: str) -> None:
    """Writes a sweep, whole or not at all, as NumPy's .npz: no code is run by reading it.

    Args:
        path: The file.
        sweep: The sweep.
        rows_digest: Which rows it is of: `CleanWindow.digest`.

    Raises:
        StorageError: The file cannot be written.
    """
    arrays: dict[str, Any] = {
        "k": sweep.k,
        "inertia": sweep.inertia,
        "cell_of_row": sweep.cell_of_row,
        "facts": np.array(json.dumps({name: getattr(sweep, name) for name in PLAIN_FIELDS})),
        "rows_digest": np.array(rows_digest),
        **{f"cells_{name}": getattr(sweep.cells, name) for name in CELL_FIELDS},
    }
    for k in sweep.fitted:
        arrays[f"centers_{k}"] = sweep.centers[k]
        arrays[f"labels_{k}"] = sweep.cell_labels(k)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    write_atomic(path, buffer.getvalue())


def sweep_digest(sweep: Sweep) -> str:
    """A text that differs when points, options or results differ: 16 hex digits of a SHA-256."""
    digest = hashlib.sha256(json.dumps({name: getattr(sweep, name) for name in PLAIN_FIELDS}).encode())
    arrays = [sweep.k, sweep.inertia, sweep.cells.mean, sweep.cells.count, *sweep.centers.values()]
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def read_sweep(path: Path, rows_digest: str) -> Sweep:
    """The sweep that `write_sweep` wrote.

    Args:
        path: The file.
        rows_digest: Which rows it must be of: `CleanWindow.digest` of the window as it is now.

    Raises:
        PointsError: There is none, the file is damaged, or it is of other rows.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            if str(arrays["rows_digest"]) != rows_digest:
                raise PointsError(f"{path} is of other rows: run kmeans_cluster for this window again")
            facts = json.loads(str(arrays["facts"]))
            fitted = sorted(
                int(name.removeprefix("centers_")) for name in arrays if name.startswith("centers_")
            )
            return Sweep(
                k=arrays["k"],
                inertia=arrays["inertia"],
                centers={k: arrays[f"centers_{k}"] for k in fitted},
                cells=CellSums(facts["cell_size"], *(arrays[f"cells_{name}"] for name in CELL_FIELDS)),
                cell_labels_by_k={k: arrays[f"labels_{k}"] for k in fitted},
                cell_of_row=arrays["cell_of_row"],
                **{name: facts[name] for name in PLAIN_FIELDS},
            )
    except PointsError:
        raise
    except FileNotFoundError as error:
        raise PointsError(f"{path} is absent: run kmeans_cluster for this window first") from error
    except (OSError, BadZipFile, ValueError, KeyError, TypeError, EOFError) as error:
        raise PointsError(f"{path} is damaged ({error}): run kmeans_cluster for this window again") from error
