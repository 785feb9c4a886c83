"""The instance settings: where runs are kept, who dies and what comes after, and Postgres."""

import logging
import os
import shutil
import signal
import subprocess
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import dagster as dg
import duckdb
import pytest
import yaml

from lightning_eda.partitions import partition_key
from lightning_eda_tests.end_to_end.commands import (
    BIN,
    FINISHED,
    ROOT,
    command,
    dagster_dev,
    environment,
    has_begun,
    launch_run,
    process_of,
    project_folder,
    run_of,
    runs_of,
    wait_until,
)
from lightning_eda_tests.end_to_end.daemon.days import held
from lightning_eda_tests.end_to_end.daemon.postgres import postgres_server
from lightning_eda_tests.end_to_end.hours.ingestion import children_of, is_running
from lightning_eda_tests.support.hours import HOUR, simulate

KEYS = [partition_key(HOUR + timedelta(hours=number)) for number in range(9)]
STORAGE = {"storage", "local_artifact_storage", "compute_logs"}
DEPLOYED = ("dagster.yaml", "dagster-postgres.yaml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's folder; two granules of each hour are in the archive beside it."""
    for number in range(len(KEYS)):
        simulate(tmp_path / "archive", HOUR + timedelta(hours=number), granules=2)
    return project_folder(tmp_path / "project")


@pytest.fixture
def archive(tmp_path: Path) -> dict[str, str]:
    """The variable that names the archive."""
    return {"GLM_ARCHIVE_DIR": str(tmp_path / "archive")}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A DAGSTER_HOME with the settings made for one."""
    place = tmp_path / "home"
    place.mkdir()
    shutil.copy(ROOT / "deploy" / "dagster.yaml", place)
    return place


def hours_loaded(database: Path) -> list[int]:
    with duckdb.connect(str(database), read_only=True) as connection:
        sql = "SELECT DISTINCT hour(granule_start) FROM granules ORDER BY 1"
        return [hour for (hour,) in connection.sql(sql).fetchall()]


@pytest.mark.parametrize("name", DEPLOYED)
def test_the_settings_for_a_dagster_home_differ_in_storage_and_the_number_of_runs_only(name):
    """What is said once in three files stays the same."""
    ours, deployed = (
        yaml.safe_load(path.read_text()) for path in (ROOT / "dagster.yaml", ROOT / "deploy" / name)
    )
    many = deployed["concurrency"]["runs"]["max_concurrent_runs"]
    assert many == deployed["run_coordinator"]["config"]["dequeue_num_workers"]
    for settings in (ours, deployed):
        for setting in STORAGE:
            settings.pop(setting, None)
        settings["concurrency"]["runs"]["max_concurrent_runs"] = many
        settings["run_coordinator"]["config"]["dequeue_num_workers"] = many
    assert deployed == ours


def test_what_the_package_warns_of_is_in_the_runs_log(home):
    """By Python's own logging, deep in the package, where there is no context to log to."""

    @dg.asset
    def waits() -> None:
        logging.getLogger("lightning_eda.warehouse.database.attach").warning("it is held by a notebook")

    with dg.DagsterInstance.from_config(str(home)) as instance:
        run_id = dg.materialize([waits], instance=instance).run_id
        told = [(entry.user_message, entry.step_key) for entry in instance.all_logs(run_id)]
    assert ("it is held by a notebook", "waits") in told


@pytest.mark.slow
def test_a_dagster_home_is_one_instance_from_every_folder(folder, archive, home, tmp_path):
    """Prepared once, it takes first runs at the same time, and keeps them wherever they were started."""
    command("dagster", "instance", "migrate", cwd=folder, DAGSTER_HOME=str(home))
    (tmp_path / "elsewhere").mkdir()
    variables = {**archive, "DAGSTER_HOME": str(home), "LIGHTNING_DATA_DIR": str(tmp_path / "data")}
    words = [
        "dagster",
        "asset",
        "materialize",
        "--select",
        "group:ingestor",
        "-m",
        "lightning_eda.definitions",
    ]
    started = [
        subprocess.Popen(
            [str(BIN / words[0]), *words[1:], "--partition", key],
            cwd=place,
            env=environment(**variables),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for key, place in zip(KEYS, (folder, tmp_path / "elsewhere"), strict=False)
    ]
    assert [one.wait(120) for one in started] == [0, 0]
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert [run.status for run in instance.get_runs()] == [dg.DagsterRunStatus.SUCCESS] * 2
    assert hours_loaded(tmp_path / "data" / "lightning.duckdb") == [20, 21]
    assert not (tmp_path / "elsewhere" / "data").exists()
    assert not (folder / "data").exists()


@pytest.mark.long
@pytest.mark.parametrize("power_cut", [False, True], ids=["the run's process", "everything"])
def test_after_a_kill_inside_load_others_load_within_two_minutes(folder, archive, power_cut):
    """The killed run is marked failed and run once more; its slot in the pool is given back."""
    database = folder / "data" / "lightning.duckdb"
    with dagster_dev(folder, **archive) as port:
        with held(database):
            killed = launch_run(port, "ingest", KEYS[0])
            wait_until(lambda: has_begun(port, killed, "load"), "it waits for the database inside load")
            _kill(server_processes(port) if power_cut else [process_of(run_of(port, killed))])
        if not power_cut:
            check_that_others_load(port, killed)
    if power_cut:
        with dagster_dev(folder, **archive) as port:
            check_that_others_load(port, killed)
    assert hours_loaded(database) == [20, 21]


def check_that_others_load(port: int, killed: str) -> None:
    """Launches the next hour; then both have been loaded, and only the killed run failed."""
    other = launch_run(port, "ingest", KEYS[1])
    wait_until(lambda: has_begun(port, other, "load"), "the next load begins", 120)
    wait_until(lambda: [run["status"] for run in runs_of(port)].count("SUCCESS") == 2, "both hours", 120)
    failed = [run["runId"] for run in runs_of(port) if run["status"] != "SUCCESS"]
    assert failed == [killed]
    assert run_of(port, killed)["status"] == "FAILURE"


def server_processes(port: int) -> list[int]:
    """`dagster dev` on that port, and all it has started."""
    (parent,) = [pid for pid in children_of(os.getpid()) if f"\0{port}\0" in _command_line(pid)]
    found = [parent]
    for pid in found:
        found += children_of(pid)
    return found


def _command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


def _kill(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(map(is_running, pids)), "all are gone", 30)


@pytest.mark.long
def test_with_postgres_eight_runs_work_at_once(folder, archive, tmp_path):
    """The settings of deploy/dagster-postgres.yaml, as they are."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(ROOT / "deploy" / "dagster-postgres.yaml", home / "dagster.yaml")
    with postgres_server() as server:
        variables = {**archive, **server, "DAGSTER_HOME": str(home)}
        command("dagster", "instance", "migrate", cwd=folder, **variables)
        database = folder / "data" / "lightning.duckdb"
        with dagster_dev(folder, **variables) as port:
            with held(database):
                runs = [launch_run(port, "ingest", key) for key in KEYS[:8]]
                wait_until(
                    lambda: {run_of(port, run)["status"] for run in runs} == {"STARTED"}, "eight runs at work"
                )
            wait_until(
                lambda: {run_of(port, run)["status"] for run in runs} <= FINISHED, "all have ended", 180
            )
            assert {run_of(port, run)["status"] for run in runs} == {"SUCCESS"}
        assert hours_loaded(database) == [0, 1, 2, 3, 20, 21, 22, 23]
        assert not (home / "history").exists()
