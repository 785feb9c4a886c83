"""The launcher knows which runs died, by their processes."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.events import EngineEventData
from dagster._core.launcher import WorkerStatus

from lightning_eda.run_launcher import LocalRunLauncher

SOCKET = {".dagster/grpc_info": json.dumps({"host": "localhost", "socket": "somewhere"})}
LAUNCHER = {"run_launcher": {"module": LocalRunLauncher.__module__, "class": LocalRunLauncher.__name__}}


@pytest.fixture
def instance(tmp_path: Path):
    """An instance that is told to use the launcher, as dagster.yaml tells it."""
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump({**LAUNCHER, "telemetry": {"enabled": False}}))
    with dg.DagsterInstance.from_config(str(tmp_path)) as made:
        yield made


@pytest.fixture
def process(tmp_path: Path):
    """A process that does nothing for a while, of a name that /proc/<pid>/stat shows in its own brackets."""
    program = tmp_path / "a) S 1 (b"
    program.symlink_to(str(shutil.which("sleep")))
    with subprocess.Popen(["sleep", "60"], executable=program) as started:
        yield started
        started.kill()


@dg.job
def nothing():
    """A job to make runs of."""


def health(instance: dg.DagsterInstance, pid: int | None, tags: dict[str, str] = SOCKET) -> WorkerStatus:
    """What the launcher says of a run that told of a process."""
    run = instance.create_run_for_job(nothing, tags=tags)
    if pid is not None:
        instance.report_engine_event("Started", run, EngineEventData.in_process(pid))
    assert instance.run_launcher.supports_check_run_worker_health
    return instance.run_launcher.check_run_worker_health(run).status


def test_a_run_whose_process_lives_goes_on(instance, process):
    """Its own process was there before it told of it, and does not notice that it is looked for."""
    assert health(instance, process.pid) == WorkerStatus.RUNNING
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.1)


def test_a_run_whose_process_was_killed_is_dead(instance, process):
    """Once the process has been collected."""
    process.kill()
    process.wait()
    assert health(instance, process.pid) == WorkerStatus.FAILED


def test_only_the_runs_own_process_counts(instance, process):
    """A step's process, told of later, may have gone; the run goes on."""
    run = instance.create_run_for_job(nothing, tags=SOCKET)
    instance.report_engine_event("Started", run, EngineEventData.in_process(process.pid))
    with subprocess.Popen([sys.executable, "-c", ""]) as step:
        instance.report_engine_event("Step started", run, EngineEventData.in_process(step.pid))
    assert instance.run_launcher.check_run_worker_health(run).status == WorkerStatus.RUNNING


def test_a_process_of_somebody_else_lives(instance, process, monkeypatch):
    """One that may not be signalled is there."""

    def refuse(pid: int, signal: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    with monkeypatch.context() as patch:
        patch.setattr(os, "kill", refuse)
        assert health(instance, process.pid) == WorkerStatus.RUNNING


@pytest.mark.parametrize(("told_s_before", "status"), [(60, WorkerStatus.FAILED), (5, WorkerStatus.RUNNING)])
def test_a_process_that_got_the_id_later_is_another_one(instance, process, told_s_before, status):
    """After a restart of the machine ids are given anew; clocks may differ by some seconds."""
    run = instance.create_run_for_job(nothing, tags=SOCKET)
    entry = dg.EventLogEntry(
        error_info=None,
        level="debug",
        user_message="Started",
        run_id=run.run_id,
        timestamp=time.time() - told_s_before,
        job_name=run.job_name,
        dagster_event=dg.DagsterEvent(
            "ENGINE_EVENT", run.job_name, event_specific_data=EngineEventData.in_process(process.pid)
        ),
    )
    instance.handle_new_event(entry)
    assert instance.run_launcher.check_run_worker_health(run).status == status


def test_a_run_that_was_started_twice_lives_while_one_of_its_processes_does(instance, process):
    """The queue starts a run again when the code server did not answer; the process too many ends at once."""
    with subprocess.Popen([sys.executable, "-c", ""]) as too_many:
        too_many.wait()
    run = instance.create_run_for_job(nothing, tags=SOCKET)
    for pid in (too_many.pid, process.pid, too_many.pid):
        instance.report_engine_event("Started", run, EngineEventData.in_process(pid))
    assert instance.run_launcher.check_run_worker_health(run).status == WorkerStatus.RUNNING
    process.kill()
    process.wait()
    instance.report_engine_event("Started", run, EngineEventData.in_process(process.pid))
    found = instance.run_launcher.check_run_worker_health(run)
    assert (found.status, found.msg) == (WorkerStatus.FAILED, f"its process {process.pid} has gone")


@pytest.mark.parametrize("tags", [{}, {".dagster/grpc_info": json.dumps({"host": "other", "port": 4000})}])
def test_runs_that_were_started_elsewhere_are_not_judged(instance, process, tags):
    """From a command line, or by a code server on another machine."""
    process.kill()
    process.wait()
    assert health(instance, process.pid, tags) == WorkerStatus.RUNNING


def test_a_run_that_has_not_told_of_a_process_is_not_judged(instance):
    """It is about to start; run monitoring has a time limit for that."""
    assert health(instance, None) == WorkerStatus.RUNNING
