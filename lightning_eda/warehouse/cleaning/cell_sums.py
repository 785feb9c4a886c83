"""The sums of a window's kept rows per cell: what weighted k-means needs, piece by piece in DuckDB."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightning_eda.warehouse.cleaning.options import Cleaning
from lightning_eda.warehouse.cleaning.piece_sums import (
    STEPS,
    PieceSums,
    SumOptions,
    needed_from,
    repeated_near,
    sum_piece,
)
from lightning_eda.warehouse.cleaning.rows import Account
from lightning_eda.warehouse.cleaning.window_sums import (
    MOST_CELLS,
    Span,
    WindowSums,
    explained_memory,
    limit_memory,
)
from lightning_eda.warehouse.queries import Database, reading

Rows = Callable[[datetime, datetime], AbstractContextManager[duckdb.DuckDBPyConnection]]
"""Gives a connection whose tables hold at least the rows of the granules that start in [start, end)."""


@dataclass(frozen=True)
class CleanCells(Account):
    """The sums of the kept rows per occupied cell, ordered by key, and the account of all rows.

    The first five are what the clustering takes as cells.

    Attributes:
        size: Edge of a cell: km for "sphere", degrees for "lonlat". It is the one asked for, or where more
            cells than allowed were occupied a power of two of it.
        key: Grid index floor(x / size) per axis, shape (m, d), int64.
        count: Rows per cell, shape (m,), float64.
        mean: Mean position per cell, shape (m, d): x, y, z in km from the Earth's centre on a sphere, or
            longitude and latitude in degrees.
        sum_squares: Sum of squared distances to the cell's mean, shape (m,).
        geometry: "sphere" or "lonlat".
        sample: Of the rows kept those that were drawn, with the columns of `clean_rows`, ordered as there.
    """

    size: float
    key: NDArray[np.int64]
    count: NDArray[np.float64]
    mean: NDArray[np.float64]
    sum_squares: NDArray[np.float64]
    geometry: str
    sample: pa.Table


def clean_cells(
    database: Database,
    start: datetime,
    end: datetime,
    cleaning: Cleaning | None = None,
    cell_size: float = 2.0,
    geometry: str = "sphere",
) -> CleanCells:
    """The sums per cell of the rows that the cleaning keeps, as one piece.

    Args:
        database: The database file, or an open reader.
        start: First granule start, aware.
        end: First granule start after the window, aware.
        cleaning: What to read and what to drop; None is `Cleaning()`.
        cell_size: Edge of a cell: km for "sphere", degrees for "lonlat".
        geometry: "sphere" (unit vectors times the Earth's mean radius) or "lonlat" (plain degrees).

    Raises:
        SettingError: The geometry is neither of the two, or the size is not above 0 or far too small.
        DatabaseBusyError: Others held the database all that time.
        WarehouseError: There is no database, or it cannot be read.
    """
    options = SumOptions(cleaning or Cleaning(), cell_size, geometry)
    with reading(database) as connection:
        return sum_window(lambda *_: nullcontext(connection), [(start, end)], options)


def sum_window(
    rows: Rows,
    pieces: Sequence[Span],
    options: SumOptions,
    most_cells: int = MOST_CELLS,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> CleanCells:
    """The sums per cell of a window, a piece at a time; they are the same for any pieces of the window.

    Args:
        rows: Where the rows are.
        pieces: Spans that follow each other without a gap, in order.
        options: What is summed.
        most_cells: Occupied cells to allow, at least 2 for each axis; for more the edge is doubled.
        progress: Told of each piece: done, and in all.

    Raises:
        WarehouseError: A piece needs more memory than there is, or cannot be read.
    """

    def summed(sums: WindowSums, start: datetime, end: datetime) -> PieceSums:
        with explained_memory(start, end), rows(needed_from(start, pieces[0][0]), end) as connection:
            limit_memory(connection)
            return sum_piece(connection, start, end, pieces[0][0], options, sums.largest_draw)

    with WindowSums.open(options, most_cells) as sums:
        for done, (start, end) in enumerate(pieces, start=1):
            sums.add(summed(sums, start, end))
            progress(done, len(pieces))
        return finished(sums, rows, pieces)


def finished(sums: WindowSums, rows: Rows, pieces: Sequence[Span]) -> CleanCells:
    """The window, once all of its pieces are added; arguments as of `sum_window`."""
    far = sums.far()
    for start, end in sums.far_spans(pieces):
        with rows(start, end) as connection:
            sums.drop_far(repeated_near(connection, start, end, far, sums.options.cleaning))
    account, cells, sample = sums.finish()
    return _cells(account, cells, sample, sums)


def _cells(account: Account, cells: pa.Table, sample: pa.Table, sums: WindowSums) -> CleanCells:
    def columns(prefix: str) -> NDArray[np.float64]:
        return np.column_stack([cells[prefix + axis].to_numpy() for axis in sums.options.axes])

    edges = 2.0**sums.level  # of a cell, in those asked for
    size = sums.options.size * edges
    key = columns("key_").astype(np.int64)
    count = cells["count"].to_numpy()
    steps = columns("sum_") / (STEPS * edges)
    mean = steps / count[:, np.newaxis]
    squares = cells["squares"].to_numpy() / (STEPS * edges**2)
    about_mean = np.maximum(squares - (steps * mean).sum(axis=1), 0.0)
    about_mean[count == 1] = 0.0
    return CleanCells(
        **vars(account),
        size=size,
        key=key,
        count=count,
        mean=(key + mean) * size,
        sum_squares=about_mean * size**2,
        geometry=sums.options.geometry,
        sample=sample,
    )
