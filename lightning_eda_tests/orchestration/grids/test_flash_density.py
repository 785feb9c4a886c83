"""The density grids, made by Dagster from simulated hours."""

import io
import logging
import os
import shutil
from datetime import timedelta

import dagster as dg
import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lightning_eda.assets.grids.gridding import draw_density, drawn_density, map_path, numbers
from lightning_eda.glm.lcfa import read_granule
from lightning_eda.glm.windows import Window
from lightning_eda.grids.density import SCHEMA, DensityBuilder
from lightning_eda.grids.files import density_path
from lightning_eda.grids.hour import HourGrids
from lightning_eda.simulator import Activity, simulate_hour
from lightning_eda_tests.grids.lattices import rows
from lightning_eda_tests.orchestration.conftest import logged, materialized, reported, settings_in
from lightning_eda_tests.orchestration.storm_cells.days import only
from lightning_eda_tests.support.hours import HOUR, simulate

KEY = "2024-07-01-20:00"


@pytest.fixture
def grid(settings, run):
    """Extracts and grids the simulated hour; gives the result and the metadata of the grids."""

    def materialize():
        assert only("extract")(settings(), KEY).success
        result = run(settings(), KEY, group="grids")
        return result, reported(run.instance, "flash_density").get(KEY)

    return materialize


@pytest.fixture(scope="module")
def gridded_hour(tmp_path_factory):
    """The folder of an hour that was gridded and drawn once for all tests, the result, and the metadata."""
    folder = tmp_path_factory.mktemp("gridded")
    simulate(folder / "archive", granules=5)
    chosen = settings_in(folder)
    assert only("extract")(chosen, KEY).success
    with dg.DagsterInstance.ephemeral() as instance:
        result = materialized(instance, chosen, KEY, group="grids")
        yield folder, result, reported(instance, "flash_density")[KEY]


@pytest.fixture
def gridded(gridded_hour, tmp_path):
    """A copy of that folder."""
    return shutil.copytree(gridded_hour[0], tmp_path, dirs_exist_ok=True)


def checks(result):
    return {evaluation.check_name: evaluation.passed for evaluation in result.get_asset_check_evaluations()}


def written(tmp_path) -> list[str]:
    return [path.name for path in (tmp_path / "data" / "grids" / "2024-07-01T20").iterdir()]


def energy(paths) -> float:
    tables = [read_granule(path).events["event_energy"].to_numpy(zero_copy_only=False) for path in paths]
    return float(sum(np.nansum(energies) for energies in tables))


def test_an_hour_becomes_grids(gridded_hour):
    """Sparse and sorted minutes of the satellite, with the energy of the events; no tier need be loaded."""
    folder, result, numbers = gridded_hour
    paths = sorted((folder / "archive").rglob("*.nc"))
    assert len(paths) == 5 and result.success
    assert checks(result) == {
        "energy_is_conserved": True,
        "no_granule_refused": True,
        "pixel_sizes_are_learned": True,
    }
    table = pq.read_table(density_path(folder / "data", HOUR, "G18"))
    assert table.schema.equals(SCHEMA)
    assert set(table["minute"].to_pylist()) == {HOUR, HOUR + timedelta(minutes=1)}
    assert table["total_energy"].to_numpy().sum(dtype=float) == pytest.approx(energy(paths), rel=1e-3)
    assert numbers["dagster/row_count"] == table.num_rows
    assert (numbers["granules"], numbers["granules_missing"], numbers["slots"]) == (5, 175, "G18: GOES-West")
    assert numbers["map_G18"].startswith("![Flash extent density of") and len(numbers["map_G18"]) < 140_000
    assert {path.name for path in (folder / "data" / "grids").rglob("*")} == {
        "2024-07-01T20",
        "G18.parquet",
    }


