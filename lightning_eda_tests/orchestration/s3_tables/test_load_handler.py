"""The loading function beside the asset: the same dataset, and reasons as answers."""

import re

import pytest

from lightning_eda.aws_lambda import load_handler
from lightning_eda_tests.orchestration.s3_tables.days import CSV, database_of, keys_of, metadata, rows_of
from lightning_eda_tests.servers.s3 import S3Bucket

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]


@pytest.fixture
def parameters(s3_bucket: S3Bucket, glue, monkeypatch) -> dict:
    """The event of the loading function."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_bucket.endpoint_url)
    return {
        "data_ref": "20240101", "bucket_src": s3_bucket.name, "prefix": "in", "substr": "orders",
        "schema": ["id", "name", "amount"], "bucket_dstn": s3_bucket.name, "pathoutput": "lake/orders",
        "table": "orders", "database": database_of(s3_bucket), "partitions_cols": "data_ref",
    }  # fmt: skip


def test_the_handler_writes_the_same_dataset(table, load, s3_bucket: S3Bucket, parameters: dict):
    """After it the asset finds nothing to do."""
    s3_bucket.put("in/20240101/orders.csv", CSV)
    assert load_handler(parameters, None) == "Success"
    rows, keys = rows_of(s3_bucket), keys_of(s3_bucket)
    assert rows == [(1, "a", 0.5, "20240101"), (2, "é", 1.5, "20240101")]
    result = load(table(schema="id,name,amount"))
    assert (metadata(result)["unchanged"], keys_of(s3_bucket)) == (True, keys)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bucket_src": "no-such-bucket-here"}, "cannot list s3://no-such-bucket-here"),
        ({"substr": "invoices"}, "none of the 1 objects"),
        ({"data_ref": "20240230"}, "data_ref: found '20240230'"),
        ({"data_ref": "20230101"}, "there is no object under"),
        ({"schema": "id,name"}, "line 1|columns|fields"),
        ({"database": "no_such_database"}, "no_such_database"),
        ({"pathoutput": ""}, "CSV_PATHOUTPUT: it is not set"),
        ({"prefix": None}, "CSV_PREFIX: it is not set"),
    ],
)
def test_the_handler_tells_the_reason(s3_bucket: S3Bucket, parameters: dict, changes: dict, words: str):
    """As `errorMessage`; nothing is written."""
    s3_bucket.put("in/20240101/orders.csv", CSV)
    answer = load_handler({**parameters, **changes}, None)
    assert isinstance(answer, dict)
    assert list(answer) == ["errorMessage"]
    assert re.search(words, answer["errorMessage"]), answer
    assert keys_of(s3_bucket) == []


def test_an_empty_prefix_is_the_top_of_the_bucket(s3_bucket: S3Bucket, parameters: dict):
    """When it is said, and not when it is left out."""
    s3_bucket.put("20240101/orders.csv", CSV)
    s3_bucket.put("in/20240101/orders.csv", CSV + b"3,c,9\n")
    assert load_handler({**parameters, "prefix": ""}, None) == "Success"
    assert len(rows_of(s3_bucket)) == 2
