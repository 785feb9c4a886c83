"""Loads in a process of their own, which can be killed."""

import json
import os
import signal
import subprocess
import sys
import threading
from typing import Self

from lightning_eda_tests.tables.world import World


class LoadChild:
    """A process that forks a child for each load (`child`), so that only the first one imports anything.

    Args:
        arguments: Of `child`.
    """

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "lightning_eda_tests.tables.load.child", *arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._pid = 0
        self._told = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.communicate()

    def load(self, world: World) -> int:
        """One load of a world; how it ended, 0 or the negative number of a signal."""
        assert self._process.stdin is not None
        self._told.clear()
        task = {
            "endpoint_url": world.endpoint_url,
            "bucket": world.bucket.name,
            "scratch": str(world.scratch),
            "database": world.database,
            "table_format": world.table_format,
        }
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        self._pid = self._answer()
        self._told.set()
        return self._answer()

    def kill(self) -> None:
        """Kills the load that is under way with -9; may be called from any thread, as soon as it runs."""
        if self._told.wait(10):
            os.kill(self._pid, signal.SIGKILL)

    def _answer(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())
