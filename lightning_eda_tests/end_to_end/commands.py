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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
OWN_VARIABLES = ("GOES_", "GLM_", "LIGHTNING_", "S3_", "DUCKDB_", "AWS_", "DAGSTER_")


def environment(**changes: str) -> dict[str, str]:
    """This process's environment without the project's variables, and with these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OWN_VARIABLES)}
    return {**kept, "DAGSTER_DISABLE_TELEMETRY": "1", **changes}


def project_folder(place: Path) -> Path:
    """A folder with the instance settings of the checkout, so that nothing is written into the checkout."""
    place.mkdir(exist_ok=True)
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(ROOT / name, place)
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
def dagster_dev(cwd: Path, **variables: str) -> Iterator[int]:
    """`dagster dev` in a folder; gives its port once it answers, and ends it."""
    port = free_port()
    with (cwd / "dev.log").open("wb") as log:
        process = subprocess.Popen(
            [str(BIN / "dagster"), "dev", "-h", "127.0.0.1", "-p", str(port)],
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
