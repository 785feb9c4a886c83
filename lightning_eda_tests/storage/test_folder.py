import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lightning_eda.errors import AccessDeniedError, BucketNotFoundError, ObjectNotFoundError, StorageError
from lightning_eda.storage.folder import FolderStore
from lightning_eda_tests.support.rights import needs_users, public_folder, unprivileged, with_mode


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    root = tmp_path / "noaa-goes18"
    for key in ("P/2022/365/05/a.nc", "P/2022/365/05/b.nc", "P/2022/365/06/c.nc"):
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_bytes(key.encode())
    (tmp_path / "secret").write_bytes(b"secret")
    return root


def keys(root: Path, prefix: str) -> list[str]:
    return [info.key for info in FolderStore(root).list_objects(prefix)]


def test_a_prefix_selects_keys_as_in_a_bucket(archive: Path):
    """A prefix is the beginning of a key, not only a folder; keys come in order."""
    assert keys(archive, "P/2022/365/05/") == ["P/2022/365/05/a.nc", "P/2022/365/05/b.nc"]
    assert keys(archive, "P/2022/365/05/b") == ["P/2022/365/05/b.nc"]
    assert len(keys(archive, "")) == 3
    assert keys(archive, "P/2023/001/00/") == []
    assert keys(archive, "P/2022/365/05/a.nc/x") == []


def test_a_listing_tells_size_time_and_a_version_that_is_no_md5(archive: Path):
    """The etag changes with the bytes and cannot be taken for an MD5."""
    path = archive / "P/2022/365/05/a.nc"
    os.utime(path, (1_700_000_000, 1_700_000_000))
    store = FolderStore(archive)
    (info,) = store.list_objects("P/2022/365/05/a.nc")
    assert (info.size, info.etag) == (18, "18-1700000000000000000")
    assert info.last_modified == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert store.expected_md5(info) is None
    assert store.read_object(info.key) == b"P/2022/365/05/a.nc"


def test_a_root_that_is_no_folder_is_an_error(archive: Path, tmp_path: Path):
    """An absent root, or a file in its place, is not an empty archive."""
    for root in (tmp_path / "absent", tmp_path / "secret"):
        with pytest.raises(BucketNotFoundError, match="GLM_ARCHIVE_DIR"):
            FolderStore(root).list_objects("")


@pytest.mark.parametrize("key", ["../secret", "P/../../secret", "/etc/passwd", "P/2022/\0"])
def test_no_key_leads_out_of_the_root(archive: Path, key: str):
    """Dots, absolute names and null characters are refused in reading and in listing."""
    store = FolderStore(archive)
    with pytest.raises(StorageError):
        store.read_object(key)
    with pytest.raises(StorageError):
        store.list_objects(key + "/")


def test_backslashes_are_ordinary_characters(archive: Path):
    """On a POSIX system such a key names an absent file in the root."""
    with pytest.raises(ObjectNotFoundError):
        FolderStore(archive).read_object("..\\..\\secret")


def test_links_are_followed(archive: Path, tmp_path: Path):
    """To files and to whole hours, within the root and out of it: the archive's owner made them."""
    (archive / "P/2022/365/06/link.nc").symlink_to(archive / "P/2022/365/05/a.nc")
    (archive / "P/2022/365/06/out.nc").symlink_to(tmp_path / "secret")
    names = ["c.nc", "link.nc", "out.nc"]
    assert keys(archive, "P/2022/365/06/") == [f"P/2022/365/06/{name}" for name in names]
    store = FolderStore(archive)
    assert store.read_object("P/2022/365/06/link.nc") == b"P/2022/365/05/a.nc"
    assert store.read_object("P/2022/365/06/out.nc") == (tmp_path / "secret").read_bytes()
    (archive / "P/2022/364").symlink_to(archive / "P/2022/365/06")
    assert keys(archive, "P/2022/364/") == [f"P/2022/364/{name}" for name in names]


def test_what_is_no_regular_file_is_not_listed(archive: Path):
    """A pipe would block a reader for ever; links to nothing and in a circle hold no bytes."""
    hour = archive / "P/2022/365/07"
    hour.mkdir()
    os.mkfifo(hour / "pipe.nc")
    (hour / "dangling.nc").symlink_to(hour / "absent")
    (hour / "folder.nc").mkdir()
    assert keys(archive, "P/2022/365/07/") == []
    with pytest.raises(ObjectNotFoundError):
        FolderStore(archive).read_object("P/2022/365/07/pipe.nc")
    (hour / "circle.nc").symlink_to(hour / "circle.nc")
    assert keys(archive, "P/2022/365/07/") == []
    with pytest.raises((ObjectNotFoundError, StorageError)):
        FolderStore(archive).read_object("P/2022/365/07/circle.nc")


def test_a_folder_counts_when_there_is_a_file_in_it(archive: Path):
    """As in a bucket, where an empty folder is nothing: a disk that is not mounted leaves one."""
    store = FolderStore(archive)
    (archive / "Q/2022").mkdir(parents=True)
    found = [store.has_folder(prefix) for prefix in ("P/", "P/2022/", "Q/", "R/")]
    assert found == [True, True, False, False]


@needs_users
def test_what_may_not_be_looked_at_is_never_an_empty_listing():
    """Nor is it a raw error: be it the root, a folder in it, or the facts of a file."""
    with public_folder() as folder:
        root = folder / "outer/root"
        key = "P/closed/a.nc"
        (root / key).parent.mkdir(parents=True)
        (root / key).write_bytes(b"a")
        store = FolderStore(root)
        for closed, mode in ((folder / "outer", 0o700), (root / "P", 0o700), (root / "P/closed", 0o744)):
            with with_mode(closed, mode), unprivileged():
                for ask in (store.list_objects, store.has_folder):
                    with pytest.raises(AccessDeniedError, match="may not be listed"):
                        ask("P/closed/")
                for ask in (store.read_object, store.stat_object):
                    with pytest.raises(AccessDeniedError, match=r"a\.nc may not be read"):
                        ask(key)


def test_a_name_that_is_too_long_is_a_storage_error(archive: Path):
    """Whatever is asked of it."""
    long = "a" * 300
    for ask in (FolderStore(archive / long).list_objects, FolderStore(archive).read_object):
        with pytest.raises(StorageError, match="name too long"):
            ask(long)


def test_a_root_that_is_a_link_is_followed(archive: Path, tmp_path: Path):
    """The user chose the root: where it lies does not matter."""
    (tmp_path / "link").symlink_to(archive)
    store = FolderStore(tmp_path / "link")
    assert [store.read_object(i.key) for i in store.list_objects("P/2022/365/06/")] == [b"P/2022/365/06/c.nc"]
    assert (store.describe(), store.url("k")) == (f"the folder {tmp_path}/link", f"{tmp_path}/link/k")
