"""The resource of the database, also for assets of one's own that ask for a `DuckDBResource`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pydantic import Field

from lightning_eda.resources.variables import from_setting

if TYPE_CHECKING:
    import duckdb

DATABASE_WAIT_S = 5.0
"""How long a tick waits for a database that others hold; the next tick asks again."""


class _Later(ModuleType):
    """A module that is imported when something of it is used."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the module has
        return getattr(import_module(self.__name__), name)


@contextmanager
def _imported_later(name: str) -> Iterator[None]:
    """Whoever imports the module here gets it when it is used; elsewhere it is imported as ever."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = _Later(name)
    try:
        yield
    finally:
        del sys.modules[name]


# It imports DuckDB, which the code location does not need: only `get_connection` uses it.
with _imported_later("duckdb"):
    from dagster_duckdb import DuckDBResource


class WarehouseResource(DuckDBResource):
    """The DuckDB database; `get_connection()` takes its turn with the runs."""

    database: str = from_setting("duckdb_path")
    connection_config: dict[str, Any] = Field(
        {}, description="Settings of DuckDB for get_connection(), such as threads or memory_limit."
    )
    read_only: bool = Field(
        True,
        description="get_connection() reads. false: it is one transaction to write in, undone by an error.",
    )

    @classmethod
    def _is_dagster_maintained(cls) -> bool:
        return False

    def file(self) -> Path:
        """The database file, absolute."""
        return Path(self.database).expanduser().absolute()

    @contextmanager
    def get_connection(self) -> Iterator["duckdb.DuckDBPyConnection"]:
        """A connection to the database for one block; the tables have their plain names.

        While it is open nobody else can write, and with `read_only: false` nobody can read: ask, leave the
        block, and compute afterwards.

        Raises:
            DatabaseBusyError: Others held the database all the time that is waited.
            WarehouseError: There is no database yet (when reading), it cannot be opened, or something of
                `connection_config` cannot be set.
        """
        from lightning_eda.warehouse.database.connection import reader, writer
        from lightning_eda.warehouse.database.options import set_options

        opening = reader if self.read_only else writer
        with opening(self.file()) as connection:
            set_options(connection, self.connection_config)
            yield connection
