"""How hours become visible: events, groups, flashes, and the ledger last, each in one commit of its table.

The ledger's commit is the moment: its file names the hour's other files, so a reader sees the hour as it was
or as it is, in all four tables, wherever a committer was killed. Afterwards the other tables are looked at
once more: where another committer was at the same hour meanwhile they may name its files, and are made to
name those of the ledger.

A commit that another one overtook is reckoned again from what is in the table now. Each names its hours as
application transactions, since delta-rs lets two first loads of one hour pass otherwise.
"""

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lightning_eda.errors import LakeBusyError, LakeError
from lightning_eda.lake.hour import DataFile, HourFiles, describe_file
from lightning_eda.lake.layout import LEDGER, PARTITIONS, TIERS, HourKey, parse_path
from lightning_eda.lake.location import VARIABLE, Lake, delta_schema
from lightning_eda.lake.state import VERSIONS, TableState, named_versions, read_state
from lightning_eda.storage.delta.log import tries_of_commit
from lightning_eda.storage.delta.probe import require_conditional_put

if TYPE_CHECKING:
    from deltalake import CommitProperties, DeltaTable
    from deltalake.transaction import AddAction, RemoveAction

TRIES = 100
STAT_TIME = "%Y-%m-%dT%H:%M:%S.%f"


@dataclass
class Committed:
    """What committing did.

    Attributes:
        changed: The hours that were not in the lake as they are now.
        replaced: Rows before, by hour and table, of the hours given.
        tries: Commits that were tried, of all tables.
    """

    changed: set[HourKey] = field(default_factory=set)
    replaced: dict[HourKey, dict[str, int]] = field(default_factory=dict)
    tries: int = 0


@dataclass(frozen=True)
class Change:
    """What a commit of a table does: files that come, and the paths of those that go."""

    adds: tuple[DataFile, ...]
    removes: tuple[str, ...]


def commit_hours(lake: Lake, hours: Sequence[HourFiles], tries: int = TRIES) -> Committed:
    """Makes hours visible, all of them in one commit of each table; hours that are there are passed over.

    Args:
        lake: The lake; its tables are made when they are not there.
        hours: Their files, as `write_hour` left them; an hour once.
        tries: How often a commit is tried while others commit.

    Raises:
        LakeBusyError: Others committed all the time.
        LakeError: The store does not keep a promise that correctness rests on, or a log cannot be used.
        LakeUnavailableError: A log cannot be reached.
    """
    require_conditional_put(lake.store, lake.prefix, "be a lake", VARIABLE)
    committer = _Committer(lake, [hour.key for hour in hours], tries)
    for tier in TIERS:
        wanted = {hour.key: hour.tiers[tier] for hour in hours if tier in hour.tiers}
        committer.settle(tier, lambda state, wanted=wanted: _tier_change(state, wanted))  # type: ignore[misc]
    committer.settle(LEDGER, lambda state: _ledger_change(lake, state, hours))
    if committer.done.tries:
        committer.follow_ledger()
    return committer.done


