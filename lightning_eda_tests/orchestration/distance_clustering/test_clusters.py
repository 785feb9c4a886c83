"""Distance clustering as assets, on a real S3 server and in a folder."""

import gzip
from collections import Counter
from pathlib import Path

import pytest

from lightning_eda.aws_lambda import cluster_handler
from lightning_eda_tests.orchestration.distance_clustering.days import (
    DAY,
    by_scikit_learn,
    clusters_in,
    metadata,
    put_pairs,
    some_pairs,
)
from lightning_eda_tests.servers.s3 import S3Bucket
from lightning_eda_tests.warehouse.contents import rows_with

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]


@pytest.mark.usefixtures("undrawn")
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


@pytest.mark.usefixtures("undrawn")
def test_a_range_is_one_run_with_a_result_a_day(distances, cluster, s3_bucket: S3Bucket):
    """Each day has its own numbers."""
    days = ["2024-01-31", "2024-02-01", "2024-02-02"]
    for number, day in enumerate(days):
        put_pairs(s3_bucket, some_pairs(number, pairs=50 + number), f"in/day={day}/a.csv.gz")
    result = cluster(distances(epsilon="0.9", min_samples="2"), (days[0], days[-1]))
    assert result.success
    for number, day in enumerate(days):
        assert clusters_in(s3_bucket, day) == by_scikit_learn(some_pairs(number, pairs=50 + number), 0.9, 2)
        sizes = Counter(clusters_in(s3_bucket, day).values()).values()
        shown = metadata(result, "dbscan_clusters", day)
        assert shown["clusters"] == len(sizes) > 0
        assert shown["largest_cluster"] == max(sizes) > min(sizes)


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("params", ['{"min_samples": 0.5}', '{"min_samples": 3, "eps": null}'])
def test_parameters_of_other_algorithms_are_theirs(distances, cluster, s3_bucket: S3Bucket, params: str):
    """A share in place of a count is what OPTICS takes; the plot then follows MIN_SAMPLES."""
    put_pairs(s3_bucket, some_pairs(6))
    assert cluster(distances(algorithm="OPTICS", hyper_params=params)).success


@pytest.mark.usefixtures("undrawn")
def test_the_run_config_wins(distances, cluster, s3_bucket: S3Bucket):
    """Numbers as numbers; what it does not name follows the environment."""
    rows = some_pairs(5)
    put_pairs(s3_bucket, rows, f"other/day={DAY}/a.csv.gz")
    config = {"resources": {"distances": {"config": {"epsilon": 0.7, "input_folder": "other"}}}}
    assert cluster(distances(min_samples="3"), run_config=config).success
    assert clusters_in(s3_bucket) == by_scikit_learn(rows, 0.7, 3)


@pytest.mark.usefixtures("undrawn")
def test_hyper_parameters_win_over_both(distances, cluster, s3_bucket: S3Bucket):
    """As a JSON object."""
    rows = some_pairs(6)
    put_pairs(s3_bucket, rows)
    result = cluster(distances(epsilon="0.1", hyper_params='{"eps": 0.6, "min_samples": 3}'))
    assert metadata(result, "distance_matrix")["eps"] == 0.6
    assert clusters_in(s3_bucket) == by_scikit_learn(rows, 0.6, 3)


@pytest.mark.usefixtures("undrawn")
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


@pytest.mark.usefixtures("undrawn")
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


@pytest.mark.usefixtures("undrawn")
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
