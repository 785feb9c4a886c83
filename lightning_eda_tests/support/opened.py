"""DuckDB for those who read in tests: an instance takes 20 ms to make, so all of a process share one."""

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import duckdb
import pytest

from lightning_eda.warehouse.database import attach as attaching
from lightning_eda.warehouse.database import connection as opening
from lightning_eda.warehouse.database.attach import attach, path_literal

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


@contextmanager
def counted(openings: list[str]) -> Iterator[None]:
    """Adds how the project opens a database (the mode), each time it does."""

    def counting(
        connection: duckdb.DuckDBPyConnection, database: Path, mode: str, patience: attaching.Patience
    ) -> None:
        openings.append(mode)
        attach(connection, database, mode, patience)

    with pytest.MonkeyPatch.context() as patch:
        for module in (attaching, opening):
            patch.setattr(module, "attach", counting)
        yield
