"""A proxy in front of a server of S3 and Glue that misbehaves on purpose."""

import http.client
import json
import re
import threading
import time
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any, Self
from urllib.parse import unquote, urlsplit

HOST = "127.0.0.1"

# What a fault does, by name:
#   error      500 InternalError           throttle   503 SlowDown          too_many   429
#   timeout    400 RequestTimeout
#   drop       closes without an answer    slow       waits `slow_s`, then answers
#   lost       does what was asked, and closes without an answer
#   cut        closes inside the body      garbled    one byte of the body is changed
#   wrong      as garbled, and S3's own checksum headers are left out, as older objects have none
#   missing    404 NoSuchKey               denied     403 AccessDenied
#   html       200 with a web page in place of the object
#   unsaid     200, and Glue says of no partition whether it is there
REFUSALS = {
    "error": (500, "InternalError"),
    "throttle": (503, "SlowDown"),
    "too_many": (429, "TooManyRequests"),
    "timeout": (400, "RequestTimeout"),
    "missing": (404, "NoSuchKey"),
    "denied": (403, "AccessDenied"),
}
# Glue tells its errors by their codes: the status is 400 for all but its own failures. Source: AWS Glue API.
GLUE_REFUSALS = {
    "error": (500, "InternalServiceException"),
    "throttle": (400, "ThrottlingException"),
    "too_many": (429, "TooManyRequests"),
    "timeout": (400, "OperationTimeoutException"),
    "missing": (400, "EntityNotFoundException"),
    "denied": (400, "AccessDeniedException"),
}
GLUE_JSON = "application/x-amz-json-1.1"
WEB_PAGE = b"<!DOCTYPE html><html><body>Please log in to this network</body></html>"
OBJECT_ONLY = frozenset(
    {"wrong", "garbled", "missing", "html"}
)  # a listing has no checksum: changing it proves nothing


@dataclass(frozen=True)
class Faults:
    """How a proxy misbehaves. The same seed hits the n-th request of a path the same way in every run.

    Attributes:
        share: Part of the requests that fail, 0 to 1.
        kinds: Faults to draw from.
        seed: Seed of the draws.
        only: Regular expression of the requests that may fail, each as "METHOD /path?query", and
            "POST / Operation" for Glue.
        at: Numbers of the requests that may fail, from 1 since the proxy was made or `forget`; None for all.
        latency_s: Added to every request, seconds.
        slow_s: How long a "slow" answer waits, seconds.
        cut_at: Byte of the body where "cut" closes; drawn when None.
        ignored: Headers of requests that the server behind does not know, in small letters.
    """

    share: float = 0.0
    kinds: tuple[str, ...] = ("error", "throttle", "slow", "cut", "wrong")
    seed: int = 0
    only: str = ""
    at: Container[int] | None = None
    latency_s: float = 0.0
    slow_s: float = 1.0
    cut_at: int | None = None
    ignored: Container[str] = ()


@dataclass(frozen=True)
class Seen:
    """One request that came to a proxy.

    Attributes:
        method: GET, PUT, ...
        path: Unquoted path, bucket first.
        query: Query string.
        authorization: The Authorization header; None when there was none.
        fault: The fault it met, "" for none.
        operation: What Glue is asked for, "GetTable" and so on; "" for a request to S3.
    """

    method: str
    path: str
    query: str
    authorization: str | None
    fault: str
    operation: str = ""

    @property
    def is_listing(self) -> bool:
        """Whether it asked for a listing rather than an object."""
        return "list-type" in self.query


