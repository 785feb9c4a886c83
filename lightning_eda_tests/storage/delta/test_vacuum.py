"""What is removed from a Delta table, and what stays for those who read it."""

import os
import re
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from deltalake.transaction import AddAction, RemoveAction

from lightning_eda.cli import main
from lightning_eda.storage.delta.log import DeltaLog
from lightning_eda.storage.folder import FolderStore

SCHEMA = pa.schema([("id", pa.int64()), ("part", pa.string())])
FOLDER, VALUES = "part=a%3Ab %25#ü", {"part": "a:b %#ü"}
LONG_AGO, THIS_WEEK = time.time() - 7.1 * 86_400, time.time() - 6.9 * 86_400


def put(table: DeltaTable, root: Path, name: str, replaced: str | None, moment: float) -> Path:
    """A file of rows that the log names in place of another since a moment."""
    path = root / FOLDER / f"{name}.parquet"
    path.parent.mkdir(exist_ok=True)
    pq.write_table(pa.table({"id": [1]}), path)
    os.utime(path, (LONG_AGO, LONG_AGO))
    ms = int(moment * 1000)
    actions: list[AddAction | RemoveAction] = [
        AddAction(f"{FOLDER}/{name}.parquet", path.stat().st_size, dict(VALUES), ms, True, "{}")
    ]
    if replaced:
        actions.append(RemoveAction(f"{FOLDER}/{replaced}.parquet", True, ms, partition_values=dict(VALUES)))
    table.create_write_transaction(actions, mode="append", schema=SCHEMA, partition_by=["part"])
    table.update_incremental()
    return path


def test_old_files_go_and_those_of_this_week_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By when they were replaced, whatever the partition is called; what was never named, by its age."""
    table = DeltaLog(FolderStore(tmp_path), "t/").make(SCHEMA, ["part"])
    older = put(table, tmp_path / "t", "older", None, LONG_AGO)
    old = put(table, tmp_path / "t", "old", "older", LONG_AGO)
    new = put(table, tmp_path / "t", "new", "old", THIS_WEEK)
    orphan, young = new.with_name("orphan.parquet"), new.with_name("young.parquet")
    for path in (orphan, young):
        path.write_bytes(b"not committed")
    os.utime(orphan, (LONG_AGO, LONG_AGO))
    os.utime(young, (THIS_WEEK, THIS_WEEK))
    monkeypatch.setenv("LIGHTNING_LAKE", "")
    for options, words in ((["--dry-run"], "2 files .* would be removed"), ([], "2 files .* removed from")):
        assert main(["lake", "vacuum", f"{tmp_path}/t", *options]) == 0
        assert re.search(words, capsys.readouterr().out)
    there = [path.exists() for path in (older, old, new, orphan, young)]
    assert there == [False, True, True, False, True]
    assert table.to_pyarrow_table().num_rows == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["./nothing"], "there is no Delta table at"),
        (["orders"], "TABLE: found 'orders'; allowed: s3://bucket/prefix"),
        (["./nothing", "--days", "1"], "days: found 1.0; allowed: a number from 7"),
        (["./nothing", "--days", "inf"], "days: found inf; allowed: a number from 7"),
        (["./nothing", "--days", "1e6"], "days: found 1000000.0; allowed: a number from 7 to 36500"),
    ],
)
def test_a_mistake_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    """Of the place, or of the days."""
    assert main(["lake", "vacuum", *arguments]) == 1
    assert words in capsys.readouterr().err