@pytest.mark.usefixtures("undrawn")
def test_sums_are_written_where_asked(gridded, settings, run):
    """And are gone when they are not asked for any more; the minutes are the same, byte for byte."""
    path = density_path(gridded / "data", HOUR, "G18")
    before = path.read_bytes()
    options = {"ops": {"flash_density": {"config": {"five_minutes": True, "whole_hour": True}}}}
    assert run(settings(), KEY, options, group="grids").success
    assert path.read_bytes() == before
    minutes, fives, hour = (
        pq.read_table(density_path(gridded / "data", HOUR, "G18", step)) for step in (1, 5, 60)
    )
    assert minutes.num_rows > fives.num_rows == hour.num_rows > 0
    sums = [table["flash_extent_density"].to_numpy().sum(dtype=float) for table in (minutes, fives, hour)]
    assert sums == pytest.approx([sums[0]] * 3, rel=1e-5)
    assert run(settings(), KEY, group="grids").success
    assert [one.name for one in path.parent.iterdir()] == ["G18.parquet"]
    assert path.read_bytes() == before


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    "era", ["current", *(pytest.param(era, marks=pytest.mark.slow) for era in ("milliseconds", "do07"))]
)
def test_every_era_and_both_slots_have_grids(tmp_path, grid, era):
    """Two satellites of one archive have a file each."""
    for satellite in ("G16", "G17"):
        activity = Activity(flashes_per_granule=6.0)
        simulate_hour(tmp_path / "archive", satellite, HOUR, 3, era=era, activity=activity, granules=2)
    result, numbers = grid()
    assert result.success and all(checks(result).values())
    west = "Test" if era == "milliseconds" else "West"  # it was tested above 89.5 degrees west
    assert numbers["slots"] == f"G16: GOES-East, G17: GOES-{west}"
    assert all(density_path(tmp_path / "data", HOUR, satellite).exists() for satellite in ("G16", "G17"))


@pytest.mark.usefixtures("undrawn")
def test_a_satellite_that_is_gone_from_the_source_has_an_empty_grid(tmp_path, settings):
    """As its rows go from the database; of another source the grids stay."""
    for satellite in ("G17", "G18"):
        simulate(tmp_path / "archive", granules=1, satellite=satellite)
    assert only("extract", "transform", "flash_density")(settings(), KEY).success
    path = density_path(tmp_path / "data", HOUR, "G17")
    assert pq.read_metadata(path).num_rows > 0
    simulate(tmp_path / "other", granules=1)
    gridded = only("extract", "flash_density")
    assert gridded(settings(archive_dir=str(tmp_path / "other")), KEY).success
    assert pq.read_metadata(path).num_rows > 0
    for granule in (tmp_path / "archive").rglob("*_G17_*"):
        granule.unlink()
    result = gridded(settings(), KEY)
    assert result.success
    (shown,) = result.asset_materializations_for_node("flash_density")
    assert "No granule of this window is in the grids." in shown.metadata["map_G17"].value
    assert pq.read_metadata(path).num_rows == 0
    assert pq.read_metadata(density_path(tmp_path / "data", HOUR, "G18")).num_rows > 0


@pytest.mark.usefixtures("undrawn")
def test_what_is_not_in_the_grids_is_told(tmp_path, grid, run):
    """A granule that cannot be trusted, one that is missing, energies that are missing."""
    faults = [("wrong_dtype", 1), ("missing", 2), ("fill_energy", 3)]
    simulate(tmp_path / "archive", granules=5, faults=faults)
    result, numbers = grid()
    assert result.success
    assert (numbers["granules"], numbers["granules_refused"], numbers["granules_missing"]) == (3, 1, 176)
    assert numbers["energies_from_group"] + numbers["energies_unknown"] > 0
    warnings = logged(run.instance, result, logging.WARNING)
    assert any("not in the grids: OR_GLM-L2-LCFA_G18" in warning for warning in warnings)
    assert not checks(result)["no_granule_refused"]


