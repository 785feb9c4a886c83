"""What AWS, or the machine's own AWS settings, have against a request is said in its own words."""

from pathlib import Path

import pytest

from lightning_eda.errors import (
    AccessDeniedError,
    LightningEdaError,
    SettingError,
    StorageError,
    TransferError,
)
from lightning_eda.resources import build_resources
from lightning_eda.settings import Settings
from lightning_eda.storage.aws import Access
from lightning_eda.storage.backoff import Backoff
from lightning_eda.storage.s3.store import S3Store
from lightning_eda.tables.glue.requests import GlueRequests, glue_client
from lightning_eda.tables.task import Servers
from lightning_eda.texts import without_login
from lightning_eda_tests.servers.refusing import refusing
from lightning_eda_tests.servers.s3 import S3Bucket

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]

QUICK = Backoff(2, 0.001, 0.002)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made-up ones, and no settings of the machine."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    for name in ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)


def store(endpoint_url: str | None, region: str | None = "us-east-1", bucket: str = "b") -> S3Store:
    return S3Store(bucket, True, endpoint_url, region, backoff=QUICK, setting="BUCKET")


def refusals(region: str | None = None) -> list[LightningEdaError]:
    """What S3, Glue, and the choice of the region raise."""
    found = []
    for ask in (
        lambda: store("http://127.0.0.1:1", region).read_object("k"),
        lambda: glue_client(Access("http://127.0.0.1:1", region)),
        lambda: Servers(Access(region=region), "http://127.0.0.1:1").glue_client(),
    ):
        with pytest.raises(LightningEdaError) as caught:
            ask()
        found.append(caught.value)
    return found


def test_a_profile_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch):
    """With a Glue table and without."""
    monkeypatch.setenv("AWS_PROFILE", "of-another-day")
    for error in refusals():
        assert isinstance(error, SettingError)
        assert str(error).startswith(
            "AWS_PROFILE: found 'of-another-day'; allowed: a profile of ~/.aws/config"
        )


@pytest.mark.parametrize("content", [b"[default\nregion = us-east-1\n", b"\xff\xfe[default]\n"])
def test_a_damaged_file_of_settings_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes):
    """Likewise."""
    path = tmp_path / "config"
    path.write_bytes(content)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    for error in refusals():
        assert str(error).startswith(f"{path} is damaged: AWS settings cannot be read from it; mend it")


