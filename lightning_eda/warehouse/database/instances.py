"""Instances of DuckDB, used one after the other: making one registers 3,200 functions, 20 to 40 ms of work.

DuckDB 2.0 does that for every `duckdb.connect`, with a file or without. An instance that was left as it was
made is kept for whoever comes next in this process. Nobody ever shares one, so waiting, locks and errors are
those of new ones.
"""

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import duckdb

from lightning_eda.warehouse.schema.sql import quoted

MOST_IDLE = 2  # one that writes beside one that reads
# No extension is fetched from the network because of what a file looks like.
OFFLINE: Final[dict[str, str | bool | int | float | list[str]]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
IS_APART = "SELECT getvariable('is_apart')"
ATTACHED = "SELECT database_name FROM duckdb_databases() WHERE NOT internal AND database_name <> 'memory'"
# By process: after a fork those of the parent have no threads, so they can be neither used nor closed.
_idle: defaultdict[int, list[duckdb.DuckDBPyConnection]] = defaultdict(list)


@contextmanager
def connected() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection without a file, on an instance of its own; afterwards nothing is attached to it.

    Temporary tables and variables end with the connection. What else changes the instance calls `keep_apart`.
    """
    idle = _idle[os.getpid()]
    try:
        instance = idle.pop()
    except IndexError:  # asking first would leave another thread time to take the last
        instance = duckdb.connect(":memory:", config=OFFLINE)
    is_as_made = False
    try:
        with instance.cursor() as connection:
            yield connection
            with suppress(duckdb.Error):
                is_as_made = connection.execute(IS_APART).fetchone() == (None,)
        is_as_made = is_as_made and len(idle) < MOST_IDLE and _detach_all(instance)
    finally:
        if is_as_made:
            idle.append(instance)
        else:
            instance.close()


def _detach_all(instance: duckdb.DuckDBPyConnection) -> bool:
    """Lets go of all files; whether that was possible."""
    try:
        for (name,) in instance.execute(ATTACHED).fetchall():
            instance.execute(f"DETACH {quoted(name)}")
        # Relaunched threads give back what they hold in reserve, hundreds of MB after a large query.
        instance.execute("SET threads = 1; RESET threads")
    except duckdb.Error:
        return False
    return True


def keep_apart(connection: duckdb.DuckDBPyConnection) -> None:
    """Says that the instance itself is about to change (settings, tables in memory): nobody gets it next."""
    connection.execute("SET VARIABLE is_apart = true")
