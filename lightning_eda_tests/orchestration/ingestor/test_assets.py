"""The ingestor's assets, run by Dagster on simulated hours."""

import re
from datetime import timedelta

import dagster as dg
import duckdb
import pytest

from lightning_eda import reporting
from lightning_eda.definitions import build_definitions
from lightning_eda.glm.lcfa import read_granule
from lightning_eda.glm.paths import HourFolders
from lightning_eda.partitions import daily
from lightning_eda.storage.lock import sole_use
from lightning_eda_tests.orchestration.conftest import warnings
from lightning_eda_tests.support.hours import BUCKET, HOUR, KEY, simulate


def rows(settings, sql="SELECT count(*) FROM flashes"):
    with duckdb.connect(settings.duckdb_path, read_only=True) as database:
        return database.sql(sql).fetchall()


def metadata(result, asset):
    (materialization,) = result.asset_materializations_for_node(asset)
    return {name: value.value for name, value in materialization.metadata.items()}


def checks(result):
    return {evaluation.check_name: evaluation for evaluation in result.get_asset_check_evaluations()}


def failure(result) -> str:
    (event,) = result.get_step_failure_events()
    return event.step_failure_data.user_failure_data.description


def test_an_hour_goes_from_granules_to_the_database(tmp_path, settings, run):
    """All rows of all tiers, counted in the metadata of each asset."""
    paths = simulate(tmp_path / "archive")
    headers = [read_granule(path).header for path in paths]
    chosen = settings(tiers="flash,group,event")
    result = run(chosen, KEY)
    assert result.success
    assert metadata(result, "extract")["granules_found"] == 4
    assert metadata(result, "extract")["granules_expected"] == 180
    assert metadata(result, "transform")["rows_events"] == sum(header.n_events for header in headers)
    assert metadata(result, "load")["rows_flashes"] == sum(header.n_flashes for header in headers)
    assert rows(chosen, "SELECT sum(n_flashes), sum(n_groups), sum(n_events), count(*) FROM granules") == [
        (
            sum(header.n_flashes for header in headers),
            sum(header.n_groups for header in headers),
            sum(header.n_events for header in headers),
            4,
        )
    ]
    assert rows(chosen) == [(sum(header.n_flashes for header in headers),)]


def test_checks_pass_and_warn(tmp_path, settings, run):
    """An hour with gaps, a damaged and an inconsistent granule warns; nothing of it fails the run."""
    simulate(tmp_path / "archive", faults=[("truncated", 0), ("lost_blocks", 2)])
    result = run(settings(tiers="flash,group"), KEY)
    assert result.success
    found = {name: evaluation.passed for name, evaluation in checks(result).items()}
    assert found == {
        "hour_is_complete": False,
        "no_granule_quarantined": False,
        "parents_resolve": False,
        "ids_are_unique": True,
        "coordinates_in_range": True,
    }
    assert all(
        evaluation.severity.value == "WARN" for evaluation in checks(result).values() if not evaluation.passed
    )
    assert all(evaluation.description for evaluation in checks(result).values() if not evaluation.passed)
    assert checks(result)["hour_is_complete"].metadata["missing_granules"].value == 176
    told = [
        line.split(" did not pass. ") for line in warnings(run.instance, result) if "did not pass" in line
    ]
    assert sorted(name for name, _ in told) == sorted(name for name, passed in found.items() if not passed)


def test_a_complete_hour_passes_every_check(tmp_path, settings, run):
    """180 granules."""
    simulate(tmp_path / "archive", granules=180)
    result = run(settings(), KEY)
    assert all(evaluation.passed for evaluation in checks(result).values())
    assert checks(result)["hour_is_complete"].metadata["incomplete_hours"].value == "none"
    assert metadata(result, "extract")["gaps"] == "none"


def test_a_second_run_changes_nothing(loaded, run):
    """Nothing is fetched, nothing is written; `loaded_at` stays."""
    before = rows(loaded, "SELECT * FROM granules ORDER BY ALL")
    again = run(loaded, KEY)
    assert metadata(again, "extract")["granules_fetched"] == 0
    assert metadata(again, "load")["changed"] is False
    assert rows(loaded, "SELECT * FROM granules ORDER BY ALL") == before


