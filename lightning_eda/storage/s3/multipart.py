"""A large file into S3 in parts, also while it is being written: nothing of it is seen before the end."""

import hashlib
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from lightning_eda.errors import ObjectNotFoundError, StorageError
from lightning_eda.storage.object_store import ObjectInfo, StoredObject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, UploadPartOutputTypeDef

Reply = TypeVar("Reply")
ONE_REQUEST_BYTES = 32 * 2**20
"""Files up to this size go up in one request."""
PART_BYTES = 8 * 2**20
THREADS = 4  # so up to 32 MB of the first parts are in memory
PARTS_OF_A_SIZE = 1_000
"""So many parts have one size, then the next ones are larger by `PART_BYTES`: S3 takes 10,000 parts, and the
size of a growing file is not known. Source: S3 User Guide, "Amazon S3 multipart upload limits"."""


def goes_in_parts(size: int) -> bool:
    """Whether a file of so many bytes is too large for one request."""
    return size > ONE_REQUEST_BYTES


class _Store(Protocol):
    """What is used of S3Store."""

    bucket: str

    def retried(self, request: Callable[[], Reply], verb: str, key: str) -> Reply: ...

    def stat_object(self, key: str) -> StoredObject: ...

    def put_object(self, key: str, data: Path, metadata: dict[str, str]) -> ObjectInfo: ...


class PartsUpload:
    """One object from one local file, as `object_store.Upload` promises; a small file goes up in one request.

    Args:
        store: Its bucket.
        client: A client of it.
        key: Its key.
        path: The file.
        metadata: Short ASCII texts kept with it.
    """

    def __init__(
        self, store: _Store, client: "S3Client", key: str, path: Path, metadata: dict[str, str]
    ) -> None:
        self._store = store
        self._client = client
        self._key = key
        self._path = path
        self._metadata = metadata
        self._id = ""
        self._pool: ThreadPoolExecutor | None = None
        self._parts: list[Future[tuple[CompletedPartTypeDef, bytes]]] = []
        self._begun = 0

    def advance(self, size: int) -> None:
        """Sends the whole parts of the first `size` bytes, in threads; errors as `put_object`."""
        if self._pool is None:
            if not goes_in_parts(size):
                return
            self._pool = self._begin()
        while self._begun + (length := self._next_length()) <= size:
            self._send(self._pool, length)
        for part in self._parts:
            if part.done():
                part.result()

    def finish(self) -> ObjectInfo:
        """Sends the rest of the file, puts the parts together, and looks at the object."""
        size = self._path.stat().st_size
        self.advance(size)
        if self._pool is None:
            return self._store.put_object(self._key, self._path, self._metadata)
        if self._begun < size:
            self._send(self._pool, size - self._begun)
        sent = [part.result() for part in self._parts]
        # Source of the ETag: the MD5 of the parts' MD5s and their number, S3 User Guide, "Checking object
        # integrity"; it is another where a KMS key encrypts.
        digest = hashlib.md5(b"".join(digest for _, digest in sent), usedforsecurity=False).hexdigest()
        self._complete([part for part, _ in sent], f"{digest}-{len(sent)}", size)
        self._end(self._pool)
        info = self._store.stat_object(self._key).info
        if info.size != size:
            raise StorageError(
                f"cannot write s3://{self._store.bucket}/{self._key}: {info.size} of {size} bytes are there"
            )
        return info

    def abort(self) -> None:
        """Throws the parts away that arrived; nothing when the object is finished or no part was sent."""
        if self._pool is not None:
            self._end(self._pool)
            with suppress(StorageError):
                self._store.retried(self._abort, "write", self._key)

    def _begin(self) -> ThreadPoolExecutor:
        begin = partial(
            self._client.create_multipart_upload,
            Bucket=self._store.bucket,
            Key=self._key,
            Metadata=self._metadata,
        )
        self._id = self._store.retried(begin, "write", self._key)["UploadId"]
        return ThreadPoolExecutor(THREADS, thread_name_prefix="upload")

    def _end(self, pool: ThreadPoolExecutor) -> None:
        pool.shutdown(wait=True, cancel_futures=True)
        self._pool = None

    def _next_length(self) -> int:
        return PART_BYTES * (1 + len(self._parts) // PARTS_OF_A_SIZE)

    def _send(self, pool: ThreadPoolExecutor, length: int) -> None:
        self._parts.append(pool.submit(self._send_part, self._begun, length, len(self._parts) + 1))
        self._begun += length

    def _send_part(self, begin: int, length: int, number: int) -> tuple["CompletedPartTypeDef", bytes]:
        """Sends one part; what completes the upload, and the part's MD5."""
        with self._path.open("rb") as file:
            file.seek(begin)
            body = file.read(length)
        digest = hashlib.md5(body, usedforsecurity=False).digest()

        def request() -> "UploadPartOutputTypeDef":
            return self._client.upload_part(
                Bucket=self._store.bucket,
                Key=self._key,
                UploadId=self._id,
                PartNumber=number,
                Body=body,
                ContentMD5=b64encode(digest).decode(),
            )

        etag = self._store.retried(request, "write", self._key)["ETag"]
        return {"ETag": etag, "PartNumber": number}, digest

    def _complete(self, parts: list["CompletedPartTypeDef"], etag: str, size: int) -> None:
        request = partial(
            self._client.complete_multipart_upload,
            Bucket=self._store.bucket,
            Key=self._key,
            UploadId=self._id,
            MultipartUpload={"Parts": parts},
        )
        try:
            self._store.retried(request, "write", self._key)
        except ObjectNotFoundError:
            # The upload is unknown: when the answer to an earlier try was lost, it is complete already.
            if not self._is_there(etag, size):
                raise

    def _abort(self) -> object:
        return self._client.abort_multipart_upload(
            Bucket=self._store.bucket, Key=self._key, UploadId=self._id
        )

    def _is_there(self, etag: str, size: int) -> bool:
        """Whether the object is the one that was sent; with a KMS key only size and number of parts tell."""
        try:
            info = self._store.stat_object(self._key).info
        except ObjectNotFoundError:
            return False
        parts = etag.rpartition("-")[2]
        return info.etag == etag or (info.size == size and info.etag.endswith(f"-{parts}"))
