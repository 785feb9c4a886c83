"""A text with a slash is a folder, any other a bucket."""

from pathlib import Path

import pytest

from lightning_eda.errors import (
    AccessDeniedError,
    BucketNotFoundError,
    LightningEdaError,
    ObjectNotFoundError,
    SettingError,
    StorageError,
)
from lightning_eda.resources import GlmResource
from lightning_eda.settings import Settings
from lightning_eda.storage.aws import Access
from lightning_eda.storage.folder import FolderStore
from lightning_eda.storage.places import open_store
from lightning_eda.storage.s3.store import S3Store
from lightning_eda_tests.servers.s3 import Faults, FaultyProxy, S3Bucket, S3Server

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made-up ones, as any client signs its requests to a bucket."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the folders `pairs` and `My pairs` and the file `a-file`."""
    for name in ("pairs", "My pairs"):
        (tmp_path / name).mkdir()
    (tmp_path / "a-file").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def listing_error(bucket: str, endpoint_url: str) -> LightningEdaError:
    """What comes of a listing of a bucket that BUCKET names."""
    with pytest.raises(LightningEdaError) as caught:
        list(open_store(bucket, "BUCKET", Access(endpoint_url, "us-east-1")).list_objects(""))
    return caught.value


def test_a_name_is_a_bucket_read_with_credentials() -> None:
    """At the server that is given, without a request to it yet."""
    store = open_store("my-bucket", "BUCKET", Access("http://127.0.0.1:1", "eu-west-1"))
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
    store = open_store(text, "BUCKET", Access(None, "us-east-1"))
    assert isinstance(store, FolderStore)
    assert store.root == tmp_path / place


def test_the_errors_name_the_setting(tmp_path: Path) -> None:
    """Of a folder that is not there."""
    with pytest.raises(BucketNotFoundError, match=r"absent is no folder; CSV_PATHINPUT must name one"):
        open_store(f"{tmp_path}/absent", "CSV_PATHINPUT", Access(None, "us-east-1")).list_objects("")


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize(
    ("name", "kind"), [("pairs", BucketNotFoundError), ("My pairs", StorageError)], ids=["absent", "no name"]
)
def test_no_such_bucket_says_how_the_folder_of_that_name_is_written(
    s3_server: S3Server, here: Path, name: str, kind: type[LightningEdaError]
) -> None:
    """Be the name one that a bucket can have or not."""
    error = listing_error(name, s3_server.endpoint_url)
    assert type(error) is kind
    assert f"{'there is no' if name == 'pairs' else 'no'} bucket" in str(error)
    assert "validation" not in str(error)
    assert str(error).endswith(f"; if the folder {here / name} is meant, set BUCKET to './{name}'")


@pytest.mark.usefixtures("credentials")
def test_a_bucket_of_someone_else_says_it_too(s3_server: S3Server, here: Path) -> None:
    """Plain words are names of buckets that others have."""
    with FaultyProxy(s3_server.endpoint_url, Faults(share=1, kinds=("denied",))) as proxy:
        error = listing_error("pairs", proxy.endpoint_url)
    assert type(error) is AccessDeniedError
    assert str(error).endswith(f"; if the folder {here}/pairs is meant, set BUCKET to './pairs'")


