"""Running the commands a user types, as processes of their own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
SETTINGS = ("dagster.yaml", "dg.toml", "workspace.yaml")
PACKAGE = "lightning_eda"
OWN_VARIABLES = ("GOES_", "GLM_", "LIGHTNING_", "S3_", "DUCKDB_", "AWS_", "DAGSTER_", "DG_")


def environment(**changes: str) -> dict[str, str]:
    """This process's environment without the project's variables, and with these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OWN_VARIABLES)}
    return {**kept, "DAGSTER_DISABLE_TELEMETRY": "1", "DG_CLI_CONFIG": str(ROOT / "dg.toml"), **changes}


def project_folder(place: Path) -> Path:
    """A folder with what a clone has for Dagster, so that nothing is written into the checkout."""
    place.mkdir(exist_ok=True)
    for name in SETTINGS:
        shutil.copy(ROOT / name, place)
    (place / PACKAGE).symlink_to(ROOT / PACKAGE)  # `dg` looks for it here
    return place


def command(*words: str, cwd: Path, check: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs an installed command to its end."""
    done = subprocess.run(
        [str(BIN / words[0]), *words[1:]],
        cwd=cwd,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=180,
        check=False,
    )
    assert not check or done.returncode == 0, done.stdout
    return done


def materialize(*options: str, cwd: Path, check: bool = True, **variables: str):
    """`dagster asset materialize` of the ingestor."""
    words = (
        "dagster",
        "asset",
        "materialize",
        "--select",
        "group:ingestor",
        "-m",
        "lightning_eda.definitions",
    )
    return command(*words, *options, cwd=cwd, check=check, **variables)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def graphql(port: int, query: str, **variables: object) -> dict:
    """The data of a GraphQL reply of the Dagster web server."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        json.dumps({"query": query, "variables": variables}).encode(),
        {"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.load(reply)["data"]


@contextmanager
def dagster_dev(
    cwd: Path, *, command: tuple[str, ...] = ("dagster", "dev"), **variables: str
) -> Iterator[int]:
    """`dagster dev`, or another such command, in a folder; gives its port once it answers, and ends it."""
    port = free_port()
    with (cwd / "dev.log").open("wb") as log:
        process = subprocess.Popen(
            [str(BIN / command[0]), *command[1:], "-h", "127.0.0.1", "-p", str(port)],
            cwd=cwd,
            env=environment(**variables),
            stdout=log,
            stderr=subprocess.STDOUT,
            # Started in the background a process would inherit "ignore interrupts", and never end.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
        )
    try:
        _wait_until_loaded(port, process, cwd / "dev.log")
        yield port
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


LOCATIONS = """{workspaceOrError{... on Workspace{locationEntries{
  name loadStatus locationOrLoadError{__typename ... on PythonError{message}}}}}}"""


def _wait_until_loaded(port: int, process: subprocess.Popen, log: Path, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            entries = graphql(port, LOCATIONS)["workspaceOrError"]["locationEntries"]
        except OSError:
            entries = []
        if entries and entries[0]["loadStatus"] == "LOADED":
            assert entries[0]["locationOrLoadError"]["__typename"] == "RepositoryLocation", entries
            return
        time.sleep(0.3)
    raise TimeoutError(log.read_text())


RUN = """query($run: ID!){runOrError(runId: $run){... on Run{status startTime endTime tags{key value}
  stepStats{stepKey status} eventConnection{events{__typename
    ... on EngineEvent{metadataEntries{label ... on TextMetadataEntry{text}}}}}}}}"""
RUNS = "{runsOrError(limit: 1000){... on Runs{results{runId status startTime endTime tags{key value}}}}}"
LAUNCH_RUN = """mutation($what: ExecutionParams!){launchPipelineExecution(executionParams: $what){__typename
  ... on LaunchRunSuccess{run{runId}} ... on PythonError{message}}}"""
LAUNCH_BACKFILL = """mutation($what: LaunchBackfillParams!){launchPartitionBackfill(backfillParams: $what){
  __typename
  ... on LaunchBackfillSuccess{backfillId} ... on PythonError{message}}}"""
FINISHED = {"SUCCESS", "FAILURE", "CANCELED"}


def launch_run(port: int, job: str, first_key: str, last_key: str | None = None) -> str:
    """Puts a run of a partition, or of a range of them, into the queue; its id."""
    tags = {"dagster/partition": first_key}
    if last_key:
        tags = {
            "dagster/asset_partition_range_start": first_key,
            "dagster/asset_partition_range_end": last_key,
        }
    what = {
        "selector": {
            "repositoryLocationName": "lightning_eda",
            "repositoryName": "__repository__",
            "jobName": job,
        },
        "mode": "default",
        "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in tags.items()]},
    }
    reply = graphql(port, LAUNCH_RUN, what=what)["launchPipelineExecution"]
    assert reply["__typename"] == "LaunchRunSuccess", reply
    return str(reply["run"]["runId"])


def launch_backfill(port: int, assets: list[str], keys: list[str]) -> str:
    """Launches a backfill of some partitions of some assets, as the UI does; its id."""
    what = {"assetSelection": [{"path": [asset]} for asset in assets], "partitionNames": keys}
    reply = graphql(port, LAUNCH_BACKFILL, what=what)["launchPartitionBackfill"]
    assert reply["__typename"] == "LaunchBackfillSuccess", reply
    return str(reply["backfillId"])


def run_of(port: int, run: str) -> dict:
    """What the server tells of a run: status, steps, events."""
    return graphql(port, RUN, run=run)["runOrError"]


def runs_of(port: int) -> list[dict]:
    """All runs, the newest first."""
    return graphql(port, RUNS)["runsOrError"]["results"]


def has_begun(port: int, run: str, step: str) -> bool:
    """Whether a step of a run is at work, or has ended."""
    return any(seen["stepKey"] == step and seen["status"] for seen in run_of(port, run)["stepStats"])


def process_of(told: dict) -> int:
    """The id of a run's process, from what `run_of` told."""
    entries = [
        entry for event in told["eventConnection"]["events"] for entry in event.get("metadataEntries", [])
    ]
    return int(next(entry["text"] for entry in entries if entry["label"] == "pid"))


def wait_until(condition: Callable[[], object], words: str, seconds: float = 120) -> None:
    """Waits until a condition holds; TimeoutError with the words when it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {seconds:g} s still not: {words}")
        time.sleep(0.2)
