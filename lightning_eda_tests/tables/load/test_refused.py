"""What is no data never replaces data, and what is doubtful is told."""

import gzip
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lightning_eda.errors import CsvError, SchemaChangedError, SettingError
from lightning_eda.settings import CsvSettings
from lightning_eda.storage.aws import Access
from lightning_eda.storage.folder import FolderStore
from lightning_eda.tables.csv.options import CsvOptions
from lightning_eda.tables.load import load_table
from lightning_eda.tables.options import TableOptions
from lightning_eda.tables.task import Servers, TableTask
from lightning_eda_tests.tables.world import DAY, World, ids

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]
CSV = "id,name\n1,a\n2,b\n"
PAGES = ["<html><body>Sign in</body></html>", '{"error": "no"}\n', "Forbidden", "Nothing here today"]


@pytest.mark.parametrize("catalogue", [{}, {"table": "", "database": ""}], ids=["glue", "no-glue"])
@pytest.mark.parametrize("data", [*PAGES, b"PAR1\x15\x00", b"Obj\x01\x04", "text\nof\nanother kind\n"])
def test_case_3_what_is_no_data_replaces_nothing(world: World, data, catalogue):
    """Over a good partition, and over a day that has none yet."""
    world.put_csv(CSV)
    world.load(**catalogue)
    for day in (DAY, "20240102"):
        world.put_csv(data, day)
        with pytest.raises((CsvError, SchemaChangedError)):
            world.load(day, **catalogue)
        assert ids(world.rows()) == [1, 2]


@pytest.mark.parametrize("data", PAGES)
def test_case_3_what_is_no_data_makes_no_table(world: World, data):
    """On the very first day, too."""
    world.put_csv(data)
    with pytest.raises(CsvError):
        world.load(table="", database="")
    assert world.keys() == []


def test_case_3_a_csv_of_something_else_is_refused_by_its_columns(world: World):
    """Without a catalogue, by what is there and is whole; both are named."""
    alone = {"table": "", "database": ""}
    world.put_csv(CSV)
    world.load(**alone)
    world.bucket.put("lake/measured/day=20240102/cut.parquet", b"PAR1")
    world.put_csv("stock,price\nx,1.5\n")
    with pytest.raises(
        SchemaChangedError, match=r"rows.csv shares no column with .*has stock, price, that has id"
    ):
        world.load(**alone)
    world.put_csv("id,price\n5,1.5\n")
    assert world.load(**alone).rows == 1


def test_case_3_a_csv_of_the_known_header_alone_empties_the_partition(world: World):
    """It is said in the note; of one column, too, when that is known or declared."""
    alone = {"table": "", "database": ""}
    for text, empty in ((CSV, "id,name\n"), ("id\n1\n", "id\n")):
        day = "20240102" if text == CSV else "20240103"
        world.put_csv(text, day)
        world.load(day, **alone)
        world.put_csv(empty, day)
        assert "is empty now" in world.load(day, **alone).note
    first = world.load(day, pathoutput="lake/first", csv=CsvOptions(schema=("id",)), **alone)
    assert "is empty now" in first.note


def test_case_1_the_csv_is_loaded_and_not_what_lies_beside_it(world: World):
    """Written later, and in the same second."""
    world.put_csv(CSV, name="orders.csv")
    for name in (
        "orders.csv.md5",
        "orders.csv.metadata",
        "orders.csv.filepart",
        ".orders.csv.crc",
        "_SUCCESS",
    ):
        world.put_csv(b"d41d8cd98f00b204e9800998ecf8427e  orders.csv\n", name=name)
    result = world.load()
    assert result.source == "in/20240101/orders.csv"
    assert ids(world.rows()) == [1, 2]


def test_case_9_a_guess_is_told_with_the_result(world: World):
    """For the log, the metadata and the check."""
    world.put_csv("id,name\n1,Zürich\n".encode("cp1252"))
    assert "the encoding is a guess, windows-1252" in world.load().doubts[0]


def test_case_10_joined_gzips_are_one_csv(world: World):
    """Each with a mark and a header."""
    parts = [gzip.compress(b"\xef\xbb\xbfid,name\n%d,a\n" % number) for number in (1, 2)]
    world.put_csv(b"".join(parts), name="rows.csv.gz")
    assert world.load().columns == {"id": "bigint", "name": "string"}
    assert ids(world.rows()) == [1, 2]


def test_case_14_a_file_of_any_name_is_loaded(tmp_path: Path):
    """Names in a local folder are bytes, which need not be UTF-8; they are shown escaped."""
    folder = tmp_path / "in" / DAY
    folder.mkdir(parents=True)
    (folder / os.fsdecode(b"orders-\xff\xfe.csv")).write_text(CSV)
    store = FolderStore(tmp_path)
    task = TableTask(store, store, None, TableOptions("out", str(tmp_path)), "in", "")

    def load() -> Any:
        return load_table(task, DAY, tmp_path / "scratch", datetime(2024, 1, 2, tzinfo=UTC))

    result = load()
    assert result.rows == 2
    assert result.source.encode().decode().startswith("in/20240101/orders-\\")
    assert store.url(result.source).isprintable()
    assert load().unchanged


@pytest.mark.parametrize("columns", ["a;b", "a|b"])
def test_columns_of_partitions_are_a_comma_list(tmp_path, columns):
    """What another mark joins would be one column that the CSV lacks, and be added to every row."""
    folder = f"{tmp_path}/"
    settings = CsvSettings(folder, "in", bucket_dstn=folder, pathoutput="t", partitions_cols=columns)
    with pytest.raises(SettingError, match="CSV_PARTITIONS_COLS"):
        TableTask.from_settings(settings, Servers(Access()))
