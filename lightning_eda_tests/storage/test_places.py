"""A text with a slash is a folder, any other a bucket."""

from pathlib import Path

import pytest

from lightning_eda.errors import BucketNotFoundError
from lightning_eda.storage.folder import FolderStore
from lightning_eda.storage.places import open_store
from lightning_eda.storage.s3 import S3Store


def test_a_name_is_a_bucket_read_with_credentials() -> None:
    """At the server that is given, without a request to it yet."""
    store = open_store("my-bucket", "BUCKET", "http://127.0.0.1:1", "eu-west-1")
    assert isinstance(store, S3Store)
    assert store.describe() == "s3://my-bucket at http://127.0.0.1:1"
    assert (store.signed, store.request_count) == (True, 0)


@pytest.mark.parametrize(
    ("text", "place"), [("~/files", "home/files"), ("./files", "here/files"), ("files/", "here/files")]
)
def test_a_text_with_a_slash_is_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, place: str
) -> None:
    """Absolute from the start, so it stays the same wherever the process goes."""
    (tmp_path / "here").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "here")
    store = open_store(text, "BUCKET", None, "us-east-1")
    assert isinstance(store, FolderStore)
    assert store.root == tmp_path / place


def test_the_errors_name_the_setting(tmp_path: Path) -> None:
    """Of a folder that is not there."""
    with pytest.raises(BucketNotFoundError, match=r"absent is no folder; CSV_PATHINPUT must name one"):
        open_store(f"{tmp_path}/absent", "CSV_PATHINPUT", None, "us-east-1").list_objects("")
