"""Events of the loading function: the day of the object, and what an event may name."""

import io

import pyarrow.parquet as pq
import pytest

from lightning_eda.aws_lambda import load_handler
from lightning_eda.aws_lambda.events import read_event
from lightning_eda.errors import CsvError, LightningEdaError, SettingError
from lightning_eda_tests.aws_lambda.sent_events import (
    by_sns,
    by_sqs,
    in_sns,
    notification,
    of_event_bridge,
    record,
)
from lightning_eda_tests.servers.s3 import S3Bucket

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]


def partitions(bucket: S3Bucket) -> dict[str, int]:
    """Rows by partition."""
    listed = bucket.client.list_objects_v2(Bucket=bucket.name, Prefix="lake/")
    found = {}
    for entry in listed.get("Contents", []):
        body = bucket.client.get_object(Bucket=bucket.name, Key=entry["Key"])["Body"].read()
        found[entry["Key"].split("/")[2]] = pq.read_table(io.BytesIO(body), partitioning=None).num_rows
    return found


@pytest.mark.parametrize("wrap", [by_sns, by_sqs, lambda event: by_sqs(in_sns(event)), lambda event: event])
def test_a_notification_loads_the_days_of_its_objects(loading: S3Bucket, wrap):
    """Not yesterday; each day once, however many objects it has."""
    for key in ("in/20240101/x.csv", "in/20240103_y.csv", "in/20240103/a b.csv"):
        loading.put(key, b"a,b\n1,2\n")
    keys = ("in/20240101/x.csv", "in/20240103_y.csv", "in/20240103/a+b.csv")
    assert load_handler(wrap(notification(loading.name, *keys)), None) == "Success"
    assert partitions(loading) == {"data_ref=20240101": 1, "data_ref=20240103": 1}


def test_an_event_of_event_bridge_loads_its_day(loading: S3Bucket):
    """Its key is not encoded."""
    loading.put("in/20240101/a+b.csv", b"a,b\n1,2\n")
    assert load_handler(of_event_bridge(loading.name, "in/20240101/a+b.csv"), None) == "Success"
    assert partitions(loading) == {"data_ref=20240101": 1}


@pytest.mark.parametrize("key", ["in/x.csv", "lake/t/data_ref=20240101/x.parquet", "other/20240101/x.csv"])
def test_an_object_that_is_no_csv_of_the_table_is_refused(loading: S3Bucket, caplog, key):
    """The log names it; nothing is loaded in its place."""
    loading.put(key, b"a,b\n1,2\n")
    loading.put("in/20240101/y.csv", b"a,b\n1,2\n")
    answer = load_handler(notification(loading.name, key), None)
    assert answer == {
        "errorMessage": "the event names no CSV of the table and no parameters: nothing was done"
    }
    said = "is no CSV of the table (CSV_BUCKET_SRC, CSV_PREFIX, CSV_SUBSTR)"
    assert f"s3://{loading.name}/{key} {said}" in caplog.text
    other = load_handler(notification("another-bucket", "in/20240101/y.csv"), None)
    assert list(other) == ["errorMessage"]


@pytest.mark.parametrize(
    "happened",
    [
        "ObjectRemoved:Delete", "s3:LifecycleExpiration:Delete", "ObjectTagging:Put", "ObjectAcl:Put",
        "ObjectRestore:Post", "Object Deleted", "Object Storage Class Changed",
    ],
)  # fmt: skip
def test_only_an_upload_loads(loading: S3Bucket, caplog, happened):
    """The latest CSV that is left when one was deleted is an older one, and never replaces newer rows."""
    loading.put("in/20240101/old.csv", b"a,b\n1,2\n")
    key = "in/20240101/new.csv"
    event = of_event_bridge(loading.name, key) | {"detail-type": happened}
    if ":" in happened:
        event = {"Records": [record(loading.name, key) | {"eventName": happened}]}
    assert load_handler(by_sqs(event), None) == "Success"
    assert partitions(loading) == {}
    assert f"nothing is done for it: {happened} of s3://{loading.name}/{key}" in caplog.text


@pytest.mark.parametrize(
    "happened", ["ObjectCreated:Copy", "s3:ObjectCreated:Put", "ObjectRestore:Completed"]
)
def test_what_makes_an_object_readable_is_an_upload(happened):
    """With S3's prefix, which its documents write, or without."""
    event = {"Records": [record("b", "k") | {"eventName": happened}]}
    assert read_event(event).objects == [("b", "k")]


