"""Fixtures of the tests of tables."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lightning_eda_tests.servers.s3 import FaultyProxy, S3Bucket, S3Server
from lightning_eda_tests.tables.glue.database import Glue
from lightning_eda_tests.tables.world import World


@pytest.fixture
def world(s3_bucket: S3Bucket, tmp_path: Path) -> Iterator[World]:
    """A bucket and a Glue database of this test alone."""
    found = World(s3_bucket, tmp_path / "scratch")
    yield found
    found.close()


@pytest.fixture
def credentials(monkeypatch):
    """Made-up ones, as any client signs its requests to Glue."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.fixture
def glue(s3_server: S3Server) -> Iterator[Glue]:
    """A Glue database of this test alone."""
    found = Glue(s3_server.endpoint_url)
    with closing(found.client):
        yield found


@pytest.fixture
def proxy(s3_server: S3Server) -> Iterator[FaultyProxy]:
    """A proxy before the server, without faults as yet."""
    with FaultyProxy(s3_server.endpoint_url) as running:
        yield running
