"""One S3 bucket over boto3, with the usual AWS credentials or without any."""

import hashlib
import re
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from lightning_eda.errors import ObjectChangedError, StorageError, TransferError
from lightning_eda.storage.aws import READ_TIMEOUT_S
from lightning_eda.storage.backoff import Backoff
from lightning_eda.storage.object_store import ObjectInfo, StoredObject
from lightning_eda.storage.s3.client import make_client
from lightning_eda.storage.s3.errors import may_pass, refusal
from lightning_eda.storage.s3.multipart import PartsUpload, goes_in_parts
from lightning_eda.storage.s3.stream import open_stream
from lightning_eda.texts import without_login

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

Reply = TypeVar("Reply")
SINGLE_PART_ETAG = re.compile(r"[0-9a-f]{32}")


class S3Store:
    """Objects of one bucket. The client is made at the first request and shared by all threads.

    boto3's own retries are off: one loop with one bound handles refusals, time-outs and cut bodies alike.

    Args:
        bucket: Name of the bucket.
        signed: Sign with the usual AWS credentials; False sends none, even when the environment holds some.
        endpoint_url: Server in place of AWS, a login in it left out; None leaves it to the AWS variables.
        region: AWS region; None leaves it to the standard AWS variables.
        profile: Profile of ~/.aws; None leaves it to the standard AWS variables.
        concurrency: Threads that will read at once; sizes the pool of connections.
        backoff: Tries and pauses.
        read_timeout_s: Longest silence of the server, seconds.
        setting: The variable that names the bucket, for the words of errors.
        client: A ready client to use in place of one made from the above.
        folder_advice: What to do when no bucket is meant, for the end of errors about the bucket.
    """

    def __init__(  # noqa: PLR0913 - options that do not hang together, and callers have them by name
        self,
        bucket: str,
        signed: bool = False,
        endpoint_url: str | None = None,
        region: str | None = None,
        profile: str | None = None,
        concurrency: int = 16,
        backoff: Backoff | None = None,
        read_timeout_s: float = READ_TIMEOUT_S,
        setting: str = "S3_BUCKET",
        client: "S3Client | None" = None,
        folder_advice: str = "",
    ) -> None:
        self.bucket = bucket
        self.signed = signed
        self.endpoint_url = without_login(endpoint_url) if endpoint_url else None
        self.region = region
        self.profile = profile
        self.concurrency = concurrency
        self.backoff = backoff or Backoff()
        self.read_timeout_s = read_timeout_s
        self.setting = setting
        self.folder_advice = folder_advice
        self.given_client = client
        self._requests = 0
        self._lock = threading.Lock()
        self._encrypted: set[str] = set()

    def __getstate__(self) -> dict[str, object]:
        """What is sent to another process: the settings, without the client and its credentials."""
        return {name: value for name, value in vars(self).items() if name not in ("_lock", "_client")}

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update(state, _lock=threading.Lock())

    @property
    def request_count(self) -> int:
        """Requests sent since the store was made, retries included."""
        return self._requests

    def list_objects(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every object whose key starts with `prefix`, in key order, over all pages.

        Raises:
            BucketNotFoundError: There is no such bucket.
            AccessDeniedError: It may not be listed.
            TransferError: It kept failing after every retry.
        """
        token: str | None = ""
        while token is not None:
            reply = self.retried(partial(self._page, prefix, token), "list", prefix)
            for entry in reply.get("Contents", []):
                yield ObjectInfo(entry["Key"], entry["Size"], entry["ETag"].strip('"'), entry["LastModified"])
            token = reply.get("NextContinuationToken")

    def has_folder(self, prefix: str) -> bool:
        """Whether there is anything under a prefix that ends in a slash; errors as for a listing."""
        return next(self.list_objects(prefix), None) is not None

    def read_object(self, key: str) -> bytes:
        """The bytes of one object, as long as the server announced them.

        Raises:
            ObjectNotFoundError: There is no such object.
            BucketNotFoundError: There is no such bucket.
            AccessDeniedError: It may not be read.
            TransferError: It kept failing after every retry.
        """
        return self.retried(partial(self._get, key), "read", key)

    def open_object(self, info: ObjectInfo) -> BinaryIO:
        """A seekable stream of one version of an object; a connection that breaks is made anew.

        It sends no request; the errors come while the stream is read.

        Raises:
            ObjectNotFoundError: There is no such object any more.
            ObjectChangedError: It was replaced since it was listed.
            AccessDeniedError: It may not be read.
            TransferError: It kept failing after every retry.
        """

        def retried(read: Callable[[], bytes]) -> bytes:
            return self.retried(read, "read", info.key, counted=False)

        return open_stream(partial(self._get_from, info), retried, info.size)

    def stat_object(self, key: str) -> StoredObject:
        """What is known of one object without reading it; ObjectNotFoundError when there is none."""
        reply = self.retried(lambda: self._client.head_object(Bucket=self.bucket, Key=key), "look at", key)
        info = ObjectInfo(key, reply["ContentLength"], reply["ETag"].strip('"'), reply["LastModified"])
        return StoredObject(info, dict(reply.get("Metadata", {})))

    def put_object(
        self, key: str, data: bytes | Path, metadata: Mapping[str, str] | None = None
    ) -> ObjectInfo:
        """Writes an object, whole or not at all; what had the key stays until the last byte has arrived.

        Args:
            key: Its key.
            data: The bytes, or a file; a large file goes up in parts.
            metadata: Short ASCII texts kept with it.

        Raises:
            AccessDeniedError: It may not be written.
            BucketNotFoundError: There is no such bucket.
            TransferError: It kept failing after every retry.
            StorageError: What arrived is not what was sent.
        """
        if isinstance(data, Path) and goes_in_parts(data.stat().st_size):
            upload = self.start_upload(key, data, metadata)
            try:
                return upload.finish()
            finally:
                upload.abort()
        body = data.read_bytes() if isinstance(data, Path) else data
        self.retried(partial(self._put, key, body, dict(metadata or {})), "write", key)
        info = self.stat_object(key).info
        if info.size != len(body):
            raise StorageError(f"cannot write {self.url(key)}: {info.size} of {len(body)} bytes are there")
        return info

    def put_new(self, key: str, data: bytes) -> bool:
        """Writes an object where there is none; False when there is one. Errors as `put_object`.

        A server that does not know conditional writes replaces the object and is not noticed here.
        """
        try:
            self.retried(partial(self._put, key, data, {}, only_new=True), "write", key)
        except ObjectChangedError:  # how a precondition that does not hold is told
            return False
        return True

    def start_upload(self, key: str, path: Path, metadata: Mapping[str, str] | None = None) -> PartsUpload:
        """An object from a file that is still being written; errors of its methods as `put_object`."""
        return PartsUpload(self, self._client, key, path, dict(metadata or {}))

    def delete_object(self, key: str) -> None:
        """Removes one object; one that is not there is no error."""
        self.retried(lambda: self._client.delete_object(Bucket=self.bucket, Key=key), "delete", key)

    def expected_md5(self, info: ObjectInfo) -> str | None:
        """The ETag when it is an MD5.

        It is none for an object uploaded in parts, and none for one encrypted with a KMS or customer key,
        which only the reply to a read tells. Source: S3 API reference, "Object", ETag.
        """
        is_md5 = SINGLE_PART_ETAG.fullmatch(info.etag) and info.key not in self._encrypted
        return info.etag if is_md5 else None

    def url(self, key: str) -> str:
        """The s3:// address of an object."""
        return f"s3://{self.bucket}/{key}"

    def describe(self) -> str:
        """The bucket, and its server when it is not AWS."""
        return f"s3://{self.bucket}" + (f" at {self.endpoint_url}" if self.endpoint_url else "")

    @cached_property
    def _client(self) -> "S3Client":
        if self.given_client is not None:
            return self.given_client
        return make_client(self)

    def _page(self, prefix: str, token: str) -> "ListObjectsV2OutputTypeDef":
        if not token:
            return self._client.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return self._client.list_objects_v2(Bucket=self.bucket, Prefix=prefix, ContinuationToken=token)

    def _get(self, key: str) -> bytes:
        reply = self._client.get_object(Bucket=self.bucket, Key=key)
        if reply.get("ServerSideEncryption", "").startswith("aws:kms") or reply.get("SSECustomerAlgorithm"):
            self._encrypted.add(key)
        with closing(reply["Body"]) as body:
            return body.read()

    def _get_from(self, info: ObjectInfo, begin: int) -> "StreamingBody":
        self._count()
        reply = self._client.get_object(
            Bucket=self.bucket, Key=info.key, Range=f"bytes={begin}-", IfMatch=f'"{info.etag}"'
        )
        return reply["Body"]

    def _put(self, key: str, body: bytes, metadata: dict[str, str], only_new: bool = False) -> None:
        md5 = b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        put = partial(self._client.put_object, Bucket=self.bucket, Key=key, Body=body, ContentMD5=md5)
        if only_new:
            put(Metadata=metadata, IfNoneMatch="*")
        else:
            put(Metadata=metadata)

    def retried(self, request: Callable[[], Reply], verb: str, key: str, counted: bool = True) -> Reply:
        """The reply to a request, tried again while its failure may pass.

        Args:
            request: Sends it.
            verb: What is done, for the words of errors.
            key: With what.
            counted: Whether each call is a request; else `request` counts by itself.
        """
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        tried = 0
        while True:
            tried += 1
            if counted:
                self._count()
            try:
                return request()
            except (BotoCoreError, ClientError, ResponseParserError) as error:
                if not may_pass(error):
                    raise self.refused(error, verb, key) from error
                if tried >= self.backoff.tries:
                    raise TransferError(
                        f"cannot {verb} {self.url(key)}: still failing after {tried} tries ({error}); "
                        f"run it again later{self._region_advice()}"
                    ) from error
            self.backoff.pause(tried)

    def refused(self, error: Exception, verb: str, key: str) -> StorageError:
        """Our error for what no retry mends; arguments as of `retried`."""
        return refusal(
            error,
            f"cannot {verb} {self.url(key)}",
            self.describe(),
            self.setting,
            self._login_advice(),
            self.folder_advice,
        )

    def _count(self) -> None:
        with self._lock:
            self._requests += 1

    def _region_advice(self) -> str:
        """What to look at when AWS itself does not answer: a region that is none has no server."""
        return (
            ""
            if self.endpoint_url
            else f", and check the network and AWS_REGION ({self._client.meta.region_name})"
        )

    def _login_advice(self) -> str:
        if self.signed:
            return "check the AWS credentials and what they allow"
        return "the request was sent without credentials: set GLM_SIGNED=true to use yours"
