"""A Dask cluster of real processes on loopback: a scheduler, and workers that can be killed."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from distributed import Client

from lightning_eda_tests.end_to_end.commands import ROOT, environment, free_port, wait_until


@dataclass
class Cluster:
    """A scheduler and workers without nannies: a killed worker stays dead.

    Attributes:
        address: Of the scheduler.
        place: Where the workers keep what is on its way.
        variables: Their environment.
        scheduler: Its process.
        workers: Theirs.
        threads: Tasks that each is at, at once.
    """

    address: str
    place: Path
    variables: dict[str, str]
    scheduler: "subprocess.Popen[bytes]"
    workers: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    threads: int = 1

    @classmethod
    @contextmanager
    def start(cls, place: Path, workers: int, threads: int = 1, **variables: str) -> Iterator[Self]:
        """Starts all of it, and ends it with the block."""
        port = free_port()
        words = ("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--no-show")
        cluster = cls(f"tcp://127.0.0.1:{port}", place, variables, _dask(place, *words, **variables))
        cluster.threads = threads
        try:
            for _ in range(workers):
                cluster.add_worker()
            with Client(cluster.address, timeout=60, set_as_default=False) as client:
                client.wait_for_workers(workers, timeout=60)
            yield cluster
        finally:
            for process in (*cluster.workers, cluster.scheduler):
                process.kill()
                process.wait()

    def add_worker(self) -> None:
        """Starts another worker."""
        words = ("worker", self.address, "--nthreads", str(self.threads), "--no-dashboard", "--no-nanny")
        scratch = ("--local-directory", str(self.place), "--death-timeout", "30", "--host", "127.0.0.1")
        self.workers.append(_dask(self.place, *words, *scratch, **self.variables))

    def busy_worker(self) -> int:
        """Which worker is at work on something, once one is."""
        found: list[int] = []

        def look() -> bool:
            with Client(self.address, timeout=60, set_as_default=False) as client:
                at_work = {name: tasks for name, tasks in client.processing().items() if tasks}
                pids = client.run(_pid, workers=list(at_work)) if at_work else {}
            found.extend(pid for pid in pids.values())
            return bool(found)

        wait_until(look, "a worker at work")
        return [worker.pid for worker in self.workers].index(found[0])


def _pid() -> int:
    import os

    return os.getpid()


def _dask(place: Path, *words: str, **variables: str) -> "subprocess.Popen[bytes]":
    place.mkdir(exist_ok=True)
    variables["DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"] = "2"
    shown = environment(PYTHONPATH=str(ROOT), TMPDIR=str(place), **variables)
    with (place / "cluster.log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", "dask", *words], env=shown, stdout=log, stderr=log)
