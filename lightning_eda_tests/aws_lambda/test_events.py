"""What both handlers make of what AWS sends, however it is wrapped."""

import json
import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lightning_eda.aws_lambda import cluster_handler, load_handler
from lightning_eda.aws_lambda.events import read_event
from lightning_eda.errors import EventError, LightningEdaError, SettingError
from lightning_eda_tests.aws_lambda.sent_events import (
    S3_TEST,
    SCHEDULED,
    by_sns,
    by_sqs,
    in_sns,
    notification,
    of_event_bridge,
    put,
    record,
)
from lightning_eda_tests.servers.s3 import S3Bucket

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]

BUCKET, KEY = "uploads", "in put/day=2024-01-01/a+b é.csv"
ENCODED = "in+put/day%3D2024-01-01/a%2Bb+%C3%A9.csv"
S3 = notification(BUCKET, ENCODED)
BRIDGE = of_event_bridge(BUCKET, KEY)
WAYS = {
    "S3": S3,
    "EventBridge": BRIDGE,
    "SNS": by_sns(S3),
    "SQS": by_sqs(S3),
    "SNS in SQS": by_sqs(in_sns(S3)),
    "EventBridge by SQS": by_sqs(BRIDGE),
    "EventBridge by SNS in SQS": by_sqs(in_sns(BRIDGE)),
    "EventBridge by SNS": by_sns(BRIDGE),
    "Pipes": by_sqs(S3)["Records"],
}
NOT_UNDERSTOOD = {
    "another service": {"Records": [{"eventSource": "aws:dynamodb", "dynamodb": {"Keys": {}}}]},
    "no records": {"Records": 3},
    "a bucket that is no text": {"Records": [{"s3": {"bucket": {"name": 1}, "object": {"key": "k"}}}]},
    "another event of a service": {
        "detail-type": "EC2 Instance State-change Notification",
        "source": "aws.ec2",
    },
    "text": "hello",
    "nothing": None,
    "a message that is no JSON": by_sns("hello"),
    "a message that is nested too deep": by_sns("[" * 100_000),
    "a subscription that nobody confirmed": by_sns({"Type": "SubscriptionConfirmation", "Message": "You"}),
    "wrapped without an end": by_sns(in_sns(in_sns(in_sns(in_sns(S3))))),
}


@pytest.mark.parametrize("event", WAYS.values(), ids=WAYS)
def test_a_notification_is_understood_however_it_comes(event):
    """S3, SNS, SQS, SNS in SQS, EventBridge: bucket and key, decoded where they are encoded."""
    sent = read_event(event)
    assert (sent.objects, sent.parameters, sent.unknown, sent.wrapped) == ([(BUCKET, KEY)], [], [], True)


@pytest.mark.parametrize("event", NOT_UNDERSTOOD.values(), ids=NOT_UNDERSTOOD)
def test_what_is_not_understood_is_an_error_in_the_log(bucket: S3Bucket, loading, caplog, event):
    """Of both handlers, which do nothing and say so."""
    assert cluster_handler(event, None) == {"success": False}
    assert list(load_handler(event, None)) == ["errorMessage"]
    told = [entry.getMessage() for entry in caplog.records if entry.levelno == logging.ERROR]
    assert sum(text.startswith("not understood: ") for text in told) == 2
    assert any("nothing was done" in text for text in told)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["Records", "s3", "Sns", "Message", "body", "eventSource", "bucket", "detail", "day"]
            ),
            inner,
            max_size=4,
        )
    ),
)


@given(JSON)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_reading_an_event_never_fails(event):
    """Whatever is sent: it is objects, parameters, tests or not understood."""
    sent = read_event(event)
    empty = not (sent.objects or sent.parameters or sent.unknown or sent.tests or sent.no_upload)
    assert (
        not empty or sent.wrapped or (isinstance(event, dict) and event.get("Records") == []) or event == []
    )


@pytest.mark.parametrize("event", [S3_TEST, by_sns(S3_TEST), by_sqs(S3_TEST), by_sqs(in_sns(S3_TEST))])
def test_a_test_of_s3_is_answered_without_work(bucket: S3Bucket, loading, caplog, event):
    """It comes when a notification is made; the log has a line, no error."""
    caplog.set_level(logging.INFO)
    assert cluster_handler(event, None)["success"] is True
    assert load_handler(event, None) == "Success"
    assert "S3 tried whether its notifications arrive" in caplog.text
    assert not [entry for entry in caplog.records if entry.levelno >= logging.WARNING]


@pytest.mark.parametrize("wrap", [by_sns, by_sqs, lambda event: by_sqs(in_sns(event)), lambda event: event])
def test_clusters_come_of_every_way(bucket: S3Bucket, wrap):
    """Two days in one notification, whatever it came through."""
    keys = [put(bucket, "2024-01-01"), put(bucket, "2024-01-02")]
    answer = cluster_handler(wrap(notification(bucket.name, *keys)), None)
    assert (answer["success"], answer["day"]) == (True, "2024-01-01,2024-01-02")