@pytest.mark.parametrize("given", [0, [], {}, False])
def test_a_day_that_is_none_is_not_yesterday(loading: S3Bucket, given):
    """Only where it is left out."""
    answer = load_handler({"data_ref": given}, None)
    assert answer == {
        "errorMessage": f"data_ref: found '{given}'; allowed: a day as YYYYMMDD, for example 20240101."
    }


def test_what_fails_of_a_notification_is_raised(loading: S3Bucket, caplog):
    """Nobody reads an answer to it: Lambda tries again, and keeps the event. Of parameters it is answered."""
    loading.put("in/20240101/x.csv", b"a,b\n1,2\n3\n")
    loading.put("in/20240102/x.csv", b"a,b\n1,2\n")
    with pytest.raises(CsvError, match=r"x\.csv"):
        load_handler(notification(loading.name, "in/20240101/x.csv"), None)
    keys = ("in/20240101/x.csv", "in/20240102/x.csv")
    with pytest.raises(LightningEdaError, match="1 of 2 days failed, the others are done"):
        load_handler(by_sqs(*(notification(loading.name, key) for key in keys)), None)
    assert partitions(loading) == {"data_ref=20240102": 1}
    with pytest.raises(CsvError):
        load_handler(by_sqs({"data_ref": "20240101"}), None)
    assert list(load_handler({"data_ref": "20240101"}, None)) == ["errorMessage"]


def test_without_a_bucket_variable_the_events_is_the_source(loading: S3Bucket, monkeypatch):
    """As for clusters; a folder is never meant."""
    monkeypatch.delenv("CSV_BUCKET_SRC")
    loading.put("in/20240101/x.csv", b"a,b\n1,2\n")
    assert load_handler(notification(loading.name, "in/20240101/x.csv"), None) == "Success"
    with pytest.raises(SettingError, match="an event names no folder"):
        load_handler(notification("./in", "in/20240101/x.csv"), None)


@pytest.mark.parametrize(
    "parameters",
    [
        {"bucket_src": "./up"},
        {"bucket_src": "up/"},
        {"bucket_dstn": "./lake", "pathoutput": "t"},
        {"bucket_dstn": "/tmp", "pathoutput": "t"},
        {"bucket_dstn": "~/x", "pathoutput": "t"},
        {"bucket_dstn": "..", "pathoutput": "t"},
        {"pathoutput": "file:///tmp/t"},
        {"pathoutput": "s3://../t"},
        {"prefix": "../../up/in"},
        {"bucket_src": "file:///tmp"},
    ],
)
def test_no_parameter_of_an_event_names_a_folder(loading: S3Bucket, monkeypatch, tmp_path, parameters):
    """Though the folder is there: nothing is read from it and nothing written to it."""
    (tmp_path / "up" / "in").mkdir(parents=True)
    (tmp_path / "up" / "in" / "20240101.csv").write_bytes(b"a,b\n1,2\n")
    (tmp_path / "lake").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    before = sorted(tmp_path.rglob("*"))
    assert list(load_handler({"data_ref": "20240101", **parameters}, None)) == ["errorMessage"]
    assert sorted(tmp_path.rglob("*")) == before
    assert partitions(loading) == {}


def test_the_buckets_of_an_event_may_be_written_as_addresses(loading: S3Bucket):
    """As those of the variables may."""
    loading.put("in/20240101/x.csv", b"a,b\n1,2\n")
    address = f"s3://{loading.name}/"
    event = {"data_ref": 20240101, "bucket_src": address, "bucket_dstn": address, "pathoutput": "lake/t"}
    assert load_handler(event, None) == "Success"
    assert partitions(loading) == {"data_ref=20240101": 1}


@pytest.mark.parametrize("table", ["t", ""])
def test_aws_settings_that_are_none_are_an_answer(loading: S3Bucket, monkeypatch, tmp_path, table):
    """A profile of another day, a damaged file, a bad region; with a Glue table and without."""
    loading.put("in/20240101/x.csv", b"a,b\n1,2\n")
    (tmp_path / "config").write_text("[default\n")
    for name, value, words in (
        ("AWS_PROFILE", "gone", "AWS_PROFILE: found 'gone'"),
        ("AWS_CONFIG_FILE", f"{tmp_path}/config", f"{tmp_path}/config is damaged"),
        ("AWS_REGION", "eu west", "AWS_REGION: found 'eu west'"),
    ):
        with monkeypatch.context() as changed:
            changed.setenv(name, value)
            answer = load_handler({"data_ref": "20240101", "table": table}, None)
        assert answer["errorMessage"].startswith(words)
