"""A Glue that takes updates of the current version only, as AWS does; moto takes those of any.

`hold_versions` sits in front of a real server, as a proxy, and refuses an UpdateTable whose VersionId is not
the table's (AWS Glue API reference, UpdateTable: ConcurrentModificationException).
"""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

HOST = "127.0.0.1"


@contextmanager
def hold_versions(upstream: str) -> Iterator[str]:
    """A proxy before a server; gives its address."""
    where = urlsplit(upstream)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
            with lock:
                if operation == "UpdateTable" and not self._is_current(json.loads(body)):
                    text = {"__type": "ConcurrentModificationException", "message": "changed meanwhile"}
                    self._answer(400, json.dumps(text).encode())
                else:
                    self._answer(*self._ask(operation, body))

        def _is_current(self, update: dict[str, Any]) -> bool:
            asked = {"DatabaseName": update["DatabaseName"], "Name": update["TableInput"]["Name"]}
            table = json.loads(self._ask("GetTable", json.dumps(asked).encode())[1])["Table"]
            return bool(update.get("VersionId", table["VersionId"]) == table["VersionId"])

        def _ask(self, operation: str, body: bytes) -> tuple[int, bytes]:
            connection = http.client.HTTPConnection(where.hostname or HOST, where.port, timeout=30)
            headers = dict(self.headers.items()) | {
                "X-Amz-Target": f"AWSGlue.{operation}",
                "Content-Length": str(len(body)),
            }
            connection.request("POST", self.path, body, headers)
            reply = connection.getresponse()
            status, data = reply.status, reply.read()
            connection.close()
            return status, data

        def _answer(self, status: int, data: bytes) -> None:
            self.send_response_only(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer((HOST, 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
