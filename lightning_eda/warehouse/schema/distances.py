"""The table of the clusters of a day's distances."""

from lightning_eda.series import Column, Table
from lightning_eda.series.storms import DAY

DISTANCE_CLUSTERS = Table(
    "distance_clusters",
    "The cluster of one item in a day; items that are noise have no row.",
    ("day", "key"),
    (
        DAY,
        Column(
            "cluster",
            "INTEGER",
            "Label, from 0 in order of the first core item (of OPTICS and HDBSCAN, the first item)",
        ),
        Column("key", "VARCHAR", "The item, as the pairs name it"),
    ),
)
