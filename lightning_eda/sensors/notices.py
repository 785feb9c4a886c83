"""One line for people: at the end of a log file, and to a web hook."""

import http.client
import json
import re
import socket
import time
import urllib.error
import urllib.request
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import IO, NoReturn
from urllib.parse import SplitResult, unquote, urlsplit

from lightning_eda.errors import SettingError, TransferError
from lightning_eda.storage.atomic import storage_error
from lightning_eda.texts import without_login

TIMEOUT_S = 10.0
TRIES = 3
PAUSE_S = 0.5
MOST_REDIRECTS = 3
POST_AGAIN = (307, 308)  # what a redirect with these asks for. Source: RFC 9110, 15.4.8 and 15.4.9
MENTION = re.compile(r"@(?=\w)")


def append_line(path: Path, line: str) -> None:
    """Adds a line to a text file, which is made when it is not there.

    Raises:
        StorageError: The system refused.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(f"{line}\n".encode())  # one write, so lines of several processes do not mix
    except OSError as error:
        raise storage_error(path, error) from error


def post_text(url: str, text: str, setting: str, timeout_s: float = TIMEOUT_S) -> None:
    """Sends {"text": text} as JSON, which Slack, Mattermost and their like show as a message.

    What may pass is tried again. No more of the answer is read than its status and headers. The errors name
    the server and not the whole address, since that is a secret.

    Args:
        url: The address, http or https; a user and password in it are sent as HTTP asks for.
        text: What to say; what chat programs take for a command or a call to people is written so that it
            is none.
        setting: The variable that holds the address.
        timeout_s: Time for all tries, redirects and waiting together, seconds.

    Raises:
        SettingError: It is no such address.
        TransferError: The server did not take it.
    """
    host = _checked(url, setting).netloc.rpartition("@")[2]
    message = _Message(url, json.dumps({"text": for_chat(text)}).encode(), timeout_s)
    # In a thread, since neither the look-up of a name nor an answer byte by byte keeps to a time.
    thread = Thread(target=message.send, name="web hook", daemon=True)
    thread.start()
    thread.join(timeout_s)
    if thread.is_alive():
        message.cut()
        message.problem = "could not be told: timed out"
    if message.problem:
        raise TransferError(f"{setting}: {host} {message.problem}")


def for_chat(text: str) -> str:
    """A text in which chat programs find no command, link or call to people such as @here.

    Sources: Slack, "Formatting text for app surfaces" (escape &, < and >); Mattermost, "Mention people".
    """
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return MENTION.sub("@\N{ZERO WIDTH SPACE}", escaped)


class _Moved(Exception):  # noqa: N818 - no error: where to post again
    """The server asks for the same message at another address."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """urllib would get the new address, without the message, and read all of the old one's answer."""

    def redirect_request(
        self,
        req: urllib.request.Request,  # noqa: ARG002 - urllib passes it
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> NoReturn:
        """Raises `_Moved`, or what becomes a refusal."""
        fp.close()
        if code in POST_AGAIN:
            raise _Moved(newurl)
        raise urllib.error.HTTPError(newurl, code, msg, headers, None)


class _Message:
    """A message on its way, in a thread of its own.

    Attributes:
        problem: What became of it, for the end of an error; "" when it was taken.
    """

    def __init__(self, url: str, body: bytes, timeout_s: float) -> None:
        self.problem = ""
        self._url, self._body, self._end = url, body, time.monotonic() + timeout_s
        self._sockets: list[socket.socket] = []
        self._opener = urllib.request.build_opener(_NoRedirects, *_watched(self._sockets))

    def send(self) -> None:
        """Sends it; tried again while there is time and the failure may pass."""
        for tried in range(1, TRIES + 1):
            may_pass = self._try()
            if not may_pass or tried == TRIES or time.monotonic() + PAUSE_S * tried > self._end:
                return
            time.sleep(PAUSE_S * tried)

    def cut(self) -> None:
        """Ends the connections, so that the thread ends too."""
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _try(self) -> bool:
        """Sends it once; whether it failed and that may pass."""
        try:
            self._post(self._url)
        except urllib.error.HTTPError as error:
            error.close()
            self.problem = f"refused the message with status {error.code}"
            return error.code == 429 or error.code >= 500
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            self.problem = f"could not be told: {without_login(str(reason))}"
            return not isinstance(reason, TimeoutError | ValueError)
        self.problem = ""
        return False

    def _post(self, url: str) -> None:
        """Sends it to an address, and to those the server names in its place."""
        first = urlsplit(url)
        for _ in range(1 + MOST_REDIRECTS):
            try:
                self._opener.open(
                    _request(url, self._body), timeout=max(self._end - time.monotonic(), 0.01)
                ).close()
            except _Moved as moved:
                url = str(moved)
                if urlsplit(url).scheme not in {first.scheme, "https"}:
                    raise ValueError("it wants the message at an address that is not https") from None
            else:
                return
        raise ValueError(f"it wants the message elsewhere more than {MOST_REDIRECTS} times")


def _request(url: str, body: bytes) -> urllib.request.Request:
    """The request; a user and password of the address go into its header."""
    parts = urlsplit(url)
    login, _, host = parts.netloc.rpartition("@")
    headers = {"Content-Type": "application/json"}
    if login:
        headers["Authorization"] = f"Basic {b64encode(unquote(login).encode()).decode()}"
    address = parts._replace(netloc=host, fragment="").geturl()
    return urllib.request.Request(address, body, headers, method="POST")


def _watched(sockets: list[socket.socket]) -> list[type[urllib.request.BaseHandler]]:
    """Handlers of http and https that keep the sockets they open."""

    class Plain(http.client.HTTPConnection):
        def connect(self) -> None:
            super().connect()
            sockets.append(self.sock)

    class Secure(http.client.HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            sockets.append(self.sock)

    class PlainHandler(urllib.request.HTTPHandler):
        def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(Plain, req)

    class SecureHandler(urllib.request.HTTPSHandler):
        def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(Secure, req)

    return [PlainHandler, SecureHandler]


def _checked(url: str, setting: str) -> SplitResult:
    """The parts of an address; SettingError, with no more of it than the scheme, when it has no server."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - one that is no number is an error
    except ValueError:  # a bracket that is not closed, for example
        raise _no_address(url.partition(":")[0], setting) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _no_address(parts.scheme, setting)
    return parts


def _no_address(scheme: str, setting: str) -> SettingError:
    return SettingError(
        setting, scheme, "an address that begins with https:// or http:// and the name of a server"
    )
