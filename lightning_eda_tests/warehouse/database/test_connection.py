"""What can be wrong with a database file or its folder is said in one error that names it."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from lightning_eda.errors import WarehouseError
from lightning_eda.warehouse.database.connection import located, reader, writer
from lightning_eda.warehouse.queries import table_counts
from lightning_eda_tests.support.rights import needs_users, public_folder, unprivileged, with_mode
from lightning_eda_tests.warehouse.contents import content_hash, load
from lightning_eda_tests.warehouse.hours import after, hour_at, make_hour

HOUR = hour_at("2024-05-01T00:00")
STORAGE_OF_DUCKDB_1_5 = 68  # the number in the file's header


def open_both(database: Path) -> Iterator[str]:
    """What is said when a reader and a writer open it, each of which must fail."""
    for opening in (reader, writer):
        with pytest.raises(WarehouseError) as caught, opening(database, wait_s=5):
            pytest.fail("it was opened")
        assert not caught.value.retryable
        assert str(database) in str(caught.value)
        yield str(caught.value)


def test_no_database_yet(tmp_path: Path) -> None:
    """A reader says what to run first, and leaves nothing behind."""
    with pytest.raises(WarehouseError, match=r"no database at .* yet: materialize the asset `load` first"):
        table_counts(tmp_path / "data" / "lightning.duckdb")
    assert list(tmp_path.iterdir()) == []


def test_files_of_other_kinds_are_refused_and_kept(tmp_path: Path) -> None:
    """A text, an SQLite database or junk is never overwritten, and nothing is fetched to read it."""
    database = tmp_path / "lightning.duckdb"
    with sqlite3.connect(tmp_path / "other.sqlite") as other:
        other.execute("CREATE TABLE t (a)")
    other.close()
    for content in (b"a,b\n1,2\n", b"junk" * 5000, (tmp_path / "other.sqlite").read_bytes()):
        database.write_bytes(content)
        assert all("is not a DuckDB database" in text for text in open_both(database))
        assert database.read_bytes() == content


def test_a_damaged_database_is_refused(tmp_path: Path) -> None:
    """A database that is cut or overwritten inside its headers is an error, not an empty database."""
    database = tmp_path / "lightning.duckdb"
    load(database, tmp_path / "series", HOUR, make_hour(HOUR))
    whole = database.read_bytes()
    for content in (whole[:5000], whole[:4096] + b"\xff" * 8192 + whole[12_288:]):
        database.write_bytes(content)
        assert all("could not be opened as a DuckDB database" in text for text in open_both(database))


def test_an_empty_file_is_no_database_yet(tmp_path: Path) -> None:
    """A file of zero bytes, as `touch` makes it, holds nothing to lose and is made a database."""
    database = tmp_path / "lightning.duckdb"
    database.touch()
    with pytest.raises(WarehouseError, match="no database"), reader(database):
        pytest.fail("it was opened")
    load(database, tmp_path / "series", HOUR, make_hour(HOUR))
    assert table_counts(database)["granules"] == 6


def test_leftovers_of_a_killed_making_do_not_matter(tmp_path: Path) -> None:
    """Half a database under the name it is made with, and the log of one that is gone, are replaced."""
    database = tmp_path / "lightning.duckdb"
    for ending in (".new", ".new.wal", ".compact", ".compact.wal", ".wal"):
        database.with_name(database.name + ending).write_bytes(b"half of something")
    load(database, tmp_path / "series", HOUR, make_hour(HOUR))
    load(database, tmp_path / "series", HOUR, make_hour(HOUR, seed=1, granules=7))
    assert table_counts(database)["granules"] == 7
    assert not database.with_name(database.name + ".new").exists()
    assert not database.with_name(database.name + ".wal").exists()


LEAVE_A_LOG = """
import duckdb, os, signal, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("CREATE TABLE notes AS SELECT range AS n FROM range(1000)")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_log_of_a_database_that_was_deleted_does_not_matter(tmp_path: Path) -> None:
    """A program was killed, and somebody deleted its file but not the log: DuckDB would refuse the pair."""
    database = tmp_path / "lightning.duckdb"
    assert subprocess.run([sys.executable, "-c", LEAVE_A_LOG, database], check=False).returncode == -9
    log = database.with_name("lightning.duckdb.wal")
    assert log.stat().st_size > 0
    database.unlink()
    load(database, tmp_path / "series", HOUR, make_hour(HOUR))
    assert table_counts(database)["granules"] == 6
    assert not log.exists()


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    """A folder in place of the file is named."""
    assert all("is a folder" in text for text in open_both(tmp_path))


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A path that leads through a file is one error, with the path."""
    (tmp_path / "data").write_text("a file")
    assert all(
        "data/lightning.duckdb cannot be" in text
        for text in open_both(tmp_path / "data" / "lightning.duckdb")
    )


@needs_users
def test_a_folder_that_cannot_be_written() -> None:
    """In a folder that may only be read, a writer fails at once by name, and a reader reads."""
    with public_folder() as folder:
        database = folder / "lightning.duckdb"
        load(database, folder / "series", HOUR, make_hour(HOUR))
        database.with_name(database.name + ".lock").unlink()
        database.chmod(0o444)
        with with_mode(folder, 0o555), unprivileged():
            with pytest.raises(WarehouseError, match=re.escape(f"{database} cannot be written: ")):
                writer(database).__enter__()
            with pytest.raises(WarehouseError, match=r"cannot be written: .*denied"):
                writer(folder / "new.duckdb").__enter__()
            assert table_counts(database)["granules"] == 6


@needs_users
def test_a_folder_that_cannot_be_entered() -> None:
    """Is one error that names the database."""
    with public_folder() as folder:
        closed = folder / "closed"
        closed.mkdir()
        with with_mode(closed, 0o700), unprivileged():
            assert all("denied" in text for text in open_both(closed / "lightning.duckdb"))


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    """Is one error that names the database."""
    assert all("name too long" in text for text in open_both(tmp_path / f"{'a' * 300}.duckdb"))


@pytest.mark.parametrize(
    "name", ["it's.duckdb", 'a "b" c;--.duckdb', "föhn 雷.duckdb", "sqlite:x", "%41?x=1.db"]
)
def test_any_file_name_works(tmp_path: Path, name: str) -> None:
    """Quotes, spaces, other scripts and what looks like SQL or a URL are parts of a name."""
    database = tmp_path / "it's here" / name
    load(database, tmp_path / "series", HOUR, make_hour(HOUR))
    load(database, tmp_path / "series", HOUR, make_hour(HOUR, seed=1))  # compacts, too
    assert table_counts(database)["granules"] == 6
    assert {path.name for path in database.parent.iterdir()} == {name, f"{name}.lock"}


@pytest.mark.parametrize("folder", ["#1 [x]*{y} 100%&~$", ":memory:"])
def test_case_21_special_characters_in_a_folder_work(tmp_path: Path, folder: str) -> None:
    """What looks like a pattern or an address is part of the name."""
    database = tmp_path / folder / "in" / "lightning.duckdb"
    load(database, tmp_path / "series", HOUR, make_hour(HOUR))
    load(database, tmp_path / "series", HOUR, make_hour(HOUR, seed=1))
    assert table_counts(database)["granules"] == 6
    assert {path.name for path in database.parent.iterdir()} == {database.name, f"{database.name}.lock"}


def test_case_21_a_question_mark_in_a_folder_is_refused(tmp_path: Path) -> None:
    """DuckDB would look for its log in a folder that is not there; the sentence says what to do."""
    for error in open_both(tmp_path / "what?" / "lightning.duckdb"):
        assert "what?/lightning.duckdb is in a folder with a question mark" in error
        assert "DUCKDB_PATH" in error


@pytest.mark.skipif(os.sep != "/", reason="a backslash is a separator here")
def test_a_backslash_is_refused(tmp_path: Path) -> None:
    """DuckDB would write to another folder than the one named, so the path is refused."""
    (tmp_path / "a").mkdir()
    assert all("has a backslash" in text for text in open_both(tmp_path / "a\\b.duckdb"))
    assert list((tmp_path / "a").iterdir()) == []


def test_a_tilde_is_the_home_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a shell."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert located("~/x.duckdb") == tmp_path.resolve() / "x.duckdb"


@pytest.mark.parametrize(("free", "told"), [(4 << 20, True), ((4 << 20) + 1, False)])
def test_a_full_disk_is_told_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, told: bool
) -> None:
    """Where less is left than a database may need; DuckDB itself may only say that a checkpoint failed."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    with pytest.raises(WarehouseError) as caught, writer(tmp_path / "x.duckdb") as connection:
        connection.execute("SELECT 1 FROM no_such_table")
    assert ("the disk is full: free some space and load again" in str(caught.value)) is told


