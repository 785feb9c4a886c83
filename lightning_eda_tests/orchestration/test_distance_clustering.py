"""Distance clustering as assets, on a real S3 server and in a folder."""

import gzip
import random
import re
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
from scipy.sparse import coo_array
from sklearn.cluster import DBSCAN

from lightning_eda.aws_lambda import cluster_handler
from lightning_eda.settings import DistanceSettings, Settings
from lightning_eda_tests.orchestration.conftest import reported
from lightning_eda_tests.servers import Faults, FaultyProxy, S3Bucket
from lightning_eda_tests.warehouse.contents import rows_with

pytest_plugins = ["lightning_eda_tests.server_fixtures"]

DAY = "2024-01-01"
Rows = list[tuple[str, str, float]]


@pytest.fixture
def distances(settings: Callable[..., Settings], s3_bucket: S3Bucket, monkeypatch):
    """Settings of distance clustering in a bucket of this test alone."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")

    def make(endpoint_url: str | None = None, **changes: str) -> Settings:
        values = {"bucket": s3_bucket.name, "input_folder": "in", "output_folder": "out", **changes}
        return settings(
            distances=DistanceSettings(**values), s3_endpoint_url=endpoint_url or s3_bucket.endpoint_url
        )

    return make


@pytest.fixture
def cluster(run):
    """Materialises both assets of a day or a range."""

    def materialize(settings: Settings, key: str | tuple[str, str] = DAY, run_config=None):
        return run(settings, key, run_config, group="distance_clustering")

    return materialize


def some_pairs(seed: int, items: int = 60, pairs: int = 200) -> Rows:
    """Distinct pairs in both directions, distances with one decimal so that many lie at eps."""
    draw = random.Random(seed)
    chosen = {tuple(sorted(draw.sample(range(items), 2))) for _ in range(pairs)}
    rows = [(f"{a:03}", f"{b:03}", draw.randrange(11) / 10) for a, b in chosen]
    draw.shuffle(rows)
    return [(b, a, d) if draw.random() < 0.5 else (a, b, d) for a, b, d in rows]


def put_pairs(bucket: S3Bucket, rows: Rows, key: str = f"in/day={DAY}/a.csv.gz") -> None:
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


def test_the_clusters_are_those_of_scikit_learn(distances, cluster, s3_bucket: S3Bucket):
    """In S3, in the database, and from the Lambda handler's function: the same."""
    rows = some_pairs(1)
    put_pairs(s3_bucket, rows)
    settings = distances(epsilon="0.1", min_samples="3")
    result = cluster(settings)
    expected = by_scikit_learn(rows, 0.1, 3)
    assert result.success
    assert len(set(expected.values())) > 1
    assert clusters_in(s3_bucket) == expected
    stored = rows_with(settings.duckdb_path, "distance_clusters", day=DAY).to_pylist()
    assert {row["key"]: row["cluster"] for row in stored} == expected


