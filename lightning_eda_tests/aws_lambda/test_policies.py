"""The permissions in docs/lambda are those the Lambda functions need, and no more."""

import gzip
import json
from pathlib import Path

import boto3
import pytest

from lightning_eda.aws_lambda import cluster_handler, load_handler
from lightning_eda_tests.servers.s3 import Faults, FaultyProxy, S3Bucket, Seen

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]

POLICIES = Path(__file__).parents[2] / "docs" / "lambda"
S3_ACTIONS = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject"}
# Only when a large upload fails, or when two runs change a table at once.
RARE = {"s3:AbortMultipartUpload", "glue:GetPartition", "glue:UpdatePartition"}


@pytest.fixture
def proxy(s3_bucket: S3Bucket, monkeypatch):
    """What is between the functions and the server, and sees every request."""
    with FaultyProxy(s3_bucket.endpoint_url, Faults()) as proxy:
        for name, value in {
            "AWS_ENDPOINT_URL": proxy.endpoint_url, "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test", "BUCKET": s3_bucket.name, "INPUT_FOLDER": "in",
            "OUTPUT_FOLDER": "out",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        yield proxy


def action(seen: Seen) -> str:
    """The permission a request wants."""
    if seen.operation:
        return f"glue:{seen.operation}"
    return "s3:ListBucket" if seen.is_listing else f"s3:{S3_ACTIONS[seen.method]}"


def allowed(name: str) -> set[str]:
    """The actions of a policy, without those for the log."""
    statements = json.loads((POLICIES / name).read_text())["Statement"]
    return {one for statement in statements for one in statement["Action"] if not one.startswith("logs:")}


def test_the_clustering_function(proxy: FaultyProxy, s3_bucket: S3Bucket):
    """Reads one folder, writes another, deletes nothing."""
    s3_bucket.put("in/day=2024-01-01/a.csv.gz", gzip.compress(b"a,b,0.1\n"))
    assert cluster_handler({"day": "2024-01-01"}, None)["success"]
    used = {action(seen) for seen in proxy.seen}
    assert used <= allowed("cluster_policy.json")
    assert allowed("cluster_policy.json") <= used | RARE
    assert {seen.path for seen in proxy.seen if seen.method in ("PUT", "DELETE")} == {
        f"/{s3_bucket.name}/out/day=2024-01-01/clusters.csv.gz"
    }


def test_the_loading_function(proxy: FaultyProxy, s3_bucket: S3Bucket):
    """A new table, a second version, a new column, and a second day."""
    glue = boto3.client("glue", endpoint_url=s3_bucket.endpoint_url, region_name="us-east-1")
    glue.create_database(DatabaseInput={"Name": s3_bucket.name})
    event = {
        "bucket_src": s3_bucket.name, "prefix": "in", "bucket_dstn": s3_bucket.name, "table": "t",
        "pathoutput": "lake/t", "database": s3_bucket.name,
    }  # fmt: skip
    uploads = [("20240101", b"a\n1\n"), ("20240101", b"a\n2\n"), ("20240101", b"a,b\n2,3\n")]
    for day, csv in [*uploads, ("20240102", b"a,b\n1,2\n")]:
        s3_bucket.put(f"in/{day}/x.csv", csv)
        assert load_handler({**event, "data_ref": day}, None) == "Success"
    used = {action(seen) for seen in proxy.seen}
    assert used <= allowed("load_policy.json")
    assert allowed("load_policy.json") <= used | RARE
    written = {seen.path for seen in proxy.seen if seen.method in ("PUT", "DELETE")}
    assert all(path.startswith(f"/{s3_bucket.name}/lake/t/data_ref=") for path in written)
