"""Many processes share one database: nobody fails, no row is lost or doubled; who is in the way is named."""

import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from filelock import FileLock

from lightning_eda.errors import DatabaseBusyError
from lightning_eda.series import TABLES
from lightning_eda.warehouse.database.connection import reader, writer
from lightning_eda.warehouse.queries import hour_counts, integrity, table_counts
from lightning_eda_tests.warehouse.child import LoadingProcess
from lightning_eda_tests.warehouse.contents import load, stored
from lightning_eda_tests.warehouse.hours import after, hour_at, make_hour, write_series

HOUR = hour_at("2024-05-01T00:00")
PROCESSES, GRANULES, FLASHES = 8, 6, 5


@contextmanager
def foreign_program(database: Path, read_only: bool = False, seconds: float = 60.0) -> Iterator[int]:
    """A program of someone else's that keeps the file open for a while; gives its process id."""
    code = (
        "import duckdb, sys, time; c = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == 'True');"
        "c.execute('SELECT 1'); print('open', flush=True); time.sleep(float(sys.argv[3]))"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(database), str(read_only), str(seconds)], stdout=subprocess.PIPE
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"open\n"
        yield child.pid
    finally:
        child.kill()
        child.communicate()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database with one small hour."""
    path = tmp_path / "lightning.duckdb"
    load(path, tmp_path / "first", HOUR, make_hour(HOUR, granules=2))
    return path


@pytest.mark.parametrize(("n_hours", "n_polls"), [(16, 4), pytest.param(48, 20, marks=pytest.mark.slow)])
def test_eight_writers_and_a_polling_reader(tmp_path: Path, n_hours: int, n_polls: int) -> None:
    """8 processes load all hours twice, and on until a reader has polled: 0 failures, every hour is whole."""
    starts = [after(HOUR, number) for number in range(n_hours)]
    hours = [
        make_hour(start, seed=start.day * 24 + start.hour, granules=GRANULES, flashes=FLASHES)
        for start in starts
    ]
    folders = [tmp_path / f"{start:%Y-%m-%dT%H}" for start in starts]
    for folder, tables in zip(folders, hours, strict=True):
        write_series(folder, tables)
    shared = tmp_path / "shared.duckdb"
    children = [
        LoadingProcess(shared, folders[number::PROCESSES] * 2, until_finish=True)
        for number in range(PROCESSES)
    ]
    for child in children:
        child.go()
    try:
        polls = 0
        while polls < n_polls:
            assert all(child.is_loading() for child in children)
            time.sleep(0.02)
            if not shared.exists():
                continue
            seen = hour_counts(shared, HOUR, after(HOUR, n_hours))
            assert set(seen["granules"].to_pylist()) <= {GRANULES}
            assert set(seen["n_flashes"].to_pylist()) <= {GRANULES * FLASHES}
            assert table_counts(shared)["flashes"] >= seen.num_rows * GRANULES * FLASHES
            polls += 1
    finally:
        for child in children:
            child.finish()
    found = integrity(shared, HOUR, after(HOUR, n_hours))
    assert found.granules == n_hours * GRANULES
    assert {name: tier.rows for name, tier in found.tiers.items()} == {
        "flashes": n_hours * GRANULES * FLASHES,
        "groups": n_hours * GRANULES * FLASHES * 3,
        "events": n_hours * GRANULES * FLASHES * 6,
    }
    for name in TABLES:
        every = pa.concat_tables(tables[name] for tables in hours)
        order = [(column, "ascending") for column in every.column_names]
        assert stored(shared, name).equals(every.sort_by(order))


def test_a_foreign_program_that_stays_is_named(database: Path) -> None:
    """A writer and a reader wait for their bound, then name the file, the holder's process id and command."""
    with foreign_program(database) as pid:
        for opening in (writer, reader):
            with pytest.raises(DatabaseBusyError) as caught, opening(database, wait_s=0.3):
                pytest.fail("it was opened beside a writer")
            assert caught.value.retryable
            for part in (str(database), f"process {pid} (", "python", "waited 0.3 s", "connection.close()"):
                assert part in str(caught.value)


def test_a_foreign_reader_blocks_writers_only(database: Path) -> None:
    """While a notebook reads, our readers read; a writer says who is in the way."""
    with foreign_program(database, read_only=True) as pid:
        assert table_counts(database)["granules"] == 2
        with pytest.raises(DatabaseBusyError, match=f"process {pid} "), writer(database, wait_s=0.2):
            pytest.fail("it was opened beside a reader")


