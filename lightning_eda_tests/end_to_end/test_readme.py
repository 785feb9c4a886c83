"""The commands of the documents, run word for word in a shell, in one folder, from top to bottom.

Where they speak of NOAA's bucket, a folder of simulated granules stands in; where they speak of AWS, a server
on this machine. What cannot be run here is in `SKIPPED`, with the reason.
"""

import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile

import boto3
import dagster as dg
import duckdb
import pytest

from lightning_eda_tests.end_to_end.commands import BIN, ROOT, environment, free_port, project_folder
from lightning_eda_tests.servers.s3 import S3Server
from lightning_eda_tests.support.documents import DOCUMENTS, fences, words_in_backticks
from lightning_eda_tests.support.hours import HOUR, simulate

README, LAMBDA, OPERATIONS = "README.md", "docs/lambda.md", "docs/operations.md"
CLUSTER = "docs/cluster.md"
RUN = {README, LAMBDA, OPERATIONS, CLUSTER}
NO_COMMANDS = {"", "json", "dockerfile", "sql"}
# How commands begin that are left out, and why; the lines that continue one (after \) go with it.
SKIPPED = {
    "make": "sets up what runs this test; .ci/run types `make test`, .ci/try_wheel runs the demo",
    "git pull": "changes the checkout that is tested",
    "dagster-webserver": "a server, which never ends; test_browser.py and daemon/test_ticks.py start one",
    "dagster-daemon": "the same",
    "cp deploy/dagster-postgres.yaml": "wants a Postgres server; daemon/test_instance.py starts one",
    "docker": "wants Docker, and images that others publish",
    "aws": "wants the program of that name, and an account",
}
LEFT_OUT = re.compile(rf"^(?:{'|'.join(SKIPPED)})\b(?:.*\\\n)*.*\n", re.MULTILINE)
# Files and folders of the data folder that none of these commands writes, and who or what does.
WRITTEN_BY_OTHERS = {
    "groups.csv": "GLM_TIERS with group",
    "events.csv": "GLM_TIERS with event",
    "cells.npz": "more rows than are clustered one by one",
    "G18_5min.parquet": "the run config of flash_density",
    "G18_60min.parquet": "the same",
    "failures.log": "the daemon",
    "sensors": "the daemon",
    "demo": "`make demo`",
    "scratch": "empty after each run",
    "lightning.duckdb.wal": "another program, or one that died",
}


def blocks_of(document: str) -> list[str]:
    """The command blocks of a document, without the commands that are left out."""
    blocks = [block for language, block in fences((ROOT / document).read_text()) if language == "sh"]
    return [left for block in blocks if (left := LEFT_OUT.sub("", block)).strip()]


def test_every_block_is_run_or_left_out_for_a_reason():
    """In all documents; a block in another shell's language would be neither."""
    for path in DOCUMENTS:
        name = path.relative_to(ROOT).as_posix()
        assert {language for language, _ in fences(path.read_text())} <= NO_COMMANDS | {"sh"}, name
        assert path.read_text().count("```") == 2 * len(fences(path.read_text())), name
        assert name in RUN or not blocks_of(name), f"{name}: nobody runs its commands"


def test_every_reason_to_leave_out_is_needed():
    """What no document has any more leaves the list."""
    commands = [
        block for path in DOCUMENTS for language, block in fences(path.read_text()) if language == "sh"
    ]
    for beginning in SKIPPED:
        assert any(re.search(rf"^{beginning}\b", block, re.MULTILINE) for block in commands), beginning


def run_block(block: str, folder: Path, timeout_s: float = 180, **variables: str) -> str:
    """Runs a block as a user would type it, in an activated environment; gives what was printed.

    Whatever it starts ends with it, also in the background, and where it fails or takes too long.
    """
    with TemporaryFile("w+") as output:
        shell = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", block],
            cwd=folder,
            env=environment(PATH=f"{BIN}:{environment()['PATH']}", **variables),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a group of processes, which is ended by its number
        )
        try:
            status = shell.wait(timeout_s)
        except subprocess.TimeoutExpired:
            status = -1
        finally:
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
            shell.wait()
        output.seek(0)
        printed = output.read()
    assert status == 0, f"{block}\nended with {status} (-1: not within {timeout_s} s)\n{printed}"
    return printed


