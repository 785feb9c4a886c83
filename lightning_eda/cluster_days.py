"""A day of distances, from its objects to its clusters: what the assets and the Lambda handler share.

It joins `distances`, which knows the files, and `clustering`, which knows only arrays.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import combinations
from typing import Any, Self

import numpy as np
import pyarrow as pa

from lightning_eda.clustering.graph.clustering import cluster_pairs, require_parameters
from lightning_eda.distances.day import read_day
from lightning_eda.distances.files.clusters import clusters_csv
from lightning_eda.distances.folders import input_prefix, output_key
from lightning_eda.distances.graph import DistanceGraph
from lightning_eda.errors import SettingError, TransferError
from lightning_eda.settings import (
    DistanceSettings,
    parse_distance,
    parse_flag,
    parse_integer,
    parse_object,
    parse_required,
)
from lightning_eda.storage.object_store import ObjectInfo, ObjectStore

Labels = np.ndarray[Any, np.dtype[np.int64]]
A_FOLDER = "a folder of the bucket"
CLUSTERS_FOLDERS = ("OUTPUT_FOLDER", "STORM_CELLS_FOLDER")
OF_ONE_SYSTEM = ({"INPUT_FOLDER", "OUTPUT_FOLDER"}, {"FLASH_PAIRS_FOLDER", "STORM_CELLS_FOLDER"})
ATTEMPTS = 5


@dataclass(frozen=True)
class ClusterTask:
    """What to read and how to cluster it; checked, unlike the settings it is made from.

    Attributes:
        input_folder: Holds `day=YYYY-MM-DD/` with the pairs.
        output_folder: Gets `day=YYYY-MM-DD/clusters.csv.gz`.
        convert_key_to_int: Items are 64-bit integers, not text.
        max_records: Most rows of a day, None for all.
        algorithm: "DBSCAN", "OPTICS" or "HDBSCAN".
        epsilon: Largest distance of neighbours, in the unit of the distances.
        min_samples: Neighbours of a core point, itself included.
        hyper_params: Parameters of the algorithm; they win over the two before.
    """

    input_folder: str
    output_folder: str
    convert_key_to_int: bool
    max_records: int | None
    algorithm: str
    epsilon: float
    min_samples: int
    hyper_params: dict[str, object]

    @classmethod
    def from_settings(cls, settings: DistanceSettings) -> Self:
        """The task the settings describe.

        Raises:
            SettingError: A setting is missing or not allowed, or the output would be read as input.
        """
        task = cls(
            input_folder=parse_required(settings.input_folder, "INPUT_FOLDER", A_FOLDER).strip("/"),
            output_folder=parse_required(settings.output_folder, "OUTPUT_FOLDER", A_FOLDER).strip("/"),
            convert_key_to_int=parse_flag(settings.convert_key_to_int, "CONVERT_KEY_TO_INT"),
            max_records=parse_integer(settings.max_records, "MAX_RECORDS") or None,
            algorithm=settings.algorithm,
            epsilon=parse_distance(settings.epsilon, "EPSILON"),
            min_samples=parse_integer(settings.min_samples, "MIN_SAMPLES", least=1),
            hyper_params=parse_object(settings.hyper_params, "HYPER_PARAMS"),
        )
        require_parameters(task.algorithm, task.epsilon, task.min_samples, task.hyper_params)
        require_apart(settings)
        return task

    @property
    def eps_used(self) -> float:
        """The distance to draw and count by: eps of the parameters if a finite number, else EPSILON."""
        eps = self.hyper_params.get("eps")
        return float(eps) if isinstance(eps, int | float) and 0 <= eps < float("inf") else self.epsilon

    @property
    def min_samples_used(self) -> int:
        """The neighbour to draw by: min_samples of the parameters where it is a count, else MIN_SAMPLES."""
        number = self.hyper_params.get("min_samples")
        return number if isinstance(number, int) and number >= 1 else self.min_samples


@dataclass(frozen=True)
class DayClusters:
    """What became of a day.

    Attributes:
        graph: Its pairs.
        labels: Cluster of each item, -1 for noise.
        written: The object with the clusters.
    """

    graph: DistanceGraph
    labels: Labels
    written: ObjectInfo

    @property
    def clusters(self) -> int:
        """How many clusters there are."""
        return int(self.labels.max(initial=-1)) + 1

    @property
    def clustered(self) -> int:
        """How many items are in one."""
        return int((self.labels >= 0).sum())

    @cached_property
    def sizes(self) -> Labels:
        """How many items each cluster has [clusters]."""
        return np.bincount(self.labels[self.labels >= 0], minlength=self.clusters)

    @property
    def rows(self) -> pa.Table:
        """What the table `distance_clusters` holds of the day: cluster, key; no noise."""
        items = self.graph.items.cast(pa.string())
        rows = pa.table({"cluster": pa.array(self.labels), "key": items})
        return rows.filter(pa.array(self.labels >= 0))

    def largest(self, number: int) -> pa.Table:
        """The largest clusters: cluster, items, first_item."""
        clusters = np.argsort(-self.sizes, kind="stable")[:number]
        firsts = [int(np.argmax(self.labels == cluster)) for cluster in clusters]
        return pa.table(
            {
                "cluster": pa.array(clusters),
                "items": pa.array(self.sizes[clusters]),
                "first_item": self.graph.items.take(pa.array(firsts, pa.int64())),
            }
        )


def require_apart(settings: DistanceSettings) -> None:
    """No clusters go where pairs are, or other clusters; pairs of flashes may be the input.

    Distance clustering and storm cells share a bucket only where BUCKET is set.

    Raises:
        SettingError: Two folders of a bucket are one, or one is none of a bucket.
    """
    folders = {
        "INPUT_FOLDER": settings.input_folder,
        "FLASH_PAIRS_FOLDER": settings.flash_pairs_folder,
        "OUTPUT_FOLDER": settings.output_folder,
        "STORM_CELLS_FOLDER": settings.storm_cells_folder,
    }
    given = {variable: text for variable, text in folders.items() if text is not None}
    for variable, text in given.items():
        parts = text.strip("/").split("/")
        if "://" in text or any(part in (".", "..") or part.startswith("day=") for part in parts):
            raise SettingError(variable, text, A_FOLDER, "Its day, the bucket and dots are no part of it.")
    for one, other in combinations(given, 2):
        in_one_bucket = settings.bucket or {one, other} in OF_ONE_SYSTEM
        if in_one_bucket and other in CLUSTERS_FOLDERS and given[one].strip("/") == given[other].strip("/"):
            become = "replace each other" if one in CLUSTERS_FOLDERS else "be read as pairs"
            allowed = f"another folder than {one}"
            raise SettingError(other, given[other], allowed, f"The clusters would {become}.")


def read_pairs(store: ObjectStore, task: ClusterTask, day: date) -> DistanceGraph:
    """The pairs of a day.

    Raises:
        PairsError: A row or an object cannot be trusted.
        StorageError: The store cannot be read.
    """
    return read_day(store, task.input_folder, day, task.convert_key_to_int, task.max_records)


def cluster_day(store: ObjectStore, task: ClusterTask, day: date, graph: DistanceGraph) -> DayClusters:
    """Clusters the pairs of a day and replaces its clusters in the store by one PUT.

    Raises:
        SettingError: The algorithm or a parameter of it is not known.
        StorageError: The store cannot be written; the clusters that were there are unchanged.
    """
    labels = cluster_pairs(
        graph.i,
        graph.j,
        graph.distance,
        len(graph.items),
        task.algorithm,
        task.epsilon,
        task.min_samples,
        task.hyper_params,
    )
    data = clusters_csv(graph.items, labels)
    return DayClusters(graph, labels, store.put_object(output_key(task.output_folder, day), data))


def cluster_latest(store: ObjectStore, task: ClusterTask, day: date) -> DayClusters:
    """Reads and clusters a day, again when its objects changed meanwhile, so the last to write has seen all.

    Raises:
        TransferError: They kept changing.
        PairsError, SettingError, StorageError: As `read_pairs` and `cluster_day`.
    """
    for _ in range(ATTEMPTS):
        before = _versions(store, task, day)
        done = cluster_day(store, task, day, read_pairs(store, task, day))
        if _versions(store, task, day) == before:
            return done
    raise TransferError(
        f"{input_prefix(task.input_folder, day)} kept changing; run it again when uploads end"
    )


def _versions(store: ObjectStore, task: ClusterTask, day: date) -> list[tuple[str, str]]:
    return [(info.key, info.etag) for info in store.list_objects(input_prefix(task.input_folder, day))]
