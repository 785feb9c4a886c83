"""Cleaning what the ingestor loads: simulated granules with a stuck pixel, and real granules."""

import shutil
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from lightning_eda.clustering.points import sphere_points
from lightning_eda.glm.extract.source import fetch_hour
from lightning_eda.glm.names import GranuleName, hour_prefix
from lightning_eda.glm.paths import HourFolders
from lightning_eda.glm.transform.decoder import Decoder
from lightning_eda.glm.transform.hour import write_hour_series
from lightning_eda.glm.windows import floor_hour
from lightning_eda.simulator import write_granule
from lightning_eda.storage.folder import FolderStore
from lightning_eda.warehouse.cleaning.cell_sums import clean_cells
from lightning_eda.warehouse.cleaning.rows import Cleaning, clean_rows
from lightning_eda.warehouse.cleaning.rules import FIELD_LIMIT_DEG
from lightning_eda.warehouse.queries import integrity, ledger
from lightning_eda.warehouse.writing.hour import replace_hour
from lightning_eda_tests.support.hours import BUCKET
from lightning_eda_tests.warehouse.hours import NOW

HOUR = datetime(2024, 7, 1, 20, tzinfo=UTC)
ONE_HOUR = timedelta(hours=1)
EVER = (datetime(2017, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
TIERS = ("flash", "group", "event")


@pytest.fixture(scope="module")
def decoder():
    """One process for all tests."""
    with Decoder() as process:
        yield process


def load_hour(tmp_path: Path, hour: datetime, decoder: Decoder, tiers=TIERS) -> Path:
    """The hour of the archive folder, through extract, transform and load."""
    folders = HourFolders(tmp_path / "data", BUCKET, hour)
    series = write_hour_series(fetch_hour(FolderStore(tmp_path / "archive"), folders), tiers, decoder)
    database = tmp_path / "lightning.duckdb"
    files = {name: file.path for name, file in series.files.items()}
    replace_hour(database, hour, series.satellites, files, NOW)
    return database


def groups_of(flash_id: int, number: int, gap_ms: float, spread_deg: float) -> dict[str, np.ndarray]:
    """Evenly spaced groups of one flash, on one spot or along a line."""
    return {
        "parent_flash_id": np.full(number, flash_id),
        "time_offset": 2.0 + np.arange(number) * gap_ms / 1000,
        "lat": 10.0 + flash_id + np.linspace(0, spread_deg, number),
        "lon": np.full(number, -130.0),
    }


def stuck_pixel_granule(folder: Path) -> None:
    """Flash 1 is a stuck pixel; 2 moves, 3 is slow, 4 is short."""
    parts = [
        groups_of(1, 101, 1.988, 0.0),
        groups_of(2, 101, 1.988, 0.5),
        groups_of(3, 40, 14.0, 0.0),
        groups_of(4, 12, 1.988, 0.0),
    ]
    groups = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    write_granule(folder, start=HOUR, flashes={"id": [1, 2, 3, 4]}, groups=groups)


def test_a_simulated_stuck_pixel_is_dropped_and_lightning_is_not(tmp_path: Path, decoder: Decoder) -> None:
    """In every tier, through the packing of a real file; without the groups a note says why not."""
    stuck_pixel_granule(tmp_path / "archive")
    database = load_hour(tmp_path, HOUR, decoder)
    found = {tier: clean_rows(database, HOUR, HOUR + ONE_HOUR, Cleaning(tier)) for tier in TIERS}
    assert found["flash"].rows["id"].to_pylist() == [2, 3, 4]
    assert {tier: result.dropped["static_pixel"] for tier, result in found.items()} == {
        "flash": 1,
        "group": 101,
        "event": 101,
    }
    assert set(found["event"].rows["flash_id"].to_pylist()) == {2, 3, 4}
    assert all(result.notes == () for result in found.values())
    database = load_hour(tmp_path, HOUR, decoder, ("flash",))
    without = clean_rows(database, HOUR, HOUR + ONE_HOUR)
    assert (without.kept, without.untested) == (4, {"static_pixel": 4})


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, granules_folder: Path, decoder: Decoder) -> Path:
    """A database with the hours of all real granules, all tiers."""
    folder = tmp_path_factory.mktemp("real")
    hours = set()
    for granule in granules_folder.glob("*.nc"):
        start = GranuleName.parse(granule.name).start
        place = folder / "archive" / hour_prefix(start)
        place.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(granule, place / granule.name)
        hours.add(floor_hour(start))
    return [load_hour(folder, hour, decoder) for hour in sorted(hours)][-1]


@pytest.mark.parametrize("tier", TIERS)
def test_real_granules_are_clean(real: Path, tier: str) -> None:
    """No artifact, nothing out of the field; duplicates only where times were rounded to 2 ms."""
    found = clean_rows(real, *EVER, Cleaning(tier))
    granules = ledger(real, *EVER)
    rows_in_files = sum(granules[f"n_{'flashe' if tier == 'flash' else tier}s"].to_pylist())
    assert found.read == rows_in_files > 1000
    assert found.untested == {}
    assert found.kept + found.dropped["duplicate"] == found.read
    duplicates = defaultdict(int)
    for row in granules.to_pylist():
        window = row["granule_start"].replace(tzinfo=UTC)
        one = clean_rows(real, window, window + timedelta(seconds=1), Cleaning(tier, [row["satellite"]]))
        duplicates[row["era"]] += one.dropped["duplicate"]
    assert set(era for era, count in duplicates.items() if count) <= {"milliseconds"}
    assert (duplicates["milliseconds"] > 0) == (tier == "event")


@pytest.mark.parametrize("satellites", [["G16"], ["G18"]])
def test_cells_of_real_events_are_their_sums(real: Path, satellites: list[str]) -> None:
    """All that a fit needs of the rows: counts, means and inertia."""
    rows = clean_rows(real, *EVER, Cleaning("event", satellites)).rows
    cells = clean_cells(real, *EVER, Cleaning("event", satellites), cell_size=16.0)
    points = sphere_points(rows["lon"].to_numpy(), rows["lat"].to_numpy())
    assert cells.count.sum() == len(points)
    centre = points.mean(axis=0)
    np.testing.assert_allclose(cells.count @ cells.mean / len(points), centre, rtol=1e-12)
    between = cells.count @ ((cells.mean - centre) ** 2).sum(axis=1)
    np.testing.assert_allclose(cells.sum_squares.sum() + between, ((points - centre) ** 2).sum(), rtol=1e-9)
    key = np.unique(np.floor(points / 16.0).astype(np.int64), axis=0)
    np.testing.assert_array_equal(cells.key, key)


def test_the_field_holds_all_real_events_and_a_margin(events_file: Path) -> None:
    """1.94 million events of GOES-18 end a degree inside the limit."""
    events = parquet.read_table(events_file, columns=["event_lat", "event_lon"])
    lat, lon = (np.radians(column.to_numpy().astype(float)) for column in events.columns)
    angle = np.degrees(np.arccos(np.cos(lat) * np.cos(lon - np.radians(-137.0))))
    assert 63.5 < angle.max() < FIELD_LIMIT_DEG - 1


def test_what_leads_to_no_flash_is_what_the_ledger_says(real: Path) -> None:
    """The one granule that lost packets has 148 such groups and 382 such events, in the file and here."""
    tiers = integrity(real, *EVER).tiers
    assert (tiers["groups"].unresolved_parents, tiers["groups"].recorded_orphans) == (148, 148)
    assert (tiers["events"].unresolved_parents, tiers["events"].recorded_orphans) == (382, 382)
