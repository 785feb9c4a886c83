"""Loads to odd places, of odd files, and several at once."""

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from lightning_eda.errors import CsvError, DatasetError, SettingError, StorageError
from lightning_eda.storage.folder import FolderStore
from lightning_eda.tables.csv.options import CsvOptions
from lightning_eda.tables.dataset import sink as parquet_sink
from lightning_eda.tables.load import load_table
from lightning_eda.tables.options import TableOptions
from lightning_eda.tables.task import TableTask
from lightning_eda_tests.servers.s3 import FaultyProxy
from lightning_eda_tests.tables.world import DAY, NOW, World, ids

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]

CSV = "id,name,at\n1,a,2024-01-01 00:00:00\n2,ü,\n"


def test_a_table_at_another_place_is_refused(world: World):
    """Before anything is put."""
    world.put_csv(CSV)
    world.load()
    with pytest.raises(DatasetError, match=r"is at s3://.*/lake/measured/, and not at"):
        world.load(pathoutput="elsewhere")
    assert world.keys("elsewhere/") == []


def test_without_a_catalogue_the_dataset_alone_is_written(world: World):
    """No request goes to Glue; half a setting is a mistake. Other partitions are another version."""
    world.put_csv(CSV)
    assert world.load(table="", database="").rows == 2
    assert world.load(table="", database="").unchanged
    assert world.glue.get_tables(DatabaseName=world.database)["TableList"] == []
    result = world.load(table="", database="", partitions_cols=("name",))
    assert [part.name for part in result.partitions] == ["name=a", "name=ü"]
    for half, missing in (("database", "CSV_DATABASE"), ("table", "CSV_TABLE")):
        with pytest.raises(SettingError, match=f"{missing}: it is not set"):
            world.load(**{half: ""})


