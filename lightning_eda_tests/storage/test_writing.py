"""Writing and deleting objects: in a bucket over HTTP and in a folder, with the same promises."""

import os
from pathlib import Path
from random import Random

import boto3
import pytest
from botocore.config import Config

from lightning_eda.errors import (
    AccessDeniedError,
    BucketNotFoundError,
    ObjectChangedError,
    ObjectNotFoundError,
    StorageError,
    TransferError,
)
from lightning_eda.storage.backoff import Backoff
from lightning_eda.storage.folder import FolderStore
from lightning_eda.storage.object_store import ObjectStore
from lightning_eda.storage.s3 import multipart as s3_multipart
from lightning_eda.storage.s3.store import S3Store
from lightning_eda_tests.servers.s3 import Faults, FaultyProxy, S3Bucket, S3Server

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]


def s3_store(name: str, endpoint_url: str) -> S3Store:
    """A store that gives up soon, over a client with credentials."""
    backoff = Backoff(tries=6, first_s=0.005, longest_s=0.01, random=Random(3))
    client = boto3.session.Session("test", "test", region_name="us-east-1").client(
        "s3", endpoint_url=endpoint_url, config=Config(retries={"total_max_attempts": 1}, read_timeout=2)
    )
    return S3Store(name, True, endpoint_url, "us-east-1", backoff=backoff, setting="BUCKET", client=client)


@pytest.fixture(params=["bucket", "folder"])
def store(request, tmp_path: Path, s3_bucket: S3Bucket) -> ObjectStore:
    """Both kinds."""
    if request.param == "folder":
        return FolderStore(tmp_path / "bucket", setting="BUCKET")
    return s3_store(s3_bucket.name, s3_bucket.endpoint_url)


def test_what_was_written_is_listed_and_read(store: ObjectStore, tmp_path: Path):
    """Bytes or a file; the answer is what a listing shows."""
    (tmp_path / "file").write_bytes(b"from a file")
    infos = [store.put_object("a/b c", b"bytes"), store.put_object("a/d", tmp_path / "file")]
    assert list(store.list_objects("a/")) == [store.stat_object(info.key).info for info in infos]
    assert [info.etag for info in infos] == [info.etag for info in store.list_objects("a/")]
    assert [store.read_object(info.key) for info in infos] == [b"bytes", b"from a file"]
    with store.open_object(infos[1]) as stream:
        assert (stream.seek(5), stream.read()) == (5, b"a file")


def test_a_file_goes_up_while_it_grows(store: ObjectStore, tmp_path: Path):
    """Nothing is seen before it is finished; one that was given up leaves what was there."""
    with (tmp_path / "file").open("wb") as file:
        upload = store.start_upload("a", tmp_path / "file", {"source": "x"})
        file.write(b"some")
        file.flush()
        upload.advance(4)
        with pytest.raises(ObjectNotFoundError):
            store.stat_object("a")
        file.write(b"thing")
    assert [upload.finish()] == list(store.list_objects(""))
    upload.abort()
    assert store.read_object("a") == b"something"
    given_up = store.start_upload("a", tmp_path / "file")
    given_up.advance(9)
    given_up.abort()
    assert store.read_object("a") == b"something"


def test_a_second_write_replaces_the_first(store: ObjectStore):
    """And the version that was listed before is no longer read."""
    old = store.put_object("a", b"old")
    new = store.put_object("a", b"newer")
    assert store.read_object("a") == b"newer"
    assert (new.size, new.etag != old.etag) == (5, True)
    with pytest.raises(ObjectChangedError, match="was replaced"), store.open_object(old) as stream:
        stream.read()


def test_deleting_is_final_and_may_be_repeated(store: ObjectStore):
    """What is gone cannot be looked at or read."""
    info = store.put_object("a", b"x")
    store.delete_object("a")
    store.delete_object("a")
    with pytest.raises(ObjectNotFoundError):
        store.stat_object("a")
    with pytest.raises(ObjectNotFoundError), store.open_object(info) as stream:
        stream.read()


def test_metadata_comes_back_from_a_bucket(s3_bucket: S3Bucket):
    """Short texts, kept with the object."""
    store = s3_store(s3_bucket.name, s3_bucket.endpoint_url)
    store.put_object("a", b"x", {"source": "s3://b/k"})
    assert store.stat_object("a").metadata == {"source": "s3://b/k"}


@pytest.fixture
def small_parts(monkeypatch):
    """Files of more than 6 MB go up in parts of 5 MB, the least S3 takes."""
    monkeypatch.setattr(s3_multipart, "ONE_REQUEST_BYTES", 6 * 2**20)
    monkeypatch.setattr(s3_multipart, "PART_BYTES", 5 * 2**20)


@pytest.fixture
def large_file(tmp_path: Path) -> Path:
    path = tmp_path / "large"
    path.write_bytes(Random(4).randbytes(11 * 2**20))
    return path


