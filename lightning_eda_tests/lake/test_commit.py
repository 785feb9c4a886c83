"""An hour in the lake is there whole or not at all, once, and only when its rows are new."""

from datetime import UTC, timedelta, timezone
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake.exceptions import CommitFailedError

from lightning_eda.lake import commit
from lightning_eda.lake.commit import Change, _Committer, _tier_change, commit_hours
from lightning_eda.lake.hour import HourFiles
from lightning_eda.lake.layout import LEDGER, HourKey, LedgerName
from lightning_eda.lake.layout import TIERS as TIERS_IN_ORDER
from lightning_eda.lake.location import Lake
from lightning_eda.lake.state import TableState, named_versions, read_state
from lightning_eda.lake.upkeep import check_lake
from lightning_eda.series import TABLES
from lightning_eda_tests.lake.lakes import (
    HOUR,
    KEY,
    TIERS,
    an_hour,
    foreign_rows,
    hour_rows,
    is_either,
    lake_at,
    load,
    same,
    written,
)
from lightning_eda_tests.warehouse.hours import NOW, after, empty_hour


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake in a folder; nothing is there yet."""
    return lake_at(f"{tmp_path}/lake")


def ledger_of(lake: Lake) -> LedgerName:
    """What the ledger says of the hour."""
    name = read_state(lake.make(LEDGER)).ledger(KEY)
    assert name is not None
    return name


def versions_of(lake: Lake) -> dict[str, int]:
    """The versions of the tiers that the ledger names."""
    return named_versions(lake.log(LEDGER), lake.make(LEDGER).version())


def files(lake: Lake) -> dict[str, int]:
    """Every file of the lake and when it was written."""
    return {str(path): path.stat().st_mtime_ns for path in Path(lake.describe()).rglob("*") if path.is_file()}


def test_an_hour_comes_back_bit_for_bit(lake: Lake) -> None:
    """All four tables, every column, in the order of the series, with the unsigned types of the warehouse."""
    tables = an_hour()
    done = load(lake, (KEY, tables))
    assert (done.changed, done.replaced[KEY]) == ({KEY}, dict.fromkeys([*TIERS, LEDGER], 0))
    assert same(hour_rows(lake), tables)


def test_other_programs_read_plain_delta_tables(lake: Lake) -> None:
    """The columns of the warehouse with signed types, satellite and day as partitions."""
    load(lake, (KEY, an_hour()))
    for name in (*TIERS, LEDGER):
        rows = foreign_rows(lake, name)
        assert rows.schema.names == [*TABLES[name].arrow_schema().names, "day"]
        assert set(rows["day"].to_pylist()) == {HOUR.date()}
        assert rows.num_rows == an_hour()[name].num_rows
    assert foreign_rows(lake, "events")["event_id"].to_pylist() == an_hour()["events"]["event_id"].to_pylist()


def test_the_time_of_a_load_is_in_utc(lake: Lake) -> None:
    """In the name of the ledger's file and in its rows, whatever zone the clock is of."""
    load(lake, (KEY, an_hour()), now=NOW.astimezone(timezone(timedelta(hours=2))))
    assert ledger_of(lake).loaded_at == NOW
    assert set(foreign_rows(lake, LEDGER)["loaded_at"].to_pylist()) == {
        NOW.astimezone(UTC).replace(tzinfo=None)
    }


def test_the_same_rows_write_nothing(lake: Lake) -> None:
    """No file, no version, and the time of loading stays."""
    load(lake, (KEY, an_hour()))
    before = files(lake)
    done = load(lake, (KEY, an_hour()), now=NOW + timedelta(days=2))
    assert (done.changed, done.tries) == (set(), 0)
    assert done.replaced[KEY]["flashes"] == an_hour()["flashes"].num_rows
    assert files(lake) == before


def test_a_replaced_hour_is_the_new_one_and_others_stay(lake: Lake) -> None:
    """In all tables, for our readers and for others."""
    neighbour, other = HourKey(after(HOUR, 1), "G18"), HourKey(HOUR, "G16")
    load(lake, (KEY, an_hour()), (neighbour, an_hour(neighbour, 5)), (other, an_hour(other, 6)))
    done = load(lake, (KEY, an_hour(seed=1)))
    assert done.changed == {KEY}
    assert same(hour_rows(lake), an_hour(seed=1))
    assert same(hour_rows(lake, neighbour), an_hour(neighbour, 5))
    assert same(hour_rows(lake, other), an_hour(other, 6))
    assert foreign_rows(lake, "flashes").num_rows == an_hour(seed=1)["flashes"].num_rows


def test_fewer_tiers_empty_the_others(lake: Lake) -> None:
    """Old groups beside new flashes would belong to nothing."""
    tables = an_hour()
    load(lake, (KEY, tables))
    load(lake, (KEY, {name: tables[name] for name in ("granules", "flashes")}))
    found = hour_rows(lake)
    assert [found[name].num_rows > 0 for name in ("flashes", "groups", "events")] == [True, False, False]
    assert foreign_rows(lake, "groups").num_rows == 0


def test_an_hour_without_granules_goes(lake: Lake) -> None:
    """From all tables, as from the warehouse."""
    load(lake, (KEY, an_hour()))
    done = load(lake, (KEY, empty_hour()))
    assert (done.changed, done.replaced[KEY][LEDGER]) == ({KEY}, an_hour()[LEDGER].num_rows)
    assert all(rows.num_rows == 0 for rows in hour_rows(lake).values())
    assert load(lake, (KEY, empty_hour())).tries == 0


