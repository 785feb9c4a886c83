"""Row 22: runs that wait in the queue outlive the code server."""

from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from lightning_eda.partitions import partition_key
from lightning_eda.warehouse.queries import table_counts
from lightning_eda_tests.end_to_end.commands import wait_until
from lightning_eda_tests.end_to_end.daemon.deployment import Deployment
from lightning_eda_tests.support.hours import HOUR, simulate

HOURS = [HOUR + timedelta(hours=number) for number in range(3)]
ENDED = {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE}


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds the processes in /proc")
def test_row_22_runs_that_wait_while_their_code_server_dies_start_when_there_is_a_new_one(tmp_path):
    """Killed with -9 as soon as they are in the queue: none fails, and every hour is loaded."""
    for hour in HOURS:
        simulate(tmp_path / "archive", hour, granules=2)
    database = tmp_path / "data" / "lightning.duckdb"
    deployment = Deployment.make(
        tmp_path / "deployed",
        GLM_ARCHIVE_DIR=str(tmp_path / "archive"),
        LIGHTNING_DATA_DIR=str(database.parent),
        DUCKDB_PATH=str(database),
    )
    for hour in HOURS:
        deployment.launch("ingest", partition_key(hour))
    with deployment.daemon():
        wait_until(lambda: deployment.kill("code server"), "the code server has begun", 60)
        wait_until(lambda: {run.status for run in deployment.runs()} <= ENDED, "all have ended", 400)
        assert [run.status for run in deployment.runs()] == [dg.DagsterRunStatus.SUCCESS] * len(HOURS)
    assert table_counts(database)["granules"] == 2 * len(HOURS)
