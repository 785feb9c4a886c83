"""Partitions of a Delta table replaced in one commit: readers have the old rows or the new ones.

The table and its columns come first, then the catalogue, then the files, which nobody sees; one commit
then names the new files in place of the old. All commits of rows go by one application transaction, so that
of two at once the second fails, and is reckoned again from what the first left. Why: delta-rs finds no
conflict between two first loads of one partition, and would keep both.

A file that was put and is not named does no harm: readers go by the log, and a vacuum removes it.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from lightning_eda.errors import LakeBusyError, StorageError
from lightning_eda.storage.delta.log import DeltaLog, tries_of_commit
from lightning_eda.tables.dataset.location import PartitionValues
from lightning_eda.tables.dataset.replace import (
    SMALL_BYTES,
    NewPartition,
    Outcome,
    Run,
    each,
    newer_run,
    put_verified,
)
from lightning_eda.tables.delta.state import DeltaFile, missing_columns, table_files

if TYPE_CHECKING:
    from deltalake import DeltaTable
    from deltalake.transaction import AddAction, RemoveAction

APPLICATION: Final = "lightning_eda"
TRIES: Final = 100


@dataclass(frozen=True)
class TableChange:
    """What replaces partitions of a table.

    Attributes:
        log: The table's.
        keys: Its partition columns and their types, in order.
        schema: Columns of the files.
        run: This load.
        partitions: Each once.
    """

    log: DeltaLog
    keys: Mapping[str, pa.DataType]
    schema: pa.Schema
    run: Run
    partitions: Sequence[NewPartition]

    def key(self, partition: NewPartition) -> str:
        """The key of a partition's new file."""
        return self.run.key(partition.folder, self.partitions.index(partition) + 1, len(self.partitions))


def replace_in_one_commit(change: TableChange, register: Callable[[], None]) -> list[Outcome]:
    """Makes each partition exactly the rows of its file, all of them at one moment.

    Args:
        change: What is replaced.
        register: Tells the catalogue; called when the table has the columns.

    Returns:
        What became of each partition, in the same order.

    Raises:
        SchemaChangedError: The table has a column with another type.
        StorageError, DatasetError: The files could not be written, or are not what was sent.
        LakeError: The log cannot be used.
        LakeUnavailableError: It cannot be reached.
        LakeBusyError: Others committed all the time.
        LightningEdaError: Whatever `register` raises; whatever is raised, the old rows are there.
    """
    table = _with_columns(change)
    register()
    keys = {partition.folder: change.key(partition) for partition in change.partitions}
    store, schema = change.log.store, change.schema.remove_metadata()
    try:
        for partition in change.partitions:
            if partition.file.size > SMALL_BYTES:
                put_verified(store, keys[partition.folder], partition.file, schema, change.run.metadata)
        small = [partition for partition in change.partitions if partition.file.size <= SMALL_BYTES]
        each(lambda one: put_verified(store, keys[one.folder], one.file, schema, change.run.metadata), small)
    except BaseException:
        _remove_unnamed(change, list(keys.values()))
        raise
    outcomes = _commit(change, table, keys)
    _remove_unnamed(change, [keys[outcome.folder] for outcome in outcomes if outcome.won_by is not None])
    return outcomes


def _remove_unnamed(change: TableChange, keys: Sequence[str]) -> None:
    with suppress(StorageError):
        each(change.log.store.delete_object, keys)


def _with_columns(change: TableChange) -> "DeltaTable":
    """The table, made or given the columns that it lacks: add-only, as the catalogue is."""
    from deltalake import Schema
    from deltalake.exceptions import CommitFailedError

    log = change.log
    columns = change.schema.remove_metadata()
    keys = pa.schema(list(change.keys.items()))
    waits = tries_of_commit(TRIES)
    for tried in range(1, waits.tries + 1):
        table = log.make(pa.schema([*columns, *keys]), keys.names)
        lacking = missing_columns(table, log.address, pa.schema([*columns, *keys]))
        if not len(lacking):
            return table
        try:
            with log.explained():
                table.alter.add_columns(Schema.from_arrow(lacking).fields)
        except CommitFailedError:
            waits.pause(tried)
    raise _busy(log)