def test_rows_that_were_there_before_can_come_back(lake: Lake) -> None:
    """Content A, then B, then A again: the files of A are named once more."""
    for seed in (0, 1, 0):
        load(lake, (KEY, an_hour(seed=seed)), now=NOW + timedelta(seconds=seed))
    assert same(hour_rows(lake), an_hour(seed=0))
    assert foreign_rows(lake, "events").num_rows == an_hour()["events"].num_rows


def test_the_ledger_names_the_versions_it_goes_with(lake: Lake) -> None:
    """Who opens the other tables at these versions sees no later hour in them."""
    load(lake, (KEY, an_hour()))
    first = versions_of(lake)
    load(lake, (HourKey(after(HOUR, 1), "G18"), an_hour(seed=3)))
    assert first == dict.fromkeys(TIERS, 1)
    assert versions_of(lake) == dict.fromkeys(TIERS, 2)


def test_the_log_has_statistics_of_the_start_alone(lake: Lake) -> None:
    """Files are chosen by nothing else, and those of all columns would double the memory of a long log."""
    load(lake, (KEY, an_hour()))
    for table in (*TIERS, LEDGER):
        actions = pa.table(lake.make(table).get_add_actions(flatten=True))
        assert [name for name in actions.column_names if name.startswith("max.")] == ["max.granule_start"]


def test_a_committer_that_is_overtaken_leaves_one_whole_version(lake: Lake) -> None:
    """Two hours' files are written; the later commit replaces the earlier, wherever they were prepared."""
    old, new = written(lake, KEY, an_hour(seed=1)), written(lake, KEY, an_hour(seed=2))
    commit_hours(lake, [new])
    commit_hours(lake, [old])
    assert is_either(hour_rows(lake), an_hour(seed=2), an_hour(seed=1)) == 1


@pytest.mark.parametrize("table", [*TIERS, LEDGER])
def test_of_two_first_loads_of_an_hour_the_second_fails(lake: Lake, table: str) -> None:
    """Both looked before either committed; delta-rs alone would keep the files of both."""
    committers = [_Committer(lake, [KEY], 10) for _ in range(2)]
    files = []
    for seed, committer in enumerate(committers):
        for each in (*TIERS, LEDGER):
            committer.state(each)
        hour = written(lake, KEY, an_hour(seed=seed))
        files.append(hour.ledger_file if table == LEDGER else hour.tiers[table])
    committers[0]._commit(table, Change((files[0],), ()))
    with pytest.raises(CommitFailedError):
        committers[1]._commit(table, Change((files[1],), ()))
    assert list(read_state(lake.make(table)).hours[KEY]) == [files[0].path]


def commit_tiers_only(lake: Lake, files: HourFiles) -> None:
    """What a committer has done that was killed before its ledger."""
    dead = _Committer(lake, [files.key], 10)
    for tier in TIERS_IN_ORDER:
        dead.settle(tier, lambda state, tier=tier: _tier_change(state, {files.key: files.tiers[tier]}))


def test_another_hours_commit_does_not_show_half_of_one(lake: Lake) -> None:
    """A dies before its ledger, B commits another hour: versions show half of A's hour, we the old one."""
    load(lake, (KEY, an_hour(seed=1)))
    commit_tiers_only(lake, written(lake, KEY, an_hour(seed=2)))
    load(lake, (HourKey(after(HOUR, 1), "G18"), an_hour(seed=3)))
    versions = versions_of(lake)
    events = lake.make("events")
    events.load_as_version(versions["events"])
    at_version = read_state(events).hours[KEY]
    assert list(at_version) != [KEY.tier_path(ledger_of(lake).tiers["events"])]  # the control
    assert same(hour_rows(lake), an_hour(seed=1))


def test_the_other_tables_follow_the_ledger(lake: Lake) -> None:
    """Where a committer left its files in a tier and died the hour reads whole, and the next mends it."""
    load(lake, (KEY, an_hour(seed=1)))
    stray = written(lake, KEY, an_hour(seed=2))
    dead = _Committer(lake, [KEY], 10)
    dead.settle("events", lambda state: _tier_change(state, {KEY: stray.tiers["events"]}))
    assert is_either(hour_rows(lake), an_hour(seed=1), an_hour(seed=2)) == 0
    assert load(lake, (KEY, an_hour(seed=1))).tries == 1
    (path,) = read_state(lake.make("events")).hours[KEY]
    assert path != stray.tiers["events"].path


def test_where_another_was_at_the_same_hour_all_tables_are_of_one(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Theirs is whole between our other tables and our ledger: ours is the last, and all name its files."""
    ours, theirs = (written(lake, KEY, an_hour(seed=seed)) for seed in (1, 2))
    reckon = commit._ledger_change

    def overtaken(at: Lake, state: TableState, hours: list[HourFiles]) -> Change:
        monkeypatch.setattr(commit, "_ledger_change", reckon)
        commit_hours(lake, [theirs])
        return reckon(at, state, hours)

    monkeypatch.setattr(commit, "_ledger_change", overtaken)
    commit_hours(lake, [ours])
    assert same(hour_rows(lake), an_hour(seed=1))
    assert check_lake(lake).mistakes == ()