def test_the_numbers_of_an_hour_are_each_its_own():
    """Events that are not seen, that have no flash, whose energy is missing or comes from the group."""
    events = rows(
        [10.0] * 6,
        [105.0, -75.0, -76.0, -77.0, -78.0, -79.0],
        energy=[1e-15, None, None, None, 2e-15, 3e-15],
        flash=[1, None, None, 4, 5, 6],
    )
    builder = DensityBuilder()
    builder.add(HOUR, -75.0, events)
    found = numbers(HourGrids(HOUR, {"G16": builder.finish()}, (), 7, 8, {"a": "b"}, 9))
    assert found.pop("dagster/row_count") >= 5 * 16
    assert found.pop("energy_j") == pytest.approx(6e-15)
    assert list(found.items()) == [
        ("granules", 7), ("granules_missing", 8), ("granules_refused", 1), ("events", 6),
        ("events_unseen", 1), ("events_without_flash", 2), ("energies_unknown", 3),
        ("energies_from_group", 9), ("sensor_pixels", 5), ("size_bytes", 0),
    ]  # fmt: skip


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("granules", [0, 2])
def test_an_hour_without_lightning_is_a_result(tmp_path, grid, granules):
    """Empty granules, or none, of a satellite that is known: an empty file of the same columns."""
    (tmp_path / "archive").mkdir()
    faults = [("empty", number) for number in range(granules)]
    simulate(tmp_path / "archive", HOUR - timedelta(hours=1), granules=1, satellite="G18")
    if granules:
        simulate(tmp_path / "archive", granules=granules, faults=faults)
    result, _ = grid()
    assert result.success and all(checks(result).values())
    path = density_path(tmp_path / "data", HOUR, "G18")
    assert path.exists() == bool(granules)  # a local folder does not say whose it is
    assert not granules or pq.read_table(path).num_rows == 0


def test_without_extract_it_says_what_to_do(settings, run, tmp_path):
    """In one sentence."""
    (tmp_path / "archive").mkdir()
    result = run(settings(), KEY, group="grids")
    (event,) = result.get_step_failure_events()
    assert "run extract for this hour first" in event.step_failure_data.user_failure_data.description


def small_png(words: str | None) -> bytes:
    """A picture that nobody draws, with what it shows."""
    info, stream = PngInfo(), io.BytesIO()
    if words:
        info.add_text("Description", words)
    Image.new("RGB", (1, 1)).save(stream, "PNG", pnginfo=info)
    return stream.getvalue()


def test_the_map_of_an_hour_is_drawn_once(gridded, tmp_path):
    """The report takes that of `flash_density`, unless the grids are newer or it says not what it shows."""
    place = gridded / "data", Window.of_hour(HOUR)
    drawn = map_path(*place, "G18")
    right = drawn_density(*place, ["G18"])
    assert right["G18"][0] == drawn.read_bytes()
    marked = small_png("marked")
    drawn.write_bytes(marked)
    assert drawn_density(*place, ["G18"]) == {"G18": (marked, "marked")}
    later = drawn.stat().st_mtime_ns + 1_000_000
    os.utime(density_path(tmp_path / "data", HOUR, "G18"), ns=(later, later))
    assert drawn_density(*place, ["G18"]) == right
    drawn.write_bytes(small_png(None))
    os.utime(drawn, ns=(later, later))
    assert drawn_density(*place, ["G18", "G19"]) == right
    ((_, words),) = drawn_density(place[0], Window(HOUR, HOUR + timedelta(hours=3)), ["G18"]).values()
    assert words.endswith(" 1 of 3 hours have grids.")


@pytest.mark.usefixtures("undrawn")
def test_the_map_of_a_window_over_a_move_is_of_one_grid(gridded):
    """Hours at another slot are left out, and the words say so; the report does not fail."""
    data, window = gridded / "data", Window(HOUR, HOUR + timedelta(hours=2))
    table = pq.read_table(density_path(data, HOUR, "G18"))
    moved = density_path(data, HOUR + timedelta(hours=1), "G18")
    moved.parent.mkdir()
    pq.write_table(table.replace_schema_metadata(table.schema.metadata | {b"slot": b"GOES-Test"}), moved)
    ((_, words),) = draw_density(data, window, ["G18"]).values()
    ((_, alone),) = draw_density(data, Window.of_hour(HOUR), ["G18"]).values()
    assert words == f"{alone} 1 hour on the grid of GOES-Test is left out."
