"""Nothing in a source, or of a window, is told apart from no lightning; on a command line, too."""

import shutil
from pathlib import Path

import pytest

from lightning_eda_tests.orchestration.conftest import warnings
from lightning_eda_tests.orchestration.storm_cells.days import only
from lightning_eda_tests.support.hours import HOUR, KEY, simulate
from lightning_eda_tests.warehouse.contents import stored

EMPTY_KEY = "2024-07-01-05:00"


def row_count(result, asset):
    (materialization,) = result.asset_materializations_for_node(asset)
    return materialization.metadata["dagster/row_count"].value


def test_granules_that_the_source_lost_are_told(tmp_path, settings, run):
    """An hour that an archive has no more goes from the database, and the log says how much of it."""
    chosen = settings()
    simulate(tmp_path / "archive")
    simulate(tmp_path / "archive", HOUR.replace(hour=21))
    assert row_count(run(chosen, KEY), "load") > 0
    shutil.rmtree(tmp_path / "archive" / "GLM-L2-LCFA" / "2024" / "183" / "20")
    result = run(chosen, KEY)
    assert row_count(result, "load") == 0
    (told,) = [line for line in warnings(run.instance, result) if "were loaded" in line]
    assert told.startswith("2024-07-01T20Z: 4 of 4 granules that were loaded are not in")
    assert not [line for line in warnings(run.instance, run(chosen, KEY)) if "were loaded" in line]


def test_a_wrong_folder_is_told_and_the_hour_stays(tmp_path, loaded, settings, run):
    """Both extract and load say that it may be the wrong place; the rows are counted in the database."""
    rows = stored(Path(loaded.duckdb_path), "flashes").num_rows
    result = run(settings(archive_dir=str(tmp_path / "archive" / "GLM-L2-LCFA")), KEY)
    told = warnings(run.instance, result)
    assert sum("is it the right place?" in line for line in told) == 2
    assert row_count(result, "load") == rows > 0


def test_a_window_that_is_not_loaded_is_told(loaded, run):
    """The log warns of it; a window whose granules saw no lightning has no such line."""
    result = run(loaded, EMPTY_KEY, group="clustering")
    assert "nothing of this window is loaded: materialise load for it first" in warnings(run.instance, result)


@pytest.mark.parametrize("name", ["G18", "g18"])
def test_a_satellite_is_chosen_in_any_case(loaded, name):
    """As in the tables, or in small letters."""
    options = {"ops": {"preprocessor": {"config": {"satellites": [name]}}}}
    assert row_count(only("preprocessor")(loaded, KEY, options), "preprocessor") > 0


def test_without_its_input_an_asset_says_what_to_run(settings, run):
    """The map of a window that was never cleaned."""
    result = run(settings(), KEY, group="maps")
    (failure,) = [event for event in result.get_step_failure_events() if event.step_key == "cluster_map"]
    words = failure.step_failure_data.user_failure_data.description
    assert "rows.parquet is absent: run preprocessor for this window first" in words
