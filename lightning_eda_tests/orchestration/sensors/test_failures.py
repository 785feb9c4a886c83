"""What is told of a failed run, and to whom; the web hook is a real HTTP server."""

import json
import re
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import dagster as dg
import pytest
from dagster._utils import get_run_crash_explanation

from lightning_eda.errors import SettingError, StorageError, TransferError
from lightning_eda.reporting import readable_failures
from lightning_eda.resources import DataFolderResource
from lightning_eda.sensors.failures import failures_sensor
from lightning_eda.sensors.notices import append_line, post_text

DAYS = dg.DailyPartitionsDefinition("2024-01-01")


@dg.asset(partitions_def=DAYS, backfill_policy=dg.BackfillPolicy.single_run())
def refused() -> None:
    """Fails as our assets do."""
    with readable_failures():
        raise SettingError("GOES_DOY", "400", "a whole number from 1 to 366")


@dg.asset
def broken() -> None:
    """Fails as nobody meant it to."""
    raise ValueError("first line\nsecond line")


@dg.asset
def also_broken() -> None:
    """Fails beside it."""
    raise OSError("disk")


class Hook:
    """A web hook that keeps what it is told; `status` is what it answers, `pause_s` how late."""

    def __init__(self) -> None:
        self.told, self.status, self.pause_s = [], 200, 0.0
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.told.append((self.headers["Content-Type"], json.loads(body)))
                time.sleep(hook.pause_s)
                self.send_response(hook.status)
                self.end_headers()

            def log_message(self, *words) -> None:
                """Says nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/services/secret"


@pytest.fixture
def hook():
    found = Hook()
    thread = threading.Thread(target=found.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as found:
        yield found


def tell(instance, result, folder, webhook_url=None, event=None) -> list[str]:
    """Lets the sensor see a failed run; gives the lines in the log file."""
    context = dg.build_run_status_sensor_context(
        sensor_name="failures",
        dagster_event=event or event_of(instance, result.run_id),
        dagster_instance=instance,
        dagster_run=instance.get_run_by_id(result.run_id),
        resources={"folders": DataFolderResource(path=str(folder))},
    )
    failures_sensor(webhook_url)(context.for_run_failure())
    log = folder / "failures.log"
    return log.read_text().splitlines() if log.exists() else []


def event_of(instance, run_id):
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.RUN_FAILURE).records
    return records[0].event_log_entry.dagster_event


def fail(instance, *assets, **options):
    result = dg.materialize(list(assets), instance=instance, raise_on_error=False, **options)
    assert not result.success
    return result


def test_a_failed_run_is_one_line(instance, tmp_path, monkeypatch):
    """When, run, job, partition, step, and the error's own sentence without a stack."""
    result = fail(instance, refused, partition_key="2024-01-09")
    monkeypatch.setenv("TZ", "America/Denver")
    time.tzset()
    try:
        (line,) = tell(instance, result, tmp_path / "data")
    finally:
        monkeypatch.undo()
        time.tzset()
    ended = datetime.fromtimestamp(instance.get_run_record_by_id(result.run_id).end_time, UTC)
    assert line.startswith(f"{ended:%Y-%m-%dT%H:%M:%SZ} run ")
    assert line.partition(" run ")[2] == (
        f"{result.run_id[:8]} of assets chosen by hand, partition 2024-01-09, step refused: "
        "GOES_DOY: found '400'; allowed: a whole number from 1 to 366."
    )


def test_a_range_and_a_job_are_named(instance, tmp_path):
    """The first and the last day."""
    tags = {
        "dagster/asset_partition_range_start": "2024-01-09",
        "dagster/asset_partition_range_end": "2024-01-11",
    }
    job = dg.define_asset_job("nightly", [refused])
    definitions = dg.Definitions(assets=[refused], jobs=[job])
    result = definitions.resolve_job_def("nightly").execute_in_process(
        instance=instance, tags=tags, raise_on_error=False
    )
    (line,) = tell(instance, result, tmp_path)
    assert "of nightly, partition 2024-01-09 to 2024-01-11, step refused: GOES_DOY" in line


def test_an_unforeseen_error_is_one_line_too(instance, tmp_path):
    """Its kind and text; further steps are counted; each run adds a line."""
    tell(instance, fail(instance, broken), tmp_path)
    lines = tell(instance, fail(instance, broken, also_broken), tmp_path)
    assert lines[0].endswith("partition none, step broken: ValueError: first line second line")
    assert len(lines) == 2
    first = {"broken": "ValueError: first line second line", "also_broken": "OSError: disk"}
    assert any(lines[1].endswith(f"step {step} (and 1 more): {reason}") for step, reason in first.items())


@dg.asset
def caused() -> None:
    """Fails for the reason of another error."""
    try:
        raise KeyError("the cause")
    except KeyError as error:
        raise ValueError("what it became") from error


@dg.asset
def wrapped() -> None:
    """Fails for a reason that Dagster wraps twice."""
    inner = dg.DagsterInvariantViolationError("within")
    inner.__cause__ = ValueError("the reason")
    raise dg.DagsterInvariantViolationError("it failed") from inner


