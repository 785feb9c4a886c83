"""Instances of Dagster in memory, of which the tests make hundreds, are made and asked in less time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dagster._core.storage import event_log, runs
from dagster._core.storage.event_log import InMemoryEventLogStorage, SqlEventLogStorageMetadata
from dagster._core.storage.runs import InMemoryRunStorage
from dagster._core.storage.runs.schema import RunStorageSqlMetadata
from sqlalchemy import Connection, Engine, MetaData, create_mock_engine


def quicken_instances() -> None:
    """Each would compile the statements of its tables, note their revision, and set modes of files."""
    for storage, metadata in ((event_log, SqlEventLogStorageMetadata), (runs, RunStorageSqlMetadata)):
        metadata.create_all = _create_all(metadata)
        storage.in_memory.stamp_alembic_rev = lambda *_: None
    InMemoryEventLogStorage._connect = _events_connection
    InMemoryRunStorage.connect = lambda storage: storage._engine.begin()


@contextmanager
def _events_connection(storage: InMemoryEventLogStorage) -> Iterator[Connection]:
    with storage._db_lock, storage._engine.begin() as connection:
        yield connection


def _create_all(metadata: MetaData) -> Callable[[Connection | Engine], None]:
    """Makes the tables in memory by statements that were compiled once; those of a file as ever."""
    statements: list[str] = []
    noted = create_mock_engine(
        "sqlite://", lambda ddl, *_, **__: statements.append(str(ddl.compile(dialect=noted.dialect)))
    )
    whole = metadata.create_all
    whole(noted, checkfirst=False)

    def create(place: Connection | Engine) -> None:
        if isinstance(place, Engine):
            whole(place)
        else:
            for statement in statements:
                place.exec_driver_sql(statement)

    return create
