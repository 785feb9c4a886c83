"""Real S3 and Glue over HTTP on loopback; the proxy that misbehaves in front of them is in `faulty_proxy`.

`S3Server.start()` and `FaultyProxy(endpoint_url, faults)` are context managers; for tests, the module
`fixtures` has the fixtures `s3_server` and `s3_bucket`.
"""

import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

import boto3
from botocore.config import Config

from lightning_eda_tests.servers.faulty_proxy import HOST, WEB_PAGE, Faults, FaultyProxy, Seen

__all__ = [
    "WEB_PAGE",
    "Faults",
    "FaultyProxy",
    "S3Bucket",
    "S3Server",
    "Seen",
    "free_port",
    "made_up_session",
]

START_TIMEOUT_S = 30.0
PAGE_KEYS = 200  # of a listing, where S3 has 1,000: as many puts fill it
# As `python -m moto.server`, which lists its own folders with each request and logs it: a sixth of its time.
SERVE = """
import sys
from moto import backends, server
from werkzeug.serving import WSGIRequestHandler
names = tuple(backends.list_of_moto_modules())
backends.list_of_moto_modules = lambda: names
WSGIRequestHandler.log_request = lambda *_: None
server.main(sys.argv[1:])
"""


@dataclass(frozen=True)
class S3Bucket:
    """One bucket of a server.

    Attributes:
        name: Name of the bucket.
        endpoint_url: Address of the server.
        client: A boto3 client with made-up credentials, to put and delete objects.
    """

    name: str
    endpoint_url: str
    client: Any

    def put(self, key: str, body: bytes) -> None:
        """Uploads an object that anyone may read, as NOAA's are."""
        self.client.put_object(Bucket=self.name, Key=key, Body=body, ACL="public-read")

    def put_in_parts(self, key: str, body: bytes) -> None:
        """Uploads in one part of a multipart upload, so that the ETag is no MD5."""
        where = {"Bucket": self.name, "Key": key}
        upload = self.client.create_multipart_upload(**where, ACL="public-read")["UploadId"]
        part = self.client.upload_part(**where, UploadId=upload, PartNumber=1, Body=body)
        parts = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
        self.client.complete_multipart_upload(**where, UploadId=upload, MultipartUpload=parts)

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.name, Key=key)


@dataclass(frozen=True)
class S3Server:
    """A running `moto_server` process, Glue included; unsigned requests may read what is public and list.

    Attributes:
        endpoint_url: Its address.
        client: A boto3 client with made-up credentials; making one takes as long as many requests.
    """

    endpoint_url: str
    client: Any

    @classmethod
    @contextmanager
    def start(cls) -> Iterator[Self]:
        """Starts a server on a free port and stops it at the end of the block."""
        port = free_port()
        command = [sys.executable, "-c", SERVE, "-H", HOST, "-p", str(port)]
        process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"MOTO_S3_DEFAULT_MAX_KEYS": str(PAGE_KEYS)},
        )
        try:
            _wait_until_open(port, process)
            url, config = f"http://{HOST}:{port}", Config(max_pool_connections=4)
            with closing(made_up_session().client("s3", endpoint_url=url, config=config)) as client:
                yield cls(url, client)
        finally:
            process.terminate()
            process.wait()

    def new_bucket(self) -> S3Bucket:
        """Makes an empty bucket with a name of its own."""
        bucket = S3Bucket(f"test-{uuid.uuid4().hex[:12]}", self.endpoint_url, self.client)
        self.client.create_bucket(Bucket=bucket.name)
        return bucket


@cache
def made_up_session() -> boto3.session.Session:
    """One for all clients with made-up credentials: making it takes longer than making a client."""
    return boto3.session.Session("test", "test", region_name="us-east-1")


def free_port() -> int:
    """A port that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait_until_open(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"moto_server did not open port {port}")