@pytest.mark.parametrize("read_only", [False, True])
def test_a_foreign_program_that_leaves_is_waited_for(database: Path, tmp_path: Path, read_only: bool) -> None:
    """A load begins while a foreign program has the file, and succeeds when that ends."""
    later = after(HOUR, 1)
    with foreign_program(database, read_only, seconds=0.5):
        assert load(database, tmp_path / "later", later, make_hour(later, granules=3)).changed
    assert table_counts(database)["granules"] == 5


def test_a_reader_is_served_while_a_writer_waits_for_a_notebook(database: Path) -> None:
    """A writer that waits for a foreign reader has the turn, yet our readers get in before its bound."""
    outcome: list[BaseException] = []

    def wait_in_vain() -> None:
        try:
            with writer(database, wait_s=2.5):
                pass
        except DatabaseBusyError as error:
            outcome.append(error)

    with foreign_program(database, read_only=True):
        waiting = threading.Thread(target=wait_in_vain)
        waiting.start()
        time.sleep(0.2)
        assert table_counts(database)["granules"] == 2
        assert waiting.is_alive()
        waiting.join()
    assert len(outcome) == 1


def test_one_process_reads_and_writes_in_turn(database: Path, tmp_path: Path) -> None:
    """A writer in a thread waits until the reader of the same process has closed; DuckDB raises at once."""
    later = after(HOUR, 1)
    results = []
    with reader(database) as connection:
        thread = threading.Thread(
            target=lambda: results.append(load(database, tmp_path / "later", later, make_hour(later)))
        )
        thread.start()
        time.sleep(0.2)
        assert connection.execute("SELECT count(*) FROM granules").fetchall() == [(2,)]
        assert results == []
    thread.join()
    assert [result.changed for result in results] == [True]


def test_a_reader_inside_a_writer_is_told_so(database: Path) -> None:
    """One process that opens the file twice gets an error that names itself, not a deadlock."""
    with (
        writer(database),
        pytest.raises(DatabaseBusyError, match="this very process"),
        reader(database, wait_s=0.2),
    ):
        pytest.fail("it was opened twice")


def test_two_readers_of_one_process(database: Path) -> None:
    """Readers do not exclude each other, also in one process."""
    with reader(database) as one, reader(database) as two:
        assert one.execute("SELECT count(*) FROM granules").fetchall() == [(2,)]
        assert two.execute("SELECT count(*) FROM granules").fetchall() == [(2,)]


def test_writers_of_our_own_queue_is_bounded(database: Path) -> None:
    """A second writer waits no longer than its bound for the first."""
    entered, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with writer(database):
            entered.set()
            leave.wait(30)

    thread = threading.Thread(target=stay)
    thread.start()
    entered.wait(30)
    with pytest.raises(DatabaseBusyError, match=r"waited 0\.2 s"), writer(database, wait_s=0.2):
        pytest.fail("two writers at once")
    leave.set()
    thread.join()


def test_waiting_is_told_once(database: Path, monkeypatch, caplog) -> None:
    """By a writer and a reader, with who holds it and how long it will be waited; a moment's wait is not."""
    monkeypatch.setattr("lightning_eda.warehouse.database.attach.TOLD_AFTER_S", 0.2)

    def told(opening: Callable[..., AbstractContextManager], wait_s: float) -> list[str]:
        caplog.clear()
        with pytest.raises(DatabaseBusyError), opening(database, wait_s=wait_s):
            pytest.fail("it was opened")
        return caplog.messages

    with foreign_program(database) as pid:
        for opening in (writer, reader):
            (line,) = told(opening, 2.0)
            # What was typed and not the interpreter alone; what was given to it may be secret.
            assert line.startswith(f"{database} is held by process {pid} ({Path(sys.executable).name} -c):")
            assert re.search(r"\): waiting for it, [12] s at most$", line)
            assert told(opening, 0.1) == []
    with FileLock(f"{database}.lock"):
        (line,) = told(writer, 0.5)
        assert "another process of lightning_eda: waiting for it" in line


def test_a_writer_kept_out_of_a_new_database_makes_none(tmp_path: Path) -> None:
    """The one that holds the lock makes it, in its own format."""
    database = tmp_path / "lightning.duckdb"
    with FileLock(f"{database}.lock"), pytest.raises(DatabaseBusyError), writer(database, wait_s=0.1):
        pytest.fail("it was opened")
    assert not database.exists()


def test_a_reader_cannot_write(database: Path) -> None:
    """The reader's connection is read-only."""
    with reader(database) as connection, pytest.raises(duckdb.InvalidInputException, match="read-only"):
        connection.execute("DELETE FROM granules")