def _commit(change: TableChange, table: "DeltaTable", keys: Mapping[str, str]) -> list[Outcome]:
    """Names the new files in place of the old, where no newer run's are."""
    from deltalake import CommitProperties, Transaction
    from deltalake.exceptions import CommitFailedError, DeltaError

    log = change.log
    waits = tries_of_commit(TRIES)
    for tried in range(1, waits.tries + 1):
        with log.explained():
            table.update_incremental()
            outcomes, actions = _decided(change, table_files(table, log.prefix, change.keys), keys)
            if not actions:
                return outcomes
            number = (table.transaction_version(APPLICATION) or 0) + 1
            try:
                table.create_write_transaction(
                    actions,
                    mode="append",  # RemoveAction goes with no other
                    schema=pa.schema([*change.schema.remove_metadata(), *change.keys.items()]),
                    partition_by=list(change.keys),
                    commit_properties=CommitProperties(
                        custom_metadata={"run": change.run.id, **change.run.metadata},
                        max_commit_retries=TRIES,
                        app_transactions=[Transaction(APPLICATION, number)],
                    ),
                )
            except CommitFailedError:
                waits.pause(tried)
                continue
            except (OSError, DeltaError) as error:
                if not _is_made(change, outcomes, error):
                    raise
            return outcomes
    raise _busy(log)


def _is_made(change: TableChange, outcomes: Sequence[Outcome], error: Exception) -> bool:
    """Whether a commit that ended in an error was made: delta-rs reads the log once more after it.

    Raises:
        LakeUnavailableError: That cannot be found out.
    """
    log = change.log
    table = log.reopen(error)
    named = {file.info.key for file in table_files(table, log.prefix, change.keys)} if table else set()
    return {outcome.key for outcome in outcomes if outcome.won_by is None} <= named


def _decided(
    change: TableChange, present: Sequence[DeltaFile], keys: Mapping[str, str]
) -> "tuple[list[Outcome], list[AddAction | RemoveAction]]":
    """What becomes of each partition when the table names these files, and what the log is to be told."""
    by_values: dict[PartitionValues, list[DeltaFile]] = {}
    for file in present:
        by_values.setdefault(file.values, []).append(file)
    outcomes: list[Outcome] = []
    actions: list[AddAction | RemoveAction] = []
    for partition in change.partitions:
        folder, new, key = partition.folder, partition.file, keys[partition.folder]
        files = by_values.get(new.values, [])
        winner = newer_run((file.info for file in files), change.run.id)
        if winner is not None:
            outcomes.append(Outcome(folder, "", 0, new.rows, winner))
            continue
        outcomes.append(Outcome(folder, key, new.size, new.rows, None))
        if not any(file.info.key == key for file in files):  # it is, where an answer was lost
            actions.append(_add(change, partition, key))
        actions += [_remove(change, file) for file in files if file.info.key != key]
    return outcomes, actions


def _add(change: TableChange, partition: NewPartition, key: str) -> "AddAction":
    from deltalake.transaction import AddAction

    path, stats = key.removeprefix(change.log.prefix), json.dumps({"numRecords": partition.file.rows})
    values = _log_values(change.keys, partition.file.values)
    return AddAction(path, partition.file.size, values, time.time_ns() // 1_000_000, True, stats)


def _remove(change: TableChange, file: DeltaFile) -> "RemoveAction":
    from deltalake.transaction import RemoveAction

    values = _log_values(change.keys, file.values)
    return RemoveAction(file.path, True, time.time_ns() // 1_000_000, partition_values=values)


def _log_values(keys: Mapping[str, pa.DataType], values: PartitionValues) -> dict[str, str | None]:
    """Partition values as a log spells them: times with their zone, or readers would take that of their own.

    Source: Delta transaction log protocol, "Partition Value Serialization".
    """
    return {
        name: f"{value.replace(' ', 'T')}Z" if value and pa.types.is_timestamp(kind) else value
        for (name, kind), value in zip(keys.items(), values, strict=True)
    }


def _busy(log: DeltaLog) -> LakeBusyError:
    return LakeBusyError(
        f"others committed to {log.address} each of the {TRIES} times that it was tried; run it again later"
    )
