"""The failure sensor: one readable line for each failed run."""

import re
from datetime import UTC, datetime

import dagster as dg

from lightning_eda.errors import LightningEdaError
from lightning_eda.partitions import PARTITION_TAG, RANGE_TAGS
from lightning_eda.resources import DataFolderResource
from lightning_eda.sensors.asking import WILL_RETRY_TAG
from lightning_eda.sensors.notices import append_line, post_text
from lightning_eda.texts import plain

FAILURES_SECONDS = 30
FAILURES_FILE = "failures.log"
LINE_LENGTH = 1000
UNKNOWN = "no reason is given"
# Of the engine event that the code server writes when a run's process is gone.
KILLED = re.compile(r"was terminated by signal (\d+)")
EXITED = re.compile(r"unexpectedly exited with code (-?\d+)")
SIGKILL = "9"
# Of those that the daemon writes when it gives up a run of the queue; the errors that a dead code server is.
NOT_STARTED = re.compile(r"unrecoverable error while dequeuing|dequeue failed to reach .* failing run")
CODE_SERVER_ERRORS = {"DagsterUserCodeUnreachableError", "DagsterCodeLocationLoadError"}


def failures_sensor(webhook_url: str | None) -> dg.SensorDefinition:
    """The sensor; it is on from the start, since it only tells."""

    @dg.run_failure_sensor(
        name="failures",
        minimum_interval_seconds=FAILURES_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="For each failed run: one line in failures.log in the data folder and, if "
        'FAILURE_WEBHOOK_URL is set, as JSON {"text": line} to that address.',
    )
    def failures(context: dg.RunFailureSensorContext, folders: DataFolderResource) -> None:
        if _was_told(context):
            return
        line = _failure_line(context)
        context.log.error(line)
        if webhook_url:
            try:
                post_text(webhook_url, line, "FAILURE_WEBHOOK_URL")
            except LightningEdaError as error:
                context.log.warning(str(error))
                line = f"{line} (not told: {error})"
        try:
            append_line(folders.folder() / FAILURES_FILE, line)
        except LightningEdaError as error:
            context.log.warning(str(error))

    return failures


def _was_told(context: dg.RunFailureSensorContext) -> bool:
    """Whether this is the second report of one death: code server and run monitoring may both give one."""
    failures = context.instance.all_logs(context.dagster_run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    return bool(failures) and failures[0].dagster_event != context.failure_event


def _failure_line(context: dg.RunFailureSensorContext) -> str:
    """When, which run of which job and partition failed, in which step, and the first reason in words."""
    run = context.dagster_run
    steps = context.get_step_failure_events()
    start, end = (run.tags.get(tag, "") for tag in RANGE_TAGS)
    partition = run.tags.get(PARTITION_TAG) or (f"{start} to {end}" if start else "none")
    record = context.instance.get_run_record_by_id(run.run_id)
    when = datetime.fromtimestamp(record.end_time if record and record.end_time else 0, UTC)
    job = "assets chosen by hand" if run.job_name.startswith("__") else run.job_name
    where = f"step {steps[0].step_key}" if steps else "no step"
    more = f" (and {len(steps) - 1} more)" if len(steps) > 1 else ""
    reason = _reason(steps[0]) if steps else (_death(context) or context.failure_event.message or UNKNOWN)
    current = record.dagster_run if record else run  # Dagster tags it after it has told of the failure
    again = "; it is run once more" if current.tags.get(WILL_RETRY_TAG) == "true" else ""
    what = f"{when:%Y-%m-%dT%H:%M:%SZ} run {run.run_id[:8]} of {job}, partition {partition}, {where}{more}"
    return plain(" ".join(f"{what}: {reason}".split()))[: LINE_LENGTH - len(again)] + again


def _death(context: dg.RunFailureSensorContext) -> str:
    """What became of the run's process, or why it never had one, when that is known; "" otherwise."""
    run_id = context.dagster_run.run_id
    for entry in reversed(context.instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)):
        event = entry.dagster_event
        words = event.message if event and event.message and not event.step_key else ""
        if event and NOT_STARTED.search(words):
            return _why_not_started(event)
        if killed := KILLED.search(words):
            why = ", by somebody or because memory ran out" if killed[1] == SIGKILL else ""
            return f"its process was killed (signal {killed[1]}){why}"
        if exited := EXITED.search(words):
            return f"its process exited with code {exited[1]}"
    return ""


def _why_not_started(event: dg.DagsterEvent) -> str:
    """Why a run could not be taken out of the queue; nothing of it was done."""
    error = event.engine_event_data.error
    told = error.message.removeprefix(f"{error.cls_name}: ").rpartition("Error: ")[2] if error else UNKNOWN
    if error and error.cls_name in CODE_SERVER_ERRORS:
        return (
            "it was never started, since Dagster's code server did not answer, and nothing of it was done; "
            f"heal_hours asks for hours again, other runs are to be re-executed ({told.strip()})"
        )
    return f"it was never started: {told.strip()}"


def _reason(step_failure: dg.DagsterEvent) -> str:
    """Our error's sentence; for an error that is not ours, its kind and text without the stack."""
    data = step_failure.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return str(data.user_failure_data.description)
    error = data.error
    while error and error.cause and (error.cls_name or "").startswith("Dagster"):
        error = error.cause
    return error.message if error else UNKNOWN