def test_a_late_granule_is_added(tmp_path, settings, run):
    """Only it is fetched; the hour is whole afterwards."""
    late = simulate(tmp_path / "archive")[2]
    content = late.read_bytes()
    late.unlink()
    chosen = settings()
    run(chosen, KEY)
    late.write_bytes(content)
    result = run(chosen, KEY)
    assert metadata(result, "extract")["granules_fetched"] == 1
    assert rows(chosen, "SELECT count(*), sum(n_flashes) FROM granules")[0][0] == 4


def test_an_empty_hour_is_green(tmp_path, settings, run):
    """It materialises with zero rows and says so; only completeness warns."""
    simulate(tmp_path / "archive", HOUR + timedelta(days=1))
    chosen = settings()
    result = run(chosen, KEY)
    assert result.success
    assert metadata(result, "load")["status"] == "empty: no granule was found"
    assert metadata(result, "transform")["dagster/row_count"] == 0
    assert [name for name, check in checks(result).items() if not check.passed] == ["hour_is_complete"]
    assert rows(chosen) == [(0,)]


def test_an_hour_that_is_emptied_at_its_source_is_emptied_here(tmp_path, settings, run):
    """The rows of a satellite whose granules are gone go too; those of others stay."""
    paths = simulate(tmp_path / "archive")
    others = simulate(tmp_path / "archive", satellite="G16")
    simulate(tmp_path / "archive", HOUR + timedelta(hours=1), granules=1)  # the archive itself is there
    chosen = settings()
    run(chosen, KEY)
    for path in others:
        path.unlink()
    run(chosen, KEY)
    assert rows(chosen, "SELECT DISTINCT satellite FROM flashes") == [("G18",)]
    for path in paths:
        path.unlink()
    result = run(chosen, KEY)
    assert metadata(result, "load")["status"] == "empty: no granule was found"
    assert rows(chosen) == [(0,)]


def test_a_wrong_place_empties_nothing(tmp_path, loaded, settings, run):
    """A folder that holds no product at all is no proof that the hour is empty."""
    (before,) = rows(loaded)
    for wrong in (tmp_path / "archive" / "GLM-L2-LCFA", tmp_path / "other"):
        wrong.mkdir(exist_ok=True)
        result = run(settings(archive_dir=str(wrong)), KEY)
        assert "is it the right place?" in metadata(result, "load")["status"]
        assert rows(loaded) == [before]


def test_missing_granules_are_counted_for_each_satellite(tmp_path, settings, run):
    """Two satellites should have 360 granules."""
    simulate(tmp_path / "archive", granules=4)
    simulate(tmp_path / "archive", granules=6, satellite="G16")
    result = run(settings(), KEY)
    assert checks(result)["hour_is_complete"].metadata["missing_granules"].value == 350


def test_a_home_folder_is_understood(tmp_path, settings, run, monkeypatch):
    """`~` in a setting that no shell has seen."""
    monkeypatch.setenv("HOME", str(tmp_path))
    simulate(tmp_path / "archive")
    assert run(settings(archive_dir="~/archive", duckdb_path="~/there.duckdb"), KEY).success
    assert (tmp_path / "there.duckdb").exists()


def test_a_range_is_one_run_with_numbers_for_each_hour(tmp_path, settings, run):
    """Across midnight, with an empty hour in the middle; each partition has its own metadata."""
    hours = [HOUR.replace(hour=23) + timedelta(hours=n) for n in range(3)]
    counts = []
    for hour, granules in zip(hours, (3, 0, 2), strict=True):
        counts.append(granules)
        if granules:
            simulate(tmp_path / "archive", hour, granules=granules)
    chosen = settings()
    result = run(chosen, ("2024-07-01-23:00", "2024-07-02-01:00"))
    assert result.success
    for asset in ("extract", "transform", "load"):
        events = result.asset_materializations_for_node(asset)
        assert [event.partition for event in events] == [
            "2024-07-01-23:00",
            "2024-07-02-00:00",
            "2024-07-02-01:00",
        ]
        assert {event.metadata["partitions_in_run"].value for event in events} == {3}
    found = [e.metadata["granules_found"].value for e in result.asset_materializations_for_node("extract")]
    assert found == counts
    assert rows(chosen, "SELECT count(*) FROM granules") == [(5,)]