def test_a_local_folder_can_stand_in_for_both_buckets(tmp_path: Path):
    """A user without any cloud gets the same dataset."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "20240101.csv").write_text(CSV)
    store = FolderStore(tmp_path)
    task = TableTask(store, store, None, TableOptions("out", str(tmp_path)), "in/", "")

    def load() -> Any:
        return load_table(task, DAY, tmp_path / "scratch", NOW)

    result = load()
    assert pq.read_table(tmp_path / result.files[0], partitioning=None)["id"].to_pylist() == [1, 2]
    assert load().unchanged
    (tmp_path / "in" / "20240101.csv").write_text("id,name,at\n5,x,\n")
    assert load().rows == 1
    assert len(list((tmp_path / "out").rglob("*.parquet"))) == 1


def test_a_widening_late_in_the_file_starts_the_files_anew(world: World):
    """What was written with the narrower type is not there twice."""
    late = "".join(f"{n},{n}\n" for n in range(300_000))
    world.put_csv("id,value\n" + late + "300000,x\n")
    result = world.load()
    assert result.columns["value"] == "string"
    table = pq.read_table(io.BytesIO(world.read(result.files[0])))
    assert table.num_rows == result.rows == 300_001
    assert table["value"][5].as_py() == "5"


def test_rows_that_are_set_aside_are_counted(world: World):
    """The rest is loaded."""
    world.put_csv("id,name\n1,a\n2\n3,c\n")
    result = world.load(csv=CsvOptions(bad_rows="set_aside"))
    assert (result.rows, result.rows_set_aside) == (2, 1)


def test_bad_input_changes_nothing_and_leaves_nothing(world: World):
    """Neither in the bucket nor in the scratch folder."""
    with pytest.raises(CsvError, match="there is no object under"):
        world.load()
    world.put_csv("id,name\n1\n")
    with pytest.raises(CsvError, match="line 2"):
        world.load()
    assert world.keys() == []
    assert list(world.scratch.iterdir()) == []


def test_a_scratch_folder_that_cannot_be_made_says_so(world: World, tmp_path: Path):
    """The path and the reason are in the message."""
    (tmp_path / "file").write_text("")
    world.put_csv(CSV)
    with pytest.raises(StorageError, match=r"file.*a part of this path is a file"):
        replace(world, scratch=tmp_path / "file" / "scratch", is_new=False).load()


def test_loads_at_once_leave_one_version_whole(world: World):
    """Three of the same day, from threads, twice."""
    for number in range(2):
        world.put_csv(f"id,name,at\n{number},a,\n{number},b,\n")
        worlds = [
            replace(world, is_new=False, loads=100 * number + seconds, scratch=world.scratch / str(seconds))
            for seconds in (10, 20, 30)
        ]
        with ThreadPoolExecutor(3) as pool:
            results = list(pool.map(World.load, worlds))
        assert {result.etag for result in results} == {results[0].etag}
        assert ids(world.rows()) == ids(world.glue_rows()) == [number, number]
        assert len(world.keys()) == 1


def test_a_run_that_loses_to_another_version_looks_again(world: World):
    """The day ends with the latest CSV, although a later run had put an older one."""
    world.put_csv(CSV)
    newer = "id,name,at\n8,new,\n"
    through: list[World] = []

    def interfere(_: str) -> None:
        if proxy.seen[-1].method == "PUT" and not through:
            through.append(replace(world, is_new=False, loads=900))
            through[0].load()
            world.put_csv(newer)

    with FaultyProxy(world.bucket.endpoint_url) as proxy:
        proxy.before = interfere
        facts = {"is_new": False, "patience_s": 60}  # as long as the other takes on a busy machine
        slow = World(world.bucket, world.scratch, proxy.endpoint_url, world.database, **facts)
        result = slow.load(csv=CsvOptions(bad_rows="set_aside"))
        slow.close()
    assert through
    assert (result.rows, result.won_by) == (1, None)
    assert ids(world.rows()) == [8]


@pytest.mark.parametrize("last_is_equal", [True, False])
def test_a_run_that_loses_each_time_is_fine_only_where_its_own_version_won(world: World, last_is_equal):
    """Else it says so, and trying again may help; its rows are not there."""
    own, alone = CsvOptions(bad_rows="set_aside"), {"table": "", "database": ""}
    others = [CsvOptions(), CsvOptions(), own if last_is_equal else CsvOptions()]
    world.put_csv(CSV)

    def interfere(_: str) -> None:
        if proxy.seen[-1].method == "PUT" and others:
            options = others.pop(0)
            if options != own:
                world.put_csv(f"id,name,at\n{len(others)},new,\n")
            ahead = replace(world, is_new=False, loads=900 - len(others))
            ahead.load(csv=options, **alone)
            ahead.close()

    with FaultyProxy(world.bucket.endpoint_url) as proxy:
        proxy.before = interfere
        slow = World(world.bucket, world.scratch, proxy.endpoint_url, world.database, 0, False, patience_s=60)
        if last_is_equal:
            result = slow.load(csv=own, **alone)
            assert result.won_by and (result.rows, result.overtaken) == (0, False)
        else:
            with pytest.raises(DatasetError, match="other runs keep replacing the same partitions") as error:
                slow.load(csv=own, **alone)
            assert error.value.retryable
        slow.close()
    assert ids(world.rows()) == [1 if last_is_equal else 0]
    assert others == []


def test_runs_of_a_slow_clock_still_replace(world: World):
    """What comes later wins, though the earlier run's clock was a day ahead."""
    world.put_csv(CSV)
    ahead = replace(world, is_new=False, loads=int(timedelta(days=1).total_seconds()))
    ahead.load()
    world.put_csv("id,name,at\n7,z,\n")
    result = world.load()
    assert result.won_by is None
    assert ids(world.rows()) == [7]


def test_blocks_of_any_size_give_the_same_rows(world: World, monkeypatch):
    """A file larger than a block has several row groups."""
    monkeypatch.setattr(parquet_sink, "BLOCK_BYTES", 10_000)
    world.put_csv("id\n" + "".join(f"{n}\n" for n in range(400_000)))
    (key,) = world.load().files
    parquet = pq.ParquetFile(io.BytesIO(world.read(key)))
    assert parquet.num_row_groups > 1
    assert parquet.read()["id"].to_pylist() == list(range(400_000))