def test_missing_credentials_say_it_too(
    s3_server: S3Server, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder needs none."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(here / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(here / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    error = listing_error("pairs", s3_server.endpoint_url)
    assert type(error) is AccessDeniedError
    assert str(error).endswith(f"; if the folder {here}/pairs is meant, set BUCKET to './pairs'")


@pytest.mark.usefixtures("credentials", "here")
@pytest.mark.parametrize("name", ["absent", "a-file", "a" * 300, "a\0b"])
def test_nothing_is_said_of_a_folder_that_is_not_there(s3_server: S3Server, name: str) -> None:
    """Nor of a file, nor of a name that no folder can have."""
    assert "folder" not in str(listing_error(name, s3_server.endpoint_url))


@pytest.mark.usefixtures("credentials", "here")
def test_nothing_is_said_where_the_bucket_is_there(s3_bucket: S3Bucket) -> None:
    """An object that is absent is not looked for elsewhere, though a folder has the bucket's name."""
    Path(s3_bucket.name).mkdir()
    store = open_store(s3_bucket.name, "BUCKET", Access(s3_bucket.endpoint_url, "us-east-1"))
    with pytest.raises(ObjectNotFoundError, match=r"there is no such object$"):
        store.read_object("absent")


ACCESS_POINT = "arn:aws:s3:us-east-1:123456789012:accesspoint/lake"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("s3://my-bucket", "my-bucket"),
        (" s3://my-bucket/ ", "my-bucket"),
        ("S3A://my-bucket", "my-bucket"),
        ("arn:aws:s3:::my-bucket", "my-bucket"),
        (ACCESS_POINT, ACCESS_POINT),
        (f"s3://{ACCESS_POINT}", ACCESS_POINT),
        ("lake-x1y2z3-s3alias", "lake-x1y2z3-s3alias"),
    ],
)
def test_a_bucket_may_be_written_as_an_address_or_an_arn(here: Path, text: str, name: str) -> None:
    """As other tools write it; it is no folder then, though one has its name."""
    (here / "my-bucket").mkdir()
    store = open_store(text, "BUCKET", Access(None, "us-east-1"))
    assert isinstance(store, S3Store)
    assert (store.bucket, store.folder_advice) == (name, "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("s3://my-bucket/in/put", r"Write 'my-bucket': the folder in it, 'in/put', belongs into another"),
        ("arn:aws:s3:::my-bucket/*", r"Write 'my-bucket'"),
        ("https://my-bucket.s3.amazonaws.com/", r"allowed: the name of a bucket, such as my-bucket"),
        ("gs://my-bucket", r"allowed: the name of a bucket"),
        ("s3://", r"allowed: the name of a bucket"),
    ],
)
def test_what_is_no_bucket_says_how_one_is_written(text: str, words: str) -> None:
    """Before anything is asked of a server."""
    with pytest.raises(SettingError, match=f"^BUCKET: found .*{words}"):
        open_store(text, "BUCKET", Access(None, "us-east-1"))


@pytest.mark.parametrize("text", ["my-bucket/", "my-bucket/in"])
def test_a_folder_that_is_not_there_says_how_the_bucket_is_written(here: Path, text: str) -> None:
    """A slash at the end makes it a folder."""
    with pytest.raises(
        BucketNotFoundError, match=r"if the bucket my-bucket is meant, set BUCKET to 'my-bucket'$"
    ):
        open_store(text, "BUCKET", Access(None, "us-east-1")).list_objects("")


@pytest.mark.usefixtures("here")
def test_the_bucket_of_granules_is_taken_or_told_likewise() -> None:
    """Its name is that of folders, too, so that an access point goes by its alias."""
    glm = GlmResource(bucket="s3://noaa-goes18/")
    assert (glm.store().describe(), glm.bucket_name(), glm.own_satellites()) == (
        "s3://noaa-goes18",
        "noaa-goes18",
        ("G18",),
    )
    with pytest.raises(SettingError, match=r"S3_BUCKET: found './x'.*named by GLM_ARCHIVE_DIR"):
        GlmResource(bucket="./x").store()


@pytest.mark.parametrize(
    ("bucket", "satellites", "doubted"),
    [
        (Settings().bucket, ["G16"], False),
        ("noaa-goes17", ["G16"], True),
        ("noaa-goes17", ["G16", "G17"], False),
        ("noaa-goes17", [], False),
        ("my-mirror", ["G16"], False),
    ],
)
def test_a_bucket_beside_a_folder_is_doubted_where_it_was_chosen(
    bucket: str, satellites: list[str], doubted: bool
) -> None:
    """And names another satellite than the folder holds; the default was chosen by nobody."""
    told = GlmResource(bucket=bucket, archive_dir="archive").bucket_doubt(satellites)
    assert told.startswith(f"S3_BUCKET, {bucket}, is not read") if doubted else told == ""
    assert GlmResource(bucket=bucket).bucket_doubt(satellites) == ""
