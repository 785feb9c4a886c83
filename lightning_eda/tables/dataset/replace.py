"""Partitions of a dataset replaced so that no failure loses rows and of two runs one wins.

New objects go up under names of the run's own and are read back; the catalogue is told; then the partition
is listed once more. The run with the newest id that is there has won: it deletes everything older. Another
has lost: it deletes its own. Only a run that has won deletes what it did not write, and from then on it never
deletes what it wrote, so the newest run that has won is always there to be read. Why and what was tried:
docs/decisions/09-replace-without-loss.md.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

import pyarrow as pa

from lightning_eda.errors import DatasetError, LightningEdaError, ObjectNotFoundError, StorageError
from lightning_eda.storage.object_store import ObjectInfo, ObjectStore
from lightning_eda.tables.dataset.footer import read_footer
from lightning_eda.tables.dataset.object_names import ObjectName
from lightning_eda.tables.dataset.sink import PartitionFile

THREADS: Final = 8
SMALL_BYTES: Final = 8 * 2**20
"""Files up to this size go up several at once; S3Store holds up to 32 MB of each in memory."""

Item = TypeVar("Item")
Reply = TypeVar("Reply")


@dataclass(frozen=True)
class Run:
    """One load.

    Attributes:
        id: As `object_names.new_run` makes it.
        version: Data version of what is loaded, 16 hex digits.
        metadata: Short ASCII texts kept with every object.
    """

    id: str
    version: str
    metadata: Mapping[str, str]

    def key(self, folder: str, index: int = 1, count: int = 1) -> str:
        """The key of its object in a partition, the `index`th of `count`."""
        return folder + str(ObjectName(self.id, self.version, index, count))


@dataclass(frozen=True)
class NewPartition:
    """The rows that a partition shall have.

    Attributes:
        folder: Key prefix of the partition, with the slash at its end.
        file: Its rows.
    """

    folder: str
    file: PartitionFile


@dataclass(frozen=True)
class Outcome:
    """What became of one partition.

    Attributes:
        folder: Its key prefix.
        key: Key of the new object; "" when another run won.
        size: Bytes of the new object.
        rows: Its rows.
        won_by: Object of the newer run that won, None when this run did.
    """

    folder: str
    key: str
    size: int
    rows: int
    won_by: ObjectName | None


def replace_partitions(
    store: ObjectStore,
    run: Run,
    partitions: Sequence[NewPartition],
    schema: pa.Schema,
    register: Callable[[], None],
) -> list[Outcome]:
    """Makes each partition exactly the rows of its file.

    Args:
        store: Where the dataset is.
        run: This load.
        partitions: The partitions to replace, each once.
        schema: Schema of the files.
        register: Tells the catalogue; called when all new objects are there and verified.

    Returns:
        What became of each, in the same order.

    Raises:
        StorageError: As the store says; the old rows are there.
        DatasetError: What arrived is not what was sent (the old rows are there), or, when its text says so,
            the new rows are there but some of the old ones could not be deleted.
        LightningEdaError: Whatever `register` raises; the old rows are there.
    """
    replacement = _Replacement(store, run, partitions, schema)
    try:
        replacement.upload()
        register()
        present = replacement.look()
    except BaseException as error:
        replacement.withdraw(error)
        raise
    return replacement.decide(present)


def newer_run(present: Iterable[ObjectInfo], run: str) -> ObjectName | None:
    """The object of the newest run, when there is one that is newer than this; else None."""
    names = filter(None, (ObjectName.of(info.key) for info in present))
    return max((name for name in names if name.run > run), key=lambda name: name.run, default=None)


class _Replacement:
    """The steps of one load, over all its partitions."""

    def __init__(
        self, store: ObjectStore, run: Run, partitions: Sequence[NewPartition], schema: pa.Schema
    ) -> None:
        self._store = store
        self._run = run
        self._partitions = partitions
        self._schema = schema.remove_metadata()
        self._old: dict[str, list[ObjectInfo]] = {}
        self._keys = {
            partition.folder: run.key(partition.folder, index, len(partitions))
            for index, partition in enumerate(partitions, start=1)
        }
        self._verified: dict[str, bool] = {}

    def upload(self) -> None:
        """Puts each new object where no newer run is, and reads it back."""
        each(self._list_old, [partition.folder for partition in self._partitions])
        going = [
            partition
            for partition in self._partitions
            if newer_run(self._old[partition.folder], self._run.id) is None
        ]
        if any(self._old[partition.folder] for partition in going):
            # Deleting what is not there is no error, so a missing right shows before anything is there twice.
            self._store.delete_object(self._keys[going[0].folder])
        for partition in going:
            if partition.file.size > SMALL_BYTES:
                self._put(partition)
        each(self._put, [partition for partition in going if partition.file.size <= SMALL_BYTES])

    def withdraw(self, error: BaseException) -> None:
        """Deletes what was put, as far as possible; `error` is told when it is not.

        What was verified stays where there was nothing before: it hides nothing, and the next run of the same
        source finds its work done.
        """
        keys = [
            self._keys[folder]
            for folder, verified in self._verified.items()
            if self._old[folder] or not verified
        ]
        try:
            each(self._store.delete_object, keys)
        except StorageError as refusal:
            error.add_note(
                f"some of the objects of the run {self._run.id} may be left beside the old rows, as deleting "
                f"them failed too ({refusal}); the next run of the same partition removes them"
            )

    def look(self) -> list[list[ObjectInfo]]:
        """The objects of each partition now, when all new ones are there."""
        return each(lambda partition: list(self._store.list_objects(partition.folder)), self._partitions)

    def decide(self, present: Sequence[Sequence[ObjectInfo]]) -> list[Outcome]:
        """Deletes everything older where this run has won, and what it put where a newer run is."""
        judged = [
            self._outcome(partition, objects)
            for partition, objects in zip(self._partitions, present, strict=True)
        ]
        self._delete([key for _, doomed in judged for key in doomed])
        return [outcome for outcome, _ in judged]

    def _outcome(self, partition: NewPartition, present: Sequence[ObjectInfo]) -> tuple[Outcome, list[str]]:
        """What becomes of a partition that holds these objects, and the keys to delete."""
        folder, key, rows = partition.folder, self._keys[partition.folder], partition.file.rows
        here = key in {info.key for info in present}
        winner = newer_run(present, self._run.id)
        if winner is not None:
            return Outcome(folder, "", 0, rows, winner), [key] if here else []
        if not here:
            raise _retryable(
                f"{self._store.url(key)} is not there: a newer run came and failed meanwhile, or someone "
                "deleted it; run it again"
            )
        if not self._verified.get(folder):
            raise _retryable(
                f"{self._store.url(key)} could not be verified, so nothing was deleted; run it again"
            )
        old = [info.key for info in present if info.key != key and self._is_older(folder, info)]
        return Outcome(folder, key, partition.file.size, rows, None), old

    def _is_older(self, folder: str, info: ObjectInfo) -> bool:
        """Whether an object is of an older run, or was there before, as it is, when it is of no run."""
        if ObjectName.of(info.key):
            return True  # were it of a newer run, this one would have lost
        return (info.key, info.etag) in {(old.key, old.etag) for old in self._old[folder]}

    def _list_old(self, folder: str) -> None:
        self._old[folder] = list(self._store.list_objects(folder))

    def _put(self, partition: NewPartition) -> None:
        key = self._keys[partition.folder]
        self._verified[partition.folder] = False
        try:
            put_verified(self._store, key, partition.file, self._schema, self._run.metadata)
        except ObjectNotFoundError:
            return  # a newer run has won already and deleted it, which the last listing will show
        self._verified[partition.folder] = True

    def _delete(self, keys: Sequence[str]) -> None:
        try:
            each(self._store.delete_object, keys)
        except StorageError as error:
            raise _retryable(
                f"the new rows are in place, but not all of the {len(keys)} objects they replace could be "
                f"deleted, and readers see both until the next run deletes them. Run it again. {error}",
                error,
            ) from error


def put_verified(
    store: ObjectStore, key: str, file: PartitionFile, schema: pa.Schema, metadata: Mapping[str, str]
) -> None:
    """Puts the file of a partition, or ends its upload, and reads its footer back.

    Raises:
        DatasetError: What arrived is not what was sent.
        ObjectNotFoundError: Someone has deleted it since.
        StorageError: As the store says.
    """
    info = file.upload.finish() if file.upload else store.put_object(key, file.path, metadata)
    footer = read_footer(store, info)
    if footer.rows != file.rows or not footer.schema.equals(schema):
        raise _retryable(
            f"{store.url(key)} holds {footer.rows} rows of {footer.schema.names} in place of the "
            f"{file.rows} rows of {schema.names} that were sent; run it again"
        )


def _retryable(text: str, cause: LightningEdaError | None = None) -> DatasetError:
    """A DatasetError that trying again may mend, unless its cause says otherwise."""
    error = DatasetError(text)
    error.retryable = cause is None or cause.retryable
    return error


def each(function: Callable[[Item], Reply], items: Sequence[Item]) -> list[Reply]:
    """The replies for all items, several at once; the first error ends it."""
    if len(items) < 2:
        return [function(item) for item in items]
    with ThreadPoolExecutor(min(THREADS, len(items)), thread_name_prefix="partitions") as pool:
        return list(pool.map(function, items))