@pytest.mark.parametrize("end", ["false", "sleep 600"])
def test_a_block_that_fails_leaves_no_process(tmp_path: Path, end: str):
    """Neither where a command fails while others are in the background, nor where it takes too long."""
    with pytest.raises(AssertionError, match="started"):
        run_block(f"sleep 600 & echo $! > pid; echo started; {end}", tmp_path, timeout_s=2)
    left = Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}/stat")
    deadline = time.monotonic() + 10
    while left.exists() and ") Z " not in left.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left.exists() or ") Z " in left.read_text()


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


@pytest.mark.slow
def test_every_command_of_the_readme_works(tmp_path: Path, aws: dict[str, str], account_server: S3Server):
    """From the first hour to the dataset; what they promise is there afterwards."""
    folder = project_folder(tmp_path / "project")
    hours = [datetime(2022, 12, 31, hour, tzinfo=UTC) for hour in (5, 6)]
    simulate(tmp_path / "archive", hours[0], faults=[("truncated", 2)])
    simulate(tmp_path / "archive", hours[1])
    printed = {
        block: run_block(block, folder, GLM_ARCHIVE_DIR=str(tmp_path / "archive"), **aws)
        for block in blocks_of(README)
    }
    assert list(folder.glob("data/figures/*/report.html"))
    assert list(folder.glob("data/bucket/storm_cells/day=2022-12-31/clusters.csv.gz"))
    session = boto3.session.Session("test", "test", region_name="us-east-1")
    client = session.client("s3", endpoint_url=account_server.endpoint_url)
    tried = gzip.decompress((folder / "try/clusters/day=2024-01-01/clusters.csv.gz").read_bytes()).decode()
    assert tried.split() == ["cluster,key", "0,a", "0,b", "0,c", "1,x", "1,y", "1,z"]
    tables = [text for block, text in printed.items() if "try/uploads" in block]
    assert [re.findall(r"\b[12]\W+(2\.5|4\.0)\b", text[-600:]) for text in tables] == [["2.5", "4.0"]] * 2
    clusters = client.get_object(Bucket="my-bucket", Key="clusters/day=2024-01-01/clusters.csv.gz")["Body"]
    assert gzip.decompress(clusters.read()).decode().splitlines()[:2] == ["cluster,key", "0,a1"]
    dataset = client.list_objects_v2(Bucket="my-lake", Prefix="tables/orders/data_ref=20240101/")
    assert dataset["KeyCount"] == 1
    for path in paths_of_data():
        assert list(folder.glob(path)), path


def paths_of_data() -> set[str]:
    """The patterns of all paths under data/ that the documents name, and that these commands write."""
    named = {
        word.rstrip("/")
        for path in DOCUMENTS
        for word in words_in_backticks(path.read_text())
        if word.startswith("data/")
    }
    for paths, files in re.findall(r"^\| (`[^|]*/`) \| [^|]* \| (.*) \|$", files_of_data(), re.MULTILINE):
        folder = paths.strip("`").rstrip("/")
        named.add(f"data/{folder}")
        named |= {f"data/{folder}/{name}" for name in re.findall(r"`([\w<>.]+\.[a-z]+)`", files)}
    kept = {path for path in named if not WRITTEN_BY_OTHERS.keys() & {*path.split("/")}}
    return {re.sub(r"<[^>]*>|YYYY|MM|DDD|DD|HH", "*", path) for path in kept}


def files_of_data() -> str:
    """The section of docs/data.md about files."""
    return (ROOT / "docs" / "data.md").read_text().split("\n## ")[1]


