"""The database as a `DuckDBResource`, for assets of one's own."""

import threading
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from dagster_duckdb import DuckDBResource

from lightning_eda.errors import WarehouseError
from lightning_eda.resources import build_resources
from lightning_eda.settings import Settings
from lightning_eda.warehouse.database.connection import reader, writer


@dg.asset
def rows_of_mine(warehouse: DuckDBResource) -> dg.MaterializeResult:
    """What somebody writes who knows dagster-duckdb and nothing of this project."""
    with warehouse.get_connection() as connection:
        ((count,),) = connection.execute("SELECT count(*) FROM flashes").fetchall()
    return dg.MaterializeResult(metadata={"rows": count})


@pytest.fixture
def warehouse(stormy: Settings):
    """The resource over the database of a stormy day."""
    return build_resources(stormy)["warehouse"]


def changed(warehouse, **values):
    """The same resource with some fields set, as the launchpad does."""
    return type(warehouse)(**values)


def test_an_asset_of_ones_own_asks_for_it_as_usual(stormy: Settings):
    """By the type of dagster-duckdb, under the name that the definitions give it."""
    result = dg.materialize([rows_of_mine], resources=build_resources(stormy))
    (event,) = result.get_asset_materialization_events()
    assert event.materialization.metadata["rows"].value > 0


def test_it_reads_unless_it_is_to_write(warehouse):
    """A statement that changes something is refused, and the rows stay."""
    assert isinstance(warehouse, DuckDBResource)
    with warehouse.get_connection() as connection, pytest.raises(duckdb.Error, match="read-only"):
        connection.execute("DELETE FROM flashes")
    with changed(warehouse, read_only=False).get_connection() as connection:
        connection.execute("CREATE TABLE mine AS SELECT 7 AS seven")
    with warehouse.get_connection() as connection:
        assert connection.execute("SELECT seven FROM mine").fetchall() == [(7,)]


def test_what_an_asset_leaves_in_memory_is_nobody_elses(warehouse):
    """Whatever is done to DuckDB itself ends with the block."""
    with warehouse.get_connection() as connection:
        connection.execute("CREATE TABLE memory.mine (seven INTEGER); SET threads = 1")
    for opening in (warehouse.get_connection(), reader(warehouse.file())):
        with opening as connection:
            assert connection.execute("SELECT current_setting('threads')").fetchall() != [(1,)]
            assert not connection.execute("FROM duckdb_tables() WHERE table_name = 'mine'").fetchall()


def test_an_error_undoes_what_was_written(warehouse):
    """One block is one transaction."""
    with (
        pytest.raises(ZeroDivisionError),
        changed(warehouse, read_only=False).get_connection() as connection,
    ):
        connection.execute("DELETE FROM flashes")
        raise ZeroDivisionError
    with warehouse.get_connection() as connection:
        assert connection.execute("SELECT count(*) > 0 FROM flashes").fetchall() == [(True,)]


def test_it_takes_its_turn(warehouse, stormy: Settings):
    """It waits for a run that writes, where DuckDB's own `connect` fails at once."""
    path, wrote = Path(stormy.duckdb_path), threading.Event()

    def write() -> None:
        with writer(path) as connection:
            wrote.set()
            waiting.wait()
            connection.execute("CREATE TABLE later AS SELECT 1 AS one")

    waiting = threading.Event()
    run = threading.Thread(target=write)
    run.start()
    wrote.wait()
    threading.Timer(0.2, waiting.set).start()
    with warehouse.get_connection() as connection:
        assert waiting.is_set()
        assert connection.execute("SELECT one FROM later").fetchall() == [(1,)]
    run.join()


def test_settings_of_duckdb_count(warehouse):
    """Those that can be set on an open database; another is named."""
    with changed(warehouse, connection_config={"threads": 1}).get_connection() as connection:
        assert connection.execute("SELECT current_setting('threads')").fetchall() == [(1,)]
    unknown = changed(warehouse, connection_config={"thread": 1})
    with pytest.raises(WarehouseError, match="connection_config: thread cannot be set to 1: "):
        unknown.get_connection().__enter__()


def test_the_resource_leaves_nothing_open(warehouse, stormy: Settings):
    """After the block another process can have the file."""
    with warehouse.get_connection():
        pass
    duckdb.connect(stormy.duckdb_path).close()
    with reader(stormy.duckdb_path) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM flashes").fetchall() == [(True,)]
