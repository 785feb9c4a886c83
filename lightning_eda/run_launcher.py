"""Launches runs as Dagster does by default, and knows which of them died with their machine.

Dagster's own launcher notices a dead run only while the code server that started it lives. After a power cut,
or when everything was killed at once, such a run stays "started" for ever: it takes a place in the queue, and
its slot of the pool "duckdb" keeps every later load waiting. With this launcher, named in dagster.yaml, run
monitoring marks the run failed at its next look, and frees the slot.
"""

import json
import os
from pathlib import Path

import dagster as dg

# Dagster documents how to write a launcher, but exports neither of these.
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG

CLOCK_SLACK_S = 10.0
STARTED_FIELD = 19  # of /proc/<pid>/stat, counted after the name: clock ticks from boot to start


class LocalRunLauncher(dg.DefaultRunLauncher):
    """For runs on the machine of the daemon; whoever runs elsewhere is not judged."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Run monitoring asks `check_run_worker_health`."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether the run's process lives, as far as can be told from here."""
        if "socket" not in json.loads(run.tags.get(GRPC_INFO_TAG, "{}")):
            return CheckRunHealthResult(WorkerStatus.RUNNING, "it was not started from this machine")
        # A run that was put back into the queue may have been started twice; one process does the work.
        processes = self._processes(run.run_id)
        if not processes or any(_lives(pid, told_at) for pid, told_at in processes):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, f"its process {processes[-1][0]} has gone")

    def _processes(self, run_id: str) -> list[tuple[int, float]]:
        """Process ids the run has told of, and when, in seconds since 1970."""
        found = []
        for entry in self._instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
            told = entry.dagster_event and entry.dagster_event.engine_event_data.metadata.get("pid")
            if told:
                found.append((int(str(told.value)), entry.timestamp))
        return found


def _lives(pid: int, told_at: float) -> bool:
    """Whether the process that had this id at that time still runs; ids are given anew after a restart."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it belongs to somebody else
    started = _started(pid)
    return started is None or started < told_at + CLOCK_SLACK_S


def _started(pid: int) -> float | None:
    """When a process started, in seconds since 1970; None where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        (booted,) = (
            int(line.split()[1])
            for line in Path("/proc/stat").read_text().splitlines()
            if line.startswith("btime ")
        )
    except (OSError, ValueError):
        return None
    return booted + int(fields[STARTED_FIELD]) / os.sysconf("SC_CLK_TCK")