def test_a_bad_region_is_not_a_bad_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Of the variable, or of the file, and told as such."""
    for error in refusals("us east 1"):
        assert str(error) == "AWS_REGION: found 'us east 1'; allowed: a region such as us-east-1."
    path = tmp_path / "config"
    path.write_text("[default]\nregion = eu west\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    for error in refusals():
        assert str(error).startswith("AWS_REGION: found 'eu west'")
        assert "AWS_ENDPOINT_URL" not in str(error)


@pytest.mark.parametrize(
    ("variables", "config", "words"),
    [
        (
            {"AWS_ACCESS_KEY_ID": "", "AWS_PROFILE": "a"},
            "[profile a]\nsource_profile = b\nrole_arn = r\n",
            "'b'|\"b\"",
        ),
        (
            {"AWS_ACCESS_KEY_ID": "", "AWS_PROFILE": "s"},
            "[profile s]\nsso_session = q\nsso_account_id = 1\n",
            "q",
        ),
        ({"AWS_SECRET_ACCESS_KEY": ""}, "", "AWS_SECRET_ACCESS_KEY"),
    ],
)
def test_other_settings_that_boto3_refuses_are_our_errors(monkeypatch, tmp_path, variables, config, words):
    """No exception of boto3 leaves either client."""
    (tmp_path / "config").write_text(config)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name, value in variables.items():
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name)
    for ask in (lambda: store("http://127.0.0.1:1").read_object("k"), lambda: _tables("http://127.0.0.1:1")):
        with pytest.raises(LightningEdaError, match=words):
            ask()


def _tables(endpoint_url: str) -> object:
    client = glue_client(Access(endpoint_url, "us-east-1"))
    return GlueRequests("d.t", QUICK).ask(lambda: client.get_table(DatabaseName="d", Name="t"))


@pytest.mark.parametrize(
    ("status", "code", "kind", "words"),
    [
        (403, "SignatureDoesNotMatch", AccessDeniedError, "the secret key is not that of the access key"),
        (403, "RequestTimeTooSkewed", AccessDeniedError, "this machine's clock differs"),
        (400, "ExpiredToken", AccessDeniedError, "the credentials have expired: log in again"),
        (403, "InvalidAccessKeyId", AccessDeniedError, "the server does not know the access key"),
        (400, "InvalidToken", AccessDeniedError, "the session token is not valid"),
        (403, "AccountProblem", AccessDeniedError, "AWS has closed the account"),
        (403, "NotSignedUp", AccessDeniedError, "AWS has closed the account"),
        (400, "KMS.DisabledException", AccessDeniedError, "its KMS key refuses: allow kms:Decrypt"),
        (400, "KMS.NotFoundException", AccessDeniedError, "its KMS key refuses"),
        (400, "IllegalLocationConstraintException", StorageError, "in another region: correct AWS_REGION"),
        (403, "AccessDenied", AccessDeniedError, r"\(AccessDenied\): on purpose; check the AWS credentials"),
    ],
)
def test_each_refusal_has_its_own_advice(status: int, code: str, kind: type[LightningEdaError], words: str):
    """Not all that is forbidden is a matter of credentials."""
    with refusing(status, code) as address, pytest.raises(kind, match=words):
        store(address).read_object("k")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("UnrecognizedClientException", "the server does not know the access key"),
        ("ExpiredTokenException", "the credentials have expired"),
        ("InvalidSignatureException", "the secret key is not that .*clock"),
    ],
)
def test_each_refusal_of_glue_too(code: str, words: str):
    """By the same words."""
    with refusing(400, code) as address, pytest.raises(AccessDeniedError, match=words):
        _tables(address)


def test_an_object_in_an_archive_is_to_be_restored(s3_bucket: S3Bucket):
    """Glacier is no matter of credentials; for reading whole and for streaming."""
    s3_bucket.client.put_object(Bucket=s3_bucket.name, Key="old", Body=b"x", StorageClass="GLACIER")
    archive = store(s3_bucket.endpoint_url, bucket=s3_bucket.name)
    (info,) = archive.list_objects("")
    for ask in (lambda: archive.read_object("old"), lambda: archive.open_object(info).read()):
        with pytest.raises(StorageError, match=r"/old: it is archived.*: restore it") as caught:
            ask()
        assert not isinstance(caught.value, AccessDeniedError)


ADDRESSES = [
    "http://me:s3cr@t/x@127.0.0.1:1",
    "http://s3cr@127.0.0.1:1",
    "me:s3cr@127.0.0.1:1",
    "http://me:s3cr@",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_password_in_an_address_is_never_shown(address: str):
    """Neither by errors nor by what the launchpad offers; requests never used it."""
    settings = Settings.from_mapping({"AWS_ENDPOINT_URL": address})
    shown = [repr(settings), *(repr(resource) for resource in build_resources(settings).values())]
    assert "127.0.0.1:1" in without_login(address) or address.endswith("@")
    for ask in (lambda: store(address).read_object("k"), lambda: _tables(address)):
        with pytest.raises(LightningEdaError) as caught:
            ask()
        shown += [str(caught.value), store(address).describe()]
    assert not [text for text in shown if "s3cr" in text]


def test_an_address_without_a_password_stays():
    """As it is."""
    assert without_login("https://minio.example:9000/path") == "https://minio.example:9000/path"


def test_a_server_that_does_not_answer_says_which_region_was_asked(monkeypatch: pytest.MonkeyPatch):
    """A region that AWS does not have is a server that nobody has."""
    monkeypatch.setattr("socket.getaddrinfo", lambda *_: (_ for _ in ()).throw(OSError("no such host")))
    with pytest.raises(TransferError, match=r"check the network and AWS_REGION \(us-eest-1\)"):
        store(None, "us-eest-1").read_object("k")
