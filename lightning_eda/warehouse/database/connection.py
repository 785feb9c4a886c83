"""Opening the database: `writer` for one transaction, `reader` for queries; both wait, within a bound.

DuckDB locks the whole file: one process may write it, or many may read it. Our own processes take turns
with a lock file beside the database, writers and readers alike: a reader that comes while eight writers
queue is one of nine, and a writer is not kept out by readers that come one after the other. A program that
knows nothing of the lock file (a notebook, the duckdb command line) is met by retrying until the bound, and
is named in the error.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from lightning_eda.errors import DatabaseBusyError, WarehouseError
from lightning_eda.warehouse.database.attach import (
    CATALOG,
    CREATE,
    READ_ONLY,
    READ_WRITE,
    Patience,
    attach,
    attached,
    busy_text,
    detach,
)
from lightning_eda.warehouse.database.compaction import (
    NEW_ENDING,
    compact,
    is_bloated,
    remove_leftovers,
    replace_durably,
    wal_of,
)
from lightning_eda.warehouse.database.instances import connected
from lightning_eda.warehouse.database.tables import make_tables, widen_tables

WAIT_S = 60.0
TURN_S = 1.0  # a reader stands in the queue this long, then also tries without its turn
POLL_S = 0.01
FULL_BYTES = 4 << 20  # less than this is no room for a database
DUCKDB_MAGIC = b"DUCK"
MAGIC_OFFSET = 8


@contextmanager
def writer(path: Path | str, wait_s: float = WAIT_S) -> Iterator[duckdb.DuckDBPyConnection]:
    """One transaction on the database, which is made when it is not there; an error undoes all of it.

    All tables of `schema` and its companions are there with all columns, and their plain names work. After
    the commit the file is checkpointed, and compacted when too much of it is free space. The connection is
    closed whatever happens.

    Args:
        path: The database file.
        wait_s: How long to wait in all, for our own processes and for foreign programs, seconds.

    Raises:
        DatabaseBusyError: Others held it all that time.
        WarehouseError: It is not a DuckDB database, cannot be written, or a statement failed.
    """
    database = located(path)
    patience = Patience.of(wait_s)
    with _sole_writer(database, patience):
        remove_leftovers(database)
        with connected() as connection:
            if is_absent(database):
                _create(connection, database, patience)
            require_duckdb_file(database)
            attach(connection, database, READ_WRITE, patience)
            with _transaction(connection, database):
                widen_tables(connection, database)
                yield connection
            bloated = is_bloated(connection)
        if bloated:
            compact(database)


@contextmanager
def reader(path: Path | str, wait_s: float = WAIT_S) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection; while it is open nobody can write, so read and leave.

    Args:
        path: The database file.
        wait_s: How long to wait while others write, seconds.

    Raises:
        DatabaseBusyError: Others held it all that time.
        WarehouseError: There is no database yet, or the file cannot be read as one.
    """
    database = located(path)
    if is_absent(database):
        raise WarehouseError(f"there is no database at {database} yet: materialize the asset `load` first")
    require_duckdb_file(database)
    patience = Patience.of(wait_s)
    with _after_queue(database, patience) as connection:
        yield connection


def located(path: Path | str) -> Path:
    """The database's absolute path with links followed, so that all names of one file share one lock.

    Raises:
        WarehouseError: It is a folder, cannot be reached, or has a name that DuckDB cannot take.
    """
    database = Path(path).expanduser().resolve()
    try:
        is_folder = database.is_dir()
    except OSError as error:
        raise _unreachable(database, error) from error
    if is_folder:
        raise WarehouseError(f"{database} is a folder; the database must be a file")
    if os.sep == "/" and "\\" in str(database):
        raise WarehouseError(
            f"{database} has a backslash, which DuckDB takes for a slash: choose another path"
        )
    if "?" in str(database.parent):
        raise WarehouseError(
            f"{database} is in a folder with a question mark in its name, which DuckDB takes for parameters "
            "of an address: name a file elsewhere (DUCKDB_PATH); the other data may stay in that folder"
        )
    return database


def is_absent(database: Path) -> bool:
    """Whether there is no database, or an empty file, which holds nothing to lose."""
    try:
        return database.stat().st_size == 0
    except FileNotFoundError:
        return True
    except OSError as error:
        raise _unreachable(database, error) from error


def _unreachable(database: Path, error: OSError) -> WarehouseError:
    return WarehouseError(f"{database} cannot be reached: {error.strerror}")


