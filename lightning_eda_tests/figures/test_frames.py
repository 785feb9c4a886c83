"""What a scene tells of its tables."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from lightning_eda.figures import Evaluation
from lightning_eda.figures.frames import span_text
from lightning_eda_tests.figures.storms import empty_scene, evaluation, storm_scene


def test_missing_column_is_named():
    """A table without a column is refused by the name of that column."""
    scene = storm_scene(2, 10)
    with pytest.raises(ValueError, match="energy_j"):
        replace(scene, flashes=scene.flashes.drop_columns(["energy_j"]))
    with pytest.raises(ValueError, match="radius_km"):
        replace(scene, clusters=scene.clusters.drop_columns(["radius_km"]))
    with pytest.raises(ValueError, match="inertia"):
        Evaluation(evaluation().scores.drop_columns(["inertia"]))


def test_bad_window_and_tier_are_refused():
    """A window that ends at its start, and an unknown tier, are refused."""
    scene = storm_scene(2, 10)
    with pytest.raises(ValueError, match="not after its start"):
        replace(scene, end=scene.start)
    with pytest.raises(ValueError, match="strike"):
        replace(scene, tier="strike")


def test_units_and_nulls():
    """Energy is told in fJ, area in km2, duration in ms; null is NaN; times are seconds from the start."""
    table = pa.table(
        {
            "time": pa.array([datetime(2024, 10, 1, 0, 0, 1, 500, UTC)], pa.timestamp("us", tz="UTC")),
            "lat": [1.0], "lon": [2.0], "energy_j": [2.5e-13], "area_m2": [3e8],
            "duration_s": [0.25], "cluster": pa.array([None], pa.int64()),
        }
    )  # fmt: skip
    scene = replace(storm_scene(1, 1), flashes=table)
    assert scene.energy_fj == pytest.approx([250.0])
    assert scene.area_km2 == pytest.approx([300.0])
    assert scene.duration_ms == pytest.approx([250.0])
    assert scene.seconds == pytest.approx([1.0005])
    assert scene.label.tolist() == [-1]
    unknown = table.set_column(table.column_names.index("area_m2"), "area_m2", pa.nulls(1, pa.float64()))
    assert np.isnan(replace(scene, flashes=unknown).area_km2).all()


def test_window_in_words():
    """The second date is told only where it differs; times without a zone are UTC."""
    scene = storm_scene(1, 1)
    assert scene.window_title == "2024-10-01 00:00 to 01:00 UTC"
    naive = replace(scene, start=datetime(2024, 10, 1), end=datetime(2024, 10, 1) + timedelta(days=2))
    assert naive.window_title == "2024-10-01 00:00 to 2024-10-03 00:00 UTC"
    assert naive.minutes == 2880


def test_a_span_over_midnight_has_both_dates():
    """The rule of a window's title holds for a part of it too."""
    evening = datetime(2024, 10, 1, 20, tzinfo=UTC)
    assert span_text(evening, evening + timedelta(hours=3)) == "2024-10-01 20:00 to 23:00 UTC"
    assert span_text(evening, evening + timedelta(hours=8)) == "2024-10-01 20:00 to 2024-10-02 04:00 UTC"


def test_names():
    """G18 is GOES-18; an unknown name stays as it is; groups and events have their own plural."""
    scene = empty_scene()
    assert scene.satellite_title == "GOES-18"
    assert replace(scene, satellite="Gx").satellite_title == "Gx"
    assert replace(scene, tier="group").noun == "groups"
    assert -180 <= replace(scene, satellite="Gx").subpoint_lon < 180


def test_counts_cover_listed_and_found_labels():
    """A label of the table without points counts 0; one on a point but not in the table is still there."""
    scene = storm_scene(3, 30)
    only_first = scene.flashes.set_column(6, "cluster", [[0] * 29 + [9]])
    counts = replace(scene, flashes=only_first).counts()
    assert counts == {0: 29, 1: 0, 2: 0, 9: 1}


def test_counts_of_a_sample_are_told_to_the_nearest_whole():
    """Of 5 there are 3, so each stands for one and two thirds."""
    counts = replace(storm_scene(1, 3), total=5).counts_in_window(np.array([0, 1, 2, 3]))
    assert counts.tolist() == [0, 2, 3, 5]


def test_scores_come_in_order_of_k():
    """Scores in any order are read in the order of k."""
    shuffled = evaluation().scores.take([5, 0, 3])
    assert Evaluation(shuffled).column("k").tolist() == [2, 5, 7]


def test_evaluations_are_equal_by_their_scores():
    """A copy is equal, with an equal hash; one other score, or another choice, makes another evaluation."""
    one, copy = evaluation(), Evaluation(**vars(evaluation()))
    assert (one, hash(one)) == (copy, hash(copy))
    inertia = one.scores["inertia"].to_pylist()
    index = one.scores.column_names.index("inertia")
    other = one.scores.set_column(index, "inertia", [[inertia[0] + 1.0, *inertia[1:]]])
    assert one != replace(one, scores=other)
    assert one != replace(one, chosen_k=3)
