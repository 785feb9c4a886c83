"""Silhouettes by cluster: the mean of each, how many points are in the wrong place, and how they spread.

The means are those of scikit-learn's `silhouette_samples` by cluster, to 1e-9, where all points were scored;
of a sample they are those of its points.
"""

from dataclasses import dataclass

import numpy as np

from lightning_eda.clustering.points import Floats, Integers

BINS = 200
"""Bins of the coefficients of a cluster, from -1 to 1: as fine as a picture shows."""


@dataclass(frozen=True)
class ClusterSilhouettes:
    """Silhouettes of the clusters of all labellings, one row a cluster; NaN where no point was scored.

    Attributes:
        labelling: Which labelling, from 0, ascending, shape (c,). cluster: Label in it, ascending, shape
        (c,). size: Points of the cluster, shape (c,). n_scored: How many of them were scored, shape (c,).
        mean: Mean coefficient, -1 to 1, shape (c,). lowest: The lowest coefficient, shape (c,). below_zero:
        Share of the scored points that are nearer to another cluster, 0 to 1, shape (c,). histogram: How many
        of the scored points are in each of `BINS` equal bins from -1 to 1, shape (c, BINS).
    """

    labelling: Integers
    cluster: Integers
    size: Floats
    n_scored: Floats
    mean: Floats
    lowest: Floats
    below_zero: Floats
    histogram: Floats

    def of(self, labelling: int) -> "ClusterSilhouettes":
        """Those of one labelling; none where it was not scored."""
        rows = self.labelling == labelling
        return ClusterSilhouettes(*(column[rows] for column in vars(self).values()))


def silhouettes_by_cluster(
    values: Floats, own: Integers, times: Floats, cluster_start: Integers, size: Floats
) -> ClusterSilhouettes:
    """The silhouettes of the clusters, from those of the points.

    Args:
        values: Coefficient of each scored point (rows) in each labelling (columns), shape (n, m).
        own: Its cluster, numbered over all labellings, shape (n, m).
        times: How often each of them counts, shape (n,).
        cluster_start: Number of the first cluster of each labelling, and of all clusters, shape (m + 1,).
        size: Points of each cluster, shape (c,).
    """
    clusters = len(size)
    flat, cluster = values.ravel(), own.ravel()
    weight = np.repeat(times, values.shape[1])
    scored: Floats = np.bincount(cluster, weight, clusters).astype(np.float64)
    with np.errstate(invalid="ignore"):  # 0 / 0 where none was scored
        mean = np.bincount(cluster, weight * flat, clusters) / scored
        below = np.bincount(cluster, weight * (flat < 0), clusters) / scored
    lowest = np.full(clusters, np.inf)
    np.minimum.at(lowest, cluster, flat)
    place = ((flat + 1) * (BINS / 2)).astype(np.int64).clip(0, BINS - 1)
    histogram = np.bincount(cluster * BINS + place, weight, clusters * BINS).astype(np.float64)
    counts = np.diff(cluster_start)
    return ClusterSilhouettes(
        labelling=np.repeat(np.arange(len(counts)), counts),
        cluster=np.arange(clusters) - np.repeat(cluster_start[:-1], counts),
        size=size,
        n_scored=scored,
        mean=mean,
        lowest=np.where(scored > 0, lowest, np.nan),
        below_zero=below,
        histogram=histogram.reshape(clusters, BINS),
    )


def no_cluster_silhouettes() -> ClusterSilhouettes:
    """Those of no labelling."""
    none, empty = np.zeros(0, np.int64), np.zeros(0)
    return ClusterSilhouettes(none, none, empty, empty, empty, empty, empty, np.zeros((0, BINS)))
