"""A Postgres server of the tests' own, where the system has one installed."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lightning_eda_tests.end_to_end.commands import free_port

DEBIAN = "/usr/lib/postgresql"
PERSON = "postgres"


@contextmanager
def postgres_server() -> Iterator[dict[str, str]]:
    """An empty server on 127.0.0.1; gives the variables that name it. Skips where none is installed."""
    pytest.importorskip(
        "dagster_postgres", reason="dagster-postgres is not installed: lightning_eda[postgres]"
    )
    programs = _programs()
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        place, port, options = Path(name), free_port(), _person()
        place.chmod(0o755)
        data = place / "data"
        data.mkdir()
        if options:
            shutil.chown(data, PERSON)
        _run([programs / "initdb", "-D", data, "-A", "trust", "-U", PERSON], options)
        settings = f"-c listen_addresses=127.0.0.1 -p {port} -k {data}"
        _run([programs / "pg_ctl", "-D", data, "-o", settings, "-l", data / "log", "-w", "start"], options)
        try:
            yield {
                "PGHOST": "127.0.0.1",
                "PGPORT": str(port),
                "PGUSER": PERSON,
                "PGPASSWORD": "",
                "PGDATABASE": PERSON,
            }
        finally:
            _run([programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"], options)


def _programs() -> Path:
    """The folder of the server's programs; Debian keeps it out of PATH."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path(DEBIAN).glob("*/bin"))
    if not folders:
        pytest.skip("no Postgres server is installed here")
    return folders[-1]


def _person() -> dict[str, str]:
    """The server refuses to be run by root, so root becomes its user for it."""
    if os.getuid() != 0:
        return {}
    try:
        pwd.getpwnam(PERSON)
    except KeyError:
        pytest.skip(f"Postgres does not run as root, and there is no user {PERSON}")
    return {"user": PERSON, "group": PERSON}


def _run(words: list[str | Path], options: dict[str, str]) -> None:
    done = subprocess.run(
        [str(word) for word in words],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=60,
        check=False,
        **options,
    )
    assert done.returncode == 0, words
