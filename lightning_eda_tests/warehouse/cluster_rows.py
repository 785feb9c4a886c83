"""Small results of the analysis of a window, as its assets give them and as users read them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from lightning_eda.warehouse.writing.cluster_tables import (
    FitKey,
    read_scores,
)
from lightning_eda_tests.warehouse.contents import rows_with

START = datetime(2024, 7, 1, 20, tzinfo=UTC)
END = START + timedelta(hours=1)
DAY = (START.replace(hour=0), START.replace(hour=0) + timedelta(days=1))
FIT = FitKey("5f0c", "flash", "sphere", "exact")
HOSTILE = "x'); DROP TABLE k_scores; --\0\n\"é"


def inertia(values: dict[int, float | None]) -> pa.Table:
    """What elbow_evaluator has to say."""
    return pa.table({"k": pa.array(values, pa.int64()), "inertia": pa.array(values.values(), pa.float64())})


def silhouette(values: dict[int, float | None], error: float = 0.0) -> pa.Table:
    """What silhouette_evaluator has to say."""
    n = len(values)
    return pa.table(
        {
            "k": pa.array(values, pa.int64()),
            "silhouette": pa.array(values.values(), pa.float64()),
            "silhouette_error": pa.array([error] * n, pa.float64()),
            "silhouette_method": pa.array(["sample"] * n, pa.string()),
        }
    )


def scores(database: Path, window: tuple[datetime, datetime] = (START, END)) -> dict[int, tuple]:
    """Inertia, silhouette and who chose it, by k."""
    rows = read_scores(database, *window).to_pylist()
    return {row["k"]: (row["inertia"], row["silhouette"], row["chosen_by"]) for row in rows}


def centers(n: int = 2, lat: float = 10.0) -> pa.Table:
    return pa.table(
        {
            "k": [n] * n, "cluster": list(range(n)), "lat": [lat] * n, "lon": [-130.0 - i for i in range(n)],
            "n": [100 - i for i in range(n)],
        }
    )  # fmt: skip


def labels(n: int = 5, cluster: int = 0) -> pa.Table:
    return pa.table(
        {
            "satellite": ["G18"] * n,
            "granule_start": [datetime(2024, 7, 1, 20)] * n,
            "flash_id": [65_535 - i for i in range(n)],
            "cluster": [cluster] * n,
            "energy_j": [1e-13] * n,
        }
    )


def clusters(database: Path, start: datetime = START, end: datetime = END) -> tuple[pa.Table, pa.Table]:
    """The centres and labels of a window, without its ends."""
    window = {"window_start": start.replace(tzinfo=None), "window_end": end.replace(tzinfo=None)}
    found = [rows_with(database, table, **window) for table in ("cluster_centers", "flash_clusters")]
    return found[0].drop_columns(list(window)), found[1].drop_columns(list(window))
