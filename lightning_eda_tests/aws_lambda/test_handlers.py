"""The Lambda handlers: the events they get, what they answer, and what they need."""

import gzip
import logging
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from lightning_eda.aws_lambda import cluster_handler, load_handler
from lightning_eda.aws_lambda.load import yesterday
from lightning_eda.errors import LightningEdaError, PairsError, SettingError
from lightning_eda_tests.aws_lambda.sent_events import PAIRS, put, record
from lightning_eda_tests.servers.s3 import Faults, FaultyProxy, S3Bucket

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]


def answer(day: str, clusters: int = 2, keys: int = 5) -> dict:
    return {"day": day, "success": True, "clusters": clusters, "clustered-keys": keys}


def clusters_of(bucket: S3Bucket, day: str) -> str:
    body = bucket.client.get_object(Bucket=bucket.name, Key=f"out/day={day}/clusters.csv.gz")["Body"].read()
    return gzip.decompress(body).decode()


def test_an_s3_event_names_its_day(bucket: S3Bucket):
    """The key comes URL-encoded."""
    key = put(bucket, "2024-01-01")
    assert cluster_handler({"Records": [record(bucket.name, key)]}, None) == answer("2024-01-01")
    assert clusters_of(bucket, "2024-01-01") == "cluster,key\n0,a\n0,b\n0,c\n1,x\n1,y\n"


def test_a_day_can_be_given(bucket: S3Bucket):
    """All objects of the day count, whoever called."""
    put(bucket, "2024-01-01")
    put(bucket, "2024-01-01", b"c,z,0.1\n", "b.csv.gz")
    assert cluster_handler({"day": "2024-01-01"}, None) == answer("2024-01-01", 2, 6)


def test_several_records_of_a_day_are_one_run_and_several_days_are_several(bucket: S3Bucket):
    """The answer has each day's, and the sums."""
    keys = [put(bucket, "2024-01-02"), put(bucket, "2024-01-01"), put(bucket, "2024-01-01", PAIRS, "b.csv")]
    result = cluster_handler({"Records": [record(bucket.name, key) for key in keys]}, None)
    days = [answer("2024-01-01"), answer("2024-01-02")]
    assert result == {**answer("2024-01-01,2024-01-02", 4, 10), "days": days}


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"Records": []},
        {"Records": None},
        {"Records": [{}]},
        {"day": ""},
        {"Records": [record("another-bucket", "in+put/day%3D2024-01-01/a.csv.gz")]},
    ],
)
def test_neither_a_record_nor_a_day_is_no_success(bucket: S3Bucket, event: dict):
    """Nothing is read or written."""
    assert cluster_handler(event, None) == {"success": False}


@pytest.mark.parametrize(
    "key", ["other/day%3D2024-01-01/a.csv", "in+put/a.csv", "out/day%3D2024-01-01/c.csv"]
)
def test_objects_elsewhere_are_not_its_business(bucket: S3Bucket, key: str):
    """Its own output above all."""
    assert cluster_handler({"Records": [record(bucket.name, key)]}, None) == {"success": False}


def test_a_day_without_input_has_no_clusters(bucket: S3Bucket, caplog):
    """And that is a success, of which the log warns."""
    assert cluster_handler({"day": "2024-01-01"}, None) == answer("2024-01-01", 0, 0)
    assert clusters_of(bucket, "2024-01-01") == "cluster,key\n"
    assert "2024-01-01: there are no pairs: is INPUT_FOLDER the right one?" in caplog.text


def test_without_a_bucket_variable_the_events_counts(bucket: S3Bucket, monkeypatch):
    """One function for several buckets; a day alone does not say which."""
    monkeypatch.delenv("BUCKET")
    key = put(bucket, "2024-01-01")
    assert cluster_handler({"Records": [record(bucket.name, key)]}, None) == answer("2024-01-01")
    with pytest.raises(SettingError, match="BUCKET: it is not set"):
        cluster_handler({"day": "2024-01-01"}, None)


def test_what_is_wrong_is_raised(bucket: S3Bucket, monkeypatch):
    """Lambda then tries again, and keeps the event; the old clusters stay."""
    put(bucket, "2024-01-01")
    cluster_handler({"day": "2024-01-01"}, None)
    put(bucket, "2024-01-01", b"a,b,1\na,b,far\n", "b.csv.gz")
    with pytest.raises(PairsError, match=r"b\.csv\.gz.*line 2.*'far'"):
        cluster_handler({"day": "2024-01-01"}, None)
    assert clusters_of(bucket, "2024-01-01").startswith("cluster,key\n0,a")
    with pytest.raises(SettingError, match=r"day: found '01\.01\.2024'"):
        cluster_handler({"day": "01.01.2024"}, None)
    monkeypatch.setenv("EPSILON", "wide")
    with pytest.raises(SettingError, match="EPSILON: found 'wide'"):
        cluster_handler({"day": "2024-01-01"}, None)


def test_a_bad_day_does_not_stop_the_others(bucket: S3Bucket):
    """One error names the bad days; the good ones are clustered."""
    keys = [
        put(bucket, "2024-01-01", b"a,b,far\n"),
        put(bucket, "2024-01-02"),
        put(bucket, "2024-01-03", b"a,b\n"),
    ]
    words = r"2 of 3 days failed, the others are done\. 2024-01-01: .*'far'.*; 2024-01-03: .*2 columns"
    with pytest.raises(LightningEdaError, match=words):
        cluster_handler({"Records": [record(bucket.name, key) for key in keys]}, None)
    assert clusters_of(bucket, "2024-01-02").startswith("cluster,key\n0,a")