def test_the_handler_answers_the_same(distances, cluster, s3_bucket: S3Bucket, monkeypatch):
    """The same object, byte for byte."""
    put_pairs(s3_bucket, some_pairs(2))
    cluster(distances(epsilon="0.4"))
    key = f"out/day={DAY}/clusters.csv.gz"
    by_assets = s3_bucket.client.get_object(Bucket=s3_bucket.name, Key=key)["Body"].read()
    s3_bucket.delete(key)
    for name, value in {
        "BUCKET": s3_bucket.name, "INPUT_FOLDER": "in", "OUTPUT_FOLDER": "out", "EPSILON": "0.4",
        "AWS_ENDPOINT_URL": s3_bucket.endpoint_url,
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    answer = cluster_handler({"day": DAY}, None)
    assert s3_bucket.client.get_object(Bucket=s3_bucket.name, Key=key)["Body"].read() == by_assets
    labels = clusters_in(s3_bucket)
    assert answer == {
        "day": DAY, "success": True, "clusters": len(set(labels.values())), "clustered-keys": len(labels)
    }  # fmt: skip


def test_the_metadata_tell_what_was_read_and_found(distances, cluster, s3_bucket: S3Bucket):
    """Counts of every kind of row, and two pictures."""
    put_pairs(
        s3_bucket,
        [("a", "b", 0), ("b", "a", 0.2), ("b", "c", 0.5), ("c", "b", 0.5), ("d", "d", 0), ("a", "e", 0.6)],
    )
    result = cluster(distances(min_samples="3"))
    matrix, clusters = metadata(result, "distance_matrix"), metadata(result, "dbscan_clusters")
    counts = {name: matrix[name] for name in (
        "rows", "items", "dagster/row_count", "pairs_within_eps", "self_pairs", "repeated_pairs",
        "conflicting_pairs", "zero_pairs", "objects",
    )}  # fmt: skip
    assert list(counts.values()) == [6, 5, 3, 2, 1, 2, 1, 1, 1]
    assert matrix["density"] == pytest.approx(3 / 10)
    assert (clusters["clusters"], clusters["noise_items"], clusters["noise_share"]) == (1, 2, 0.4)
    assert "data:image/png;base64," in matrix["k_distances"]
    assert "data:image/png;base64," in clusters["sizes"]
    assert clusters["clusters_file"].endswith(f"out/day={DAY}/clusters.csv.gz")


def test_a_day_without_input_is_a_result(distances, cluster, s3_bucket: S3Bucket):
    """0 clusters, success, and an object that says so in place of the old one."""
    s3_bucket.put(f"out/day={DAY}/clusters.csv.gz", b"old")
    result = cluster(distances())
    assert result.success
    assert metadata(result, "dbscan_clusters")["clusters"] == 0
    assert clusters_in(s3_bucket) == {}
    assert "no pairs" in metadata(result, "distance_matrix")["status"]


def test_a_range_is_one_run_with_a_result_a_day(distances, cluster, s3_bucket: S3Bucket):
    """Each day has its own numbers."""
    days = ["2024-01-31", "2024-02-01", "2024-02-02"]
    for number, day in enumerate(days):
        put_pairs(s3_bucket, some_pairs(number, pairs=50 + number), f"in/day={day}/a.csv.gz")
    result = cluster(distances(epsilon="0.9", min_samples="2"), (days[0], days[-1]))
    assert result.success
    for number, day in enumerate(days):
        assert clusters_in(s3_bucket, day) == by_scikit_learn(some_pairs(number, pairs=50 + number), 0.9, 2)
        assert metadata(result, "dbscan_clusters", day)["clusters"] > 0


def test_a_bad_day_does_not_stop_a_range(distances, cluster, run, s3_bucket: S3Bucket):
    """The others are read and reported; the run fails and names the object and line."""
    put_pairs(s3_bucket, some_pairs(1), "in/day=2024-02-01/a.csv.gz")
    s3_bucket.put("in/day=2024-02-02/a.csv", b"a,b\n")
    put_pairs(s3_bucket, some_pairs(2), "in/day=2024-02-03/a.csv.gz")
    result = cluster(distances(), ("2024-02-01", "2024-02-03"))
    assert re.search(r"1 of 3 days failed.*2024-02-02: .*day=2024-02-02/a\.csv.*line 1", failure(result))
    assert set(reported(run.instance, "distance_matrix")) == {"2024-02-01", "2024-02-03"}


@pytest.mark.parametrize("params", ['{"min_samples": 0.5}', '{"min_samples": 3, "eps": null}'])
def test_parameters_of_other_algorithms_are_theirs(distances, cluster, s3_bucket: S3Bucket, params: str):
    """A share in place of a count is what OPTICS takes; the plot then follows MIN_SAMPLES."""
    put_pairs(s3_bucket, some_pairs(6))
    assert cluster(distances(algorithm="OPTICS", hyper_params=params)).success


def test_max_records_is_said_loudly(distances, cluster, s3_bucket: S3Bucket):
    """The check warns, the metadata too, and the rows behind are not there."""
    rows = some_pairs(3)
    put_pairs(s3_bucket, rows)
    result = cluster(distances(max_records="100", epsilon="1"))
    (check,) = [one for one in result.get_asset_check_evaluations() if one.check_name == "all_rows_read"]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "Only the first 100 rows" in check.description
    assert metadata(result, "distance_matrix")["cut_by_max_records"]
    assert metadata(result, "distance_matrix")["rows"] == 100
    assert clusters_in(s3_bucket) == by_scikit_learn(rows[:100], 1, 5)


@pytest.mark.parametrize(("epsilon", "words"), [("0.01", "days_all_noise"), ("9", "days_one_cluster")])
def test_a_wrong_epsilon_is_suspected(distances, cluster, s3_bucket: S3Bucket, epsilon: str, words: str):
    """Everything is noise, or everything is one cluster: a warning, not a failure."""
    rows = [(a, b, d + 0.1) for a, b, d in some_pairs(4)]
    put_pairs(s3_bucket, rows)
    result = cluster(distances(epsilon=epsilon, min_samples="2"))
    (check,) = [
        one for one in result.get_asset_check_evaluations() if one.check_name == "items_are_clustered"
    ]
    assert (result.success, check.passed, check.metadata[words].value) == (True, False, DAY)


def test_the_run_config_wins(distances, cluster, s3_bucket: S3Bucket):
    """Numbers as numbers; what it does not name follows the environment."""
    rows = some_pairs(5)
    put_pairs(s3_bucket, rows, f"other/day={DAY}/a.csv.gz")
    config = {"resources": {"distances": {"config": {"epsilon": 0.7, "input_folder": "other"}}}}
    assert cluster(distances(min_samples="3"), run_config=config).success
    assert clusters_in(s3_bucket) == by_scikit_learn(rows, 0.7, 3)


def test_hyper_parameters_win_over_both(distances, cluster, s3_bucket: S3Bucket):
    """As a JSON object."""
    rows = some_pairs(6)
    put_pairs(s3_bucket, rows)
    result = cluster(distances(epsilon="0.1", hyper_params='{"eps": 0.6, "min_samples": 3}'))
    assert metadata(result, "distance_matrix")["eps"] == 0.6
    assert clusters_in(s3_bucket) == by_scikit_learn(rows, 0.6, 3)


@pytest.mark.parametrize("algorithm", ["OPTICS", "HDBSCAN"])
def test_other_algorithms(distances, cluster, s3_bucket: S3Bucket, algorithm: str):
    """No cluster is in both of two far groups."""
    near = [(f"{g}{a}", f"{g}{b}", 0.1 + (a + b) % 3 / 100) for g in "xy" for a in range(8) for b in range(a)]
    put_pairs(s3_bucket, [(a, b, d) for a, b, d in near] + [("x0", "y0", 5.0)])
    result = cluster(distances(algorithm=algorithm, min_samples="3"))
    assert result.success
    labels = clusters_in(s3_bucket)
    groups = {group: {label for item, label in labels.items() if item[0] == group} for group in "xy"}
    assert groups["x"]
    assert groups["y"]
    assert not groups["x"] & groups["y"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (b"a,b,nan\n", r"line 2.*nan"),
        (b"a,b,-1\n", r"line 2"),
        (b"a,b\n", r"line 2"),
        (b"a,b,x\n", r"line 2.*'x'"),
    ],
)
def test_a_bad_row_fails_with_its_place(distances, cluster, s3_bucket: S3Bucket, row: bytes, words: str):
    """Object and line; the old clusters stay, and the run is not tried again."""
    s3_bucket.put(f"out/day={DAY}/clusters.csv.gz", b"old")
    s3_bucket.put(f"in/day={DAY}/b.csv.gz", gzip.compress(b"a,b,1\n" + row))
    result = cluster(distances())
    assert not result.success
    assert re.search(rf"in/day={DAY}/b.csv.gz.*{words}", failure(result))
    body = s3_bucket.client.get_object(Bucket=s3_bucket.name, Key=f"out/day={DAY}/clusters.csv.gz")["Body"]
    assert body.read() == b"old"
    assert not [one for one in result.all_events if one.event_type_value == "STEP_UP_FOR_RETRY"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bucket": None}, "BUCKET: it is not set"),
        ({"input_folder": None}, "INPUT_FOLDER: it is not set"),
        ({"output_folder": "in/"}, "OUTPUT_FOLDER: found 'in/'; allowed: another folder than INPUT_FOLDER"),
        ({"epsilon": "wide"}, "EPSILON: found 'wide'; allowed: a number from 0"),
        ({"min_samples": "0"}, "MIN_SAMPLES: found '0'; allowed: a whole number from 1"),
        ({"algorithm": "KMEANS"}, "ALGORITHM: found 'KMEANS'"),
        ({"hyper_params": "eps=1"}, "HYPER_PARAMS: found 'eps=1'; allowed: a JSON object"),
        ({"hyper_params": '{"epsilon": 1}'}, "HYPER_PARAMS"),
        ({"hyper_params": '{"eps": Infinity}'}, "found {'eps': inf}; allowed: eps: a number from 0"),
        ({"convert_key_to_int": "maybe"}, "CONVERT_KEY_TO_INT: found 'maybe'; allowed: true or false"),
    ],
)
def test_a_wrong_setting_is_one_sentence(distances, cluster, s3_bucket: S3Bucket, changes, words: str):
    """It names the variable, and comes with the run, not when the code location is loaded."""
    put_pairs(s3_bucket, some_pairs(7))
    result = cluster(distances(**changes))
    assert not result.success
    assert words in failure(result)


