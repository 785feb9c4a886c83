"""Cleaned windows of made-up storms, for the tests of what the analysis assets hand to each other."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from lightning_eda.clustering.kmeans.cells import cells_of_points
from lightning_eda.clustering.window.clean_file import CleanWindow
from lightning_eda.clustering.window.features import PointSpec, make_points

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
    """A cleaned window of rows, with five that were dropped as repeated."""
    rows = make_rows() if rows is None else rows
    return CleanWindow(rows, "flash", spec or PointSpec(), rows.num_rows + 5, {"repeat": 5}, cells)


def cells_window(count: int) -> CleanWindow:
    """A window of so many rows that is clustered by its cells."""
    rows = make_rows(count)
    cells, _ = cells_of_points(make_points(rows, PointSpec()), 50.0)
    return window(rows, cells=cells)


def drawn_rows(rows: pa.Table, many: int) -> pa.Table:
    """So many of the rows, in their order."""
    return rows.take(np.sort(np.random.default_rng(1).choice(rows.num_rows, many, replace=False)))