def test_a_link_and_its_target_are_one_database(tmp_path: Path) -> None:
    """A database behind a symbolic link is locked and compacted where it lies; the link stays a link."""
    target, link = tmp_path / "disk" / "real.duckdb", tmp_path / "link.duckdb"
    target.parent.mkdir()
    link.symlink_to(target)
    for seed in (0, 1, 2):
        load(link, tmp_path / "series", HOUR, make_hour(HOUR, seed=seed))
    assert link.is_symlink()
    assert content_hash(link) == content_hash(target)
    assert not link.with_name("link.duckdb.lock").exists()


def storage_number(database: Path) -> int:
    """The version of the storage format, as the file's header states it."""
    return int.from_bytes(database.read_bytes()[12:20], "little")


def test_the_file_has_the_format_of_duckdb_1_5(tmp_path: Path) -> None:
    """Made, replaced and compacted, the file keeps the format that both DuckDB 1.5 and 2.x read."""
    database = tmp_path / "lightning.duckdb"
    for seed in (0, 1, 2):
        load(database, tmp_path / "series", HOUR, make_hour(HOUR, seed=seed))
        assert storage_number(database) == STORAGE_OF_DUCKDB_1_5
    with reader(database) as connection:
        tags = connection.execute("SELECT tags FROM duckdb_databases() WHERE database_name = 'lightning'")
        assert tags.fetchall()[0][0]["storage_version"].startswith("v1.5.0")


