"""Real granules of every era, from an archive folder to the database, against independent decodes."""

import shutil
from datetime import UTC, datetime

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from lightning_eda.glm.extract.source import fetch_hour
from lightning_eda.glm.names import GranuleName, hour_prefix
from lightning_eda.glm.paths import HourFolders
from lightning_eda.glm.transform.decoder import Decoder
from lightning_eda.glm.transform.hour import write_hour_series
from lightning_eda.glm.windows import floor_hour
from lightning_eda.storage.folder import FolderStore
from lightning_eda.warehouse.writing.hour import replace_hour

TIERS = {"flash": "flashes", "group": "groups", "event": "events"}
# Column of the database: column of the references, where they differ.
RENAMED = {
    ("flash", "n_groups"): "child_group_count",
    ("flash", "n_events"): "child_event_count",
    ("group", "flash_id"): "group_parent_flash_id",
    ("group", "n_events"): "child_event_count",
    ("event", "group_id"): "event_parent_group_id",
    ("event", "flash_id"): "event_parent_flash_id",
}


@pytest.fixture(scope="module")
def database(granules_folder, tmp_path_factory):
    """A database with every real granule, loaded hour by hour."""
    place = tmp_path_factory.mktemp("real")
    names = [GranuleName.parse(path.name) for path in granules_folder.glob("*.nc")]
    for name in names:
        folder = place / "archive" / hour_prefix(name.start)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(granules_folder / str(name), folder)
    with Decoder() as decoder:
        for hour in sorted({floor_hour(name.start) for name in names}):
            folders = HourFolders(place / "data", "noaa-goes16", hour)
            series = write_hour_series(
                fetch_hour(FolderStore(place / "archive"), folders), tuple(TIERS), decoder
            )
            paths = {table: file.path for table, file in series.files.items()}
            replace_hour(place / "real.duckdb", hour, series.satellites, paths, now=datetime.now(UTC))
    with duckdb.connect(str(place / "real.duckdb"), read_only=True) as connection:
        yield connection


@pytest.mark.parametrize("tier", TIERS)
def test_the_database_holds_what_independent_decoders_read(
    database, granules_folder, references_folder, tier
):
    """Every row and column of every granule: integers, times and NULLs exactly, doubles to the last bits."""
    for path in sorted(granules_folder.glob("*.nc")):
        reference = pq.read_table(references_folder / f"{path.stem}.{tier}.parquet").sort_by(f"{tier}_id")
        name = GranuleName.parse(path.name)
        found = database.sql(
            f"SELECT * FROM {TIERS[tier]} WHERE satellite = ? AND granule_start = ? ORDER BY {tier}_id",
            params=[name.satellite, name.start.replace(tzinfo=None)],
        ).to_arrow_table()
        assert found.num_rows == reference.num_rows
        for column in found.column_names[2:]:
            ours = found[column].combine_chunks()
            true = reference[RENAMED.get((tier, column), column)].combine_chunks()
            assert ours.is_null().equals(true.is_null()), (path.name, column)
            if str(true.type) == "double":
                assert np.allclose(ours.drop_null(), true.drop_null(), rtol=1e-12, atol=0), (
                    path.name,
                    column,
                )
            else:
                assert ours.cast("int64").equals(true.cast("int64")), (path.name, column)


def test_the_ledger_tells_the_odd_ones(database):
    """The empty granule, and the one that lost rows before it was published."""
    found = database.sql(
        "SELECT strftime(granule_start, '%Y-%j'), status, era, time_basis FROM granules ORDER BY 1"
    )
    assert found.fetchall() == [
        ("2018-183", "ok", "milliseconds", "instrument"),
        ("2018-183", "ok", "milliseconds", "instrument"),
        ("2018-183", "ok", "milliseconds", "instrument"),
        ("2018-290", "ok", "do07", "source"),
        ("2020-016", "empty", "current", "source"),
        ("2021-082", "inconsistent", "current", "source"),
        ("2023-026", "ok", "current", "source"),
        ("2025-097", "ok", "current", "source"),
    ]
    lost = database.sql(
        "SELECT orphan_groups, orphan_events, childless_groups, event_count - n_events FROM granules "
        "WHERE status = 'inconsistent'"
    )
    assert lost.fetchall() == [(148, 382, 30, 36)]
