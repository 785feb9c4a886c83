"""A large file into S3 in parts: nothing of it is seen before all of it has arrived."""

import hashlib
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from lightning_eda.errors import ObjectNotFoundError, StorageError
from lightning_eda.storage.object_store import StoredObject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, UploadPartOutputTypeDef

Reply = TypeVar("Reply")
PART_BYTES = 16 * 2**20
THREADS = 4  # so up to 64 MB of parts are in memory
MOST_PARTS = 10_000  # source: S3 User Guide, "Amazon S3 multipart upload limits"


class _Store(Protocol):
    """What is used of S3Store."""

    bucket: str

    def retried(self, request: Callable[[], Reply], verb: str, key: str) -> Reply: ...

    def stat_object(self, key: str) -> StoredObject: ...


def upload_parts(store: _Store, client: "S3Client", key: str, path: Path, metadata: dict[str, str]) -> None:
    """Uploads a file; on an error the parts that arrived are thrown away.

    Raises:
        StorageError: As `S3Store.put_object`; whatever had the key is unchanged.
    """
    _Upload(store, client, key, metadata).send(path)


class _Upload:
    """One upload in parts."""

    def __init__(self, store: _Store, client: "S3Client", key: str, metadata: dict[str, str]) -> None:
        self._store = store
        self._client = client
        self._key = key
        begin = partial(client.create_multipart_upload, Bucket=store.bucket, Key=key, Metadata=metadata)
        self._id: str = store.retried(begin, "write", key)["UploadId"]

    def send(self, path: Path) -> None:
        """Sends the parts, several at once, and puts them together."""
        size = path.stat().st_size
        length = max(PART_BYTES, -(-size // MOST_PARTS))
        send_part = partial(self._send_part, path, length)
        try:
            with ThreadPoolExecutor(THREADS, thread_name_prefix="upload") as pool:
                sent = list(pool.map(send_part, range(1, -(-size // length) + 1)))
            # Source of the ETag: the MD5 of the parts' MD5s and their number, S3 User Guide, "Checking
            # object integrity"; it is another where a KMS key encrypts.
            digest = hashlib.md5(b"".join(digest for _, digest in sent), usedforsecurity=False).hexdigest()
            self._complete([part for part, _ in sent], f"{digest}-{len(sent)}", size)
        except BaseException:
            with suppress(StorageError):
                self._store.retried(self._abort, "write", self._key)
            raise

    def _send_part(self, path: Path, length: int, number: int) -> tuple["CompletedPartTypeDef", bytes]:
        """Sends one part; what completes the upload, and the part's MD5."""
        with path.open("rb") as file:
            file.seek((number - 1) * length)
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
