"""The tables of the analysis of a window: scores of k and clusters, centres, and the cluster of each flash.

A window is [window_start, window_end), the granules that start in it. The hour and the day that holds it are
two windows, side by side. `load` never touches these tables, so after an hour was loaded again they tell of
the rows before, until the window is analysed again.
"""

from typing import Final

from lightning_eda.series import FLASH_ID, GRANULE_START, SATELLITE, Column, Table

_WINDOW = (
    Column("window_start", "TIMESTAMP", "First granule start of the window", "UTC"),
    Column("window_end", "TIMESTAMP", "First granule start after the window", "UTC"),
)
_K = Column("k", "INTEGER", "Number of clusters")

K_SCORES = Table(
    "k_scores",
    "The scores of one number of clusters in a window, all of one k-means fit.",
    ("window_start", "window_end", "k"),
    (
        *_WINDOW,
        Column("tier", "VARCHAR", "What was clustered: flash, group or event"),
        _K,
        Column(
            "inertia",
            "DOUBLE",
            "Sum of squared distances to the centres, written by elbow_evaluator",
            "km2 (sphere) or degree2 (lonlat)",
            nullable=True,
        ),
        Column(
            "silhouette",
            "DOUBLE",
            "Mean silhouette coefficient, -1 to 1, written by silhouette_evaluator",
            "1",
            nullable=True,
        ),
        Column(
            "silhouette_error",
            "DOUBLE",
            "Standard error of it from sampling; 0 where every point was scored",
            "1",
            nullable=True,
        ),
        Column("method", "VARCHAR", "What k-means was fitted to: exact (positions) or cells"),
        Column("chosen_by", "VARCHAR", "Who chose this k for the window; NULL for the others", nullable=True),
        Column("geometry", "VARCHAR", "sphere or lonlat"),
        Column("fit", "VARCHAR", "Which fit it is of; scores of different fits are never mixed in a window"),
        Column("silhouette_method", "VARCHAR", "exact, sample, cells, or cells and sample", nullable=True),
        Column(
            "calinski_harabasz",
            "DOUBLE",
            "Scatter between the clusters over that inside; the more, the better",
            "1",
            nullable=True,
        ),
        Column(
            "davies_bouldin",
            "DOUBLE",
            "Likeness of each cluster to its most alike; the less, the better",
            "1",
            nullable=True,
        ),
        Column(
            "gap",
            "DOUBLE",
            "Mean log inertia of evenly spread points less that of these, written by elbow_evaluator",
            "1",
            nullable=True,
        ),
        Column("gap_error", "DOUBLE", "Standard error of it from the references", "1", nullable=True),
        Column(
            "stability",
            "DOUBLE",
            "Mean adjusted Rand index of the clusters against those of bootstraps; 1: always the same",
            "1",
            nullable=True,
        ),
    ),
)

CLUSTER_SILHOUETTES = Table(
    "cluster_silhouettes",
    "The silhouettes of one cluster, at any k of a window.",
    ("window_start", "window_end", "k", "cluster"),
    (
        *_WINDOW,
        _K,
        Column("cluster", "INTEGER", "Label; 0 is the largest cluster"),
        Column("n", "BIGINT", "Points of the cluster"),
        Column("n_scored", "BIGINT", "How many of them were scored"),
        Column("mean", "DOUBLE", "Mean silhouette coefficient, -1 to 1", "1", nullable=True),
        Column("lowest", "DOUBLE", "Lowest silhouette coefficient", "1", nullable=True),
        Column(
            "below_zero",
            "DOUBLE",
            "Share of the points that are nearer to another cluster",
            "1",
            nullable=True,
        ),
    ),
)

CLUSTER_CENTERS = Table(
    "cluster_centers",
    "The centre of one cluster of a window.",
    ("window_start", "window_end", "k", "cluster"),
    (
        *_WINDOW,
        _K,
        Column("cluster", "INTEGER", "Label; 0 is the largest cluster"),
        Column("lat", "DOUBLE", "Latitude of the centre", "degrees_north"),
        Column("lon", "DOUBLE", "Longitude of the centre", "degrees_east"),
        Column("n", "BIGINT", "Points of the cluster"),
    ),
)

FLASH_CLUSTERS = Table(
    "flash_clusters",
    "The cluster of one flash in a window.",
    ("window_start", "window_end", "satellite", "granule_start", "flash_id"),
    (
        *_WINDOW,
        SATELLITE,
        GRANULE_START,
        FLASH_ID,
        Column("cluster", "INTEGER", "Label, as in cluster_centers at the chosen k"),
    ),
)

CLUSTER_TABLES: Final[dict[str, Table]] = {
    table.name: table for table in (K_SCORES, CLUSTER_SILHOUETTES, CLUSTER_CENTERS, FLASH_CLUSTERS)
}