def test_a_file_of_a_newer_format_is_left_in_it(tmp_path: Path) -> None:
    """A database that someone made with the installed DuckDB's own format is written all the same."""
    database = tmp_path / "lightning.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute("CREATE TABLE notes AS SELECT 'kept' AS line")
    for seed in (0, 1, 2):
        load(database, tmp_path / "series", HOUR, make_hour(HOUR, seed=seed))
    with reader(database) as connection:
        assert connection.execute("SELECT line FROM notes").fetchall() == [("kept",)]
    assert table_counts(database)["granules"] == 6


@pytest.mark.long
def test_duckdb_1_5_reads_and_writes_the_file(tmp_path: Path) -> None:
    """DuckDB 1.5 opens a file we made, writes to it, and we go on; a 2.x file is refused there by name."""
    site = tmp_path / "site"
    installed = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", site, "duckdb==1.5.*"],
        capture_output=True,
        check=False,
    )
    if installed.returncode:
        pytest.skip("DuckDB 1.5 could not be installed here")
    database, own_format = tmp_path / "lightning.duckdb", tmp_path / "own.duckdb"
    load(database, tmp_path / "series", HOUR, make_hour(HOUR))
    later = after(HOUR, 1)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "import duckdb; assert duckdb.__version__.startswith('1.5');"
        "c = duckdb.connect(sys.argv[2]); c.execute('CREATE TABLE notes AS SELECT count(*) AS n FROM events')"
    )
    subprocess.run([sys.executable, "-c", code, site, database], check=True)
    load(database, tmp_path / "later", later, make_hour(later))
    with reader(database) as connection:
        assert connection.execute("SELECT n FROM notes").fetchall() == [(180,)]
    duckdb.connect(str(own_format)).close()
    if storage_number(own_format) > STORAGE_OF_DUCKDB_1_5:
        code = (
            "import sys; sys.path.insert(0, sys.argv[1]);"
            "from pathlib import Path; from lightning_eda.warehouse.queries import table_counts;"
            "table_counts(Path(sys.argv[2]))"
        )
        refused = subprocess.run(
            [sys.executable, "-c", code, site, own_format],
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "format of a newer DuckDB than the one installed (1.5" in refused.stderr
