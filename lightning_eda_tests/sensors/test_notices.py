"""Lines in a file and at a web hook, real ones on loopback."""

import ssl
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lightning_eda.errors import SettingError, TransferError
from lightning_eda.sensors.notices import append_line, post_text
from lightning_eda_tests.sensors.web_hooks import status, web_hook


def test_lines_are_added_in_a_new_folder(tmp_path: Path) -> None:
    """As UTF-8, one after the other."""
    path = tmp_path / "a" / "notes.log"
    append_line(path, "föhn")
    append_line(path, "雷")
    assert path.read_bytes().decode() == "föhn\n雷\n"


@pytest.mark.parametrize(
    "url", ["", "hooks.example/secret", "ftp://hooks.example/secret", "https:///secret", "http://[secret"]
)
def test_what_is_no_web_address_is_a_mistake_in_the_setting(url: str) -> None:
    """The error names the setting and what it may be, and not the address, since that is a secret."""
    with pytest.raises(SettingError, match=r"HOOK: .*begins with https:// or http://") as caught:
        post_text(url, "hello", "HOOK")
    assert "secret" not in str(caught.value)


def test_a_server_that_is_not_there_is_named() -> None:
    """Without the rest of the address."""
    with pytest.raises(TransferError, match=r"HOOK: 127\.0\.0\.1:1 could not be told") as caught:
        post_text("http://me:secret@127.0.0.1:1/secret", "hello", "HOOK")
    assert "secret" not in str(caught.value)


def test_a_redirect_that_keeps_the_method_is_followed_with_the_message() -> None:
    """307 and 308, to another server too; the login of the first stays with it."""
    with web_hook(lambda _: iter([status(200)])) as there:
        for code in (307, 308):
            with web_hook(lambda _, code=code: iter([status(code, Location=there.url)])) as here:
                post_text(here.url.replace("//", "//me:p%40ss@"), "hello", "HOOK")
                assert here.told[0].headers["authorization"] == "Basic bWU6cEBzcw=="  # me:p@ss
        assert [(told.method, told.content) for told in there.told] == [("POST", {"text": "hello"})] * 2
        assert all("authorization" not in told.headers for told in there.told)


@pytest.mark.parametrize("code", [301, 302, 303])
def test_a_redirect_that_drops_the_message_is_an_error(code: int) -> None:
    """It is not counted as told: a GET of the new address would say nothing."""
    with web_hook(lambda _: iter([status(200)])) as there:
        elsewhere = status(code, Location=there.url)
        refused = pytest.raises(TransferError, match=f"refused the message with status {code}")
        with web_hook(lambda _: iter([elsewhere])) as here, refused:
            post_text(here.url, "hello", "HOOK")
        assert there.told == []


@pytest.mark.parametrize("place", ["/again", "ftp://127.0.0.1/x", "file:///etc/passwd"])
def test_redirects_without_an_end_and_to_elsewhere_are_errors(place: str) -> None:
    """After four requests; and no other scheme is ever opened."""
    with web_hook(lambda _: iter([status(307, Location=place)])) as here:
        with pytest.raises(TransferError, match="HOOK: 127"):
            post_text(here.url, "hello", "HOOK")
        assert len(here.told) == (4 if place == "/again" else 1)


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """The server's side of https at 127.0.0.1, whose certificate is trusted here."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string("CN=hook")
    now, day, path = datetime.now(UTC), timedelta(days=1), tmp_path / "hook.pem"
    where = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - day).not_valid_after(now + day)
    certificate = builder.add_extension(where, critical=False).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(certificate.public_bytes(pem) + key.private_bytes(pem, *plain))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def test_what_went_by_https_goes_nowhere_without_it(tls: ssl.SSLContext) -> None:
    """The message and the address are secrets; from http to https it is followed."""
    with web_hook(lambda _: iter([status(200)])) as there:
        away = status(307, Location=there.url)
        refused = pytest.raises(TransferError, match="at an address that is not https")
        with web_hook(lambda _: iter([away]), tls) as here, refused:
            post_text(here.url, "hello", "HOOK")
        assert (len(here.told), there.told) == (1, [])
    with web_hook(lambda _: iter([status(200)]), tls) as there:
        with web_hook(lambda _: iter([status(308, Location=there.url)])) as here:
            post_text(here.url, "hello", "HOOK")
        assert [told.content for told in there.told] == [{"text": "hello"}]


def drip(head: bytes):
    """An answer byte by byte, for ever."""
    while True:
        yield head
        time.sleep(0.02)


@pytest.mark.parametrize("head", [b"H", b"HTTP/1.1 200 OK\r\nX: y\r\n"], ids=["status", "headers"])
def test_an_answer_byte_by_byte_ends_with_the_time_for_all(head: bytes) -> None:
    """Though no single wait is long; and the connection does not live on."""
    with web_hook(lambda _: drip(head)) as here:
        begin = time.monotonic()
        with pytest.raises(TransferError, match=r"127\.0\.0\.1:\d+ could not be told"):
            post_text(here.url, "hello", "HOOK", timeout_s=0.5)
        assert time.monotonic() - begin < 3
        assert here.ended.wait(10)


def endless(code: int):
    """A head, and a body of a terabyte."""
    yield f"HTTP/1.1 {code} X\r\nContent-Length: {1 << 40}\r\nLocation: /again\r\n\r\n".encode()
    while True:
        yield bytes(1 << 16)


@pytest.mark.parametrize("code", [200, 307, 403])
def test_no_more_of_an_answer_is_read_than_its_head(code: int) -> None:
    """Be it taken, sent elsewhere or refused: what the sockets hold is all that is sent."""
    with web_hook(lambda number: endless(code if number == 1 else 200)) as here:
        with suppress(TransferError):
            post_text(here.url, "hello", "HOOK")
        assert here.ended.wait(10)
        assert here.sent < 50 << 20


def test_what_may_pass_is_tried_again_and_no_more_than_three_times() -> None:
    """A server that is busy, or was asked too often; what it refuses is asked once."""
    with web_hook(lambda number: iter([status((429, 503, 200)[number - 1])])) as busy:
        post_text(busy.url, "hello", "HOOK")
        assert len(busy.told) == 3
    for code, times in ((500, 3), (404, 1)):
        with web_hook(lambda _, code=code: iter([status(code)])) as here:
            with pytest.raises(TransferError, match=f"status {code}"):
                post_text(here.url, "hello", "HOOK")
            assert len(here.told) == times


def test_what_chat_programs_act_on_is_only_text() -> None:
    """Commands, links and calls to people, of a key that a stranger chose."""
    text = "s3://b/<!channel> <@U1> <http://evil|us> @here @all & me@example.org"
    with web_hook(lambda _: iter([status(200)])) as here:
        post_text(here.url, text, "HOOK")
    (told,) = here.told
    shown = told.content["text"]
    assert "<" not in shown and "@here" not in shown and "@all" not in shown
    assert (
        shown.replace("\N{ZERO WIDTH SPACE}", "")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
        == text
    )


@pytest.mark.parametrize(
    "url", ["http://me:s3cr@t/x@127.0.0.1:1/", "http://me:s3cr@127.0.0.1:x/", "http://s3cr@[/"]
)
def test_a_password_in_the_address_is_never_shown(url: str) -> None:
    """Whatever is wrong with the address."""
    with pytest.raises((TransferError, SettingError)) as caught:
        post_text(url, "hello", "HOOK")
    assert "s3cr" not in str(caught.value)
