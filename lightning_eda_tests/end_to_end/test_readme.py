"""The commands of the documents, run word for word in a shell, in one folder, from top to bottom.

Where they speak of NOAA's bucket, a folder of simulated granules stands in; where they speak of AWS, a server
on this machine. Commands of `make` are what runs these tests.
"""

import gzip
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest

from lightning_eda_tests.end_to_end.commands import BIN, ROOT, environment, free_port, project_folder
from lightning_eda_tests.hours import simulate
from lightning_eda_tests.servers import S3Server

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
BY_MAKE = re.compile(r"^(make|dagster dev)\b", re.MULTILINE)


def blocks_of(document: str) -> list[str]:
    """The command blocks of a document that can be run here."""
    blocks = BLOCK.findall((ROOT / document).read_text())
    return [block for block in blocks if not BY_MAKE.search(block)]


def run_block(block: str, folder: Path, **variables: str) -> str:
    """Runs a block as a user would type it, in an activated environment; gives what was printed."""
    path = f"{BIN}:{environment()['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=folder,
        env=environment(PATH=path, **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}"
    return done.stdout


@pytest.fixture
def account_server() -> Iterator[S3Server]:
    """A server of this test's own: the names in the README are not unique to a test."""
    with S3Server.start() as server:
        yield server


@pytest.fixture
def aws(account_server: S3Server) -> dict[str, str]:
    """The variables of an account on this machine, with the buckets and database the README names."""
    account = {
        "AWS_ENDPOINT_URL": account_server.endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    session = boto3.session.Session("test", "test", region_name="us-east-1")
    client = session.client("s3", endpoint_url=account_server.endpoint_url)
    for bucket in ("my-bucket", "my-uploads", "my-lake"):
        client.create_bucket(Bucket=bucket)
    pairs = gzip.compress(b"".join(b"a%d,a%d,0.1\n" % (n, m) for n in range(6) for m in range(n)))
    client.put_object(Bucket="my-bucket", Key="distances/day=2024-01-01/pairs.csv.gz", Body=pairs)
    client.put_object(Bucket="my-uploads", Key="incoming/20240101/orders.csv", Body=b"id,amount\n1,2.5\n")
    session.client("glue", endpoint_url=account_server.endpoint_url).create_database(
        DatabaseInput={"Name": "lake"}
    )
    return account


def test_every_command_of_the_readme_works(tmp_path: Path, aws: dict[str, str], account_server: S3Server):
    """From the first hour to the dataset; what they promise is there afterwards."""
    folder = project_folder(tmp_path / "project")
    simulate(tmp_path / "archive", datetime(2022, 12, 31, 5, tzinfo=UTC))
    for block in blocks_of("README.md"):
        run_block(block, folder, GLM_ARCHIVE_DIR=str(tmp_path / "archive"), **aws)
    assert list(folder.glob("data/figures/*/report.html"))
    assert list(folder.glob("data/bucket/storm_cells/day=2022-12-31/clusters.csv.gz"))
    session = boto3.session.Session("test", "test", region_name="us-east-1")
    client = session.client("s3", endpoint_url=account_server.endpoint_url)
    clusters = client.get_object(Bucket="my-bucket", Key="clusters/day=2024-01-01/clusters.csv.gz")["Body"]
    assert gzip.decompress(clusters.read()).decode().splitlines()[:2] == ["cluster,key", "0,a1"]
    dataset = client.list_objects_v2(Bucket="my-lake", Prefix="tables/orders/data_ref=20240101/")
    assert dataset["KeyCount"] == 1


def test_every_command_about_lambda_works(tmp_path: Path):
    """On a port of its own."""
    (block,) = blocks_of("docs/lambda.md")
    printed = run_block(block.replace("5000", str(free_port())), tmp_path)
    assert "'day': '2024-01-01', 'success': True, 'clusters': 1, 'clustered-keys': 3" in printed
