"""Upkeep: whether the lake holds what it names, and the removal of what nobody names any more."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow.compute as pc

from lightning_eda.errors import LakeError
from lightning_eda.lake.layout import CELL_SUMS, LEDGER, TIERS, HourKey, LedgerName
from lightning_eda.lake.location import Lake
from lightning_eda.lake.parquet import read_parquet
from lightning_eda.lake.state import STRANGE, StoredFile, TableState, read_state
from lightning_eda.storage.delta.log import LOG_FOLDER
from lightning_eda.storage.delta.vacuum import SHORTEST_DAYS, require_days, unnamed_files
from lightning_eda.storage.object_store import ObjectInfo

TABLES = (*TIERS, LEDGER)
FILES_AT_ONCE = 8


@dataclass(frozen=True)
class LakeCheck:
    """What `check_lake` found.

    Attributes:
        hours: Hours in the ledger.
        files: Data files that the tables name.
        size_bytes: Of those.
        orphans: Keys of data files that no table names, with their bytes.
        mistakes: What is wrong, a sentence each.
    """

    hours: int
    files: int
    size_bytes: int
    orphans: dict[str, int]
    mistakes: tuple[str, ...]


@dataclass(frozen=True)
class _Contents:
    """The lake's tables and the data files in its store."""

    lake: Lake
    states: dict[str, TableState]
    stored: dict[str, ObjectInfo]

    @property
    def ledger(self) -> Iterator[tuple[HourKey, LedgerName]]:
        """What the ledger says of each hour."""
        for key in sorted(self.states[LEDGER].hours):
            name = self.states[LEDGER].ledger(key)
            if name is not None:
                yield key, name

    @property
    def named(self) -> dict[str, StoredFile]:
        """The files that the tables name, by key."""
        return {
            self.lake.key(table, path): file
            for table, state in self.states.items()
            for files in state.hours.values()
            for path, file in files.items()
        }

    @property
    def kept(self) -> set[str]:
        """The keys that a table, or the ledger for it, names."""
        by_ledger = {
            self.lake.key(tier, key.tier_path(digest))
            for key, name in self.ledger
            for tier, digest in name.tiers.items()
        }
        return by_ledger | set(self.named)


def check_lake(lake: Lake) -> LakeCheck:
    """Looks at every file that is named: is it there, with the rows that the ledger counts?

    Raises:
        LakeError: There is no lake, or a log cannot be used.
        StorageError: The store cannot be read.
    """
    contents = _contents(lake)
    named = contents.named
    mistakes = [
        f"{lake.address(table)} names {path}, {STRANGE}"
        for table, state in contents.states.items()
        for path in state.strangers
    ]
    for key, file in sorted(named.items()):
        found = contents.stored.get(key)
        if found is None:
            mistakes.append(f"{lake.store.url(key)} is named and not there: load its hour again")
        elif found.size != file.size_bytes:
            mistakes.append(f"{lake.store.url(key)} has {found.size} bytes, {file.size_bytes} are named")
    mistakes += _count_mistakes(contents)
    orphans = {key: contents.stored[key].size for key in sorted(set(contents.stored) - contents.kept)}
    size = sum(file.size_bytes for file in named.values())
    return LakeCheck(len(contents.states[LEDGER].hours), len(named), size, orphans, tuple(mistakes))


def vacuum_lake(
    lake: Lake, now: datetime, days: float = SHORTEST_DAYS, dry_run: bool = False
) -> dict[str, int]:
    """Removes the data files that nobody names, and has not named for some days; returns keys and bytes.

    With them go sums of pieces that a killed run left.

    Args:
        lake: The lake.
        now: The present, aware.
        days: How long a file stays after it was written, or after its hour was replaced.
        dry_run: Only says what would go.

    Raises:
        SettingError: `days` is less than a run or a reader may take.
        LakeError: There is no lake, or a log cannot be used.
        StorageError: The store cannot be listed or written.
    """
    require_days(days)
    contents = _contents(lake)
    oldest = now - timedelta(days=days)
    unnamed = _unnamed_for(lake, days) - contents.kept
    going = {
        key: info.size
        for key, info in sorted(contents.stored.items())
        if key in unnamed and info.last_modified < oldest
    }
    left = lake.store.list_objects(lake.key(CELL_SUMS, ""))
    going |= {info.key: info.size for info in left if info.last_modified < oldest}
    if not dry_run:
        for key in going:
            lake.store.delete_object(key)
    return going


def _unnamed_for(lake: Lake, days: float) -> set[str]:
    """Keys of files that no version of the last days names, as delta-rs reads its logs."""
    found = set()
    for table in TABLES:
        found |= unnamed_files(lake.log(table), lake.make(table), days)
    return found


def _contents(lake: Lake) -> _Contents:
    tables = {table: lake.open(table) for table in TABLES}
    if tables[LEDGER] is None:
        raise LakeError(f"there is no lake at {lake.describe()} yet: materialize the asset `load` first")
    # The files first: what is committed while they are listed is then missing among them, not an orphan.
    states = {table: read_state(delta) for table, delta in tables.items()}
    stored = {
        info.key: info
        for table in TABLES
        for info in lake.store.list_objects(lake.key(table, ""))
        if not info.key.startswith(lake.key(table, LOG_FOLDER))
    }
    return _Contents(lake, states, stored)


def _count_mistakes(contents: _Contents) -> list[str]:
    """Hours whose tables have other files, or other rows, than the ledger says."""
    with ThreadPoolExecutor(FILES_AT_ONCE, thread_name_prefix="lake") as pool:
        found = pool.map(lambda one: _hour_mistakes(contents, *one), contents.ledger)
        return [mistake for mistakes in found for mistake in mistakes]


def _hour_mistakes(contents: _Contents, key: HourKey, name: LedgerName) -> list[str]:
    lake = contents.lake
    ledger_key = lake.key(LEDGER, name.path(key))
    if ledger_key not in contents.stored:
        return []  # told already
    columns = [f"n_{tier}" for tier in TIERS]
    counts = read_parquet(lake.store.read_object(ledger_key), columns)
    mistakes = []
    for tier in TIERS:
        files = contents.states[tier].hours.get(key, {})
        want = {key.tier_path(name.tiers[tier])} if tier in name.tiers else set()
        if set(files) != want:
            mistakes.append(
                f"{lake.address(tier)} names {', '.join(sorted(files)) or 'nothing'} for {key.text}, "
                f"the ledger {', '.join(want) or 'nothing'}: load the hour again"
            )
            continue
        rows, known = sum(file.rows for file in files.values()), pc.sum(counts[f"n_{tier}"]).as_py() or 0
        if want and rows != known:
            mistakes.append(f"{lake.address(tier)} has {rows} rows of {key.text}, the ledger counts {known}")
    return mistakes
