"""Runs that failed outside of their steps: what failures.log says of them, and that it says it once."""

import sys

import dagster as dg
import pytest
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.events import EngineEventData
from dagster._utils import get_run_crash_explanation
from dagster._utils.error import serializable_error_info_from_exc_info

from lightning_eda_tests.orchestration.sensors.test_failures import tell


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as found:
        yield found


@pytest.mark.parametrize(
    "words",
    [
        "Caught an unrecoverable error while dequeuing the run. Marking the run as failed",
        "Run dequeue failed to reach the user code server after 3 attempts, failing run",
    ],
)
def test_row_22_a_run_that_was_never_started_is_told_with_its_reason(instance, tmp_path, words):
    """Not that it "has been marked as failed": its code server was dead when its turn came."""

    @dg.job
    def empty():
        """Nothing."""

    run = instance.create_run_for_job(empty)
    try:
        raise DagsterUserCodeUnreachableError("Could not reach it. gRPC Error code: UNAVAILABLE")
    except DagsterUserCodeUnreachableError:
        error = serializable_error_info_from_exc_info(sys.exc_info())
    instance.report_engine_event(words, run, EngineEventData.engine_error(error))
    instance.report_run_failed(run)
    (line,) = tell(instance, run, tmp_path)
    assert line.partition(", no step: ")[2] == (
        "it was never started, since Dagster's code server did not answer, and nothing of it was done; "
        "heal_hours asks for hours again, other runs are to be re-executed "
        "(Could not reach it. gRPC Error code: UNAVAILABLE)"
    )


def test_a_death_that_is_reported_twice_is_told_once(instance, tmp_path):
    """By the code server that saw the process end, and by run monitoring that found it gone."""

    @dg.job
    def empty():
        """Nothing."""

    run = instance.create_run_for_job(empty)
    for words in ("its process has gone", None):
        instance.report_run_failed(run, words)
    records = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE).records
    assert len(records) == 2
    lines = [tell(instance, run, tmp_path, event=one.event_log_entry.dagster_event) for one in records]
    assert [len(seen) for seen in lines] == [1, 1]


def test_the_last_end_of_a_process_is_told(instance, tmp_path):
    """Of a run that was started again after its first process was killed."""

    @dg.job
    def empty():
        """Nothing."""

    run = instance.create_run_for_job(empty)
    for exit_code in (-9, 3):
        instance.report_engine_event(get_run_crash_explanation("Run execution process", exit_code), run)
    instance.report_run_failed(run)
    (line,) = tell(instance, run, tmp_path)
    assert line.endswith("its process exited with code 3")


def test_what_a_step_says_is_not_the_end_of_the_run(instance, tmp_path):
    """A process that a step started may be killed, and the run goes on."""

    @dg.job
    def empty():
        """Nothing."""

    run = instance.create_run_for_job(empty)
    words = get_run_crash_explanation("Its own process", -9)
    instance.report_engine_event(words, run, EngineEventData({}), step_key="flashes")
    instance.report_run_failed(run, "it failed by itself")
    (line,) = tell(instance, run, tmp_path)
    assert line.endswith("no step: it failed by itself")


def test_a_long_line_is_cut_before_what_comes_next(tmp_path):
    """That the run is repeated is said all the same."""

    @dg.job
    def empty():
        """Nothing."""

    chosen = {"run_retries": {"enabled": True, "max_retries": 1}}
    with dg.DagsterInstance.ephemeral(settings=chosen) as instance:
        run = instance.create_run_for_job(empty)
        instance.report_run_failed(run, "word " * 500)
        (line,) = tell(instance, run, tmp_path)
    assert len(line) == 1000
    assert line.endswith("; it is run once more")
