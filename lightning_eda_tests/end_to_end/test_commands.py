"""The commands of the README, typed in a folder of a user."""

import re
from datetime import timedelta

import duckdb
import pytest

from lightning_eda_tests.end_to_end.commands import (
    PACKAGE,
    SETTINGS,
    command,
    materialize,
    project_folder,
)
from lightning_eda_tests.support.hours import HOUR, simulate

PIN = {"GOES_YEAR": "2024", "GOES_DOY": "183", "GOES_HOUR": "20"}


@pytest.fixture
def folder(tmp_path):
    """A user's folder with an archive of a few granules of two hours."""
    simulate(tmp_path / "archive")
    simulate(tmp_path / "archive", HOUR + timedelta(hours=1), granules=3)
    return project_folder(tmp_path / "project")


@pytest.fixture
def variables(tmp_path):
    """Where the granules are."""
    return {"GLM_ARCHIVE_DIR": str(tmp_path / "archive")}


def granules(folder):
    with duckdb.connect(str(folder / "data" / "lightning.duckdb"), read_only=True) as database:
        return database.sql(
            "SELECT hour(granule_start), count(*) FROM granules GROUP BY 1 ORDER BY 1"
        ).fetchall()


def test_the_pinned_command(folder, variables):
    """Files and runs go under data/; nothing else is left in the folder."""
    done = materialize(cwd=folder, **variables, **PIN)
    assert "RUN_SUCCESS" in done.stdout
    assert granules(folder) == [(20, 4)]
    assert (folder / "data" / "dagster").is_dir()
    assert {path.name for path in folder.iterdir()} == {*SETTINGS, PACKAGE, "data"}


@pytest.mark.slow
def test_one_partition(folder, variables):
    """The same hour by its key."""
    materialize("--partition", "2024-07-01-20:00", cwd=folder, **variables)
    assert granules(folder) == [(20, 4)]


@pytest.mark.slow
def test_a_range_of_partitions_is_one_run(folder, variables):
    """Inclusive, with hours that have no granules."""
    done = materialize("--partition-range", "2024-07-01-19:00...2024-07-01-22:00", cwd=folder, **variables)
    assert done.stdout.count("RUN_SUCCESS") == 1
    assert granules(folder) == [(20, 4), (21, 3)]


@pytest.mark.slow
def test_with_a_dagster_home(folder, variables, tmp_path):
    """Its own settings count, and runs are kept there."""
    home = tmp_path / "home"
    home.mkdir()
    materialize("--partition", "2024-07-01-20:00", cwd=folder, DAGSTER_HOME=str(home), **variables)
    assert granules(folder) == [(20, 4)]
    assert (home / "history").is_dir()
    assert not (folder / "data" / "dagster").exists()


@pytest.mark.slow
def test_without_any_instance_settings(tmp_path, variables):
    """In an empty folder."""
    simulate(tmp_path / "archive")
    (tmp_path / "empty").mkdir()
    materialize("--partition", "2024-07-01-20:00", cwd=tmp_path / "empty", **variables)
    assert granules(tmp_path / "empty") == [(20, 4)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pin", "words"),
    [
        ({"GOES_YEAR": "2022"}, "Use a backfill|use a backfill"),
        (
            {**PIN, "GLM_ARCHIVE_DIR": "absent"},
            "absent is no folder; GLM_ARCHIVE_DIR must name one that exists",
        ),
    ],
)
def test_a_mistake_ends_the_command_with_its_reason(folder, variables, pin, words):
    """Not zero, and one sentence to read."""
    done = materialize(cwd=folder, check=False, **{**variables, **pin})
    assert done.returncode != 0
    assert any(word in done.stdout for word in words.split("|"))


@pytest.mark.slow
def test_the_demo(tmp_path):
    """It ends with the database, the number of flashes and a query that works."""
    place = project_folder(tmp_path / "project")
    done = command("lightning-eda", "demo", cwd=place)
    assert "flashes of 180 granules" in done.stdout
    told = re.findall(r"^   (\w+): [\d.]+m?s$", done.stdout, re.MULTILINE)
    assert {"extract", "load", "cluster_map", "storm_page"} <= {*told}
    assert "Try:" in done.stdout
    for page in re.findall(r"data/figures/\S+\.html", done.stdout):
        assert (place / page).exists()
    assert "/storms.html" in done.stdout
    with duckdb.connect(str(place / "data" / "lightning.duckdb"), read_only=True) as database:
        query = done.stdout[done.stdout.index("SELECT") : done.stdout.index("LIMIT 5") + 7]
        assert len(database.sql(query).fetchall()) == 5


def test_simulate(tmp_path):
    """Granules under the bucket's layout, with a fault; a mistake is one line."""
    options = (
        "--satellite",
        "G17",
        "--hour",
        "2022-12-31T23",
        "--hours",
        "2",
        "--granules",
        "2",
        "--flashes",
        "5",
    )
    done = command("lightning-eda", "simulate", "archive", *options, "--fault", "empty:1", cwd=tmp_path)
    assert done.stdout.startswith("4 simulated granules")
    assert len(list((tmp_path / "archive/GLM-L2-LCFA/2022/365/23").iterdir())) == 2
    assert len(list((tmp_path / "archive/GLM-L2-LCFA/2023/001/00").iterdir())) == 2
    done = command(
        "lightning-eda",
        "simulate",
        "x",
        "--hour",
        "2022-12-31T05",
        "--satellite",
        "G15",
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 1
    assert "G15" in done.stdout and done.stdout.count("\n") == 1
