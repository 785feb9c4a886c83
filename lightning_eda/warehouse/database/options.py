"""DuckDB's own settings, set on a connection."""

from collections.abc import Mapping

import duckdb

from lightning_eda.errors import WarehouseError
from lightning_eda.warehouse.database.instances import keep_apart
from lightning_eda.warehouse.schema.sql import quoted


def set_options(connection: duckdb.DuckDBPyConnection, options: Mapping[str, object]) -> None:
    """Sets options such as threads or memory_limit, as `SET` does.

    Raises:
        WarehouseError: One is unknown, has a value it cannot have, or can be set only before a file is open.
    """
    keep_apart(connection)
    for name, value in options.items():
        text = str(value).replace("'", "''")
        try:
            connection.execute(f"SET {quoted(name)} = '{text}'")
        except duckdb.Error as error:
            raise WarehouseError(f"connection_config: {name} cannot be set to {value!r}: {error}") from error