def require_duckdb_file(database: Path) -> None:
    """Raises WarehouseError when the file is of another kind, before DuckDB guesses which reader it wants."""
    try:
        with database.open("rb") as file:
            head = file.read(MAGIC_OFFSET + len(DUCKDB_MAGIC))
    except OSError as error:
        raise WarehouseError(f"{database} cannot be read: {error}") from error
    if head[MAGIC_OFFSET:] != DUCKDB_MAGIC:
        raise WarehouseError(f"{database} is not a DuckDB database: name another file, or move this one away")


@contextmanager
def _sole_writer(database: Path, patience: Patience) -> Iterator[None]:
    """Holds the lock file, so at most one of our processes writes."""
    lock = _lock(database)
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        _take(lock, database, patience)
    except Timeout as error:
        raise DatabaseBusyError(busy_text(database, _obstacle(database), patience.bound_s)) from error
    except OSError as error:
        raise WarehouseError(f"{database} cannot be written: {error}") from error
    try:
        yield
    finally:
        lock.release()


def _take(lock: FileLock, database: Path, patience: Patience) -> None:
    """Takes the lock; the log says who has it when that lasts. Timeout when it lasts too long."""
    try:
        lock.acquire(timeout=patience.untold_s, poll_interval=POLL_S)
    except Timeout:
        patience.tell(database, "")
        lock.acquire(timeout=patience.left_s, poll_interval=POLL_S)


def _obstacle(database: Path) -> str:
    """DuckDB's words on who holds the file right now, or ""; it is not made when it is absent."""
    if is_absent(database):
        return ""
    try:
        with attached(database, READ_WRITE, Patience.of(0)):
            return ""
    except WarehouseError as error:
        return str(error.__cause__ or "")


def _lock(database: Path) -> FileLock:
    return FileLock(f"{database}.lock", is_singleton=False)


@contextmanager
def _after_queue(database: Path, patience: Patience) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection, opened in its turn; the turn ends as soon as the file is open."""
    while True:
        with ExitStack() as stack:
            try:
                with _turn(database, patience):
                    soon = Patience.of(min(TURN_S, patience.left_s), told=True)  # told of the whole wait
                    connection = stack.enter_context(attached(database, READ_ONLY, soon))
            except DatabaseBusyError as error:
                if patience.left_s > 0:
                    patience.tell(database, str(error.__cause__))
                    continue
                text = busy_text(database, str(error.__cause__), patience.bound_s)
                raise DatabaseBusyError(text) from error
            yield connection
            return


@contextmanager
def _turn(database: Path, patience: Patience) -> Iterator[None]:
    """A place in the queue, if there is one to be had soon.

    It is a courtesy between our processes and not what makes reading safe: without it (a foreign program
    keeps the writer in front waiting, or the folder may not be written) the file is tried all the same.
    """
    lock = _lock(database)
    with suppress(Timeout, OSError):
        lock.acquire(timeout=min(TURN_S, patience.left_s), poll_interval=POLL_S)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection, database: Path) -> Iterator[None]:
    """BEGIN to COMMIT and checkpoint; whatever goes wrong is rolled back."""
    try:
        connection.execute("BEGIN TRANSACTION")
        yield
        connection.execute("COMMIT")
    except duckdb.Error as error:
        _roll_back(connection)
        raise WarehouseError(
            f"writing {database} failed, nothing was changed: {_full_disk(database)}{error}"
        ) from error
    except BaseException:
        _roll_back(connection)
        raise
    try:
        connection.execute(f"CHECKPOINT {CATALOG}")
    except duckdb.Error as error:
        raise WarehouseError(
            f"{database} was written, but its log could not be merged into the file yet: "
            f"{_full_disk(database)}{error}"
        ) from error


def _full_disk(database: Path) -> str:
    """What to do when the disk is full, of which DuckDB may only say that a checkpoint failed; or ""."""
    if shutil.disk_usage(database.parent).free > FULL_BYTES:
        return ""
    return "the disk is full: free some space and load again, nothing needs to be repaired; "


def _roll_back(connection: duckdb.DuckDBPyConnection) -> None:
    # After a failed COMMIT there is no transaction left to undo; the error that led here is the one to tell.
    with suppress(duckdb.Error):
        connection.execute("ROLLBACK")


def _create(connection: duckdb.DuckDBPyConnection, database: Path, patience: Patience) -> None:
    """Makes the database under another name and moves it into place, so nobody ever sees half of one."""
    fresh = database.with_name(database.name + NEW_ENDING)
    try:
        attach(connection, fresh, CREATE, patience)
        make_tables(connection)
        detach(connection)
        wal_of(database).unlink(missing_ok=True)  # the log of a database that is gone
        replace_durably(fresh, database)
    except (OSError, duckdb.Error) as error:
        raise WarehouseError(f"{database} cannot be made: {_full_disk(database)}{error}") from error