@pytest.mark.parametrize("kind", ["error", "cut", "throttle"])
def test_faults_of_the_server_are_ridden_out(distances, cluster, s3_bucket: S3Bucket, kind: str):
    """A third of the requests fail."""
    rows = some_pairs(8)
    put_pairs(s3_bucket, rows)
    with FaultyProxy(s3_bucket.endpoint_url, Faults(share=0.34, kinds=(kind,), seed=5)) as proxy:
        assert cluster(distances(endpoint_url=proxy.endpoint_url)).success
        assert any(seen.fault for seen in proxy.seen)
    assert clusters_in(s3_bucket) == by_scikit_learn(rows, 0.5, 5)


def test_an_upload_that_is_refused_leaves_the_old_result(distances, cluster, s3_bucket: S3Bucket):
    """And says who refused."""
    put_pairs(s3_bucket, some_pairs(9))
    assert cluster(distances()).success
    before = clusters_in(s3_bucket)
    put_pairs(s3_bucket, some_pairs(10))
    faults = Faults(share=1.0, kinds=("denied",), only="/out/")
    with FaultyProxy(s3_bucket.endpoint_url, faults) as proxy:
        result = cluster(distances(endpoint_url=proxy.endpoint_url))
    assert "access denied (AccessDenied); check the AWS credentials" in failure(result)
    assert clusters_in(s3_bucket) == before


