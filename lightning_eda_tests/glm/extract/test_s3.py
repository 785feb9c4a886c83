"""Fetching hours from a real S3 server over HTTP that misbehaves, and from processes that are killed."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from lightning_eda.errors import AccessDeniedError, BucketNotFoundError, StorageError, TransferError
from lightning_eda.glm.extract.source import fetch_hour, read_extraction
from lightning_eda.glm.paths import HourFolders
from lightning_eda.storage.s3.store import S3Store
from lightning_eda_tests.glm.hour_objects import (
    HOUR,
    PREFIX,
    by_name,
    files_in,
    granule_bytes,
    granule_file,
    hour_objects,
    quick_backoff,
)
from lightning_eda_tests.servers.s3 import WEB_PAGE, Faults, FaultyProxy, S3Bucket, S3Server

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]

REPOSITORY = Path(__file__).parents[3]
FETCH_IN_A_PROCESS = """
import sys
from datetime import datetime
from pathlib import Path
from lightning_eda.glm.paths import HourFolders
from lightning_eda.glm.extract.source import fetch_hour
from lightning_eda.storage.s3.store import S3Store

endpoint_url, bucket, data_dir, hour = sys.argv[1:]
folders = HourFolders(Path(data_dir), "noaa-goes18", datetime.fromisoformat(hour))
store = S3Store(bucket, endpoint_url=endpoint_url, region="us-east-1", concurrency=4)
store.read_object("warm-up")
sys.stdout.write("ready\\n")
sys.stdout.flush()
fetch_hour(store, folders, concurrency=4)
"""


@pytest.fixture
def folders(tmp_path: Path) -> HourFolders:
    return HourFolders(tmp_path, "noaa-goes18", HOUR)


@pytest.fixture
def proxy(s3_bucket: S3Bucket) -> Iterator[FaultyProxy]:
    with FaultyProxy(s3_bucket.endpoint_url) as proxy:
        yield proxy


KILLS = 8


def store_of(bucket: S3Bucket, endpoint_url: str | None = None, tries: int = 12) -> S3Store:
    return S3Store(
        bucket.name,
        endpoint_url=endpoint_url or bucket.endpoint_url,
        region="us-east-1",
        backoff=replace(quick_backoff(), tries=tries),
        read_timeout_s=0.5,
    )


def fill(bucket: S3Bucket, objects: dict[str, bytes]) -> dict[str, bytes]:
    for key, data in objects.items():
        bucket.put(key, data)
    return objects


ALL_KINDS = ("error", "throttle", "too_many", "drop", "slow", "cut", "garbled", "wrong", "html")


@pytest.mark.parametrize("kinds", [*((kind,) for kind in ALL_KINDS), ALL_KINDS], ids="+".join)
def test_an_hour_completes_when_a_third_of_the_requests_fail(
    s3_bucket: S3Bucket, proxy: FaultyProxy, folders: HourFolders, kinds: tuple[str, ...]
):
    """Every byte is right, nothing is rejected, and a second run against the same server reads nothing."""
    objects = fill(s3_bucket, hour_objects(60 if len(kinds) > 1 else 24, size=20_000))
    proxy.faults = Faults(share=1 / 3, kinds=kinds, seed=11, slow_s=1.0)
    store = store_of(s3_bucket, proxy.endpoint_url)
    extraction = fetch_hour(store, folders, backoff=quick_backoff())
    assert files_in(folders.extract) == by_name(objects)
    assert (extraction.found, extraction.rejected, extraction.vanished) == (len(objects), (), 0)
    assert {seen.fault for seen in proxy.seen} - {""} == set(kinds)
    assert extraction.requests == len(proxy.seen) > len(objects) * 1.2
    proxy.forget()
    again = fetch_hour(store, folders, backoff=quick_backoff())
    assert (again.fetched, proxy.reads) == (0, [])
    assert again.requests == len(proxy.listings)


def test_a_cut_at_any_offset_never_leaves_a_file_that_counts(
    s3_bucket: S3Bucket, proxy: FaultyProxy, folders: HourFolders
):
    """After each cut there is no file under the granule's name and no complete record; then it heals."""
    size = 50_000
    ((key, data),) = fill(s3_bucket, hour_objects(1, size)).items()
    store = store_of(s3_bucket, proxy.endpoint_url, tries=3)
    for cut_at in [0, 8, size - 1, *Random(5).sample(range(size), 10)]:
        proxy.faults = Faults(share=1, kinds=("cut",), cut_at=cut_at, only=r"\.nc$")
        with pytest.raises(TransferError, match=f"1 of 1 granules could not be fetched.*{granule_file(0)}"):
            fetch_hour(store, folders)
        assert files_in(folders.extract) == {}
        with pytest.raises(StorageError, match="objects are still missing"):
            read_extraction(folders)
    proxy.faults = Faults()
    assert fetch_hour(store_of(s3_bucket, proxy.endpoint_url), folders).fetched == 1
    assert files_in(folders.extract) == by_name({key: data})


