"""What the pipelines ask of a place that holds objects: list, read, and say what a listed object's MD5 is."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class ObjectInfo:
    """One object as a listing shows it.

    Attributes:
        key: Full key, as the store spells it; it is not safe as a path.
        size: Bytes.
        etag: Version mark without quotes; it changes when the bytes change.
        last_modified: When it was written, aware UTC.
    """

    key: str
    size: int
    etag: str
    last_modified: datetime


class ObjectStore(Protocol):
    """A bucket, or a folder that stands in for one. Every method may be called from several threads."""

    @property
    def request_count(self) -> int:
        """Requests sent over the network since the store was made, retries included."""

    def list_objects(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every object whose key starts with `prefix`, in key order, over all pages.

        Raises:
            BucketNotFoundError: There is no such bucket or folder.
            AccessDeniedError: It may not be listed.
            TransferError: It kept failing after every retry.
        """

    def has_folder(self, prefix: str) -> bool:
        """Whether there is anything under a prefix that ends in a slash; errors as for a listing."""

    def read_object(self, key: str) -> bytes:
        """The bytes of one object.

        Raises:
            ObjectNotFoundError: There is no such object.
            AccessDeniedError: It may not be read.
            TransferError: It kept failing after every retry.
        """

    def expected_md5(self, info: ObjectInfo) -> str | None:
        """The MD5 a listing states for an object, 32 lower-case hex digits; None when it states none."""

    def url(self, key: str) -> str:
        """Where an object is, for people."""

    def describe(self) -> str:
        """What the store is, for people."""