def test_a_large_file_goes_up_in_parts(s3_bucket: S3Bucket, large_file: Path, small_parts):
    """With metadata, and the same bytes come back in ranges."""
    store = s3_store(s3_bucket.name, s3_bucket.endpoint_url)
    info = store.put_object("big", large_file, {"rows": "3"})
    assert info.etag.endswith("-3")
    assert store.stat_object("big").metadata == {"rows": "3"}
    with store.open_object(info) as stream:
        assert stream.read() == large_file.read_bytes()


def test_a_large_file_that_cannot_arrive_leaves_the_old_object_and_no_parts(
    s3_bucket: S3Bucket, large_file: Path, small_parts
):
    """The upload is thrown away."""
    s3_bucket.put("big", b"old")
    faults = Faults(share=1.0, kinds=("error",), only="partNumber=2")
    told = pytest.raises(TransferError, match=r"cannot write s3://.*/big: still failing after 6 tries")
    with FaultyProxy(s3_bucket.endpoint_url, faults) as proxy, told:
        s3_store(s3_bucket.name, proxy.endpoint_url).put_object("big", large_file)
    assert s3_bucket.client.get_object(Bucket=s3_bucket.name, Key="big")["Body"].read() == b"old"
    assert "Uploads" not in s3_bucket.client.list_multipart_uploads(Bucket=s3_bucket.name)


def test_a_completion_whose_answer_was_lost_is_not_an_error(
    s3_bucket: S3Bucket, large_file: Path, small_parts
):
    """The second try finds no such upload, since the first has completed it."""
    fifth_request = Faults(share=1.0, kinds=("lost",), at={5})  # after its start and three parts
    with FaultyProxy(s3_bucket.endpoint_url, fifth_request) as proxy:
        store = s3_store(s3_bucket.name, proxy.endpoint_url)
        assert store.put_object("big", large_file).size == 11 * 2**20
        assert [seen.method for seen in proxy.seen if seen.fault] == ["POST"]


@pytest.mark.parametrize("kind", ["error", "throttle", "too_many", "drop", "slow"])
def test_a_write_that_fails_for_a_while_succeeds(s3_bucket: S3Bucket, kind: str):
    """Half of all requests fail."""
    faults = Faults(share=0.5, kinds=(kind,), seed=2, slow_s=3 if kind == "slow" else 0)
    with FaultyProxy(s3_bucket.endpoint_url, faults) as proxy:
        store = s3_store(s3_bucket.name, proxy.endpoint_url)
        assert store.put_object("a/1", b"x").size == 1
        assert any(seen.fault for seen in proxy.seen)


@pytest.mark.parametrize(("kind", "error"), [("error", TransferError), ("denied", AccessDeniedError)])
def test_a_write_that_cannot_succeed_leaves_the_old_object(s3_bucket: S3Bucket, kind: str, error: type):
    """Nothing is deleted first."""
    s3_bucket.put("a", b"old")
    told = pytest.raises(error, match=r"cannot write s3://test-\w+/a: ")
    with FaultyProxy(s3_bucket.endpoint_url, Faults(share=1.0, kinds=(kind,))) as proxy, told:
        s3_store(s3_bucket.name, proxy.endpoint_url).put_object("a", b"new")
    assert s3_bucket.client.get_object(Bucket=s3_bucket.name, Key="a")["Body"].read() == b"old"


@pytest.mark.parametrize("kind", ["error", "cut", "drop", "throttle", "slow"])
def test_a_stream_survives_faults(s3_bucket: S3Bucket, kind: str):
    """It is opened anew where it broke."""
    data = Random(5).randbytes(3_000_000)
    s3_bucket.put("a", data)
    faults = Faults(share=0.6, kinds=(kind,), seed=3, slow_s=3 if kind == "slow" else 0, only="GET")
    with FaultyProxy(s3_bucket.endpoint_url, faults) as proxy:
        store = s3_store(s3_bucket.name, proxy.endpoint_url)
        with store.open_object(store.stat_object("a").info) as stream:
            assert stream.read() == data
        assert any(seen.fault for seen in proxy.seen)
        assert store.request_count == len(proxy.seen)


def test_a_bucket_that_is_not_there_is_named_with_its_variable(s3_server: S3Server):
    """BUCKET, and not another."""
    store = s3_store("no-such-bucket", s3_server.endpoint_url)
    with pytest.raises(BucketNotFoundError, match=r"there is no bucket s3://no-such-bucket .*correct BUCKET"):
        store.put_object("a", b"x")


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path):
    """A file where a folder must be."""
    (tmp_path / "bucket").write_bytes(b"")
    with pytest.raises(StorageError, match="is a file, not a folder"):
        FolderStore(tmp_path / "bucket").put_object("a/b", b"x")
    with pytest.raises(StorageError, match="leads out"):
        FolderStore(tmp_path).put_object("../b", b"x")


def test_a_listing_leaves_out_what_is_still_being_written(tmp_path: Path):
    """Temporary files are no objects."""
    store = FolderStore(tmp_path)
    store.put_object("a", b"x")
    (tmp_path / f".a.{os.getpid()}-00.part").write_bytes(b"half")
    assert [info.key for info in store.list_objects("")] == ["a"]
