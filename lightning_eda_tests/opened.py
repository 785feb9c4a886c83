"""DuckDB for those who read in tests: an instance takes 20 ms to make, so all of a process share one."""

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import duckdb

from lightning_eda.warehouse.database.attach import path_literal

_instance = cache(duckdb.connect)
atexit.register(_instance.cache_clear)  # DuckDB tells of what is alive at the very end


@contextmanager
def opened(database: Path | str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in use that can only be read, as any user opens it."""
    with in_memory() as connection:
        connection.execute(f"ATTACH {path_literal(Path(database))} AS opened (READ_ONLY)")
        try:
            connection.execute("USE opened")
            yield connection
        finally:
            connection.execute("USE memory")
            connection.execute("DETACH opened")


def in_memory() -> duckdb.DuckDBPyConnection:
    """A connection without a file; what is registered there is of it alone."""
    return _instance().cursor()