class _Committer:
    """Commits to the tables for some hours; the tables stay open, and are refreshed before each look."""

    def __init__(self, lake: Lake, keys: Sequence[HourKey], tries: int) -> None:
        self.lake = lake
        self.keys = frozenset(keys)
        self.tries = tries
        self.done = Committed(replaced={key: {} for key in keys})
        self._tables: dict[str, DeltaTable] = {}

    def settle(self, table: str, change_of: Callable[[TableState], Change]) -> None:
        """Commits a change, reckoned from what the table names, until it or another's has done it."""
        from deltalake.exceptions import CommitFailedError

        waits = tries_of_commit(self.tries)
        for tried in range(1, waits.tries + 1):
            state = self.state(table)
            change = change_of(state)
            self._count(table, state)
            if not change.adds and not change.removes:
                return
            self.done.tries += 1
            try:
                with self.lake.explained(table):
                    self._commit(table, change)
                    self._tables[table].update_incremental()  # a commit leaves the open table as it was
            except CommitFailedError:
                waits.pause(tried)
                continue
            except LakeError as error:
                if not self._is_made(table, change_of, error):
                    raise
            self.done.changed |= _keys_of(change)
            return
        raise LakeBusyError(
            f"others committed to {self.lake.address(table)} each of the {self.tries} times that "
            f"{len(self.keys)} hours were to be committed; run it again later"
        )

    def state(self, table: str) -> TableState:
        """The files of our hours in a table as it is now."""
        if table not in self._tables:
            self._tables[table] = self.lake.make(table)
        else:
            with self.lake.explained(table):
                self._tables[table].update_incremental()
        days = {key.hour.date() for key in self.keys}
        satellites = {key.satellite for key in self.keys}
        found = read_state(self._tables[table], days, satellites)
        found.require_own(self.lake.address(table))  # their rows would stay beside those that come
        return TableState(found.version, {key: found.hours[key] for key in self.keys & set(found.hours)})

    def _is_made(self, table: str, change_of: Callable[[TableState], Change], error: LakeError) -> bool:
        """Whether a commit that ended in an error was made: the log is read once more after it."""
        reopened = self.lake.log(table).reopen(error)
        if reopened is None:
            return False
        self._tables[table] = reopened
        left = change_of(self.state(table))
        return not left.adds and not left.removes

    def follow_ledger(self) -> None:
        """Makes the other tables name what the ledger names, whoever committed it."""
        for _ in range(self.tries):
            # Before the ledger, so that a commit of ours conflicts with what another does after we looked.
            states = {tier: self.state(tier) for tier in TIERS}
            ledger = self.state(LEDGER)
            wrong = {tier: paths for tier in TIERS if (paths := self._wrong(tier, states[tier], ledger))}
            if not wrong:
                return
            for tier, paths in wrong.items():
                files = {key: describe_file(self.lake, tier, path) for key, path in paths.items() if path}
                self.settle(tier, lambda state, paths=paths, files=files: _tier_change(state, files, paths))  # type: ignore[misc]

    def _wrong(self, tier: str, state: TableState, ledger: TableState) -> dict[HourKey, str | None]:
        """The hours whose file in a table is not the ledger's, and that file; None for no file."""
        found = {}
        for key in self.keys:
            name = ledger.ledger(key)
            digest = name.tiers.get(tier) if name else None
            path = key.tier_path(digest) if digest else None
            if set(state.hours.get(key, {})) != ({path} if path else set()):
                found[key] = path
        return found

    def _count(self, table: str, state: TableState) -> None:
        """Notes the rows there were at the first look."""
        for key, rows in self.done.replaced.items():
            rows.setdefault(table, sum(file.rows for file in state.hours.get(key, {}).values()))

    def _commit(self, table: str, change: Change) -> None:
        delta = self._tables[table]
        delta.create_write_transaction(
            [*map(_add_action, change.adds), *map(_remove_action, change.removes)],
            mode="append",  # RemoveAction goes with no other
            schema=delta_schema(table),
            partition_by=list(PARTITIONS),
            commit_properties=self._properties(table, _keys_of(change)),
        )

    def _properties(self, table: str, keys: Collection[HourKey]) -> "CommitProperties":
        from deltalake import CommitProperties, Transaction

        delta = self._tables[table]
        numbers = {key.text: (delta.transaction_version(key.text) or 0) + 1 for key in sorted(keys)}
        metadata = {}
        if table == LEDGER:
            before = named_versions(self.lake.log(LEDGER), delta.version())
            versions = {tier: max(self._tables[tier].version(), before.get(tier, 0)) for tier in TIERS}
            metadata[VERSIONS] = json.dumps(versions)
        return CommitProperties(
            custom_metadata=metadata,
            max_commit_retries=self.tries,
            app_transactions=[Transaction(text, number) for text, number in numbers.items()],
        )


def _tier_change(
    state: TableState, wanted: Mapping[HourKey, DataFile], only: Collection[HourKey] | None = None
) -> Change:
    """What makes a table name these files, and no others, for the hours of its state (or some of them)."""
    there = {path for key, files in state.hours.items() if only is None or key in only for path in files}
    want = {file.path: file for file in wanted.values()}
    adds = tuple(file for path, file in want.items() if path not in there)
    return Change(adds, tuple(sorted(there - set(want))))


def _ledger_change(lake: Lake, state: TableState, hours: Sequence[HourFiles]) -> Change:
    """What makes the ledger name these hours; one with the same rows keeps its file and time of loading."""
    adds: list[DataFile] = []
    removes: list[str] = []
    for hour in hours:
        there = state.ledger(hour.key)
        if hour.ledger is not None and hour.ledger.same_rows(there):
            continue
        removes += state.hours.get(hour.key, {})
        if hour.ledger is not None:
            path = hour.ledger.path(hour.key)
            adds.append(hour.ledger_file or describe_file(lake, LEDGER, path))
    return Change(tuple(adds), tuple(removes))


def _keys_of(change: Change) -> set[HourKey]:
    paths = [*(file.path for file in change.adds), *change.removes]
    return {found[0] for path in paths if (found := parse_path(path))}


def _add_action(file: DataFile) -> "AddAction":
    from deltalake.transaction import AddAction

    key = _keys_of(Change((file,), ())).pop()
    stats = {
        "numRecords": file.rows,
        "minValues": {"granule_start": f"{file.first:{STAT_TIME}}"},
        "maxValues": {"granule_start": f"{file.last:{STAT_TIME}}"},
    }
    moment = time.time_ns() // 1_000_000
    return AddAction(file.path, file.size_bytes, key.partition, moment, True, json.dumps(stats))


def _remove_action(path: str) -> "RemoveAction":
    from deltalake.transaction import RemoveAction

    key = _keys_of(Change((), (path,))).pop()
    return RemoveAction(path, True, time.time_ns() // 1_000_000, partition_values=key.partition)
