"""One S3 bucket over boto3, read without credentials or with them."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeVar

from lightning_eda import __version__
from lightning_eda.errors import (
    AccessDeniedError,
    BucketNotFoundError,
    ObjectNotFoundError,
    StorageError,
    TransferError,
)
from lightning_eda.storage.backoff import Backoff
from lightning_eda.storage.object_store import ObjectInfo

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

Reply = TypeVar("Reply")
SINGLE_PART_ETAG = re.compile(r"[0-9a-f]{32}")
CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 30.0
DENIED_CODES = frozenset(
    {"AccessDenied", "ExpiredToken", "InvalidToken", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
)
# Refusals that come with status 400 or 403 and yet pass, source: S3 API reference, "Error responses".
PASSING_CODES = frozenset({"RequestTimeout", "SlowDown", "Throttling", "RequestLimitExceeded"})


class S3Store:
    """Objects of one bucket. The client is made at the first request and shared by all threads.

    boto3's own retries are off: one loop with one bound handles refusals, time-outs and cut bodies alike.

    Args:
        bucket: Name of the bucket.
        signed: Sign with the usual AWS credentials; False sends none, even when the environment holds some.
        endpoint_url: Server to use in place of AWS; None leaves it to the standard AWS variables.
        region: AWS region; None leaves it to the standard AWS variables.
        concurrency: Threads that will read at once; sizes the pool of connections.
        backoff: Tries and pauses.
        read_timeout_s: Longest silence of the server, seconds.
    """

    def __init__(
        self,
        bucket: str,
        signed: bool = False,
        endpoint_url: str | None = None,
        region: str | None = None,
        concurrency: int = 16,
        backoff: Backoff | None = None,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        self.bucket = bucket
        self.signed = signed
        self.endpoint_url = endpoint_url
        self.region = region
        self.concurrency = concurrency
        self.backoff = backoff or Backoff()
        self.read_timeout_s = read_timeout_s
        self._requests = 0
        self._lock = threading.Lock()
        self._encrypted: set[str] = set()

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
            reply = self._retried(partial(self._page, prefix, token), "list", prefix)
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
        return self._retried(partial(self._get, key), "read", key)

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
        import boto3
        import botocore.session
        from botocore import UNSIGNED
        from botocore.config import Config

        session = botocore.session.get_session()
        session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_parse_time)
        config = Config(
            signature_version=None if self.signed else UNSIGNED,
            max_pool_connections=max(self.concurrency, 1),
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=self.read_timeout_s,
            retries={"total_max_attempts": 1, "mode": "standard"},
            user_agent=f"lightning_eda/{__version__}",  # botocore's own is put together anew for each request
        )
        try:
            return boto3.session.Session(region_name=self.region, botocore_session=session).client(
                "s3", endpoint_url=self.endpoint_url, config=config
            )
        except ValueError as error:  # how botocore refuses an address
            raise StorageError(f"{self.describe()}: {error}; correct AWS_ENDPOINT_URL") from error

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

    def _retried(self, request: Callable[[], Reply], verb: str, key: str) -> Reply:
        """The reply to a request, tried again while its failure may pass."""
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        tried = 0
        while True:
            tried += 1
            with self._lock:
                self._requests += 1
            try:
                return request()
            except (BotoCoreError, ClientError, ResponseParserError) as error:
                if not _may_pass(error):
                    raise self._refusal(error, verb, key) from error
                if tried >= self.backoff.tries:
                    raise TransferError(
                        f"cannot {verb} {self.url(key)}: still failing after {tried} tries ({error}); "
                        "run it again later"
                    ) from error
            self.backoff.pause(tried)

    def _refusal(self, error: Exception, verb: str, key: str) -> StorageError:
        """Our error for a failure that no retry mends."""
        from botocore import exceptions as boto

        code, status = _code_and_status(error)
        doing = f"cannot {verb} {self.url(key)}"
        missing_login = (boto.NoCredentialsError, boto.PartialCredentialsError, boto.CredentialRetrievalError)
        if isinstance(error, (*missing_login, boto.SSOError)) or status in (401, 403) or code in DENIED_CODES:
            return AccessDeniedError(f"{doing}: access denied ({code or error}); {self._login_advice()}")
        if code == "NoSuchBucket" or (status == 404 and verb == "list"):
            return BucketNotFoundError(f"{doing}: there is no bucket {self.describe()}; correct S3_BUCKET")
        if status == 404:
            return ObjectNotFoundError(f"{doing}: there is no such object")
        return StorageError(f"{doing}: {error}")

    def _login_advice(self) -> str:
        if self.signed:
            return "check the AWS credentials and what they allow"
        return "it was asked without credentials: set GLM_SIGNED=true to use yours"


def _parse_time(text: str) -> datetime:
    """The time in a reply, aware.

    botocore guesses the format of each time it meets, a third of the work of a listing; those of S3 are two,
    ISO in a listing and RFC 7231 in a header, and all others are left to botocore.

    Raises:
        ValueError: It is no time.
    """
    try:
        time = datetime.fromisoformat(text) if text[4:5] == "-" else parsedate_to_datetime(text)
    except (TypeError, ValueError):
        from botocore.utils import parse_timestamp

        time = parse_timestamp(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _code_and_status(error: Exception) -> tuple[str, int]:
    """S3's error code and the HTTP status; "" and 0 when the failure is not a reply."""
    reply = getattr(error, "response", None) or {}
    return (
        str(reply.get("Error", {}).get("Code", "")),
        int(reply.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)),
    )


def _may_pass(error: Exception) -> bool:
    """Whether a failure may pass: 5xx, throttling, time-outs, lost connections, cut or garbled replies."""
    from botocore import exceptions as boto
    from botocore.parsers import ResponseParserError

    lost = (boto.ConnectionError, boto.HTTPClientError)
    damaged = (boto.IncompleteReadError, boto.FlexibleChecksumError, ResponseParserError)
    code, status = _code_and_status(error)
    return isinstance(error, (*lost, *damaged)) or status >= 500 or status == 429 or code in PASSING_CODES
