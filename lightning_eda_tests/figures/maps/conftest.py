"""The storms that the tests of the storm page show."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from lightning_eda.clustering.storms.frames import FrameOptions
from lightning_eda.clustering.storms.track_tables import track_storms
from lightning_eda.figures import DensitySteps, StormScene, render_storm_page
from lightning_eda.grids.fixed_grid import LIGHTNING_EQUATOR_M, to_grid
from lightning_eda.warehouse.track_queries import jumps_of_day
from lightning_eda_tests.clustering.storms.moving_storms import flashes, storm

START = datetime(2024, 7, 1, tzinfo=UTC)
WEST = partial(to_grid, slot_lon=-137.0, equator_m=LIGHTNING_EQUATOR_M)
SPOT = (-20.05, -130.44)


def scene_of(rows, satellite="G18", density=True):
    """A scene with the tracks of some flashes, and a density where they are."""
    begin = round(START.timestamp() * 1e6)
    tables = track_storms(rows, begin, begin, begin + 86_400_000_000, FrameOptions())
    with duckdb.connect() as connection:
        for name in ("rates", "points"):
            rows_of_day = getattr(tables, name)
            days = pa.repeat(pa.scalar(START.date()), rows_of_day.num_rows)
            connection.register(f"storm_track_{name}", rows_of_day.append_column("day", days))
        jumps = jumps_of_day(connection, START.date(), 1.5, 15.0, 6.0)
    places = WEST(rows["lat"].to_numpy(), rows["lon"].to_numpy())
    column, row = (np.nan_to_num(part).astype(np.int64) for part in places)
    step = rows["time"].cast(pa.int64()).to_numpy() - begin
    steps = DensitySteps(
        1, np.sort(np.clip(step // 300_000_000, 0, None)), row, column, np.full(len(row), 8.0)
    )
    total = replace(steps, step=0 * steps.step)
    shown = (steps, total, "Density of 24 of 24 hours.") if density else (None, None, "No density: not run.")
    return StormScene(
        satellite, START, START + timedelta(days=1), WEST, -137.0, rows, *tables[:3], jumps, *shown
    )


@pytest.fixture(scope="module")
def scene():
    """A storm over the antimeridian that grows twentyfold after an hour, and one far from it."""
    random = np.random.default_rng(7)
    storms = [
        storm(random, (0, 120), (10.0, 179.5)),
        storm(random, (60, 70), (10.0, 179.86), per_minute=80, spread_km=3),
        storm(random, (30, 90), (-20.0, -120.0)),
    ]
    return scene_of(flashes(storms, start=START.replace(tzinfo=None)).sort_by("time"))


@pytest.fixture(scope="module")
def text(scene):
    """The page; a second satellite has neither flashes nor density, a third a crowd whose rates are gone.

    A storm of a fourth goes where it cannot be seen, one of a fifth has all of its flashes on one spot.
    """
    random = np.random.default_rng(3)
    crowd = [storm(random, (0, 60), (10.0, -130.0 + 0.35 * number), spread_km=2) for number in range(9)]
    rows = flashes([*crowd, storm(random, (0, 60), (-40.0, -130.0))], start=START.replace(tzinfo=None))
    crowded = scene_of(rows.sort_by("time"), "G17", density=False)
    empty = scene_of(scene.flashes.slice(0, 0), "G16", density=False)
    leaving = flashes([storm(random, (0, 120), (10.0, -56.0))], start=START.replace(tzinfo=None))
    gone = scene_of(leaving.sort_by("time"), "G19", density=False)
    still = flashes([storm(random, (0, 60), SPOT, 0.0, spread_km=0.0)], start=START.replace(tzinfo=None))
    spot = scene_of(still.sort_by("time"), "G15", density=False)
    crowded = replace(crowded, rates=crowded.rates.slice(0, 0))
    return render_storm_page([scene, empty, crowded, gone, spot])
