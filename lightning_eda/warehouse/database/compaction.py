"""Gives free space back to the disk by copy and swap.

Replacing an hour in one transaction needs room for the old and the new rows at once, and DuckDB shortens a
file only by free blocks at its end. Measured: a file that holds one hour of 600,000 rows swings between 1.0
and 1.97 times its size when the hour is loaded again and again. A copy takes time in proportion to the
file, but it is made only when free space passes two fifths of what is used, so over time it costs at most
three times the bytes replaced; in a file of many hours, the next load takes the free space long before that.

A crash at any point leaves the old file or the new one, whole; both hold the same rows.
"""

import logging
import os
import shutil
from contextlib import suppress
from pathlib import Path

import duckdb

from lightning_eda.errors import WarehouseError
from lightning_eda.warehouse.database.attach import (
    CATALOG,
    CREATE,
    READ_ONLY,
    Patience,
    attach,
    path_literal,
)
from lightning_eda.warehouse.database.instances import connected

FREE_PER_USED = 0.4
SMALL_BLOCKS = 16  # 4 MB: so small, half-filled blocks weigh more than the free ones, and a copy costs 50 ms
NEW_ENDING = ".new"  # a database being made
COMPACT_ENDING = ".compact"  # one being copied
COPY = "compacted"
logger = logging.getLogger(__name__)


def is_bloated(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a copy would be notably smaller than the file; asked of a checkpointed file."""
    ((total, used),) = connection.execute(
        "SELECT total_blocks, used_blocks FROM pragma_database_size() WHERE database_name = ?", [CATALOG]
    ).fetchall()
    free = total - used
    return bool(free > FREE_PER_USED * used or (free and total <= SMALL_BLOCKS))


def compact(database: Path) -> bool:
    """Rewrites the file without free space; the caller holds the lock file. Returns whether it was done.

    The old file is held read-only all the time: readers go on, foreign writers are kept out until the new
    file has its name. When anything is in the way the file stays as it is, which costs space and nothing
    else.
    """
    fresh = database.with_name(database.name + COMPACT_ENDING)
    try:
        with connected() as connection:
            attach(connection, database, READ_ONLY, Patience.of(0))
            if wal_of(database).exists():
                return False  # a foreign program wrote in between; its log belongs to the old file
            connection.execute(f"ATTACH {path_literal(fresh)} AS {COPY}{CREATE}")
            connection.execute(f"COPY FROM DATABASE {CATALOG} TO {COPY}")
            connection.execute(f"CHECKPOINT {COPY}")
            connection.execute(f"DETACH {COPY}")
            shutil.copymode(database, fresh)
            replace_durably(fresh, database)
    except (duckdb.Error, WarehouseError, OSError) as error:
        logger.warning("%s was not compacted, only its size suffers: %s", database, error)
        return False
    finally:
        remove_leftovers(database)
    return True


def replace_durably(fresh: Path, target: Path) -> None:
    """Gives `fresh` the name `target` at once, and waits until the folder's entry is on the disk."""
    fresh.replace(target)
    if os.name == "posix":
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def remove_leftovers(database: Path) -> None:
    """Removes what a killed process left of a copy in the making; the caller holds the lock file."""
    for ending in (NEW_ENDING, COMPACT_ENDING):
        fresh = database.with_name(database.name + ending)
        # What cannot be removed is reported by whoever needs the name next.
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
            wal_of(fresh).unlink(missing_ok=True)


def wal_of(database: Path) -> Path:
    """Where DuckDB keeps the write-ahead log of a database."""
    return database.with_name(database.name + ".wal")
