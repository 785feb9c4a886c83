"""`dg`, Dagster's newer command, in a clone: what it lists, loads, launches and serves."""

import json

import duckdb
import pytest

from lightning_eda.definitions import BACKFILL_HOURS, build_definitions
from lightning_eda.settings import Settings
from lightning_eda_tests.end_to_end.commands import command, dagster_dev, graphql, project_folder
from lightning_eda_tests.support.hours import simulate

SERVED = """{assetNodes{assetKey{path} groupName description isPartitioned isExecutable
    backfillPolicy{maxPartitionsPerRun}}
  workspaceOrError{... on Workspace{locationEntries{name}}}
  instance{daemonHealth{allDaemonStatuses{daemonType}}}}"""
DAILY_GROUPS = {"storm_cells", "distance_clustering", "s3_tables"}


@pytest.fixture
def folder(tmp_path):
    """A user's folder."""
    return project_folder(tmp_path / "project")


@pytest.mark.slow
def test_dg_lists_all_definitions(folder, tmp_path):
    """Every asset, job, schedule and sensor; no usage statistics are noted in the user's folder."""
    home = tmp_path / "user"
    home.mkdir()
    listed = json.loads(command("dg", "list", "defs", "--json", cwd=folder, HOME=str(home)).stdout)
    ours = build_definitions(Settings())
    assert {asset["asset_key"] for asset in listed["assets"]} == {
        spec.key.to_user_string() for spec in ours.resolve_all_asset_specs()
    }
    for kind in ("jobs", "schedules", "sensors"):
        assert {one["name"] for one in listed[kind]} == {one.name for one in getattr(ours, kind)}
    assert not list(home.rglob("*"))


@pytest.mark.slow  # `make definitions`, which CI runs, does the same in the clone
def test_dg_checks_all_definitions(folder, tmp_path):
    """It finds them whole; no usage statistics are noted in the user's folder."""
    home = tmp_path / "user"
    home.mkdir()
    assert "All definitions loaded" in command("dg", "check", "defs", cwd=folder, HOME=str(home)).stdout
    assert not list(home.rglob("*"))


@pytest.mark.parametrize(
    "partitions",
    [
        ("--partition-range", "2024-07-01-19:00...2024-07-01-20:00"),
        pytest.param(("--partition", "2024-07-01-20:00"), marks=pytest.mark.slow),
    ],
    ids=["range", "hour"],
)
def test_dg_launches_an_hour_and_a_range_of_hours_as_one_run(folder, tmp_path, partitions):
    """Without a word of what is superseded."""
    simulate(tmp_path / "archive")
    options = ("dg", "launch", "--assets", "group:ingestor")
    done = command(*options, *partitions, cwd=folder, GLM_ARCHIVE_DIR=str(tmp_path / "archive"))
    assert done.stdout.count("RUN_SUCCESS") == 1
    assert "SupersessionWarning" not in done.stdout
    with duckdb.connect(str(folder / "data" / "lightning.duckdb"), read_only=True) as database:
        assert database.sql("SELECT count(*) FROM granules").fetchall() == [(4,)]


@pytest.mark.parametrize(
    ("words", "location"),
    [
        pytest.param(("dg", "dev"), "lightning_eda", marks=pytest.mark.slow),
        pytest.param(("dagster", "dev"), "lightning_eda", marks=pytest.mark.slow),
        pytest.param(
            ("dagster", "dev", "-m", "lightning_eda.definitions"),
            "lightning_eda.definitions",
            marks=pytest.mark.long,
        ),
    ],
    ids=["dg dev", "dagster dev", "dagster dev -m"],
)
def test_it_is_served_whole_and_a_backfill_is_split_by_day(folder, words, location):
    """UI and daemon; assets are grouped, partitioned and described.

    A backfill is a run for each 24 hours, and for each day of a daily asset.
    """
    with dagster_dev(folder, command=words) as port:
        found = graphql(port, SERVED)
    assert [entry["name"] for entry in found["workspaceOrError"]["locationEntries"]] == [location]
    assert {"extract", "transform", "load"} <= {node["assetKey"]["path"][-1] for node in found["assetNodes"]}
    for node in found["assetNodes"]:
        assert node["groupName"] and node["description"] and node["isPartitioned"] == node["isExecutable"]
        if node["isExecutable"]:
            most = 1 if node["groupName"] in DAILY_GROUPS else BACKFILL_HOURS
            assert node["backfillPolicy"]["maxPartitionsPerRun"] == most
    daemons = found["instance"]["daemonHealth"]["allDaemonStatuses"]
    assert any(daemon["daemonType"] == "QUEUED_RUN_COORDINATOR" for daemon in daemons)