@dataclass
class FaultyProxy:
    """An HTTP proxy on loopback in front of one server; a context manager.

    Attributes:
        upstream: Address of the real server.
        faults: How to misbehave; may be replaced while it runs.
        seen: Every request, in order of arrival.
        before: Called with the path and query of each request before it is forwarded.
        after: Called with them when the server has answered, before the client has.
    """

    upstream: str
    faults: Faults = field(default_factory=Faults)
    seen: list[Seen] = field(default_factory=list)
    before: Callable[[str], None] | None = None
    after: Callable[[str], None] | None = None
    _visits: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        self._server = _Server((HOST, 0), _Handler)
        self._server.proxy = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def endpoint_url(self) -> str:
        """Its address."""
        return f"http://{HOST}:{self._server.server_address[1]}"

    @property
    def reads(self) -> list[Seen]:
        """The GETs of objects."""
        return [seen for seen in self.seen if seen.method == "GET" and not seen.is_listing]

    @property
    def listings(self) -> list[Seen]:
        """The GETs of listings."""
        return [seen for seen in self.seen if seen.is_listing]

    def forget(self) -> None:
        """Empties `seen`."""
        with self._lock:
            self.seen.clear()

    def draw(
        self, method: str, target: str, authorization: str | None, operation: str = ""
    ) -> tuple[str, Random]:
        """Records a request and decides its fault."""
        faults = self.faults
        split = urlsplit(target)
        is_listing = "list-type" in split.query
        # The bucket has a new name in every run: the draw must not depend on it.
        subject = (
            f"{method} listing" if is_listing else f"{method} {split.path.lstrip('/').partition('/')[2]}"
        ) + operation
        request = f"{method} {unquote(target)} {operation}".rstrip()
        with self._lock:
            visit = self._visits[subject] = self._visits.get(subject, 0) + 1
            random = Random(f"{faults.seed} {subject} {visit}")
            kinds = [kind for kind in faults.kinds if not (is_listing and kind in OBJECT_ONLY)]
            due = faults.at is None or len(self.seen) + 1 in faults.at
            hit = kinds and due and random.random() < faults.share and re.search(faults.only, request)
            fault = random.choice(kinds) if hit else ""
            self.seen.append(Seen(method, unquote(split.path), split.query, authorization, fault, operation))
        return fault, random


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    proxy: FaultyProxy

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: clients that give up are what this is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server
    upstream: http.client.HTTPConnection | None = None

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""

    def _forward(self) -> None:
        proxy = self.server.proxy
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        fault, random = proxy.draw(self.command, self.path, self.headers.get("Authorization"), operation)
        if proxy.before is not None:
            proxy.before(unquote(self.path))
        time.sleep(proxy.faults.latency_s + (proxy.faults.slow_s if fault == "slow" else 0.0))
        if fault == "drop":
            self.close_connection = True
        elif fault in REFUSALS:
            self._refuse(fault, operation)
        elif fault == "unsaid":
            unsaid = {"Partitions": [], "UnprocessedKeys": json.loads(body)["PartitionsToGet"]}
            self._answer(200, [("Content-Type", GLUE_JSON)], json.dumps(unsaid).encode())
        elif fault == "html":
            self._answer(200, [("Content-Type", "text/html")], WEB_PAGE)
        else:
            status, headers, data = self._ask(body)
            if proxy.after is not None:
                proxy.after(unquote(self.path))
            if fault == "lost":
                self.close_connection = True
                return
            if fault == "wrong":
                headers = [(name, value) for name, value in headers if "checksum" not in name.lower()]
            if fault in ("wrong", "garbled") and data:
                place = random.randrange(len(data))
                data = data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]
            drawn = random.randrange(len(data) or 1)
            cut_at = drawn if proxy.faults.cut_at is None else proxy.faults.cut_at
            self._answer(status, headers, data, cut_at if fault == "cut" else None)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _forward  # noqa: N815 - the base class says so

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """The real server's answer."""
        if self.upstream is None:
            where = urlsplit(self.server.proxy.upstream)
            self.upstream = http.client.HTTPConnection(where.hostname or HOST, where.port, timeout=60)
        ignored = self.server.proxy.faults.ignored
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ignored}
        self.upstream.request(self.command, self.path, body, headers)
        reply = self.upstream.getresponse()
        return reply.status, reply.getheaders(), reply.read()

    def _refuse(self, fault: str, operation: str) -> None:
        status, code = (GLUE_REFUSALS if operation else REFUSALS)[fault]
        if operation:
            body = json.dumps({"__type": code, "message": "on purpose"}).encode()
            self._answer(status, [("Content-Type", GLUE_JSON)], body)
            return
        text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>on purpose</Message></Error>"
        self._answer(status, [("Content-Type", "application/xml")], text.encode())

    def _answer(
        self, status: int, headers: list[tuple[str, str]], data: bytes, cut_at: int | None = None
    ) -> None:
        self.send_response_only(status)
        length = len(data)
        for name, value in headers:
            if name.lower() == "content-length" and self.command == "HEAD":
                length = int(value)
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(data if cut_at is None else data[:cut_at])
        if cut_at is not None:
            self.close_connection = True

    def finish(self) -> None:
        super().finish()
        if self.upstream is not None:
            self.upstream.close()