def test_a_bucket_that_is_not_there_is_named(distances, cluster):
    """With the variable to correct."""
    assert "correct BUCKET" in failure(cluster(distances(bucket="no-such-bucket-here")))


def test_a_folder_stands_in_for_a_bucket(distances, cluster, tmp_path, s3_bucket: S3Bucket):
    """Any text with a slash; no credentials and no server."""
    rows = some_pairs(11)
    text = "".join(f"{a},{b},{d}\n" for a, b, d in rows)
    place = tmp_path / "lake" / "in" / f"day={DAY}"
    place.mkdir(parents=True)
    (place / "pairs.csv").write_text(text)
    assert cluster(distances(bucket=str(tmp_path / "lake"))).success
    written = (tmp_path / "lake" / "out" / f"day={DAY}" / "clusters.csv.gz").read_bytes()
    lines = gzip.decompress(written).decode().splitlines()[1:]
    found = {item: int(label) for label, item in (line.split(",") for line in lines)}
    assert found == by_scikit_learn(rows, 0.5, 5)


def test_running_it_again_changes_nothing(distances, cluster, s3_bucket: S3Bucket):
    """The same bytes, and no write to the database."""
    put_pairs(s3_bucket, some_pairs(12))
    settings = distances()
    cluster(settings)
    key = f"out/day={DAY}/clusters.csv.gz"
    first = s3_bucket.client.get_object(Bucket=s3_bucket.name, Key=key)["ETag"]
    database = Path(settings.duckdb_path).read_bytes()
    assert cluster(settings).success
    assert s3_bucket.client.get_object(Bucket=s3_bucket.name, Key=key)["ETag"] == first
    assert Path(settings.duckdb_path).read_bytes() == database
