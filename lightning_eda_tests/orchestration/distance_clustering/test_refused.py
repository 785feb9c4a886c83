"""Distance clustering: what is refused, what is warned of, and servers that fail."""

import gzip
import re

import dagster as dg
import pytest

from lightning_eda_tests.orchestration.conftest import reported
from lightning_eda_tests.orchestration.distance_clustering.days import (
    DAY,
    by_scikit_learn,
    clusters_in,
    failure,
    metadata,
    put_pairs,
    some_pairs,
)
from lightning_eda_tests.servers.s3 import Faults, FaultyProxy, S3Bucket

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]
pytestmark = pytest.mark.usefixtures("undrawn")


def test_a_bad_day_does_not_stop_a_range(distances, cluster, run, s3_bucket: S3Bucket):
    """The others are read and reported; the run fails and names the object and line."""
    put_pairs(s3_bucket, some_pairs(1), "in/day=2024-02-01/a.csv.gz")
    s3_bucket.put("in/day=2024-02-02/a.csv", b"a,b\n")
    put_pairs(s3_bucket, some_pairs(2), "in/day=2024-02-03/a.csv.gz")
    result = cluster(distances(), ("2024-02-01", "2024-02-03"))
    assert re.search(r"1 of 3 days failed.*2024-02-02: .*day=2024-02-02/a\.csv.*line 1", failure(result))
    assert set(reported(run.instance, "distance_matrix")) == {"2024-02-01", "2024-02-03"}


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
        ({"output_folder": "./in"}, "OUTPUT_FOLDER: found './in'; allowed: a folder of the bucket"),
        ({"output_folder": f"in/day={DAY}"}, "OUTPUT_FOLDER: found 'in/day="),
        ({"input_folder": "s3://b/in"}, "INPUT_FOLDER: found 's3://b/in'; allowed: a folder of the bucket"),
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
    """It names the variable, and comes with the run, before any pair is read."""
    put_pairs(s3_bucket, some_pairs(7))
    result = cluster(distances(**changes))
    assert not result.success
    assert words in failure(result)
    assert not result.asset_materializations_for_node("distance_matrix")


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
    assert "access denied (AccessDenied): on purpose; check the AWS credentials" in failure(result)
    assert clusters_in(s3_bucket) == before


def test_a_bucket_that_is_not_there_is_named(distances, cluster):
    """With the variable to correct."""
    assert "correct BUCKET" in failure(cluster(distances(bucket="no-such-bucket-here")))
