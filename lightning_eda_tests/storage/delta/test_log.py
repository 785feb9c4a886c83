"""Logs of Delta tables: where they may be, and what is said without the package that reads them."""

import sys
from pathlib import Path

import pyarrow as pa
import pytest

from lightning_eda.errors import LakeError, LakeUnavailableError
from lightning_eda.storage.delta.log import DeltaLog
from lightning_eda.storage.folder import FolderStore
from lightning_eda.storage.s3.store import S3Store
from lightning_eda_tests.servers.refusing import refusing
from lightning_eda_tests.servers.s3 import S3Bucket
from lightning_eda_tests.support.rights import needs_users, public_folder, unprivileged, with_mode

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]
SCHEMA = pa.schema([("id", pa.int64()), ("day", pa.string())])


@pytest.mark.parametrize("prefix", ["tables/orders/", "a b/ü#?/", ""])
def test_a_log_is_where_the_prefix_says(s3_bucket: S3Bucket, prefix: str) -> None:
    """Whatever marks it has, and with a client's own credentials and server, none of the environment's."""
    store = S3Store(s3_bucket.name, client=s3_bucket.client)
    log = DeltaLog(store, prefix)
    assert log.open() is None
    assert log.make(SCHEMA, ["day"]).version() == log.make(SCHEMA, ["day"]).version() == 0
    assert [info.key for info in store.list_objects("")] == [f"{prefix}_delta_log/{0:020}.json"]


def test_a_folder_is_no_address(tmp_path: Path) -> None:
    """The marks of one mean nothing in it."""
    assert DeltaLog(FolderStore(tmp_path / "a b#?"), "t/").make(SCHEMA, ["day"]).version() == 0
    assert (tmp_path / "a b#?" / "t" / "_delta_log").is_dir()


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_a_percent_sign_is_refused(tmp_path: Path, kind: str) -> None:
    """delta-rs reads another place than it writes there."""
    store = FolderStore(tmp_path) if kind == "folder" else S3Store("lake")
    with pytest.raises(LakeError, match=r"a%20b/t cannot be a Delta table.*%"):
        DeltaLog(store, "a%20b/t/").open()


def test_the_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the extra that brings it."""
    monkeypatch.setitem(sys.modules, "deltalake", None)
    with pytest.raises(LakeError, match=r"deltalake: `pip install 'lightning_eda\[lake\]'`"):
        DeltaLog(FolderStore(tmp_path), "t/").open()


@pytest.mark.parametrize(
    ("status", "code", "advice"),
    [
        (403, "AccessDenied", r"access denied \(AccessDenied\).*; check the AWS credentials"),
        (403, "InvalidAccessKeyId", "correct AWS_ACCESS_KEY_ID"),
        (401, "Unauthorized", "check the AWS credentials"),
        (400, "ExpiredToken", "the credentials have expired: log in again"),
        (404, "NoSuchBucket", "there is no bucket s3://nowhere.*; correct THE_LAKE"),
        (301, "PermanentRedirect", "correct AWS_REGION"),
    ],
)
def test_a_refusal_is_final_and_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, status: int, code: str, advice: str
) -> None:
    """Nobody tries again what the server will refuse again; the words are those of all other requests."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with refusing(status, code) as address:
        log = DeltaLog(S3Store("nowhere", endpoint_url=address, signed=True, setting="THE_LAKE"), "lake/t/")
        with pytest.raises(
            LakeError, match=rf"^cannot use s3://nowhere/lake/t/_delta_log/: .*{advice}"
        ) as caught:
            log.open()
    assert not isinstance(caught.value, LakeUnavailableError)


@needs_users
@pytest.mark.parametrize("closed", ["t/_delta_log", "t/_delta_log/00000000000000000000.json", "t", "."])
def test_a_closed_folder_is_final_and_named(closed: str) -> None:
    """Its log, its commits, the table, or the place where it would be made."""
    with public_folder() as folder:
        log = DeltaLog(FolderStore(folder / "x", setting="THE_LAKE"), "t/")
        if closed != ".":
            log.make(SCHEMA, ["day"])
        place = folder if closed == "." else folder / "x" / closed
        words = pytest.raises(LakeError, match=rf"^{folder}/x/t.*THE_LAKE")
        with with_mode(place, 0o500), unprivileged(), words as caught:
            log.make(SCHEMA, ["day"])
    assert not caught.value.retryable