@pytest.mark.parametrize("kind", ["error", "wrong"])
def test_all_others_are_fetched_before_the_hour_fails(
    s3_bucket: S3Bucket, proxy: FaultyProxy, folders: HourFolders, kind: str
):
    """The error names five of seven keys and counts them; the rerun reads only what was missing."""
    objects = fill(s3_bucket, hour_objects(20))
    bad = sorted(objects)[3:10]
    proxy.faults = Faults(share=1, kinds=(kind,), only="|".join(key.rpartition("/")[2] for key in bad))
    with pytest.raises(TransferError, match=r"7 of 20 granules could not be fetched") as caught:
        fetch_hour(store_of(s3_bucket, proxy.endpoint_url), folders, backoff=quick_backoff())
    text = str(caught.value)
    assert caught.value.retryable
    assert "and 2 more" in text
    assert sum(key.rpartition("/")[2] in text.split("First failure")[0] for key in bad) == 5
    assert set(files_in(folders.extract)) == {k.rpartition("/")[2] for k in objects} - set(
        key.rpartition("/")[2] for key in bad
    )
    proxy.faults = Faults()
    proxy.forget()
    assert fetch_hour(store_of(s3_bucket, proxy.endpoint_url), folders).fetched == 7
    assert sorted(seen.path for seen in proxy.reads) == [f"/{s3_bucket.name}/{key}" for key in bad]
    assert files_in(folders.extract) == by_name(objects)


def test_objects_uploaded_in_parts_are_not_read_again_even_after_a_failed_run(
    s3_bucket: S3Bucket, proxy: FaultyProxy, folders: HourFolders
):
    """Their ETag is no MD5: the record, complete or not, holds the MD5 that the file must have."""
    objects = hour_objects(4)
    for key, data in objects.items():
        s3_bucket.put_in_parts(key, data)
    bad = min(objects)
    proxy.faults = Faults(share=1, kinds=("error",), only=granule_file(0))
    with pytest.raises(TransferError):
        fetch_hour(store_of(s3_bucket, proxy.endpoint_url), folders)
    proxy.faults = Faults()
    proxy.forget()
    assert fetch_hour(store_of(s3_bucket, proxy.endpoint_url), folders).fetched == 1
    assert [seen.path for seen in proxy.reads] == [f"/{s3_bucket.name}/{bad}"]
    proxy.forget()
    assert fetch_hour(store_of(s3_bucket, proxy.endpoint_url), folders).already_there == 4
    assert proxy.reads == []
    (folders.extract / granule_file(2)).write_bytes(granule_bytes(99))
    assert fetch_hour(store_of(s3_bucket, proxy.endpoint_url), folders).fetched == 1
    assert files_in(folders.extract) == by_name(objects)


def test_files_are_trusted_by_the_listed_md5_even_without_a_record(
    s3_bucket: S3Bucket, proxy: FaultyProxy, folders: HourFolders
):
    """A run killed before it wrote its record has lost nothing."""
    objects = fill(s3_bucket, hour_objects(5))
    fetch_hour(store_of(s3_bucket), folders)
    (folders.extract / "extract.json").unlink()
    extraction = fetch_hour(store_of(s3_bucket, proxy.endpoint_url), folders)
    assert (extraction.already_there, proxy.reads) == (len(objects), [])


def test_a_web_page_in_place_of_every_body_is_rejected_and_asked_for_again(
    s3_bucket: S3Bucket, proxy: FaultyProxy, folders: HourFolders
):
    """A login page is no granule; it is not held against the object on the next run."""
    objects = fill(s3_bucket, hour_objects(3, size=len(WEB_PAGE)))  # not even the length tells them apart
    proxy.faults = Faults(share=1, kinds=("html",), only=granule_file(1))
    extraction = fetch_hour(store_of(s3_bucket, proxy.endpoint_url), folders, backoff=quick_backoff())
    (rejected,) = extraction.rejected
    assert "not an HDF5 file" in (rejected.rejected or "")
    assert extraction.path(rejected).read_bytes().startswith(b"<!DOCTYPE html>")
    proxy.faults = Faults()
    assert fetch_hour(store_of(s3_bucket, proxy.endpoint_url), folders).fetched == 1
    assert files_in(folders.extract) == by_name(objects)
    assert list(folders.quarantine.iterdir()) == []