def test_several_messages_are_several_days(bucket: S3Bucket):
    """Also where one is parameters, one a test, and one of EventBridge."""
    put(bucket, "2024-01-01"), put(bucket, "2024-01-02")
    other = of_event_bridge(bucket.name, "in put/day=2024-01-02/a.csv.gz")
    answer = cluster_handler(by_sqs({"day": "2024-01-01"}, S3_TEST, other), None)
    assert [one["day"] for one in answer["days"]] == ["2024-01-01", "2024-01-02"]


def test_a_message_that_is_not_understood_stays_in_its_queue(bucket: S3Bucket, loading):
    """The others are done first; an answer would delete it."""
    key = put(bucket, "2024-01-01")
    with pytest.raises(EventError, match="not understood: hello"):
        cluster_handler(by_sqs(notification(bucket.name, key), "hello"), None)
    body = bucket.client.get_object(Bucket=bucket.name, Key="out/day=2024-01-01/clusters.csv.gz")["Body"]
    assert body.read()
    with pytest.raises(EventError, match="not understood: hello"):
        load_handler(by_sqs("hello"), None)


@pytest.mark.parametrize(
    ("handler", "parameters", "words"),
    [
        (cluster_handler, {"date": "2024-01-01"}, "'date' is not known; is 'day' meant"),
        (cluster_handler, {"day": "2024-01-01", "bucket": "x"}, "'bucket' is not known"),
        (load_handler, {"date_ref": "20240101"}, "'date_ref' is not known; is 'data_ref' meant"),
        (load_handler, {"day": "2024-01-01"}, "'day' is not known; is 'data_ref' meant"),
        (load_handler, {"partition_cols": "x"}, "'partition_cols' is not known; is 'partitions_cols' meant"),
        (load_handler, {"records": []}, "'records' is not known; is 'Records' meant"),
        (load_handler, {"Table": None}, "'Table' is not known; is 'table' meant"),
    ],
)
def test_an_unknown_parameter_is_refused(bucket: S3Bucket, loading, caplog, handler, parameters, words):
    """By name, with the nearest known one: the default of the right one is never acted on."""
    loading.put("in/20240101/x.csv", b"a,b\n1,2\n")
    if handler is cluster_handler:
        with pytest.raises(EventError, match=words):
            handler(parameters, None)
    else:
        assert words in handler(parameters, None)["errorMessage"]
        assert words in caplog.text
    with pytest.raises(EventError, match=words):  # in a queue nobody reads an answer
        handler(by_sqs(parameters), None)


def test_a_schedule_of_event_bridge_has_no_parameters(bucket: S3Bucket, loading, caplog):
    """Its envelope is none: yesterday is loaded; clusters need a day."""
    answer = load_handler(SCHEDULED, None)
    assert "there is no object under" in answer["errorMessage"]
    assert cluster_handler(SCHEDULED, None) == {"success": False}
    assert "names neither an object of in put nor a day" in caplog.text


@pytest.mark.parametrize("name", ["./pairs", "/tmp/x", "a/b", "..", "~", "s3://x", "", "file:///tmp", "x y"])
def test_a_bucket_from_an_event_is_never_a_folder(bucket: S3Bucket, monkeypatch, tmp_path, name):
    """Though a folder of that name is there, and no variable names a bucket."""
    (tmp_path / "pairs" / "in put" / "day=2024-01-01").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BUCKET")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SettingError, match=r"the event's bucket: found .*; an event names no folder"):
        cluster_handler({"Records": [record(name, "in put/day=2024-01-01/a.csv")]}, None)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_of_a_variable_is_not_written_for_an_event(bucket: S3Bucket, monkeypatch, tmp_path):
    """An event about that very text is about a bucket, and so about none of ours."""
    (tmp_path / "pairs").mkdir()
    monkeypatch.setenv("BUCKET", f"{tmp_path}/pairs")
    event = {"Records": [record(f"{tmp_path}/pairs", "in put/day=2024-01-01/a.csv")]}
    assert cluster_handler(event, None) == {"success": False}
    assert list((tmp_path / "pairs").iterdir()) == []


def test_two_buckets_are_two_days_of_clusters(bucket: S3Bucket, s3_server, monkeypatch):
    """Where BUCKET is not set, each object's own bucket counts, and none is passed over."""
    monkeypatch.delenv("BUCKET")
    other = s3_server.new_bucket()
    records = [record(one.name, put(one, "2024-01-01")) for one in (bucket, other)]
    answer = cluster_handler({"Records": records}, None)
    assert [one["clusters"] for one in answer["days"]] == [2, 2]


def test_the_error_of_several_messages_is_raised_when_all_were_tried(bucket: S3Bucket):
    """So that SQS hands all of them out again: to do a day twice changes nothing."""
    good, bad = put(bucket, "2024-01-02"), put(bucket, "2024-01-01", b"a,b,far\n")
    with pytest.raises(LightningEdaError, match="1 of 2 days failed, the others are done"):
        cluster_handler(by_sqs(*(json.dumps(notification(bucket.name, key)) for key in (bad, good))), None)
