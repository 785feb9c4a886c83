"""A sensor under a real daemon, which is killed in the middle of a tick: each object version, one run."""

import os
import signal
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import boto3
import dagster as dg
import pytest
from dagster._core.scheduler.instigation import InstigatorType

from lightning_eda_tests.end_to_end.commands import dagster_dev, graphql, project_folder
from lightning_eda_tests.servers.s3 import FaultyProxy

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]

REPOSITORY = {"repositoryName": "__repository__", "repositoryLocationName": "lightning_eda"}
SELECTOR = {"sensorName": "distance_objects", **REPOSITORY}
CSV_SELECTOR = {"sensorName": "csv_objects", **REPOSITORY}
SCHEDULE_SELECTOR = {"scheduleName": "daily_table", **REPOSITORY}
DRY_RUN = """mutation($selector: ScheduleSelector!, $time: Float) {
  scheduleDryRun(selectorData: $selector, timestamp: $time) {
    __typename ... on DryRunInstigationTick {evaluationResult {runRequests {tags {key value}}}}}}"""
START = """mutation($selector: SensorSelector!) {startSensor(sensorSelector: $selector) {
  __typename ... on Sensor {sensorState {status}} ... on PythonError {message}}}"""
RUNS = "{runsOrError {... on Runs {results {status jobName tags {key value}}}}}"
TICKS = """query($selector: SensorSelector!) {sensorOrError(sensorSelector: $selector) {
  ... on Sensor {sensorState {ticks {status skipReason error {message}}}}}}"""
PAIRS = b"a,b,0.1\nb,c,0.1\nc,d,0.1\nd,e,0.1\n"
A_MINUTE = 61.0


@pytest.fixture
def proxy(s3_bucket):
    """What stands between Dagster and the bucket."""
    with FaultyProxy(s3_bucket.endpoint_url) as found:
        yield found


@pytest.fixture
def variables(s3_bucket, proxy):
    """The bucket, for the processes of Dagster."""
    return {
        "BUCKET": s3_bucket.name,
        "INPUT_FOLDER": "in",
        "OUTPUT_FOLDER": "out",
        "AWS_ENDPOINT_URL_S3": proxy.endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "PYTHONWARNINGS": "ignore",
    }


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A user's folder; paths in its dagster.yaml are relative to it."""
    place = project_folder(tmp_path / "project")
    monkeypatch.chdir(place)
    return place


def daemons(folder: Path) -> list[int]:
    """The daemon processes at work in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            if b"dagster._daemon" in words and (process / "cwd").resolve() == folder.resolve():
                found.append(int(process.name))
        except OSError:
            continue  # it has ended
    return found


def pass_a_minute(folder: Path) -> None:
    """Makes the last tick a minute older, so that the next one is due."""
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        for state in instance.all_instigator_state(instigator_type=InstigatorType.SENSOR):
            data = state.instigator_data
            times = {
                name: getattr(data, name) and getattr(data, name) - A_MINUTE
                for name in ("last_tick_timestamp", "last_tick_start_timestamp")
            }
            instance.update_instigator_state(state.with_data(data._replace(**times)))


def runs(port: int) -> list[tuple[str, str]]:
    """Partition and status of each run."""
    found = graphql(port, RUNS)["runsOrError"]["results"]
    tags = [{tag["key"]: tag["value"] for tag in run["tags"]} for run in found]
    assert {run["jobName"] for run in found} <= {"cluster_distances", "load_table"}
    return sorted((tag["dagster/partition"], run["status"]) for tag, run in zip(tags, found, strict=True))


def wait_for(what, expected, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while (found := what()) != expected:
        assert time.monotonic() < deadline, found
        time.sleep(0.3)


def ticks(port: int) -> list[str]:
    """The sensor's ticks, the newest first."""
    return [
        tick["status"]
        for tick in graphql(port, TICKS, selector=SELECTOR)["sensorOrError"]["sensorState"]["ticks"]
    ]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="finds the daemon in /proc")
