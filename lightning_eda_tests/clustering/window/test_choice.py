"""Which k the rule takes, and what is said against it."""

import numpy as np
import pytest

from lightning_eda.clustering.kmeans.silhouette import sweep_silhouettes
from lightning_eda.clustering.kmeans.sweep import kmeans_sweep
from lightning_eda.clustering.points import sphere_points
from lightning_eda.clustering.window.choice import (
    SCORES_OF_K,
    KScores,
    best_of_sweep,
    choose_compact,
    doubts,
    favourites,
    scores_of_k,
)
from lightning_eda.clustering.window.features import PointSpec


def test_the_best_silhouette_of_compact_clusters_is_taken():
    """A wide k is passed over, whatever its score; where all are wide the best of all is taken, and said."""
    silhouettes = {2: 0.84, 3: 0.6, 4: 0.7, 5: 0.69}
    chosen = choose_compact(silhouettes, {2: 1190.0, 3: 900.0, 4: 500.0, 5: 400.0}, 500.0)
    assert (chosen.k, chosen.by) == (4, "silhouette within 500 km")
    wide = choose_compact(silhouettes, dict.fromkeys(silhouettes, 501.0), 500.0)
    assert (wide.k, wide.by) == (2, "silhouette")
    assert "at no k do points lie within 500 km" in wide.rule
    assert choose_compact({2: np.nan}, {2: 1.0}, 500.0) is None


@pytest.mark.parametrize("geometry", ["sphere", "lonlat"])
def test_storms_of_two_continents_are_not_two_clusters(geometry):
    """Four storms in the north and three in the south: the best silhouette is 2, the rule takes 7."""
    rng = np.random.default_rng(1)
    north, south = [[-105, 38], [-98, 30], [-90, 40], [-93, 33]], [[-60, -30], [-52, -22], [-62, -18]]
    lon, lat = (np.array([*north, *south]).repeat(40, axis=0) + rng.normal(0, 0.4, (280, 2))).T
    points = sphere_points(lon, lat) if geometry == "sphere" else np.column_stack([lon, lat])
    sweep = kmeans_sweep(points, 2, 10)
    silhouettes = dict(zip(sweep.k.tolist(), sweep_silhouettes(sweep).scores, strict=True))
    chosen = best_of_sweep(sweep, PointSpec(geometry), silhouettes)
    assert chosen.k == 7
    assert best_of_sweep(sweep, PointSpec(geometry), {2: 0.9, 7: None}).by == "silhouette"


def table(silhouette, **columns):
    """Scores of k = 2, 3, ...; those not given are missing."""
    known = {"silhouette": silhouette} | columns
    missing = np.full(len(silhouette), np.nan)
    ks = np.arange(2, 2 + len(silhouette))
    return KScores(ks, {name: np.array(known.get(name, missing), dtype=float) for name in SCORES_OF_K})


def test_each_score_has_its_best_k():
    """The highest, of Davies-Bouldin the lowest; of the gap the first within an error of the next."""
    scores = table(
        [0.5, 0.7, 0.6, 0.5],
        calinski_harabasz=[9, 8, 20, 3],
        davies_bouldin=[0.9, 0.8, 0.7, 0.2],
        gap=[1.0, 1.5, 1.51, 1.6],
        gap_error=[0.1, 0.1, 0.02, 0.1],
    )
    assert favourites(scores) == {"silhouette": 3, "Calinski-Harabasz": 4, "Davies-Bouldin": 5, "gap": 3}
    rising = table([0.5, 0.4], gap=[1.0, 2.0], gap_error=[0.1, 0.1])
    assert favourites(rising) == {"silhouette": 2, "gap": 3}


def test_nothing_is_said_where_scores_agree():
    """Within two of each other, away from the ends of the range, found again in bootstraps."""
    scores = table([0.3, 0.7, 0.6, 0.3], davies_bouldin=[0.9, 0.9, 0.9, 0.3], stability=[1, 0.65, 1, 1])
    assert doubts(scores, 3) == []


def test_the_end_of_the_range_is_told():
    """Where the score is near that of the chosen k, and where the chosen k is the end itself."""
    (near,) = doubts(table([0.3, 0.7, 0.6, 0.681]), 3)
    assert near == (
        "The range ends at k = 5, where the silhouette, 0.681, is nearly as good as at the chosen k, 0.700: "
        "more clusters may score better (k_max)."
    )
    assert doubts(table([0.3, 0.7, 0.6, 0.679]), 3) == []
    (last,) = doubts(table([0.3, 0.5, 0.6, 0.7]), 5)
    assert "k = 5 is the largest that was tried" in last
    all_points = KScores(np.arange(2, 6), table([0.3, 0.5, 0.6, 0.7]).columns, more=False)
    assert doubts(all_points, 5) == []


def test_the_start_of_the_range_is_told_unless_it_is_two():
    """Fewer than two clusters are none."""
    assert doubts(table([0.7, 0.6, 0.5]), 2) == []
    later = KScores(np.arange(4, 7), table([0.7, 0.6, 0.5]).columns)
    assert doubts(later, 4) == [
        "k = 4 is the smallest that was tried: fewer clusters may fit better (k_min)."
    ]


def test_scores_that_disagree_are_named():
    """With the k of each."""
    scores = table([0.3, 0.7, 0.6, 0.3, 0.2], calinski_harabasz=[1, 2, 3, 4, 5])
    assert doubts(scores, 3) == ["The scores disagree on the best k: silhouette 3 and Calinski-Harabasz 6."]


def test_clusters_that_depend_on_the_sample_are_told():
    """Below 0.65 at the chosen k."""
    (told,) = doubts(table([0.3, 0.7, 0.6], stability=[0.1, 0.64, 0.1]), 3)
    assert "adjusted Rand index 0.64" in told


def test_rows_of_the_table_become_scores():
    """One cluster has none; a larger k could be fitted only where there are more positions."""
    sweep = kmeans_sweep([[0.0], [1.0], [2.0], [3.0], [9.0]], 1, 4)
    rows = [{"k": k, **dict.fromkeys(SCORES_OF_K), "silhouette": 0.1 * k, "gap": 1.0} for k in (1, 2, 3, 4)]
    scores = scores_of_k(sweep, rows, ["silhouette"])
    assert scores.k.tolist() == [2, 3, 4] and scores.more
    np.testing.assert_allclose(scores.columns["silhouette"], [0.2, 0.3, 0.4])
    assert np.isnan(scores.columns["gap"]).all()
    assert not scores_of_k(kmeans_sweep(np.arange(4.0)[:, np.newaxis], 1, 4), rows).more
    assert not scores_of_k(kmeans_sweep(np.arange(3.0)[:, np.newaxis], 1, 4), rows).more
