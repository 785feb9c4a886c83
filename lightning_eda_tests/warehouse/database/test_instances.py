"""An instance of DuckDB is used again only when it was left as it was made."""

import multiprocessing
import os
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import duckdb
import pytest

from lightning_eda.warehouse.database import instances
from lightning_eda.warehouse.database.instances import connected, keep_apart
from lightning_eda.warehouse.database.options import set_options
from lightning_eda_tests.support.processes import new_process


@pytest.fixture(autouse=True)
def none_idle() -> None:
    """No instance that another test left."""
    instances._idle.clear()


def mark(connection: duckdb.DuckDBPyConnection) -> None:
    """A table in memory lives as long as its instance."""
    connection.execute("CREATE TABLE memory.marked (a INTEGER)")


def is_marked(connection: duckdb.DuckDBPyConnection) -> bool:
    return bool(connection.execute("FROM duckdb_tables() WHERE table_name = 'marked'").fetchall())


def test_the_next_one_gets_the_same_instance_and_nothing_of_its_use(tmp_path: Path) -> None:
    with connected() as first:
        mark(first)
        first.execute(f'ATTACH \'{tmp_path}/some "one".duckdb\' AS "some ""one"; USE "some ""one"')
        first.execute(
            "CREATE TEMP TABLE own (a INTEGER); SET VARIABLE day = 3; CREATE TABLE kept (a INTEGER)"
        )
        first.execute("BEGIN; INSERT INTO kept VALUES (1)")  # never committed
    with connected() as second:
        assert is_marked(second)
        attached = second.execute(
            "SELECT database_name FROM duckdb_databases() WHERE NOT internal"
        ).fetchall()
        assert attached == [("memory",)]
        assert second.execute("SELECT getvariable('day'), current_database()").fetchone() == (None, "memory")
        assert second.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [("marked",)]
    with duckdb.connect(str(tmp_path / 'some "one".duckdb')) as other:
        assert other.execute("FROM kept").fetchall() == []


def test_two_at_a_time_are_two_and_no_more_are_kept_than_that() -> None:
    with ExitStack() as stack:
        together = [stack.enter_context(connected()) for _ in range(3)]
        for one in together[:1]:
            mark(one)
        assert [is_marked(one) for one in together] == [True, False, False]
    with ExitStack() as stack:
        again = [stack.enter_context(connected()) for _ in range(3)]
        assert not any(is_marked(one) for one in again)  # the first came back last, to two that were there


def test_one_that_another_thread_was_quicker_to_take_is_made_anew() -> None:
    class SeenBefore(list[duckdb.DuckDBPyConnection]):
        """A list that is empty by the time it is asked for what was in it."""

        def __bool__(self) -> bool:
            return True

    instances._idle[os.getpid()] = SeenBefore()
    with connected() as connection:
        assert connection.execute("SELECT 42").fetchall() == [(42,)]


def test_settings_end_with_the_block() -> None:
    with connected() as connection:
        (usual,) = connection.execute("SELECT current_setting('memory_limit')").fetchall()
        set_options(connection, {"memory_limit": "123MB", "threads": 1, "temp_directory": "it's here"})
        settings = "SELECT current_setting('threads'), current_setting('temp_directory')"
        assert connection.execute(settings).fetchall() == [(1, "it's here")]
    with connected() as connection:
        assert connection.execute("SELECT current_setting('memory_limit')").fetchall() == [usual]


def test_what_is_kept_apart_is_not_used_again() -> None:
    with connected() as connection:
        keep_apart(connection)
        mark(connection)
    with connected() as connection:
        assert not is_marked(connection)


@pytest.mark.parametrize("error", [ValueError(), KeyboardInterrupt(), duckdb.Error()])
def test_after_an_error_the_instance_is_not_used_again(error: BaseException) -> None:
    with suppress(type(error)), connected() as connection:
        mark(connection)
        raise error
    with connected() as connection:
        assert not is_marked(connection)


def test_a_transaction_that_failed_unseen_costs_the_instance_only() -> None:
    with connected() as connection:
        connection.execute("BEGIN")
        mark(connection)
        with suppress(duckdb.Error):
            connection.execute("SELECT 1 / error('no')")
    with connected() as connection:
        assert connection.execute("SELECT 42").fetchall() == [(42,)]


MEMORY = """
import os
from pathlib import Path
from lightning_eda.warehouse.database.instances import _idle, connected

def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6

with connected():
    before = resident_mb()
with connected() as connection:
    connection.execute("CREATE TEMP TABLE large AS SELECT range, hash(range) FROM range(10_000_000)")
    used = resident_mb()
assert _idle[os.getpid()]
print(used - before, resident_mb() - before)
"""


def test_an_idle_instance_gives_its_memory_back() -> None:
    """As DuckDB's threads hold what they freed; in a process of its own, where nothing else does."""
    done = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    used, kept = map(float, done.stdout.split())
    assert used > 100
    assert kept < 50


def answer() -> None:
    with connected() as connection:
        assert not is_marked(connection)
        assert connection.execute("SELECT sum(range) FROM range(3000000)").fetchall() == [(4499998500000,)]


def fork_beside_an_idle_one() -> None:
    with connected() as connection:
        mark(connection)
    child = multiprocessing.get_context("fork").Process(target=answer)
    child.start()
    child.join()
    sys.exit(child.exitcode)


def test_a_forked_process_makes_its_own() -> None:
    process = new_process(fork_beside_an_idle_one)
    process.start()
    process.join(60)
    assert process.exitcode == 0