def test_each_object_version_is_one_run_also_when_the_daemon_is_killed(folder, variables, s3_bucket, proxy):
    """Killed with -9 while it lists; an object that comes while it is down is not lost either."""
    s3_bucket.put("in/day=2024-01-09/a.csv", PAIRS)
    listing, killed = threading.Event(), threading.Event()

    def hold(target: str) -> None:
        if "prefix=in/day=" in target and not killed.is_set():
            listing.set()
            killed.wait(60)

    proxy.before = hold
    with dagster_dev(folder, **variables) as port:
        reply = graphql(port, START, selector=SELECTOR)["startSensor"]
        assert reply["sensorState"]["status"] == "RUNNING", reply
        assert listing.wait(60)
        assert ticks(port) == ["STARTED"]
        found = daemons(folder)
        assert found
        for pid in found:
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: daemons(folder), [])
        killed.set()
    s3_bucket.put("in/day=2024-01-10/a.csv", PAIRS)
    pass_a_minute(folder)
    with dagster_dev(folder, **variables) as port:
        both = [("2024-01-09", "SUCCESS"), ("2024-01-10", "SUCCESS")]
        wait_for(lambda: runs(port), both)
        listed = s3_bucket.client.list_objects_v2(Bucket=s3_bucket.name, Prefix="out/")["Contents"]
        assert [entry["Key"] for entry in listed] == [
            f"out/day=2024-01-{day}/clusters.csv.gz" for day in ("09", "10")
        ]
        before = len(ticks(port))
        pass_a_minute(folder)
        wait_for(lambda: ticks(port)[: len(ticks(port)) - before], ["SKIPPED"])
        s3_bucket.put("in/day=2024-01-09/a.csv", PAIRS + b"e,f,0.1\n")
        pass_a_minute(folder)
        wait_for(lambda: runs(port), [("2024-01-09", "SUCCESS"), *both])
        assert "FAILURE" not in ticks(port)


@pytest.mark.slow
def test_a_csv_that_arrives_becomes_a_partition(folder, variables, s3_bucket):
    """Through the sensor and the daemon; the schedule asks for the same day the morning after."""
    glue = boto3.session.Session("test", "test", region_name="us-east-1").client(
        "glue", endpoint_url=s3_bucket.endpoint_url
    )
    database = s3_bucket.name.replace("-", "_")
    glue.create_database(DatabaseInput={"Name": database})
    s3_bucket.put("in/20240109/orders.csv", b"id,amount\n1,2.5\n")
    table = {
        "AWS_ENDPOINT_URL_GLUE": s3_bucket.endpoint_url, "CSV_BUCKET_SRC": s3_bucket.name,
        "CSV_PREFIX": "in", "CSV_PATHOUTPUT": f"s3://{s3_bucket.name}/lake/orders",
        "CSV_TABLE": "orders", "CSV_DATABASE": database,
    }  # fmt: skip
    with dagster_dev(folder, **variables, **table) as port:
        due = datetime(2024, 1, 10, 8, 45, tzinfo=UTC).timestamp()
        tick = graphql(port, DRY_RUN, selector=SCHEDULE_SELECTOR, time=due)["scheduleDryRun"]
        (request,) = tick["evaluationResult"]["runRequests"]
        assert {"key": "dagster/partition", "value": "2024-01-09"} in request["tags"]
        graphql(port, START, selector=CSV_SELECTOR)
        wait_for(lambda: runs(port), [("2024-01-09", "SUCCESS")])
    listed = s3_bucket.client.list_objects_v2(Bucket=s3_bucket.name, Prefix="lake/")["Contents"]
    assert [entry["Key"].rpartition("/")[0] for entry in listed] == ["lake/orders/data_ref=20240109"]
    assert glue.get_table(DatabaseName=database, Name="orders")["Table"]["Name"] == "orders"
