"""What the pipelines ask of a place that holds objects: list, read, write, delete."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol


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


@dataclass(frozen=True)
class StoredObject:
    """One object as it is looked at by itself.

    Attributes:
        info: What a listing shows of it.
        metadata: The texts it was written with; a folder keeps none.
    """

    info: ObjectInfo
    metadata: dict[str, str] = field(default_factory=dict)


class Upload(Protocol):
    """An object that goes up while its file is written, front to back; nothing is seen before `finish`."""

    def advance(self, size: int) -> None:
        """Says that the first `size` bytes of the file are final: they may be sent meanwhile."""

    def finish(self) -> ObjectInfo:
        """Says that the file is whole; the object is there when this returns."""

    def abort(self) -> None:
        """Ends the upload; whatever had the key is unchanged, and a finished object stays."""


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

    def open_object(self, info: ObjectInfo) -> BinaryIO:
        """A seekable stream of the version that was listed, in bounded memory.

        The errors come when it is opened, or while the stream is read.

        Raises:
            ObjectNotFoundError: There is no such object any more.
            ObjectChangedError: It was replaced since it was listed.
            AccessDeniedError: It may not be read.
            TransferError: It kept failing after every retry.
        """

    def stat_object(self, key: str) -> StoredObject:
        """What is known of one object without reading it; ObjectNotFoundError when there is none."""

    def put_object(
        self, key: str, data: bytes | Path, metadata: Mapping[str, str] | None = None
    ) -> ObjectInfo:
        """Writes an object, or a file's bytes as one, whole or not at all.

        Raises:
            AccessDeniedError: It may not be written.
            BucketNotFoundError: There is no such bucket or folder.
            StorageError: It could not be written; what had the key is unchanged.
        """

    def start_upload(self, key: str, path: Path, metadata: Mapping[str, str] | None = None) -> Upload:
        """An object from a file that is still being written; errors of its methods as `put_object`."""

    def delete_object(self, key: str) -> None:
        """Removes one object; one that is not there is no error."""

    def expected_md5(self, info: ObjectInfo) -> str | None:
        """The MD5 a listing states for an object, 32 lower-case hex digits; None when it states none."""

    def url(self, key: str) -> str:
        """Where an object is, for people."""

    def describe(self) -> str:
        """What the store is, for people."""
