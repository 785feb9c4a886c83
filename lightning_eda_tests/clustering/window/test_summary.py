"""Clusters of the rows of a window, and the table of them."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from lightning_eda.clustering.kmeans.cells import cells_of_points
from lightning_eda.clustering.points import cluster_shapes, sphere_points
from lightning_eda.clustering.window.features import PointSpec, make_points
from lightning_eda.clustering.window.summary import cluster_table, label_rows
from lightning_eda.clustering.window.sweep_file import sweep_window
from lightning_eda.earth import EARTH_RADIUS_KM
from lightning_eda.errors import PointsError
from lightning_eda_tests.clustering.window.windows import END, START, drawn_rows, make_rows, window


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
    clean = window(drawn_rows(whole.rows, 12), cells=cells)
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
    clean = whole if count is None else window(drawn_rows(whole.rows, count), cells=cells)
    sweep = sweep_window(clean, 2, 4, 3, 61, fit_limit=1000)
    assert (sweep.n_init, sweep.seed) == (3, 61)
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
    """Those of `label_rows`, not the mean of the rows that were drawn; the radius is counted from there.

    All else is of the cluster's own rows, which do not begin in the order of the labels.
    """
    whole = window(spec=PointSpec(geometry))
    cells, _ = cells_of_points(make_points(whole.rows, whole.spec), 30.0 if geometry == "sphere" else 0.3)
    rows = drawn_rows(whole.rows, drawn)
    clean = whole if drawn == 60 else window(rows, whole.spec, cells)
    rows, centers = label_rows(clean, sweep_window(clean, 3, 3, 3, 60, fit_limit=1000), 3)
    table = cluster_table(rows, centers, START, END)
    assert table["center_lat"].to_pylist() == centers["lat"].to_pylist()
    assert table["center_lon"].to_pylist() == centers["lon"].to_pylist()
    begun = [rows["cluster"].to_pylist().index(label) for label in range(3)]
    assert begun != sorted(begun) or geometry == "lonlat"
    for line in table.to_pylist():
        mine = rows.filter(pa.array(rows["cluster"].to_numpy() == line["cluster"]))
        center = sphere_points([line["center_lon"]], [line["center_lat"]])
        cosine = sphere_points(mine["lon"], mine["lat"]) @ center[0] / EARTH_RADIUS_KM**2
        farthest = EARTH_RADIUS_KM * np.arccos(cosine.min())
        assert line["radius_km"] == pytest.approx(farthest, abs=1e-3)
        (shape,) = cluster_shapes(mine["lon"], mine["lat"], np.zeros(mine.num_rows, int))
        assert line["hull_area_km2"] == pytest.approx(shape.hull_area_km2)
        scale = line["flashes"] / mine.num_rows
        assert line["energy_j"] == pytest.approx(scale * pc.sum(mine["energy_j"]).as_py())
        assert (line["first_time"], line["last_time"]) == (mine["time"][0].as_py(), mine["time"][-1].as_py())


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


def test_without_a_k_there_are_no_clusters():
    """Every row has -1; the tables are empty."""
    clean = window(make_rows(1))
    rows, centers = label_rows(clean, sweep_window(clean, 2, 4, 3, 60, fit_limit=1000), None)
    assert rows["cluster"].to_pylist() == [-1]
    assert centers.num_rows == cluster_table(rows, centers, START, END).num_rows == 0