@pytest.mark.slow
def test_every_command_about_lambda_works(tmp_path: Path):
    """On a port of its own; the files for AWS have names in the places of all placeholders."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    printed = [run_block(block.replace("5000", str(free_port())), tmp_path) for block in blocks_of(LAMBDA)]
    assert "'day': '2024-01-01', 'success': True, 'clusters': 1, 'clustered-keys': 3" in printed[-1]
    made = {path.stem: path.read_text() for path in tmp_path.glob("build/lambda/*.json")}
    assert made.keys() == {"trust_policy", "cluster_policy", "dead_letter_policy", "notification"}
    assert not [text for text in made.values() if re.search(r"BUCKET|_FOLDER|REGION|ACCOUNT", text)]
    assert all(map(json.loads, made.values()))


@pytest.mark.slow
def test_every_command_of_operations_works(tmp_path: Path):
    """In a DAGSTER_HOME, as they say; whatever they may delete is old enough for it."""
    folder, home = project_folder(tmp_path / "project"), tmp_path / "user" / "dagster"
    shutil.copytree(ROOT / "deploy", folder / "deploy")
    home.parent.mkdir()
    simulate(tmp_path / "archive", HOUR)
    variables = {
        "HOME": str(home.parent),
        "DAGSTER_HOME": str(home),
        "GLM_ARCHIVE_DIR": str(tmp_path / "archive"),
    }
    rows = 0
    for block in blocks_of(OPERATIONS):
        run_block(block, folder, **variables)
        make_old(folder / "data", home)
        rows = rows or rows_of(folder / "data" / "lightning.duckdb")
    assert not list(folder.rglob("*.nc")) + list(folder.rglob("data/transform/**/*.csv"))
    assert {rows_of(path) for path in folder.glob("data/*.duckdb")} == {rows}
    assert {path.name for path in folder.glob("data/*.duckdb")} == {
        "lightning.duckdb", "backup.duckdb", "restored.duckdb",
    }  # fmt: skip
    assert not [*home.glob("history/runs/*-*.db"), *home.glob("storage/*")]
    with dg.DagsterInstance.from_config(str(home)) as instance:
        (run,) = instance.get_runs()
        assert run.status is dg.DagsterRunStatus.SUCCESS
        assert "2024-07-01-20:00" in instance.get_materialized_partitions(dg.AssetKey("load"))


@pytest.mark.long
def test_every_command_about_clusters_works(tmp_path: Path):
    """Scheduler and workers on a port of their own, in a project folder of the test."""
    folder = project_folder(tmp_path / "project")
    for hour in (5, 6):
        # Of both hours together more than the 100 rows that the document takes for many.
        simulate(tmp_path / "archive", datetime(2022, 12, 31, hour, tzinfo=UTC), granules=15)
    port, variables = str(free_port()), {"GLM_ARCHIVE_DIR": f"{tmp_path}/archive", "PYTHONPATH": str(ROOT)}
    printed = [
        run_block(block.replace("8786", port), folder, timeout_s=600, **variables)
        for block in blocks_of(CLUSTER)
    ]
    assert "2 of 2 hours" in printed[0]
    assert "2 hours, 4 files" in printed[0]
    assert "0 files (0.0 MB) would be removed" in printed[1]
    assert "cell sums of 2022-12-31T00:00Z to 2023-01-01T00:00Z: 1 of 1 pieces" in printed[2]
    assert "flash_lat" in printed[3]


def make_old(*folders: Path) -> None:
    """Every file and folder in there is as if a hundred days had passed."""
    then = time.time() - 100 * 86_400
    for path in (path for folder in folders if folder.exists() for path in folder.rglob("*")):
        os.utime(path, (then, then))


def rows_of(database: Path) -> int:
    """Flashes in a database; 0 before there is one."""
    if not database.exists():
        return 0
    with duckdb.connect(str(database), read_only=True) as connection:
        ((count,),) = connection.sql("SELECT count(*) FROM flashes").fetchall()
    return int(count)