def test_a_slow_call_does_not_overwrite_what_a_later_one_saw(bucket: S3Bucket, monkeypatch):
    """An object that arrives while a day is clustered is in the result of whoever writes last."""
    put(bucket, "2024-01-01")
    with FaultyProxy(bucket.endpoint_url, Faults()) as proxy:
        arrived = []

        def arrive(target: str) -> None:
            if "/out/" in target and not arrived:
                arrived.append(put(bucket, "2024-01-01", b"m,n,0.1\n", "z.csv.gz"))

        proxy.before = arrive
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint_url)
        assert cluster_handler({"day": "2024-01-01"}, None) == answer("2024-01-01", 3, 7)
    assert arrived
    assert clusters_of(bucket, "2024-01-01").endswith("2,m\n2,n\n")


def test_what_the_answer_cannot_say_is_in_the_log(bucket: S3Bucket, monkeypatch, caplog):
    """A day that was cut, and pairs with two distances."""
    put(bucket, "2024-01-01", b"a,b,0.1\nb,a,0.2\nb,c,0.1\n")
    monkeypatch.setenv("MAX_RECORDS", "2")
    cluster_handler({"day": "2024-01-01"}, None)
    assert "only the first 2 rows were read; set MAX_RECORDS higher" in caplog.text
    assert "1 pairs have several distances" in caplog.text


ONLY = """
import importlib.abc, importlib.metadata, sys

class Only(importlib.abc.MetaPathFinder):
    allowed = {allowed!r}
    installed = set(importlib.metadata.packages_distributions())
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top in self.installed and top not in self.allowed:
            raise ModuleNotFoundError(f"{{name}} is not in this Lambda", name=name)

sys.meta_path.insert(0, Only())
from lightning_eda.aws_lambda import {handler}
print({handler}({event!r}, None))
"""
PLAIN = {
    "lightning_eda", "boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3", "certifi",
    "numpy", "scipy", "sklearn", "joblib", "cloudpickle", "narwhals",
    "threadpoolctl", "duckdb", "_duckdb", "pyarrow",
}  # fmt: skip


@pytest.mark.parametrize(
    "algorithm", ["DBSCAN", *(pytest.param(name, marks=pytest.mark.slow) for name in ("OPTICS", "HDBSCAN"))]
)
def test_the_handler_needs_six_libraries(bucket: S3Bucket, algorithm: str, monkeypatch):
    """boto3, numpy, scipy, scikit-learn, duckdb, pyarrow and what these need; no Dagster."""
    monkeypatch.setenv("ALGORITHM", algorithm)
    put(bucket, "2024-01-01")
    code = ONLY.format(allowed=PLAIN, handler="cluster_handler", event={"day": "2024-01-01"})
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=root)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("{'day': '2024-01-01', 'success': True")


GLUE_TOO = PLAIN | {
    "awswrangler", "pandas", "pytz", "tzdata", "packaging", "setuptools", "typing_extensions", "filelock",
}  # fmt: skip


def test_the_loading_handler_needs_no_dagster(loading: S3Bucket):
    """Beside the six libraries awswrangler, pandas and filelock."""
    loading.put("in/20240101/x.csv", b"a,b\n1,2\n")
    code = ONLY.format(allowed=GLUE_TOO, handler="load_handler", event={"data_ref": "20240101"})
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=root)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "Success"


def test_yesterday_is_the_default_day():
    """In UTC, whatever the zone of the moment."""
    assert yesterday(datetime(2024, 3, 1, 0, 30, tzinfo=UTC)) == date(2024, 2, 29)
    zone = timezone(timedelta(hours=-10))
    assert yesterday(datetime(2024, 2, 29, 23, 0, tzinfo=zone)) == date(2024, 2, 29)


def test_without_parameters_the_missing_one_is_named(caplog):
    """As an answer, not as an exception; a schedule throws it away, so the log has it too."""
    assert "CSV_BUCKET_SRC: it is not set" in load_handler({}, None)["errorMessage"]
    ((_, level, text),) = caplog.record_tuples
    assert (level, text.startswith("CSV_BUCKET_SRC: it is not set")) == (logging.ERROR, True)


@pytest.mark.parametrize(
    ("csv", "words"),
    [
        (b"a,b\n", "2024-01-01: the CSV has no rows: the partition data_ref=20240101 is empty now"),
        (b"a,b\n1,2\n3\n", "2024-01-01: 1 rows of s3://{bucket}/in/20240101/x.csv were set aside"),
        (b"a,b\n1,2\n", ""),
    ],
)
def test_what_a_success_has_to_tell_is_in_the_log(loading: S3Bucket, caplog, csv: bytes, words: str):
    """An emptied partition and rows left out, as warnings; that the version was there already is none."""
    event = {"data_ref": "20240101", "bad_rows": "set_aside"}
    for version in (b"a,b\n1,2\n", csv):
        loading.put("in/20240101/x.csv", version)
        assert load_handler(event, None) == "Success"
    told = {text for _, level, text in caplog.record_tuples if level >= logging.WARNING}
    assert told == ({words.format(bucket=loading.name)} if words else set())
