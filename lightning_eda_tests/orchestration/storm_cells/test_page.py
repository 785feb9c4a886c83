"""The storm page of a day, with and without its density grids."""

import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import numpy as np
import pytest

from lightning_eda.assets.storm_cells.pair_finding import NOT_LOADED
from lightning_eda.assets.storm_cells.track_finding import NO_TRACKS
from lightning_eda.glm.origin import SIMULATED
from lightning_eda.grids.density import Density, density_table, minute_number
from lightning_eda.grids.files import density_path, write_density
from lightning_eda.grids.fixed_grid import SIZE
from lightning_eda.grids.pixel_sizes import learn_sizes
from lightning_eda_tests.figures.conftest import payload
from lightning_eda_tests.orchestration.conftest import logged
from lightning_eda_tests.orchestration.storm_cells.days import DAY, failure, metadata, only, storms_of_day
from lightning_eda_tests.warehouse.contents import rows_with
from lightning_eda_tests.warehouse.detections import store

START = datetime.fromisoformat(DAY).replace(tzinfo=UTC)
START_OF_EVE = datetime(2024, 6, 30, 23, 20)
LATE = datetime(2024, 6, 30, 23, 45)
run_page = only("storm_tracks", "lightning_jumps", "storm_page")


def write_grids(data: Path, hour: int, slot: str) -> None:
    """An hour of G18 with one cell in its first minute."""
    table = density_table(
        np.array([minute_number(START) + 60 * hour]), np.array([2000 * SIZE + 2500]), np.ones((1, 6))
    )
    density = Density(table, slot, 6_392_137.0, learn_sizes([]), 1, 1, 0, 0, 0, 1.0)
    write_density(density_path(data, START + timedelta(hours=hour), "G18"), table, density)


def page_of(data: Path) -> dict:
    return payload((data / "figures" / f"{DAY}T00_2024-07-02T00" / "storms.html").read_text())


def test_storms_flashes_and_density_are_on_the_page(stormy, tmp_path):
    """Of the hours on one grid, and what others are on; the metadata say the same and show a small map."""
    data = tmp_path / "data"
    for hour, slot in ((0, "GOES-West"), (1, "GOES-West"), (2, "GOES-Test")):
        write_grids(data, hour, slot)
    result = run_page(stormy)
    assert result.success
    shown = metadata(result, "storm_page")
    (view,) = page_of(data)["views"]
    assert view["name"] == "GOES-18"
    assert view["words"] == (
        "105 flashes, 3 storms, 0 lightning jumps. Density of 2 of 24 hours. "
        "1 hour on the grid of GOES-Test is left out."
    )
    assert shown["words"] == f"GOES-18: {view['words']}"
    assert (shown["storms"], shown["flashes"]) == (3, 105)
    words = "105 flashes, 3 storms, 0 lightning jumps."
    assert shown["map_G18"].startswith(f"![{words}](data:image/png;base64,")
    assert view["density"]["side"] == 1
    assert [storm["flashes"] for storm in view["storms"]] == [40, 30, 25]
    with duckdb.connect() as reader:
        tracks = shown["file_storm_tracks.parquet"]
        rows = reader.sql(f"SELECT flashes, ST_AsText(geometry) FROM '{tracks}' ORDER BY flashes").fetchall()
    assert [flashes for flashes, _ in rows] == [25, 30, 40]
    assert "-179.9" in rows[0][1] or "179.9" in rows[0][1]
    features = json.loads(Path(shown["file_storm_track_points.geojson"]).read_text())["features"]
    assert {feature["properties"]["track"] for feature in features} == {one["name"] for one in view["storms"]}


@pytest.mark.slow
def test_each_satellite_has_its_own_view(settings, tmp_path):
    """What both see is not put on one map; without grids the page says so; twice it is the same."""
    mine = settings()
    (tmp_path / "data").mkdir()
    store(Path(mine.duckdb_path), flashes=[*storms_of_day(), *storms_of_day("G16")])
    assert run_page(mine).success
    page = page_of(tmp_path / "data")
    assert [view["name"] for view in page["views"]] == ["GOES-16", "GOES-18"]
    assert [view["density"] for view in page["views"]] == [None, None]
    assert "No density: flash_density has not run" in page["views"][1]["words"]
    assert only("storm_page")(mine).success
    assert page_of(tmp_path / "data") == page


def test_a_storm_that_was_over_before_the_day_is_not_on_its_page(settings, tmp_path):
    """Its row says that it has ended; there is no frame of it to show."""
    mine = settings()
    (tmp_path / "data").mkdir()
    evening = [row | {"flash_id": number} for number, row in enumerate(storms_of_day(day=START_OF_EVE))]
    store(Path(mine.duckdb_path), flashes=evening)
    assert only("storm_tracks", "lightning_jumps")(mine, "2024-06-30").success
    assert run_page(mine).success
    (view,) = page_of(tmp_path / "data")["views"]
    assert len(rows_with(mine.duckdb_path, "storm_tracks", day=DAY)) > len(view["storms"])


def test_storms_that_only_go_on_from_simulated_flashes_are_simulated(settings, tmp_path):
    """The day has no granules of its satellite; those of the hour before say that no instrument saw them."""
    mine = settings()
    granule = "OR_GLM-L2-LCFA_G18_s20241822359400_e20241830000000_c20241830000010.nc"
    folder = tmp_path / "data" / "extract" / "bucket" / "2024" / "182" / "23"
    folder.mkdir(parents=True)
    (folder / granule).write_text(SIMULATED)
    late = [row | {"flash_id": number} for number, row in enumerate(storms_of_day(day=LATE))]
    store(Path(mine.duckdb_path), flashes=[row for row in late if row["granule_start"].day == 30])
    assert run_page(mine).success
    (view,) = page_of(tmp_path / "data")["views"]
    assert view["storms"]
    assert view["name"] == "Simulated GOES-18"


def test_a_day_without_flashes(settings, tmp_path):
    """Without a database the run says what to do first; without flashes, or granules, the page says so."""
    mine = settings()
    (tmp_path / "data").mkdir()
    assert "materialize the asset `load` first" in failure(only("storm_page")(mine))
    granules = [], [{"satellite": "G18", "granule_start": START.replace(tzinfo=None)}]
    seen = [
        "Nothing of this day is loaded. ",
        "0 flashes, 0 storms, 0 lightning jumps. ",
    ]
    why = ["Nothing of this day is loaded.", "There were no flashes on this day."]
    for loaded, words, absence in zip(granules, seen, why, strict=True):
        store(Path(mine.duckdb_path), granules=loaded)
        assert run_page(mine).success
        (view,) = page_of(tmp_path / "data")["views"]
        assert view["words"].startswith(words)
        assert view["absence"] == f"No storms. {absence}"


def test_a_page_before_its_storms_says_what_to_run_first(stormy, tmp_path):
    """A day that `storm_tracks` has not seen is no day without storms; nor do the jumps take it for one."""
    assert only("storm_tracks")(stormy, "2024-06-28").success
    with dg.DagsterInstance.ephemeral() as instance:
        result = only("lightning_jumps", "storm_page")(stormy, instance=instance)
        told = logged(instance, result, logging.WARNING)
        assert result.success
        assert [f"{DAY}: {NO_TRACKS}", f"{DAY}: {NO_TRACKS}, then lightning_jumps"] == told
        nothing = only("storm_page")(stormy, "2024-06-28", instance=instance)
        assert logged(instance, nothing, logging.WARNING) == [f"2024-06-28: {NOT_LOADED}"]
