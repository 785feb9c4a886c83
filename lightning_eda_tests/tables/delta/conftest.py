"""Fixtures of the tests of Delta tables."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lightning_eda.tables.options import DELTA
from lightning_eda_tests.servers.s3 import S3Bucket
from lightning_eda_tests.tables.world import World


@pytest.fixture
def world(s3_bucket: S3Bucket, tmp_path: Path) -> Iterator[World]:
    """A bucket and a Glue database of this test alone, for a Delta table."""
    found = World(s3_bucket, tmp_path / "scratch", table_format=DELTA)
    yield found
    found.close()
