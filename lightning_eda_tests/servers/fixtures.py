"""Fixtures of the S3 server; a test module asks for them with `pytest_plugins = [...servers.fixtures]`."""

from collections.abc import Iterator

import pytest

from lightning_eda_tests.servers.s3 import S3Bucket, S3Server


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """A real S3 server (moto) in a process of its own."""
    with S3Server.start() as server:
        yield server


@pytest.fixture
def s3_bucket(s3_server: S3Server) -> S3Bucket:
    """An empty bucket of this test alone."""
    return s3_server.new_bucket()
