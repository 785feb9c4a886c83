"""A range of hours on a cluster, by the command a user types: S3, a scheduler, three workers, one killed."""

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from lightning_eda.lake.layout import LEDGER, HourKey
from lightning_eda.lake.upkeep import check_lake
from lightning_eda.series import TABLES
from lightning_eda.simulator import Activity, simulate_hour
from lightning_eda_tests.end_to_end.commands import BIN, ROOT, environment, project_folder
from lightning_eda_tests.fleet.cluster import Cluster
from lightning_eda_tests.lake.lakes import hour_rows, lake_at
from lightning_eda_tests.servers.s3 import Faults, FaultyProxy, S3Bucket
from lightning_eda_tests.support.hours import HOUR
from lightning_eda_tests.warehouse.contents import stored

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]
HOURS = 8
RANGE = "2024-07-01-20:00...2024-07-02-03:00"


@pytest.fixture
def variables(tmp_path: Path, s3_bucket: S3Bucket, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Eight hours of granules in a bucket, and the environment that names them."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    for number in range(HOURS):
        hour = HOUR + number * timedelta(hours=1)
        for path in simulate_hour(
            tmp_path / "sky", "G18", hour, 7 + number, granules=20, activity=Activity(flashes_per_granule=6.0)
        ):
            s3_bucket.put(path.relative_to(tmp_path / "sky").as_posix(), path.read_bytes())
    return {
        "S3_BUCKET": s3_bucket.name,
        "GLM_TIERS": "flash,group,event",
        "AWS_ENDPOINT_URL_S3": s3_bucket.endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }


def launch(cwd: Path, **variables: str) -> "subprocess.Popen[str]":
    """`dagster asset materialize` of the ingestor for the range."""
    words = ("asset", "materialize", "--select", "group:ingestor", "-m", "lightning_eda.definitions")
    return subprocess.Popen(
        [str(BIN / "dagster"), *words, "--partition-range", RANGE],
        cwd=project_folder(cwd),
        env=environment(PYTHONPATH=str(ROOT), **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.long
def test_a_range_survives_a_killed_worker(tmp_path: Path, variables: dict[str, str]) -> None:
    """Green, each hour once, and in every column the rows that DuckDB holds of the same granules."""
    place = f"s3://{variables['S3_BUCKET']}/lake"
    with Cluster.start(tmp_path / "cluster", workers=3, **variables) as cluster:
        run = launch(tmp_path / "fleet", **variables, LIGHTNING_LAKE=place, DASK_SCHEDULER=cluster.address)
        cluster.workers[cluster.busy_worker()].kill()
        said, _ = run.communicate(timeout=400)
        assert run.returncode == 0, said
        assert f"{HOURS} of {HOURS} hours" in said
    single, _ = (alone := launch(tmp_path / "single", **variables)).communicate(timeout=400)
    assert alone.returncode == 0, single
    lake = lake_at(place, variables["AWS_ENDPOINT_URL_S3"])
    found = check_lake(lake)
    assert (found.hours, found.mistakes) == (HOURS, ())
    hours = [hour_rows(lake, HourKey(HOUR + number * timedelta(hours=1), "G18")) for number in range(HOURS)]
    import pyarrow as pa

    for name, table in TABLES.items():
        expected = stored(tmp_path / "single" / "data" / "lightning.duckdb", name)
        order = [(key, "ascending") for key in table.key]
        rows = pa.concat_tables([hour[name] for hour in hours]).select(expected.column_names)
        assert rows.cast(expected.schema).sort_by(order).equals(expected.sort_by(order)), name


@pytest.mark.long
def test_a_dead_scheduler_leaves_nothing_half_visible(tmp_path: Path, variables: dict[str, str]) -> None:
    """The run fails with its hours named, and the lake has none of them."""
    place = f"s3://{variables['S3_BUCKET']}/lake"
    with Cluster.start(tmp_path / "cluster", workers=1, **variables) as cluster:
        run = launch(tmp_path / "fleet", **variables, LIGHTNING_LAKE=place, DASK_SCHEDULER=cluster.address)
        cluster.busy_worker()
        cluster.scheduler.kill()
        said = ""
        assert run.stdout is not None
        for line in run.stdout:
            said += line
            if "is gone while" in line:
                break
        run.kill()
        run.communicate()
    assert "2024-07-02T03Z" in said
    assert lake_at(place, variables["AWS_ENDPOINT_URL_S3"]).open(LEDGER) is None


@pytest.mark.long
def test_a_hopeless_hour_fails_alone(tmp_path: Path, variables: dict[str, str], s3_bucket: S3Bucket) -> None:
    """Its worker cannot fetch it; the others are committed, and the run is red with its name."""
    place = f"s3://{s3_bucket.name}/lake"
    refused = Faults(1.0, ("denied",), only=r"^GET /[^/]+/GLM-L2-LCFA/2024/183/22/[^?]*\.nc")
    with FaultyProxy(s3_bucket.endpoint_url, refused) as proxy:
        variables["AWS_ENDPOINT_URL_S3"] = proxy.endpoint_url
        with Cluster.start(tmp_path / "cluster", workers=2, **variables) as cluster:
            run = launch(
                tmp_path / "fleet", **variables, LIGHTNING_LAKE=place, DASK_SCHEDULER=cluster.address
            )
            said, _ = run.communicate(timeout=500)
    assert run.returncode != 0
    assert f"1 of {HOURS} hours failed, the others are loaded" in said, said
    assert "2024-07-01T22Z: " in said
    assert check_lake(lake_at(place, s3_bucket.endpoint_url)).hours == HOURS - 1
