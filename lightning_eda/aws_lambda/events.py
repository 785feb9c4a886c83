"""What AWS sends to a function."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

Event = Mapping[str, Any]


def objects_of(event: Event) -> Iterator[tuple[str, str]]:
    """Bucket and key of each record of an S3 notification.

    Keys come URL-encoded, with + for a space. Source: S3 User Guide, "Event message structure".
    """
    for record in event.get("Records") or []:
        s3 = record.get("s3") or {}
        if "object" in s3 and "bucket" in s3:
            yield s3["bucket"]["name"], unquote_plus(s3["object"]["key"])
