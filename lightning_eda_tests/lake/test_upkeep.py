"""`lake check` tells what is wrong, `lake vacuum` removes what nobody names, and only that."""

import os
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lightning_eda.cli import main
from lightning_eda.errors import LakeError
from lightning_eda.lake import commit
from lightning_eda.lake.layout import LEDGER, HourKey
from lightning_eda.lake.location import Lake
from lightning_eda.lake.summary import ledger_days
from lightning_eda.lake.upkeep import check_lake, vacuum_lake
from lightning_eda_tests.lake.lakes import (
    HOUR,
    KEY,
    an_hour,
    foreign_rows,
    hour_rows,
    lake_at,
    load,
    same,
    written,
)
from lightning_eda_tests.warehouse.hours import after

NEIGHBOUR = HourKey(after(HOUR, 1), "G18")
LONG_AGO = time.time() - 30 * 86_400


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake with two hours."""
    made = lake_at(f"{tmp_path}/lake")
    load(made, (KEY, an_hour()), (NEIGHBOUR, an_hour(NEIGHBOUR, 2)))
    return made


def data_files(lake: Lake, table: str) -> list[Path]:
    return sorted((Path(lake.describe()) / table).glob("satellite=*/day=*/*.parquet"))


def test_a_whole_lake_has_no_mistakes(lake: Lake) -> None:
    """Two hours of four tables."""
    found = check_lake(lake)
    assert (found.hours, found.files, found.orphans, found.mistakes) == (2, 8, {}, ())


def test_a_file_that_is_gone_or_cut_is_told(lake: Lake) -> None:
    """By its place, with what to do."""
    first, second = data_files(lake, "events")
    first.unlink()
    second.write_bytes(second.read_bytes()[:-1])
    mistakes = check_lake(lake).mistakes
    assert f"{first} is named and not there: load its hour again" in mistakes
    size = second.stat().st_size
    assert f"{second} has {size} bytes, {size + 1} are named" in mistakes


def test_rows_that_the_ledger_does_not_count_are_told(lake: Lake) -> None:
    """A tier with other rows than the granules say they have."""
    tables = an_hour()
    load(lake, (KEY, {**tables, "flashes": tables["flashes"].slice(1)}))
    (mistake,) = check_lake(lake).mistakes
    count = tables["flashes"].num_rows
    assert mistake.endswith(f" has {count - 1} rows of G18/2024-05-01T03, the ledger counts {count}")


@pytest.mark.parametrize("table", ["flashes", LEDGER])
def test_a_table_that_another_program_rewrote_is_refused_until_it_is_restored(lake: Lake, table: str) -> None:
    """After OPTIMIZE an hour that is loaded would be beside its old rows, and the ledger says of nothing."""
    delta = lake.make(table)
    before = delta.version()
    delta.optimize.compact()
    words = rf"/{table} names satellite=G18.*did not write: restore the table to the version before"
    assert re.search(words, check_lake(lake).mistakes[0])
    readers = [lambda: ledger_days(lake), lambda: hour_rows(lake)] if table == LEDGER else []
    for refused in (*readers, lambda: load(lake, (KEY, an_hour(seed=7)))):
        with pytest.raises(LakeError, match=words):
            refused()
    lake.make(table).restore(before)
    load(lake, (KEY, an_hour(seed=7)))
    assert same(hour_rows(lake), an_hour(seed=7))
    assert foreign_rows(lake, table).num_rows == an_hour(seed=7)[table].num_rows
    assert check_lake(lake).mistakes == ()


def test_files_that_were_never_committed_are_orphans_and_go(lake: Lake) -> None:
    """When they are a week old; younger ones may be about to be committed."""
    written(lake, KEY, an_hour(seed=9))
    now = datetime.now(UTC)
    orphans = check_lake(lake).orphans
    assert len(orphans) == 4
    assert vacuum_lake(lake, now) == {}
    for key in orphans:
        os.utime(Path(lake.describe()) / key, (LONG_AGO, LONG_AGO))
    assert vacuum_lake(lake, now - timedelta(days=25)) == {}
    assert vacuum_lake(lake, now, dry_run=True) == vacuum_lake(lake, now) == orphans
    found = check_lake(lake)
    assert (found.orphans, found.mistakes) == ({}, ())


def test_a_replaced_hour_stays_for_its_readers_for_a_week(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files go when they were replaced, and not only written, long ago."""
    for table in ("events", "groups", "flashes", "granules"):
        for path in data_files(lake, table):
            os.utime(path, (LONG_AGO, LONG_AGO))
    load(lake, (KEY, an_hour(seed=1)))
    now = datetime.now(UTC)
    assert vacuum_lake(lake, now) == {}
    with monkeypatch.context() as patched:
        patched.setattr(commit.time, "time_ns", lambda: int(LONG_AGO * 1e9))
        load(lake, (NEIGHBOUR, an_hour(NEIGHBOUR, 3)))
    assert len(vacuum_lake(lake, now)) == 4
    assert same(hour_rows(lake), an_hour(seed=1))
    assert same(hour_rows(lake, NEIGHBOUR), an_hour(NEIGHBOUR, 3))


