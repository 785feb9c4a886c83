"""Days of pairs in a bucket, and what the tests of distance clustering ask of a run."""

import gzip
import random

import dagster as dg
from scipy.sparse import coo_array
from sklearn.cluster import DBSCAN

from lightning_eda_tests.servers.s3 import S3Bucket

DAY = "2024-01-01"
Rows = list[tuple[str, str, float]]


def some_pairs(seed: int, items: int = 60, pairs: int = 200) -> Rows:
    """Distinct pairs in both directions, distances with one decimal so that many lie at eps."""
    draw = random.Random(seed)
    chosen = {tuple(sorted(draw.sample(range(items), 2))) for _ in range(pairs)}
    rows = [(f"{a:03}", f"{b:03}", draw.randrange(11) / 10) for a, b in chosen]
    draw.shuffle(rows)
    return [(b, a, d) if draw.random() < 0.5 else (a, b, d) for a, b, d in rows]


def put_pairs(bucket: S3Bucket, rows: Rows, key: str = f"in/day={DAY}/a.csv.gz") -> None:
    """Uploads pairs."""
    text = "".join(f"{a},{b},{d}\n" for a, b, d in rows)
    bucket.put(key, gzip.compress(text.encode()))


def clusters_in(bucket: S3Bucket, day: str = DAY) -> dict[str, int]:
    """The object with the clusters, item by item."""
    body = bucket.client.get_object(Bucket=bucket.name, Key=f"out/day={day}/clusters.csv.gz")["Body"]
    header, *lines = gzip.decompress(body.read()).decode().splitlines()
    assert header == "cluster,key"
    return {item: int(cluster) for cluster, item in (line.split(",") for line in lines)}


def by_scikit_learn(rows: Rows, eps: float, min_samples: int) -> dict[str, int]:
    """The clusters of the same pairs, noise left out."""
    items = list(dict.fromkeys(item for a, b, _ in rows for item in (a, b)))
    place = {item: n for n, item in enumerate(items)}
    i, j = ([place[row[side]] for row in rows] for side in (0, 1))
    d = [row[2] for row in rows]
    matrix = coo_array((d + d, (i + j, j + i)), shape=(len(items), len(items))).tocsr()
    found = DBSCAN(eps=eps, min_samples=min_samples, metric="precomputed").fit(matrix).labels_
    return {item: int(label) for item, label in zip(items, found, strict=True) if label >= 0}


def metadata(result: dg.ExecuteInProcessResult, asset: str, day: str = DAY) -> dict:
    """The metadata of one materialization."""
    events = result.asset_materializations_for_node(asset)
    (event,) = [event for event in events if event.partition == day]
    return {name: value.value for name, value in event.metadata.items()}


def failure(result: dg.ExecuteInProcessResult) -> str:
    """What a failed run says."""
    (event,) = [event for event in result.all_events if event.event_type_value == "STEP_FAILURE"]
    return event.step_failure_data.user_failure_data.description