def test_a_file_that_is_no_granule_is_rejected_even_when_it_lies_in_the_hour(
    s3_bucket: S3Bucket, proxy: FaultyProxy, folders: HourFolders
):
    """Bytes that equal the object's are not trusted for that alone."""
    fill(s3_bucket, {PREFIX + granule_file(0): WEB_PAGE})
    folders.extract.mkdir(parents=True)
    (folders.extract / granule_file(0)).write_bytes(WEB_PAGE)
    extraction = fetch_hour(store_of(s3_bucket, proxy.endpoint_url), folders)
    assert len(extraction.rejected) == 1
    assert files_in(folders.extract) == {}
    assert files_in(folders.quarantine) == {granule_file(0): WEB_PAGE}
    proxy.forget()
    assert fetch_hour(store_of(s3_bucket, proxy.endpoint_url), folders).already_there == 1
    assert proxy.reads == []


def test_an_object_deleted_after_the_listing_is_counted_as_vanished(
    s3_bucket: S3Bucket, proxy: FaultyProxy, folders: HourFolders
):
    """404 on one key does not stop the hour."""
    fill(s3_bucket, hour_objects(6))
    doomed = PREFIX + granule_file(4)

    def delete_before_the_first_read(target: str) -> None:
        if "list-type" not in target:
            s3_bucket.delete(doomed)

    proxy.before = delete_before_the_first_read
    extraction = fetch_hour(store_of(s3_bucket, proxy.endpoint_url), folders)
    assert (extraction.found, extraction.vanished) == (5, 1)
    assert granule_file(4) not in files_in(folders.extract)


def test_a_new_etag_under_one_name_replaces_the_file(s3_bucket: S3Bucket, folders: HourFolders):
    """The same name with other bytes is another version."""
    objects = fill(s3_bucket, hour_objects(2))
    fetch_hour(store_of(s3_bucket), folders)
    changed = fill(s3_bucket, {PREFIX + granule_file(1): granule_bytes(50)})
    assert fetch_hour(store_of(s3_bucket), folders).fetched == 1
    assert files_in(folders.extract) == by_name(objects | changed)


def test_a_place_that_cannot_be_read_is_an_error_at_once_and_an_empty_hour_is_none(
    s3_server: S3Server, s3_bucket: S3Bucket, proxy: FaultyProxy, folders: HourFolders
):
    """Missing bucket and 403 take one request; a missing prefix is an hour without granules."""
    absent = S3Store("no-such-bucket-at-all", endpoint_url=s3_server.endpoint_url, region="us-east-1")
    with pytest.raises(BucketNotFoundError):
        fetch_hour(absent, folders)
    assert absent.request_count == 1
    assert not folders.extract.exists()
    assert fetch_hour(store_of(s3_bucket), folders).found == 0
    fill(s3_bucket, hour_objects(40))
    proxy.faults = Faults(share=1, kinds=("denied",), only=r"\.nc$")
    with pytest.raises(AccessDeniedError, match="GLM_SIGNED=true"):
        fetch_hour(store_of(s3_bucket, proxy.endpoint_url), folders, concurrency=2)
    assert len(proxy.reads) < 10  # the rest was not tried


@pytest.mark.slow
def test_a_killed_process_leaves_only_whole_files_and_the_next_run_completes(
    s3_bucket: S3Bucket, proxy: FaultyProxy, tmp_path: Path
):
    """Kill -9 after some files, or none: no part has a granule's name; the rerun ends as if undisturbed."""
    objects = fill(s3_bucket, hour_objects(40, size=40_000))
    s3_bucket.put("warm-up", b"x")
    proxy.faults = Faults(latency_s=0.04)
    partial = 0
    for kill in range(KILLS):
        folders = HourFolders(tmp_path / str(kill), "noaa-goes18", HOUR)
        arguments = [proxy.endpoint_url, s3_bucket.name, str(folders.data_dir), HOUR.isoformat()]
        command = [sys.executable, "-c", FETCH_IN_A_PROCESS, *arguments]
        with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            while len(list(folders.extract.glob("*.nc"))) < 4 * kill and process.poll() is None:
                time.sleep(0.002)
            process.kill()
        left = files_in(folders.extract)
        assert left.items() <= by_name(objects).items()
        partial += 0 < len(left) < len(objects)
        extraction = fetch_hour(store_of(s3_bucket), folders)
        assert extraction.fetched == len(objects) - len(left)
        assert files_in(folders.extract) == by_name(objects)
        assert read_extraction(folders) == extraction
    assert partial >= KILLS // 2  # the kills fell inside the work
