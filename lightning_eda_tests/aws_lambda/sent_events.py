"""What AWS sends: notifications of S3, and the services they come through."""

import gzip
import json

from lightning_eda_tests.servers.s3 import S3Bucket

PAIRS = b"a,b,0.1\nb,c,0.2\nx,y,0.1\n"
S3_TEST = {
    "Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2024-01-01T00:00:00.000Z",
    "Bucket": "uploads", "RequestId": "5582815E1AEA5ADF", "HostId": "8cLeGAmw098X5cv4Zkwcmo8v",
}  # fmt: skip
SCHEDULED = {
    "version": "0", "id": "1", "detail-type": "Scheduled Event", "source": "aws.events",
    "account": "123456789012", "time": "2024-01-02T06:00:00Z", "region": "us-east-1", "resources": [],
    "detail": {},
}  # fmt: skip


def put(bucket: S3Bucket, day: str, pairs: bytes = PAIRS, name: str = "a.csv.gz") -> str:
    """Uploads pairs; gives the key as an event spells it."""
    bucket.put(f"in put/day={day}/{name}", gzip.compress(pairs))
    return f"in+put/day%3D{day}/{name}"


def record(bucket: str, key: str) -> dict:
    """One record of an S3 notification."""
    return {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": bucket}, "object": {"key": key, "size": 3}},
    }


def notification(bucket: str, *keys: str) -> dict:
    """A notification of S3."""
    return {"Records": [record(bucket, key) for key in keys]}


def of_event_bridge(bucket: str, key: str) -> dict:
    """The event of EventBridge; the key is as it is."""
    return {
        "version": "0", "id": "1", "detail-type": "Object Created", "source": "aws.s3",
        "account": "123456789012", "time": "2024-01-01T00:00:00Z", "region": "us-east-1",
        "resources": [f"arn:aws:s3:::{bucket}"],
        "detail": {"version": "0", "bucket": {"name": bucket}, "object": {"key": key, "size": 3}},
    }  # fmt: skip


def by_sns(*messages: object) -> dict:
    """Messages as SNS hands them to a function."""
    return {
        "Records": [
            {
                "EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": "arn:aws:sns:x",
                "Sns": {"Type": "Notification", "TopicArn": "arn:aws:sns:x", "Message": text_of(message)},
            }
            for message in messages
        ]
    }  # fmt: skip


def by_sqs(*messages: object) -> dict:
    """Messages as SQS hands them to a function."""
    return {
        "Records": [
            {
                "messageId": str(number), "receiptHandle": "x", "body": text_of(message), "attributes": {},
                "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:q",
            }
            for number, message in enumerate(messages)
        ]
    }  # fmt: skip


def in_sns(message: object) -> dict:
    """A message as SNS puts it into a queue without raw delivery."""
    return {
        "Type": "Notification",
        "MessageId": "1",
        "TopicArn": "arn:aws:sns:x",
        "Message": text_of(message),
    }


def text_of(message: object) -> str:
    return message if isinstance(message, str) else json.dumps(message)
