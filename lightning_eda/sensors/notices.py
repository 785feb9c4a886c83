"""One line for people: at the end of a log file, and to a web hook."""

import http.client
import json
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from lightning_eda.errors import SettingError, TransferError
from lightning_eda.storage.atomic import storage_error

TIMEOUT_S = 10.0


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

    The errors name the server and not the whole address, since that is a secret.

    Args:
        url: The address, http or https.
        text: What to say.
        setting: The variable that holds the address.
        timeout_s: Longest silence of the server, seconds.

    Raises:
        SettingError: It is no such address.
        TransferError: The server did not take it.
    """
    host = _host(url, setting)
    body = json.dumps({"text": text}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as reply:
            reply.read()
    except urllib.error.HTTPError as error:
        error.close()
        raise TransferError(f"{setting}: {host} refused the message with status {error.code}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise TransferError(f"{setting}: {host} could not be told: {reason}") from None


def _host(url: str, setting: str) -> str:
    """The server of an address; SettingError, with no more of it than the scheme, when it has none."""
    try:
        parts = urlsplit(url)
    except ValueError:  # a bracket that is not closed, for example
        raise _no_address(url.partition(":")[0], setting) from None
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme not in ("http", "https") or not host:
        raise _no_address(parts.scheme, setting)
    return host


def _no_address(scheme: str, setting: str) -> SettingError:
    return SettingError(
        setting, scheme, "an address that begins with https:// or http:// and the name of a server"
    )
