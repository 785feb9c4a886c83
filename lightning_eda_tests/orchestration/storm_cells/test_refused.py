"""Storm cells: what is refused, and a bad day beside good ones."""

import gzip
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from lightning_eda.settings import DistanceSettings
from lightning_eda_tests.orchestration.conftest import reported
from lightning_eda_tests.orchestration.storm_cells.days import (
    DAY,
    GROUP,
    START,
    config,
    failure,
    failures,
    only,
    pairs_path,
    storms_of_day,
)
from lightning_eda_tests.warehouse.detections import store

pytestmark = pytest.mark.usefixtures("undrawn")
run_cells = only("flash_pairs", "storm_cells")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"storm_cells": {"eps_km": 15.5}},
            "eps_km: found 15.5; allowed: at most 15, the max_km of this day's flash_pairs",
        ),
        ({"flash_pairs": {"satellites": ["goes"]}}, "satellites: found ['goes']; allowed: G1"),
        ({"flash_pairs": {"most_pairs": 100}}, "max_km: found 15.0; allowed: limits that leave at most 100"),
    ],
)
def test_a_limit_that_is_too_much_is_refused(stormy, tmp_path, options, words):
    """In one sentence; no clusters are written, nor pairs where these were too many."""
    result = run_cells(stormy, DAY, config(**options))
    assert words in failure(result)
    bucket = tmp_path / "data" / "bucket"
    assert not (bucket / "storm_cells").exists()
    assert (bucket / "flash_pairs").exists() is ("storm_cells" in options)
    assert not list((tmp_path / "data").rglob("*.part"))


@pytest.mark.parametrize(
    ("folders", "words"),
    [
        (
            {"storm_cells_folder": "flash_pairs/"},
            "STORM_CELLS_FOLDER: found 'flash_pairs/'; allowed: another folder than FLASH_PAIRS_FOLDER",
        ),
        (
            {"input_folder": "storm_cells"},
            "STORM_CELLS_FOLDER: found 'storm_cells'; allowed: another folder than INPUT_FOLDER",
        ),
        (
            {"output_folder": "/storm_cells"},
            "STORM_CELLS_FOLDER: found 'storm_cells'; allowed: another folder than OUTPUT_FOLDER",
        ),
        (
            {"output_folder": "flash_pairs"},
            "OUTPUT_FOLDER: found 'flash_pairs'; allowed: another folder than FLASH_PAIRS_FOLDER",
        ),
    ],
)
def test_one_folder_for_two_is_refused(stormy, run, tmp_path, folders, words):
    """By both systems, before anything is written: clusters would be read as pairs, or replaced by others."""
    distances = DistanceSettings(bucket=str(tmp_path / "lake"), **folders)
    assert words in failure(run_cells(replace(stormy, distances=distances)))
    complete = replace(
        distances,
        input_folder=distances.input_folder or "in",
        output_folder=distances.output_folder or "out",
    )
    assert words in failure(run(replace(stormy, distances=complete), DAY, group="distance_clustering"))
    assert not (tmp_path / "lake").exists()


def test_folders_in_two_buckets_may_have_one_name(stormy):
    """Without BUCKET, storm cells are in a folder of their own."""
    distances = DistanceSettings(output_folder="storm_cells")
    assert run_cells(replace(stormy, distances=distances)).success


def test_without_pairs_it_says_what_to_run(stormy, tmp_path):
    """They were never found, are gone, or were written by another."""
    cells = only("storm_cells")
    assert "is absent: run flash_pairs for this day first" in failure(cells(stormy))
    run_cells(stormy)
    clusters = (tmp_path / "data" / "bucket" / "storm_cells" / f"day={DAY}" / "clusters.csv.gz").read_bytes()
    pairs_path(tmp_path).write_bytes(gzip.compress(b"a,b,1\n"))
    assert "was written by another since: run flash_pairs for this day again" in failure(cells(stormy))
    pairs_path(tmp_path).unlink()
    assert "is not there: run flash_pairs for this day again" in failure(cells(stormy))
    kept = tmp_path / "data" / "bucket" / "storm_cells" / f"day={DAY}" / "clusters.csv.gz"
    assert kept.read_bytes() == clusters


def test_pairs_of_flashes_that_are_gone_are_refused(stormy, run):
    """The day was loaded anew between the two assets."""
    assert only("flash_pairs")(stormy).success
    with duckdb.connect(stormy.duckdb_path) as database:
        database.execute("UPDATE flashes SET flash_id = flash_id + 1000 WHERE flash_id < 5")
    result = only("storm_cells")(stormy)
    assert "of 95 flashes with neighbours" in failure(result)
    assert "were loaded anew since; run flash_pairs for this day again" in failure(result)


def test_without_a_database_it_says_what_to_run(settings, run):
    """`load` makes it."""
    found = failures(run(settings(), DAY, group=GROUP))
    assert len(found) == 2
    assert all("materialize the asset `load` first" in one for one in found)


def test_a_bad_day_does_not_stop_a_range(stormy, run, tmp_path):
    """The others are paired, clustered and reported; the run fails and names the day."""
    store(Path(stormy.duckdb_path), flashes=storms_of_day(day=START + timedelta(days=2), seed=4))
    days = (DAY, "2024-07-03")
    assert only("flash_pairs")(stormy, days).success
    pairs_path(tmp_path, "2024-07-02").write_bytes(b"another's")
    result = only("storm_cells")(stormy, days, instance=run.instance)
    assert re.search(r"1 of 3 days failed, the others are done\. 2024-07-02: .* by another", failure(result))
    rows = {day: told["dagster/row_count"] for day, told in reported(run.instance, "storm_cells").items()}
    assert rows == {DAY: 3, "2024-07-03": 3}


def test_a_day_with_too_many_pairs_does_not_stop_a_range(stormy, run):
    """It alone is not paired."""
    store(Path(stormy.duckdb_path), flashes=storms_of_day(day=START + timedelta(days=2), seed=4)[:60])
    options = config(flash_pairs={"most_pairs": 700})
    result = run_cells(stormy, (DAY, "2024-07-03"), options, run.instance)
    assert "1 of 3 days failed, the others are done. 2024-07-01: max_km: found 15.0" in failure(result)
    days = reported(run.instance, "flash_pairs")
    assert sorted(days) == ["2024-07-02", "2024-07-03"]
