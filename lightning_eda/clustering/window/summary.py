"""The clusters of a window as tables: the cluster of each row; where each lies and how active it is."""

from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightning_eda.clustering.kmeans.kmeans import nearest_labels
from lightning_eda.clustering.kmeans.sweep import Sweep
from lightning_eda.clustering.points import cluster_shapes, radii_km
from lightning_eda.clustering.window.clean_file import CleanWindow
from lightning_eda.clustering.window.features import center_positions, make_points

NONE = -1
TIME = pa.timestamp("us")
TABLE_SCHEMA = pa.schema(
    {
        "cluster": pa.int32(),
        "center_lat": pa.float64(),
        "center_lon": pa.float64(),
        "radius_km": pa.float64(),
        "hull_area_km2": pa.float64(),
        "flashes": pa.int64(),
        "rate_per_minute": pa.float64(),
        "energy_j": pa.float64(),
        "first_time": TIME,
        "last_time": TIME,
    }
)


def label_rows(clean: CleanWindow, sweep: Sweep, k: int | None) -> tuple[pa.Table, pa.Table]:
    """The rows of a window with their cluster, and the centres.

    Args:
        clean: The rows, in the order they were clustered in.
        sweep: The k-means of every k.
        k: Number of clusters; None leaves every row without one.

    Returns:
        The rows with the column cluster (-1: none); and k, cluster, lat, lon (degrees), n (rows, also those
        that are only in cells) of each centre.

    Raises:
        PointsError: The k is not fitted.
    """
    labels = _labels(clean, sweep, k)
    rows = clean.rows.append_column("cluster", pa.array(labels, pa.int32()))
    positions = np.empty((0, 2)) if k is None else center_positions(sweep.fitted_centers(k), clean.spec)
    count = len(positions)
    centers = pa.table(
        {
            "k": pa.array([k] * count, pa.int32()),
            "cluster": pa.array(range(count), pa.int32()),
            "lat": pa.array(positions[:, 1], pa.float64()),
            "lon": pa.array(positions[:, 0], pa.float64()),
            "n": pa.array(_sizes(sweep, k), pa.int64()),
        }
    )
    return rows, centers


def _labels(clean: CleanWindow, sweep: Sweep, k: int | None) -> NDArray[np.int32]:
    """The cluster of each row; of a sample, that of the nearest centre."""
    if k is None:
        return np.full(clean.rows.num_rows, NONE, np.int32)
    if clean.cells is None:
        return sweep.labels(k)
    points = make_points(clean.rows, clean.spec)
    return nearest_labels(points, sweep.fitted_centers(k)).astype(np.int32)


def _sizes(sweep: Sweep, k: int | None) -> list[int]:
    if k is None:
        return []
    sizes = np.bincount(sweep.cell_labels(k), sweep.cells.count, k)
    return [round(size) for size in sizes]


def cluster_table(rows: pa.Table, centers: pa.Table, start: datetime, end: datetime) -> pa.Table:
    """One row a cluster, in the order of the labels.

    The centres are those that were fitted, also where the rows are a sample. Of a sample, energies are scaled
    to the size of the cluster; radius, hull and times are the sample's.

    Args:
        rows: Rows with time, lat, lon (degrees), energy_j (J) and cluster; -1 is none.
        centers: Those of `label_rows`; their n is the number of flashes.
        start: Start of the window.
        end: End of the window; rates are per minute of it.

    Returns:
        cluster, center_lat, center_lon (degrees), radius_km (centre to the farthest), hull_area_km2,
        flashes, rate_per_minute, energy_j (sum, null where no row has one), first_time, last_time (UTC).
    """
    minutes = (end - start).total_seconds() / 60
    labels = rows["cluster"].to_numpy()
    drawn = np.unique(labels[labels >= 0]).tolist()
    dense = np.searchsorted(drawn, labels) if drawn else labels
    lon, lat = rows["lon"].to_numpy(), rows["lat"].to_numpy()
    shapes = cluster_shapes(lon, lat, np.where(labels >= 0, dense, NONE))
    radii = radii_km(lon, lat, labels, np.column_stack([centers["lon"], centers["lat"]]))
    sums = (
        rows.select(["cluster", "time", "energy_j"])
        .filter(pa.array(labels >= 0))
        .group_by("cluster")
        .aggregate([("time", "min"), ("time", "max"), ("energy_j", "sum")])
        .sort_by("cluster")
    )
    known = {
        row["cluster"]: {
            "radius_km": radii[row["cluster"]],
            "hull_area_km2": shape.hull_area_km2,
            "size": shape.size,
            **row,
        }
        for shape, row in zip(shapes, sums.to_pylist(), strict=True)
    }
    records = [_record(center, known.get(center["cluster"]), minutes) for center in centers.to_pylist()]
    return pa.Table.from_pylist(records, TABLE_SCHEMA)


def _record(center: dict[str, Any], drawn: dict[str, Any] | None, minutes: float) -> dict[str, Any]:
    """One line of the table; of a cluster without a row in the sample only centre and size are known."""
    record = {
        "cluster": center["cluster"],
        "center_lat": center["lat"],
        "center_lon": center["lon"],
        "flashes": center["n"],
        "rate_per_minute": center["n"] / minutes,
    }
    if drawn is None:
        return record
    energy = drawn["energy_j_sum"]
    return record | {
        "radius_km": drawn["radius_km"],
        "hull_area_km2": drawn["hull_area_km2"],
        "energy_j": None if energy is None else energy * center["n"] / drawn["size"],
        "first_time": drawn["time_min"],
        "last_time": drawn["time_max"],
    }
