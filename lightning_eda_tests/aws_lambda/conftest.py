"""Buckets that the functions' variables name."""

import boto3
import pytest

from lightning_eda_tests.servers.s3 import S3Bucket


@pytest.fixture
def bucket(s3_bucket: S3Bucket, monkeypatch) -> S3Bucket:
    """A bucket that the function's variables name."""
    variables = {
        "BUCKET": s3_bucket.name,
        "INPUT_FOLDER": "in put",
        "OUTPUT_FOLDER": "out",
        "MIN_SAMPLES": "2",
        "AWS_ENDPOINT_URL": s3_bucket.endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return s3_bucket


@pytest.fixture
def loading(s3_bucket: S3Bucket, monkeypatch) -> S3Bucket:
    """A bucket whose CSVs the function's variables make a table of."""
    variables = {
        "AWS_ENDPOINT_URL": s3_bucket.endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "CSV_BUCKET_SRC": s3_bucket.name,
        "CSV_PREFIX": "in",
        "CSV_PATHOUTPUT": f"s3://{s3_bucket.name}/lake/t",
        "CSV_TABLE": "t",
        "CSV_DATABASE": s3_bucket.name.replace("-", "_"),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    glue = boto3.client("glue", endpoint_url=s3_bucket.endpoint_url, region_name="us-east-1")
    glue.create_database(DatabaseInput={"Name": variables["CSV_DATABASE"]})
    return s3_bucket
