"""Processes of tests that can be killed.

They are forked from a server that has imported everything once, so that twenty of them start quickly.
"""

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

_MAKER = multiprocessing.get_context("forkserver")
_MAKER.set_forkserver_preload(
    [
        "__main__",
        *(
            f"lightning_eda_tests.{name}"
            for name in ("warehouse.child", "lake.lakes", "end_to_end.hours.ingestion")
        ),
    ]
)


def pipe() -> tuple[Connection, Connection]:
    """Both ends of a pipe, one of which can be given to a process."""
    return _MAKER.Pipe()


def new_process(target: Callable[..., None], *args: Any, daemon: bool = False) -> BaseProcess:
    """A process to be started, in this one's environment; the server has that of the test that began it."""
    return _MAKER.Process(target=_call, args=(dict(os.environ), target, args), daemon=daemon)


def _call(environment: dict[str, str], target: Callable[..., None], args: tuple[Any, ...]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    target(*args)
