from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from random import Random

import pytest
from botocore.exceptions import ClientError
from botocore.utils import parse_timestamp

from lightning_eda.errors import (
    AccessDeniedError,
    BucketNotFoundError,
    ObjectNotFoundError,
    StorageError,
    TransferError,
)
from lightning_eda.storage.backoff import Backoff
from lightning_eda.storage.object_store import ObjectInfo
from lightning_eda.storage.s3.errors import may_pass, parse_time
from lightning_eda.storage.s3.store import S3Store
from lightning_eda_tests.servers.s3 import PAGE_KEYS, Faults, FaultyProxy, S3Bucket, S3Server

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]


def store_of(bucket: S3Bucket | str, endpoint_url: str, **options) -> S3Store:
    name = bucket if isinstance(bucket, str) else bucket.name
    options.setdefault("backoff", Backoff(tries=5, first_s=0.005, longest_s=0.01, random=Random(3)))
    options.setdefault("read_timeout_s", 0.4)
    return S3Store(name, endpoint_url=endpoint_url, region="us-east-1", **options)


def test_a_listing_shows_every_page(s3_bucket: S3Bucket):
    """Three keys are more than a page holds; each is listed once and in order."""
    names = [f"p/{n:05d}" for n in range(PAGE_KEYS + 3)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: s3_bucket.put(name, b"x"), names))
    s3_bucket.put("q/other", b"x")
    store = store_of(s3_bucket, s3_bucket.endpoint_url, read_timeout_s=30)
    assert [info.key for info in store.list_objects("p/")] == names
    assert store.request_count == 2


def test_a_listing_states_size_version_and_time_and_the_body_is_exact(s3_bucket: S3Bucket):
    """Keys with odd characters come back as they are."""
    odd = "p/a b+c%2Fü'&<.nc"
    s3_bucket.put(odd, b"hello")
    store = store_of(s3_bucket, s3_bucket.endpoint_url)
    (info,) = store.list_objects("p/")
    assert (info.key, info.size, info.etag) == (odd, 5, "5d41402abc4b2a76b9719d911017c592")
    assert info.last_modified.utcoffset() is not None
    assert store.expected_md5(info) == info.etag
    assert store.read_object(odd) == b"hello"
    assert store.url("k") == f"s3://{s3_bucket.name}/k"
    assert store.describe() == f"s3://{s3_bucket.name} at {s3_bucket.endpoint_url}"


@pytest.mark.parametrize(
    "text",
    [
        "2024-07-01T20:00:21.500Z",
        "2024-07-01T20:00:21Z",
        "2024-07-01T20:00:21",
        "Mon, 01 Jul 2024 20:00:21 GMT",
        "Mon, 01 Jul 2024 20:00:21 -0000",
        "1719864021",
        "1719864021.5",
    ],
)
def test_times_are_those_that_botocore_reads(text: str):
    """Whatever the server's way of writing them, aware."""
    found, expected = parse_time(text), parse_timestamp(text)
    assert found.tzinfo is not None
    assert found == expected.replace(tzinfo=expected.tzinfo or UTC)


def test_a_time_that_is_none_is_refused():
    """As botocore does, which reports the reply as damaged."""
    with pytest.raises(ValueError, match="nonsense"):
        parse_time("nonsense")


def test_an_etag_of_parts_is_no_md5(s3_bucket: S3Bucket):
    """Such an ETag has a dash and the number of parts."""
    s3_bucket.put_in_parts("k", b"hello")
    store = store_of(s3_bucket, s3_bucket.endpoint_url)
    (info,) = store.list_objects("k")
    assert info.etag.endswith("-1")
    assert store.expected_md5(info) is None


def test_the_etag_of_an_object_under_a_kms_key_is_no_md5_once_it_was_read(s3_bucket: S3Bucket):
    """Only the reply to a read tells the encryption."""
    s3_bucket.client.put_object(
        Bucket=s3_bucket.name, Key="k", Body=b"x", ACL="public-read", ServerSideEncryption="aws:kms"
    )
    store = store_of(s3_bucket, s3_bucket.endpoint_url)
    info = ObjectInfo("k", 1, "0" * 32, next(store.list_objects("k")).last_modified)
    assert store.expected_md5(info) == "0" * 32
    store.read_object("k")
    assert store.expected_md5(info) is None


