"""A reader of a Delta table who knows nothing of this project."""

from typing import Any

import pyarrow as pa
from deltalake import DeltaTable

from lightning_eda_tests.servers.s3 import S3Bucket
from lightning_eda_tests.tables.world import PATH


def delta_options(bucket: S3Bucket) -> dict[str, str]:
    """How delta-rs reaches a bucket."""
    return {
        "aws_endpoint": bucket.endpoint_url,
        "aws_allow_http": "true",
        "aws_region": "us-east-1",
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
    }


def delta_address(bucket: S3Bucket, path: str = PATH) -> str:
    """Where a table is."""
    return f"s3://{bucket.name}/{path.rstrip('/')}"


def delta_table(bucket: S3Bucket, path: str = PATH) -> DeltaTable:
    """The table at its latest version."""
    return DeltaTable(delta_address(bucket, path), storage_options=delta_options(bucket))


def delta_rows(bucket: S3Bucket, path: str = PATH) -> list[dict[str, Any]]:
    """Its rows, in any order."""
    return pa.table(delta_table(bucket, path).to_pyarrow_dataset().to_table()).to_pylist()
