"""A web hook that answers as a test wants, byte by byte if need be."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Told:
    """One request.

    Attributes:
        method: POST, we hope.
        headers: Lower-case names.
        content: Its JSON; None without any.
    """

    method: str
    headers: dict[str, str]
    content: object


@dataclass
class Hook:
    """What came, and where it is; `sent` counts bytes of answers that the sender took.

    Attributes:
        url: Its address.
    """

    url: str
    told: list[Told] = field(default_factory=list)
    sent: int = 0
    ended: threading.Event = field(default_factory=threading.Event)


@contextmanager
def web_hook(answer: Callable[[int], Iterator[bytes]], tls: ssl.SSLContext | None = None) -> Iterator[Hook]:
    """A hook that answers the n-th request, from 1, with pieces of bytes; by https where it is given TLS."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        hook = Hook(f"http{'s' if tls else ''}://127.0.0.1:{server.getsockname()[1]}/services/secret")

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    threading.Thread(target=handle, args=(connection,), daemon=True).start()

        def handle(connection: socket.socket) -> None:
            with suppress(OSError), tls.wrap_socket(connection, True) if tls else connection as channel:
                hook.told.append(_read(channel))
                for piece in answer(len(hook.told)):
                    channel.sendall(piece)
                    hook.sent += len(piece)
            hook.ended.set()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield hook
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def status(code: int, **headers: str) -> bytes:
    """The head of an answer without a body."""
    lines = [
        f"HTTP/1.1 {code} X",
        "Content-Length: 0",
        *(f"{name}: {text}" for name, text in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _read(connection: socket.socket) -> Told:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(1) or b"\r\n\r\n"
    first, *lines = data.decode().strip().split("\r\n")
    headers = {name.lower(): text.strip() for name, _, text in (line.partition(":") for line in lines)}
    body, size = b"", int(headers.get("content-length", 0))
    while len(body) < size:
        body += connection.recv(size - len(body))
    return Told(first.split()[0], headers, json.loads(body) if body else None)