@pytest.mark.parametrize("signed", [False, True])
def test_credentials_are_sent_only_when_signing_was_asked_for(
    s3_bucket: S3Bucket, monkeypatch: pytest.MonkeyPatch, signed: bool
):
    """AWS keys in the environment do not reach a bucket that is read without credentials."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIABOGUS")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "bogus")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "bogus")
    s3_bucket.put("k", b"x")
    with FaultyProxy(s3_bucket.endpoint_url) as proxy:
        store = store_of(s3_bucket, proxy.endpoint_url, signed=signed)
        list(store.list_objects(""))
        if not signed:
            assert store.read_object("k") == b"x"
        assert proxy.seen
        assert all(("AKIABOGUS" in (seen.authorization or "")) == signed for seen in proxy.seen)
        assert all((seen.authorization is None) != signed for seen in proxy.seen)


def test_missing_credentials_are_one_clear_error(
    s3_bucket: S3Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path
):
    """Signing without any credentials is not a crash of boto3."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(AccessDeniedError, match="check the AWS credentials"):
        store_of(s3_bucket, s3_bucket.endpoint_url, signed=True).read_object("k")


def test_what_no_retry_mends_is_asked_once(s3_server: S3Server, s3_bucket: S3Bucket):
    """A missing bucket, a missing object and a private object each are one error after one request."""
    missing = store_of("no-such-bucket-here", s3_server.endpoint_url)
    with pytest.raises(BucketNotFoundError, match=r"there is no bucket s3://no-such-bucket-here.*S3_BUCKET"):
        list(missing.list_objects("p/"))
    with pytest.raises(BucketNotFoundError):
        missing.read_object("k")
    assert missing.request_count == 2
    s3_bucket.put("public", b"x")
    s3_bucket.client.put_object(Bucket=s3_bucket.name, Key="private", Body=b"x")
    store = store_of(s3_bucket, s3_bucket.endpoint_url)
    with pytest.raises(ObjectNotFoundError, match="absent: there is no such object"):
        store.read_object("absent")
    with pytest.raises(AccessDeniedError, match="GLM_SIGNED=true"):
        store.read_object("private")
    assert store.request_count == 2


def test_a_forbidden_listing_is_one_clear_error(s3_bucket: S3Bucket):
    """403 is not retried and is not an empty hour."""
    with FaultyProxy(s3_bucket.endpoint_url, Faults(share=1, kinds=("denied",))) as proxy:
        with pytest.raises(AccessDeniedError, match=r"cannot list s3://.*access denied \(AccessDenied\)"):
            list(store_of(s3_bucket, proxy.endpoint_url).list_objects("p/"))
        assert len(proxy.seen) == 1


@pytest.mark.parametrize("kind", ["error", "throttle", "too_many", "drop", "slow", "cut"])
def test_a_failure_that_may_pass_is_tried_again_and_then_reported(s3_bucket: S3Bucket, kind: str):
    """Listing and reading survive some failures of a kind; when all fail the error says it may be retried."""
    s3_bucket.put("k", b"x" * 1000)
    with FaultyProxy(s3_bucket.endpoint_url, Faults(share=0.5, kinds=(kind,), seed=4)) as proxy:
        store = store_of(s3_bucket, proxy.endpoint_url, backoff=Backoff(30, 0.001, 0.002), read_timeout_s=0.2)
        for _ in range(3):
            assert [info.key for info in store.list_objects("")] == ["k"]
            assert store.read_object("k") == b"x" * 1000
        assert {seen.fault for seen in proxy.seen} == {kind, ""}
        assert store.request_count == len(proxy.seen)
        proxy.faults = Faults(share=1, kinds=(kind,))
        store = store_of(s3_bucket, proxy.endpoint_url, backoff=Backoff(3, 0.001, 0.002), read_timeout_s=0.2)
        with pytest.raises(TransferError, match="still failing after 3 tries") as caught:
            store.read_object("k")
        assert caught.value.retryable
        assert store.request_count == 3


@pytest.mark.parametrize(
    ("code", "status", "passes"),
    [
        ("BadDigest", 400, True), ("RequestTimeout", 400, True), ("RequestLimitExceeded", 400, True),
        ("Throttling", 400, True), ("SlowDown", 400, True), ("InvalidDigest", 400, False), ("", 499, False),
        ("", 429, True), ("", 500, True),
    ],
)  # fmt: skip
def test_some_refusals_pass(code: str, status: int, passes: bool):
    """Of a body that was damaged on its way, of too much at once; other faults of ours do not."""
    reply = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    assert may_pass(ClientError(reply, "PutObject")) is passes


def test_a_server_that_is_not_there_is_a_transfer_error():
    """The address is in the error."""
    with pytest.raises(TransferError, match=r"127\.0\.0\.1:9"):
        store_of("bucket", "http://127.0.0.1:9").read_object("k")


@pytest.mark.parametrize(
    ("bucket", "endpoint_url"), [("Bad Name!", "http://127.0.0.1:9"), ("bucket", "nonsense")]
)
def test_a_name_or_address_that_boto3_refuses_is_our_error(bucket: str, endpoint_url: str):
    """No exception of boto3 leaves the store."""
    with pytest.raises(StorageError):
        list(store_of(bucket, endpoint_url).list_objects(""))
