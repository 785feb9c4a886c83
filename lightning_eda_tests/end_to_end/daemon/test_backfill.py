"""Many hours through the real daemon, four runs at a time: nothing lost, nothing twice, whatever happens."""

from pathlib import Path

import duckdb
import pytest

from lightning_eda_tests.end_to_end.commands import (
    FINISHED,
    dagster_dev,
    graphql,
    has_begun,
    launch_backfill,
    launch_run,
    project_folder,
    run_of,
    runs_of,
    wait_until,
)
from lightning_eda_tests.end_to_end.daemon.days import held, ingest_serially, keys_of, simulate_days
from lightning_eda_tests.warehouse.contents import content_hash

INGESTOR = ["extract", "transform", "load"]
STATISTICS = """{assetNodeOrError(assetKey: {path: ["load"]}){... on AssetNode{
  partitionStats{numMaterialized numFailed}}}}"""
TERMINATE = "mutation($run: String!){terminateRun(runId: $run){__typename}}"
CANCEL = "mutation($backfill: String!){cancelPartitionBackfill(backfillId: $backfill){__typename}}"
BACKFILL = """query($backfill: String!){partitionBackfillOrError(backfillId: $backfill){
  ... on PartitionBackfill{status}}}"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's folder; the archive is beside it."""
    return project_folder(tmp_path / "project")


def statuses(port: int, runs: list[str]) -> list[str]:
    return [run_of(port, run)["status"] for run in runs]


def retries(port: int, run: str) -> int:
    events = run_of(port, run)["eventConnection"]["events"]
    return sum(event["__typename"] == "ExecutionStepUpForRetryEvent" for event in events)


def ledger(database: Path) -> dict[str, int]:
    with duckdb.connect(str(database), read_only=True) as connection:
        return dict(connection.sql("SELECT status, count(*) FROM granules GROUP BY 1").fetchall())


@pytest.mark.slow
def test_four_runs_at_once_some_terminated_and_launched_again(folder, tmp_path):
    """A day as four runs that all wait for a held database; two are terminated there, then run again."""
    simulate_days(tmp_path / "archive", 1)
    expected = ingest_serially(tmp_path, 1)
    keys = keys_of(1)
    ranges = [(keys[first], keys[first + 5]) for first in range(0, 24, 6)]
    database = folder / "data" / "lightning.duckdb"
    with dagster_dev(folder, GLM_ARCHIVE_DIR=str(tmp_path / "archive")) as port:
        with held(database):
            runs = [launch_run(port, "ingest", *span) for span in ranges]
            wait_until(lambda: statuses(port, runs) == ["STARTED"] * 4, "four runs at work at once")
            wait_until(lambda: any(has_begun(port, run, "load") for run in runs), "one of them loads")
            loading = next(run for run in runs if has_begun(port, run, "load"))
            other = next(run for run in runs if run != loading)
            for run in (loading, other):
                graphql(port, TERMINATE, run=run)
            wait_until(lambda: set(statuses(port, [loading, other])) <= FINISHED, "both have ended")
            assert statuses(port, [loading, other]) == ["CANCELED"] * 2
        again = [launch_run(port, "ingest", *ranges[runs.index(run)]) for run in (loading, other)]
        rest = [*again, *(run for run in runs if run not in (loading, other))]
        wait_until(lambda: set(statuses(port, rest)) <= FINISHED, "all have ended")
        assert statuses(port, rest) == ["SUCCESS"] * 4
        assert [retries(port, run) for run in again] == [0, 0]  # nobody met a lock
        counts = graphql(port, STATISTICS)["assetNodeOrError"]["partitionStats"]
    assert counts == {"numMaterialized": 24, "numFailed": 0}
    assert ledger(database) == {"ok": 41, "empty": 4, "quarantined": 1}
    assert content_hash(database) == content_hash(expected)


@pytest.mark.long
def test_seven_days_cancelled_in_the_middle_and_launched_again(folder, tmp_path):
    """One backfill a day, as from the UI; cancelled after some hours, launched again: the same rows."""
    simulate_days(tmp_path / "archive", 7)
    expected = ingest_serially(tmp_path, 7)
    keys = keys_of(7)
    days = [keys[first : first + 24] for first in range(0, len(keys), 24)]
    database = folder / "data" / "lightning.duckdb"
    with dagster_dev(folder, GLM_ARCHIVE_DIR=str(tmp_path / "archive")) as port:
        begun = [launch_backfill(port, INGESTOR, day) for day in days]
        wait_until(lambda: any(run["status"] == "SUCCESS" for run in runs_of(port)), "a day is loaded", 300)
        for backfill in begun:
            graphql(port, CANCEL, backfill=backfill)
        wait_until(lambda: all(_has_ended(port, backfill) for backfill in begun), "all are cancelled", 300)
        assert {run["status"] for run in runs_of(port)} <= {"SUCCESS", "CANCELED"}
        begun = [launch_backfill(port, INGESTOR, day) for day in days]
        wait_until(lambda: all(_has_ended(port, backfill) for backfill in begun), "all are done", 600)
        assert {_status(port, backfill) for backfill in begun} == {"COMPLETED_SUCCESS"}
        assert most_at_once(runs_of(port)) == 4
        counts = graphql(port, STATISTICS)["assetNodeOrError"]["partitionStats"]
    assert counts == {"numMaterialized": 168, "numFailed": 0}
    assert content_hash(database) == content_hash(expected)


def most_at_once(runs: list[dict]) -> int:
    """How many runs were at work at one time, at most."""
    spans = [(run["startTime"], run["endTime"]) for run in runs if run["startTime"] and run["endTime"]]
    return max(sum(begin <= moment < end for begin, end in spans) for moment, _ in spans)


def _status(port: int, backfill: str) -> str:
    return str(graphql(port, BACKFILL, backfill=backfill)["partitionBackfillOrError"]["status"])


def _has_ended(port: int, backfill: str) -> bool:
    return _status(port, backfill) not in ("REQUESTED", "IN_PROGRESS", "CANCELING", "FAILING")
