"""The cleaned rows of a window on disk: what `preprocessor` hands to the assets after it."""

import hashlib
import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pyarrow as pa

from lightning_eda.clustering.kmeans.cells import CellSums
from lightning_eda.clustering.window.features import PointSpec
from lightning_eda.errors import PointsError
from lightning_eda.storage.atomic import remove_file, write_atomic

FACTS = b"lightning_eda"
CELL_FIELDS = ("size", "key", "count", "mean", "sum_squares")


@dataclass(frozen=True)
class CleanWindow:
    """What is clustered of a window, and how it came to be.

    Attributes:
        rows: The columns of `CLEAN_ROWS`, by satellite, granule_start and id. With cells, a sample for the
            map.
        tier: What a row is: "flash", "group" or "event".
        spec: How rows become points.
        read: Rows before cleaning.
        dropped: Rows dropped, by reason.
        cells: Sums per cell of all kept rows, where there were too many to cluster one by one.
        chosen: Satellites that were asked for; empty for all that are loaded.
    """

    rows: pa.Table
    tier: str
    spec: PointSpec
    read: int
    dropped: dict[str, int]
    cells: CellSums | None = None
    chosen: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """A text that differs when the points differ: 16 hex digits of a SHA-256."""
        digest = hashlib.sha256(json.dumps([self.tier, asdict(self.spec)]).encode())
        for name in ("time", "lon", "lat", "energy_j", "area_m2"):
            for chunk in self.rows[name].combine_chunks().buffers():
                digest.update(b"" if chunk is None else chunk)
        if self.cells is not None:
            for name in CELL_FIELDS:
                digest.update(np.ascontiguousarray(getattr(self.cells, name)).tobytes())
        return digest.hexdigest()[:16]

    @property
    def kept(self) -> int:
        """Rows that are clustered."""
        return self.cells.n_points if self.cells is not None else int(self.rows.num_rows)

    @property
    def satellites(self) -> str:
        """The satellites of the rows, for people."""
        return ", ".join(sorted(self.rows["satellite"].unique().to_pylist()))


def write_clean(path: Path, window: CleanWindow) -> None:
    """Writes the rows as a Parquet file, and the cells beside it.

    The rows are written last and hold the SHA-256 of their cells, so a kill in between is seen when they are
    read.

    Raises:
        StorageError: The files cannot be written.
    """
    import pyarrow.parquet as pq

    cells = None if window.cells is None else _cells_content(window.cells)
    if cells is not None:
        write_atomic(_cells_path(path), cells)
    facts = {
        "tier": window.tier,
        "spec": asdict(window.spec),
        "read": window.read,
        "dropped": window.dropped,
        "chosen": window.chosen,
        "has_cells": cells is not None,
        "cells_sha256": None if cells is None else hashlib.sha256(cells).hexdigest(),
    }
    rows = io.BytesIO()
    pq.write_table(
        window.rows.replace_schema_metadata({FACTS: json.dumps(facts).encode()}), rows, compression="zstd"
    )
    write_atomic(path, rows.getvalue())
    if cells is None:
        remove_file(_cells_path(path))


def read_clean(path: Path) -> CleanWindow:
    """The window that `write_clean` wrote.

    Raises:
        PointsError: There is none, a file is damaged, or the cells are not those of the rows.
    """
    import pyarrow.parquet as pq

    try:
        rows = pq.read_table(path)
        facts = json.loads(rows.schema.metadata[FACTS])
        spec = PointSpec(**{**facts["spec"], "features": tuple(facts["spec"]["features"])})
        cells = _read_cells(_cells_path(path), facts["cells_sha256"]) if facts["has_cells"] else None
        rows = rows.replace_schema_metadata()
        chosen = tuple(facts.get("chosen", ()))
        return CleanWindow(rows, facts["tier"], spec, facts["read"], facts["dropped"], cells, chosen)
    except FileNotFoundError as error:
        raise PointsError(f"{path} is absent: run preprocessor for this window first") from error
    except (OSError, BadZipFile, pa.ArrowException, ValueError, KeyError, TypeError, EOFError) as error:
        raise PointsError(f"{path} is damaged ({error}): run preprocessor for this window again") from error


def _cells_path(path: Path) -> Path:
    return path.with_name("cells.npz")


def _cells_content(cells: CellSums) -> bytes:
    """The file of the cells."""
    content = io.BytesIO()
    arrays: dict[str, Any] = {name: np.asarray(getattr(cells, name)) for name in CELL_FIELDS}
    np.savez(content, **arrays)
    return content.getvalue()


def _read_cells(path: Path, sha256: str) -> CellSums:
    """The cells in a file; ValueError when they are others than those the rows were written with."""
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(f"{path.name} is of another run")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        size, *others = (arrays[name] for name in CELL_FIELDS)
        return CellSums(float(size), *others)
