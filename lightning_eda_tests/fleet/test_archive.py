"""A long window of the lake: the sums of the database file, bit for bit, here and on workers."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from distributed import LocalCluster

from lightning_eda.errors import LakeError
from lightning_eda.fleet.archive import pack_piece, unpack_piece
from lightning_eda.fleet.hours import FileHours, Hours, file_hours
from lightning_eda.fleet.lake_hours import LakeHours
from lightning_eda.lake.layout import CELL_SUMS, HourKey
from lightning_eda.lake.location import Lake
from lightning_eda.lake.snapshot import open_snapshot
from lightning_eda.lake.upkeep import vacuum_lake
from lightning_eda.series import HOUR
from lightning_eda.warehouse.cleaning.options import Cleaning
from lightning_eda.warehouse.cleaning.piece_sums import SumOptions, sum_piece
from lightning_eda.warehouse.writing.hour import replace_hour
from lightning_eda_tests.lake.lakes import an_hour, lake_at, load
from lightning_eda_tests.warehouse.cleaning.test_window_sums import contents
from lightning_eda_tests.warehouse.hours import NOW, hour_at, write_series

START = hour_at("2024-04-30T22:00")
END = START + 4 * HOUR
TABLES = ("granules", "flashes", "groups")
OPTIONS = SumOptions(Cleaning(), 100.0, sample_rows=9)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three hours about midnight, in a database and in a lake; the second has none."""
    folder = tmp_path_factory.mktemp("archive")
    hours = [(HourKey(START + number * HOUR, "G18"), number) for number in (0, 2, 3)]
    load(lake_at(f"{folder}/lake"), *((key, an_hour(key, seed)) for key, seed in hours))
    for key, seed in hours:
        series = write_series(folder / str(seed), an_hour(key, seed))
        replace_hour(folder / "lightning.duckdb", key.hour, ["G18"], series, NOW)
    return folder


@pytest.fixture(scope="module")
def in_file(folder: Path) -> Iterator[FileHours]:
    with file_hours(folder / "lightning.duckdb", START, END) as hours:
        yield hours


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """A scheduler and two workers in threads of this process."""
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as cluster:
        yield cluster.scheduler_address


def lake_hours(folder: Path, scheduler: str | None = None) -> LakeHours:
    snapshot = open_snapshot(lake_of(folder), START, END)
    assert snapshot is not None
    return LakeHours(snapshot, START, END, scheduler)


def lake_of(folder: Path) -> Lake:
    return lake_at(f"{folder}/lake")


def summed(hours: Hours, cut: timedelta = HOUR) -> tuple:
    pieces = [(START + number * cut, START + (number + 1) * cut) for number in range((END - START) // cut)]
    told: list[tuple[int, int]] = []
    found = contents(hours.sums(pieces, TABLES, OPTIONS, 1000, lambda *done: told.append(done)))
    assert told == [(number, len(pieces)) for number in range(1, len(pieces) + 1)]
    return found


def test_the_lake_has_the_sums_of_the_database(folder: Path, in_file: FileHours) -> None:
    """Counts, cells, account and sample, of hours, of half hours and of the whole."""
    expected = summed(in_file)
    assert expected[5] > 50
    for cut in (HOUR / 2, END - START):
        assert summed(lake_hours(folder), cut) == expected
    assert lake_hours(folder).counts().equals(in_file.counts())
    for table in TABLES[1:]:
        assert lake_hours(folder).holds(table) and in_file.holds(table)
    assert lake_hours(folder).tier_rows("flash", ["G18"]) == in_file.tier_rows("flash", ["G18"]) > 0
    assert lake_hours(folder).tier_rows("flash", ["G16"]) == in_file.tier_rows("flash", ["G16"]) == 0


def test_workers_give_the_same_sums_and_leave_nothing(
    folder: Path, in_file: FileHours, scheduler: str
) -> None:
    """Through objects beside the tables, which are gone afterwards."""
    assert summed(lake_hours(folder, scheduler)) == summed(in_file)
    assert not list(lake_of(folder).store.list_objects(CELL_SUMS))


def test_a_piece_that_cannot_be_read_fails_the_window(folder: Path, scheduler: str) -> None:
    """In the words of the lake."""
    hours = lake_hours(folder, scheduler)
    key = HourKey(END - HOUR, "G18")
    path = lake_of(folder).store.root / lake_of(folder).key(
        "flashes", key.tier_path(hours.snapshot.hours[key].tiers["flashes"])
    )
    content = path.read_bytes()
    path.unlink()
    try:
        with pytest.raises(LakeError, match="is gone although the ledger names it"):
            summed(hours)
    finally:
        path.write_bytes(content)


def test_sums_that_a_killed_run_left_go_with_the_vacuum(folder: Path) -> None:
    """Once they are older than any run."""
    lake = lake_of(folder)
    lake.store.put_object(lake.key(CELL_SUMS, "0123/0"), b"sums")
    soon, later = (lake.store.stat_object("cell_sums/0123/0").info.last_modified + day for day in
                   (timedelta(days=6), timedelta(days=8)))  # fmt: skip
    assert vacuum_lake(lake, soon) == {}
    assert vacuum_lake(lake, later, dry_run=True) == {"cell_sums/0123/0": 4}
    assert vacuum_lake(lake, later) == {"cell_sums/0123/0": 4}
    assert not list(lake.store.list_objects(CELL_SUMS))


def test_a_piece_survives_the_way_to_another_process(in_file: FileHours) -> None:
    """Its account and every table, with their types."""
    piece = sum_piece(in_file.connection, START, END, START, OPTIONS)
    again = unpack_piece(pack_piece(piece))
    assert again.account == piece.account
    for name in ("cells", "sample", "far"):
        assert getattr(again, name).equals(getattr(piece, name))
    assert piece.cells.num_rows > 5 and piece.sample.num_rows == 9
