"""Compaction gives space back and changes nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from lightning_eda.warehouse.database.compaction import compact, replace_durably
from lightning_eda.warehouse.database.connection import reader, writer
from lightning_eda_tests.warehouse.contents import content_hash, load
from lightning_eda_tests.warehouse.hours import after, hour_at, make_hour

HOUR = hour_at("2024-05-01T00:00")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database with an hour and things of the user's own."""
    path = tmp_path / "lightning.duckdb"
    load(path, tmp_path / "series", HOUR, make_hour(HOUR))
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, line VARCHAR)")
        connection.execute("INSERT INTO notes VALUES (1, 'mine')")
        connection.execute("CREATE VIEW strong AS SELECT * FROM flashes WHERE flash_energy > 0")
        connection.execute("CREATE SCHEMA other; CREATE TABLE other.t AS SELECT 42 AS answer")
    return path


def test_everything_is_still_there(database: Path) -> None:
    """Tables, views, schemas and keys of the user survive, as do the file's permissions and all rows."""
    database.chmod(0o640)
    before = content_hash(database)
    assert compact(database)
    assert content_hash(database) == before
    assert database.stat().st_mode & 0o777 == 0o640
    with writer(database) as connection:
        assert connection.execute("SELECT count(*) FROM strong").fetchall() == [(30,)]
        assert connection.execute("SELECT answer FROM other.t").fetchall() == [(42,)]
        with pytest.raises(duckdb.ConstraintException):
            connection.execute("INSERT INTO notes VALUES (1, 'twice')")
        connection.execute("ROLLBACK")
        connection.execute("BEGIN")


def test_free_space_is_given_back(database: Path) -> None:
    """After a large table is dropped the next write makes the file small again."""
    small = database.stat().st_size
    with duckdb.connect(str(database)) as connection:
        connection.execute("CREATE TABLE big AS SELECT random() AS r FROM range(1_000_000)")
        connection.execute("CREATE TABLE after_big AS SELECT 1 AS one")
    grown = database.stat().st_size
    assert grown > 4 * small
    with writer(database) as connection:
        connection.execute("DROP TABLE big")
    assert database.stat().st_size < 1.5 * small


def test_a_log_that_a_foreign_program_left_is_not_parted_from_its_file(database: Path) -> None:
    """It was killed with rows in it: they are there afterwards, too."""
    leave = (
        f"import duckdb, os; connection = duckdb.connect({str(database)!r})\n"
        "connection.execute(\"INSERT INTO notes VALUES (2, 'late')\"); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", leave], check=False).returncode == -9
    assert database.with_name(database.name + ".wal").stat().st_size > 0
    assert not compact(database)
    with writer(database) as connection:
        assert connection.execute("SELECT count(*) FROM notes").fetchall() == [(2,)]


def test_the_name_of_a_new_file_is_forced_to_the_disk(tmp_path: Path, monkeypatch) -> None:
    """The folder is, once it names the new file: else a power cut brings back the old one."""
    (tmp_path / "new").write_text("new")
    (tmp_path / "target").write_text("old")
    forced, force = [], os.fsync

    def note(descriptor: int) -> None:
        forced.append((os.fstat(descriptor).st_ino, (tmp_path / "target").read_text()))
        force(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    replace_durably(tmp_path / "new", tmp_path / "target")
    assert forced == [(tmp_path.stat().st_ino, "new")]


def test_a_reader_goes_on_meanwhile(database: Path) -> None:
    """A reader that is open while the file is swapped keeps reading the same rows."""
    with reader(database) as connection:
        assert compact(database)
        assert connection.execute("SELECT count(*) FROM events").fetchall() == [(180,)]
    with reader(database) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchall() == [(180,)]


def test_it_gives_way_to_a_foreign_writer(database: Path) -> None:
    """While another connection writes, the file stays as it is and no half copy is left."""
    inode = database.stat().st_ino
    with duckdb.connect(str(database)) as connection:
        connection.execute("INSERT INTO notes VALUES (2, 'in the log only')")
        assert not compact(database)
    assert database.stat().st_ino == inode
    assert list(database.parent.glob("*.compact*")) == []
    with reader(database) as connection:
        assert connection.execute("SELECT count(*) FROM notes").fetchall() == [(2,)]


def test_a_failure_costs_only_space(database: Path, caplog: pytest.LogCaptureFixture) -> None:
    """When the copy cannot be made, a warning says so and the database is as before."""
    before = content_hash(database)
    database.with_name(database.name + ".compact").mkdir()
    assert not compact(database)
    assert "was not compacted" in caplog.text
    assert content_hash(database) == before


def test_hours_reloaded_in_turn_do_not_bloat(tmp_path: Path) -> None:
    """In a database of hours that share row groups, reloads with new content leave the file its size."""
    database = tmp_path / "day.duckdb"
    for number in range(4):
        hour = after(HOUR, number)
        load(database, tmp_path / "series", hour, make_hour(hour, seed=number, granules=30, flashes=20))
    assert compact(database)
    size = database.stat().st_size
    for number in range(4):
        hour = after(HOUR, number)
        tables = make_hour(hour, seed=100 + number, granules=30, flashes=20)
        assert load(database, tmp_path / "series", hour, tables).changed
        assert database.stat().st_size <= 1.5 * size