def test_the_commands_say_what_they_found(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sentence each; check fails where something is wrong, vacuum refuses less than a week."""
    monkeypatch.setenv("LIGHTNING_LAKE", lake.describe())
    assert main(["lake", "check"]) == 0
    assert "2 hours, 8 files" in capsys.readouterr().out
    assert main(["lake", "vacuum"]) == 0
    assert "0 files (0.0 MB) removed from" in capsys.readouterr().out
    written(lake, KEY, an_hour(seed=9))
    orphans = [Path(lake.describe()) / key for key in check_lake(lake).orphans]
    for path in orphans:
        os.utime(path, (LONG_AGO, LONG_AGO))
    for words, said in ((["--dry-run"], "would be removed"), ([], "removed")):
        assert main(["lake", "vacuum", *words]) == 0
        assert re.match(rf"4 files \(0\.\d MB\) {said} from", capsys.readouterr().out)
        assert {path.exists() for path in orphans} == {bool(words)}
    assert main(["lake", "vacuum", "--days", "1"]) == 1
    assert "a number from 7" in capsys.readouterr().err
    data_files(lake, "events")[0].unlink()
    assert main(["lake", "check"]) == 1
    monkeypatch.delenv("LIGHTNING_LAKE")
    assert main(["lake", "check"]) == 1
    assert "LIGHTNING_LAKE: it is not set" in capsys.readouterr().err
    monkeypatch.setenv("LIGHTNING_LAKE", f"{lake.describe()}/nothing")
    assert main(["lake", "check"]) == 1
    assert "there is no lake at" in capsys.readouterr().err


def test_old_files_of_the_same_rows_are_written_again(lake: Lake) -> None:
    """So that they are young when they are committed, and cannot be removed in between."""
    load(lake, (KEY, an_hour(seed=1)))
    for table in ("events", "groups", "flashes"):
        for path in data_files(lake, table):
            os.utime(path, (LONG_AGO, LONG_AGO))
    written(lake, KEY, an_hour(), now=datetime.now(UTC) + timedelta(seconds=1))
    young = [path for path in data_files(lake, "events") if path.stat().st_mtime > LONG_AGO + 1]
    assert len(young) == 1


def test_a_cut_file_of_the_same_name_is_written_again(lake: Lake) -> None:
    """As a writer that was killed may leave in a store that shows unfinished files."""
    load(lake, (KEY, an_hour(seed=1)))
    whole = {path: path.read_bytes() for path in data_files(lake, "events")}
    for path, data in whole.items():
        path.write_bytes(data[:-1])
    written(lake, KEY, an_hour(), now=datetime.now(UTC))
    assert sum(path.read_bytes() == data for path, data in whole.items()) == 1