def test_the_pin_selects_the_hour(tmp_path, settings, run):
    """Without a partition; the same rows as the partition gives."""
    simulate(tmp_path / "archive")
    pinned = settings(goes_year="2024", goes_doy="183", goes_hour="20")
    result = run(pinned)
    assert result.success
    assert metadata(result, "extract")["granules_found"] == 4
    assert result.asset_materializations_for_node("load")[0].partition is None


def test_only_tiers_asked_for_are_counted_and_every_bad_file_is_named(tmp_path, settings, run):
    """Flashes alone are asked for; two files of the hour cannot be trusted."""
    simulate(tmp_path / "archive", faults=[("truncated", 0), ("truncated", 2)])
    result = run(settings(), KEY)
    counted = {name for name in metadata(result, "load") if name.startswith("rows_")}
    assert counted == {"rows_flashes", "rows_granules", "rows_replaced"}
    (check,) = (e for e in result.get_asset_check_evaluations() if e.check_name == "no_granule_quarantined")
    assert len({*re.findall(r"OR_GLM\S+?\.nc", check.metadata["reasons"].value)}) == 2


@pytest.mark.slow
def test_a_pinned_day_is_one_window(tmp_path, settings, run):
    """24 hours; numbers are sums, and a table has a line an hour."""
    simulate(tmp_path / "archive")
    simulate(tmp_path / "archive", HOUR + timedelta(hours=2), granules=3)
    result = run(settings(goes_year="2024", goes_doy="183"))
    assert metadata(result, "extract")["granules_found"] == 7
    assert len(result.asset_materializations_for_node("load")[0].metadata["partitions"].records) == 24


def test_run_config_wins_over_the_settings(tmp_path, settings, run):
    """The pin and the tiers, set for one run in the launchpad."""
    simulate(tmp_path / "archive")
    chosen = settings(goes_year="2024", goes_doy="1")
    config = {
        "resources": {
            "pin": {"config": {"year": "2024", "doy": "183", "hour": "20"}},
            "glm": {"config": {"tiers": "flash,event"}},
        }
    }
    result = run(chosen, run_config=config)
    assert metadata(result, "extract")["granules_found"] == 4
    assert metadata(result, "transform")["rows_events"] > 0


def test_beside_a_daily_asset_the_pin_counts(tmp_path, settings):
    """With the pin set, "Materialize all" asks for a day, for the daily assets; it is none of the hours'."""

    @dg.asset(partitions_def=daily)
    def other() -> None:
        """An asset of another system."""

    simulate(tmp_path / "archive")
    definitions = build_definitions(settings(goes_year="2024", goes_doy="183", goes_hour="20"))
    ours = [asset for asset in definitions.assets if "ingestor" in asset.group_names_by_key.values()]
    resources = dict(definitions.resources)
    result = dg.materialize([*ours, other], resources=resources, partition_key="2024-01-01")
    assert metadata(result, "load")["status"] == "loaded"


def test_a_step_that_was_skipped_is_asked_for(tmp_path, settings, run):
    """Load without transform says what to run."""
    definitions = build_definitions(settings())
    load = next(asset for asset in definitions.assets if asset.key.to_user_string() == "load")
    result = dg.materialize(
        [load], resources=dict(definitions.resources), partition_key=KEY, raise_on_error=False
    )
    assert "run transform for this hour first" in failure(result)


def test_an_hour_that_another_run_holds_is_tried_again(tmp_path, settings, run, monkeypatch):
    """As a step that waits for the database is."""
    monkeypatch.setattr(sole_use.__wrapped__, "__defaults__", (0.05,))
    monkeypatch.setattr(reporting, "FIRST_RETRY_S", 0.01)
    simulate(tmp_path / "archive")
    with sole_use(HourFolders(tmp_path / "data", BUCKET, HOUR).transform):
        result = run(settings(), KEY)
    retries = [event for event in result.all_events if event.event_type_value == "STEP_UP_FOR_RETRY"]
    assert [event.step_key for event in retries] == ["transform"] * reporting.MOST_RETRIES
    assert "has been in use by another run" in failure(result)