@dg.asset
def wrong_value() -> dg.MaterializeResult:
    """Fails in Dagster itself, for a reason of its own."""
    return dg.MaterializeResult(asset_key="another")


def test_of_a_chain_of_errors_the_last_is_told(instance, tmp_path):
    """It says what became of the first; Dagster's wrapping is left out, and an error of its own is told."""
    (line,) = tell(instance, fail(instance, caused), tmp_path / "a")
    assert line.endswith("step caused: ValueError: what it became")
    (line,) = tell(instance, fail(instance, wrapped), tmp_path / "c")
    assert line.endswith("step wrapped: ValueError: the reason")
    (line,) = tell(instance, fail(instance, wrong_value), tmp_path / "b")
    assert re.search(r"step wrong_value: dagster\._core\.errors\.Dagster\w+Error: .*another", line)


def test_a_run_that_died_is_told(instance, tmp_path):
    """No step failed; the run's own message is the reason."""

    @dg.job
    def empty():
        """Nothing."""

    run = instance.create_run_for_job(empty, run_id=None)
    instance.report_run_failed(run, "its process was killed\nby signal 9")
    (line,) = tell(instance, run, tmp_path)
    assert line.endswith("of empty, partition none, no step: its process was killed by signal 9")


@pytest.mark.parametrize(
    ("exit_code", "words"),
    [
        (-9, "its process was killed (signal 9), by somebody or because memory ran out"),
        (-15, "its process was killed (signal 15)"),
        (3, "its process exited with code 3"),
    ],
)
@pytest.mark.parametrize("retries", [0, 1])
def test_a_killed_run_is_told_in_words(tmp_path, exit_code, words, retries):
    """Not Dagster's general sentence: what its server saw of the process, and whether the run is repeated."""

    @dg.job
    def empty():
        """Nothing."""

    chosen = {"run_retries": {"enabled": True, "max_retries": retries}}
    with dg.DagsterInstance.ephemeral(settings=chosen) as instance:
        run = instance.create_run_for_job(empty)
        # The two events that the code server writes when it finds the process gone.
        instance.report_engine_event(get_run_crash_explanation("Run execution process", exit_code), run)
        instance.report_run_failed(run)
        (line,) = tell(instance, run, tmp_path)
    again = "; it is run once more" if retries else ""
    assert line.endswith(f"of empty, partition none, no step: {words}{again}")


def test_the_web_hook_is_told_the_line(instance, tmp_path, hook):
    """As JSON that chat programs show."""
    (line,) = tell(instance, fail(instance, broken), tmp_path, hook.url)
    assert hook.told == [("application/json", {"text": line})]


@pytest.mark.parametrize(
    ("status", "url", "words"),
    [
        (500, None, "refused the message with status 500"),
        (200, "http://127.0.0.1:1/services/secret", "127.0.0.1:1 could not be told: [Errno"),
        (
            200,
            "file:///etc/passwd",
            "FAILURE_WEBHOOK_URL: found 'file'; allowed: an address that begins with",
        ),
    ],
)
def test_a_web_hook_that_fails_breaks_nothing(instance, tmp_path, hook, capsys, status, url, words):
    """The line is in the file, the reason in the log, and the secret of the address in neither."""
    hook.status = status
    assert len(tell(instance, fail(instance, broken), tmp_path, url or hook.url)) == 1
    told = capsys.readouterr().err
    assert words in told and "secret" not in told


def test_what_the_web_hook_was_not_told_is_said_in_the_file(instance, tmp_path, hook):
    """So that nobody waits for a message that was lost."""
    hook.status = 404
    (line,) = tell(instance, fail(instance, broken), tmp_path, hook.url)
    assert "ValueError: first line second line (not told: FAILURE_WEBHOOK_URL: 127.0.0.1:" in line
    assert line.endswith("refused the message with status 404)")


def test_a_line_is_plain_whatever_the_error_quotes(instance, tmp_path, hook):
    """In the file nothing acts on a terminal; in the chat nobody is called."""

    @dg.asset
    def quoting() -> None:
        raise ValueError("s3://b/\x1b[2J\u202e<!channel> @here\x00 is bad")

    (line,) = tell(instance, fail(instance, quoting), tmp_path, hook.url)
    assert line.isprintable()
    assert "s3://b/\\x1b[2J\\u202e<!channel> @here\\x00 is bad" in line
    ((_, told),) = hook.told
    assert "&lt;!channel&gt;" in told["text"]
    assert "@here" not in told["text"]


def test_a_web_hook_that_never_answers_is_left(hook):
    """After the time it is given."""
    hook.pause_s = 1.0
    with pytest.raises(TransferError, match="could not be told: timed out"):
        post_text(hook.url, "hello", "FAILURE_WEBHOOK_URL", timeout_s=0.1)


def test_a_folder_that_cannot_be_written_does_not_silence_the_web_hook(instance, tmp_path, hook):
    """The file is a convenience."""
    (tmp_path / "data").write_text("a file where the folder should be")
    assert tell(instance, fail(instance, broken), tmp_path / "data", hook.url) == []
    assert len(hook.told) == 1
    with pytest.raises(StorageError, match="a part of this path is a file"):
        append_line(tmp_path / "data" / "failures.log", "x")
