import io
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lightning_eda.errors import CsvError, DatasetError, SchemaChangedError, SettingError, StorageError
from lightning_eda.storage.folder import FolderStore
from lightning_eda.tables import parquet_sink
from lightning_eda.tables.csv_options import CsvOptions
from lightning_eda.tables.load import TableOptions, load_data, load_table
from lightning_eda_tests.servers import FaultyProxy
from lightning_eda_tests.tables.world import DAY, NOW, PATH, TABLE, World

pytest_plugins = ["lightning_eda_tests.server_fixtures"]

CSV = "id,name,at\n1,a,2024-01-01 00:00:00\n2,ü,\n"
TYPES = {"id": "bigint", "name": "string", "at": "timestamp"}


@pytest.fixture
def world(s3_bucket, tmp_path: Path) -> Iterator[World]:
    found = World(s3_bucket, tmp_path / "scratch")
    yield found
    found.close()


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return sorted(row["id"] for row in rows)


def test_the_latest_csv_of_the_day_becomes_a_registered_partition(world: World):
    """The result tells what was read and written."""
    world.put_csv("id,name\n9,old\n", name="a.csv")
    world.put_csv(CSV, name="b.csv")
    result = world.load()
    (partition,) = result.partitions
    assert (result.source, result.rows, result.note, result.unchanged) == ("in/20240101/b.csv", 2, "", False)
    assert result.columns == world.columns() == TYPES
    assert (partition.name, partition.rows) == ("day=20240101", 2)
    assert world.keys() == list(result.files)
    assert result.bytes_in == len(CSV.encode())
    assert result.bytes_out == len(world.read(partition.key))
    assert world.partitions() == {DAY: f"s3://{world.bucket.name}/{PATH}day={DAY}/"}
    assert ids(world.rows()) == ids(world.glue_rows()) == [1, 2]


def test_object_and_footer_record_what_they_were_made_of(world: World):
    """Anyone who finds one can tell its source and version."""
    world.put_csv(CSV, name="größe.csv")
    result = world.load()
    metadata = world.bucket.client.head_object(Bucket=world.bucket.name, Key=result.files[0])["Metadata"]
    assert metadata == {
        "source": "in/20240101/gr%C3%B6%C3%9Fe.csv",
        "source-etag": result.etag,
        "data-version": result.data_version,
    }
    footer = pq.read_schema(io.BytesIO(world.read(result.files[0]))).metadata
    assert footer[b"lightning_eda.source"].decode() == "in/20240101/größe.csv"
    assert footer[b"lightning_eda.source_etag"].decode() == result.etag
    assert footer[b"lightning_eda.data_version"].decode() == result.data_version


def test_a_zip_is_read_as_it_lies(world: World):
    """In one partition as in several."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("rows.csv", CSV)
    world.put_csv(packed.getvalue(), name="rows.zip")
    assert world.load().rows == 2


def test_the_same_version_again_changes_nothing(world: World, s3_bucket):
    """Nothing is put or deleted, nor is the CSV read; another option makes it another version."""
    world.put_csv(CSV)
    first = world.load()
    with FaultyProxy(s3_bucket.endpoint_url) as proxy:
        through = World(s3_bucket, world.scratch, proxy.endpoint_url, world.database, 10, is_new=False)
        again = through.load()
        assert {seen.method for seen in proxy.seen} == {"GET", "POST"}
        assert not any(seen.path.endswith(".csv") for seen in proxy.reads)
        through.close()
    assert again.unchanged
    assert "was loaded before" in again.note
    assert (again.rows, again.columns, again.files) == (2, TYPES, first.files)
    assert again.data_version == first.data_version
    other = world.load(csv=CsvOptions(bad_rows="set_aside"))
    assert not other.unchanged
    assert len(world.keys()) == 1


def test_a_lost_registration_is_mended_without_a_new_object(world: World):
    """The table may have been dropped by hand."""
    world.put_csv(CSV)
    first = world.load()
    world.glue.delete_table(DatabaseName=world.database, Name=TABLE)
    assert world.load().unchanged
    assert world.columns() == TYPES
    assert list(world.partitions()) == [DAY]
    assert world.keys() == list(first.files)


def test_leftovers_beside_the_same_version_are_removed(world: World):
    """A killed run's, or anyone's."""
    world.put_csv(CSV)
    (key,) = world.load().files
    world.bucket.put(f"{PATH}day={DAY}/leftover.parquet", world.read(key))
    assert not world.load().unchanged
    assert ids(world.rows()) == [1, 2]


def test_a_damaged_object_of_the_same_version_is_replaced(world: World):
    """Its footer is read before it counts."""
    world.put_csv(CSV)
    (key,) = world.load().files
    world.bucket.put(key, b"no parquet")
    assert not world.load().unchanged
    assert ids(world.rows()) == [1, 2]


def test_an_empty_csv_empties_the_partition_and_says_so(world: World):
    """Readers see the columns, and no rows."""
    world.put_csv(CSV)
    world.load()
    world.put_csv("id,name,at\n")
    result = world.load()
    assert result.note == "the CSV has no rows: the partition day=20240101 is empty now"
    assert result.rows == 0
    assert world.rows() == []
    assert pq.read_schema(io.BytesIO(world.read(world.keys()[0]))).names == ["id", "name", "at"]
    assert world.load().unchanged


def test_an_empty_csv_that_would_name_its_partitions_replaces_nothing(world: World):
    """There is no value, so there is no partition; it says so."""
    world.put_csv("id,day\n1,x\n")
    world.load()
    world.put_csv("id,day\n")
    result = world.load()
    assert "names no partition, and nothing was replaced" in result.note
    assert ids(world.rows()) == [1]


def test_each_value_of_the_csvs_own_column_is_replaced_and_no_other(world: World):
    """Values are text, whatever they look like."""
    world.put_csv("id,day\n1,007\n2,008\n3,\n")
    assert world.load().rows == 3
    assert sorted(world.partitions()) == ["007", "008", "__HIVE_DEFAULT_PARTITION__"]
    world.put_csv("id,day\n4,008\n5,a/b=ü\n")
    result = world.load()
    assert {part.name: part.rows for part in result.partitions} == {"day=008": 1, "day=a%2Fb%3Dü": 1}
    assert ids(world.rows()) == ids(world.glue_rows()) == [1, 3, 4, 5]
    assert "a/b=ü" in world.partitions()
    assert world.load().unchanged
    assert world.columns() == {"id": "bigint"}


def test_one_of_several_partition_columns_may_be_added(world: World):
    """In the order of the setting."""
    world.put_csv("id,Place\n1,p\n2,q\n")
    result = world.load(partitions_cols=("day", "Place"))
    assert [part.name for part in result.partitions] == ["day=20240101/place=p", "day=20240101/place=q"]
    assert world.load(partitions_cols=("day", "Place")).unchanged
    assert ids(world.glue_rows()) == [1, 2]


def test_days_do_not_touch_each_other_nor_what_begins_alike(world: World):
    """`measured/` is not `measured_x/`."""
    for day in (DAY, "20240102"):
        world.put_csv(CSV, day)
        world.load(day)
    others = ["lake/measured_x/day=20240101/a.parquet", f"{PATH}day=20240101x/a.parquet"]
    for other in others:
        world.bucket.put(other, b"x")
    world.put_csv("id,name,at\n7,z,\n")
    world.load()
    assert {key for key in world.keys("lake/") if "measured_x" in key or "101x" in key} == set(others)
    for other in others:
        world.bucket.delete(other)
    assert ids(world.rows()) == [1, 2, 7]


def test_columns_and_types_stay_from_day_to_day(world: World):
    """A day whose names look like numbers, and an hour without any value, keep the table's types."""
    world.put_csv(CSV)
    world.load()
    world.put_csv("at,name,id\n,12,5\n", "20240102")
    result = world.load("20240102")
    assert list(result.columns.items()) == list(TYPES.items())
    assert result.new_columns == ()
    assert world.columns() == TYPES


def test_a_new_column_goes_to_the_end_of_the_table(world: World):
    """Older files lack it."""
    world.put_csv(CSV)
    world.load()
    world.put_csv("extra,id,name,at\n1.5,3,c,\n", "20240102")
    assert world.load("20240102").new_columns == ("extra",)
    assert list(world.columns().items())[-1] == ("extra", "double")


@pytest.mark.parametrize(
    ("csv", "types", "message"),
    [
        ("id,name,at\nx,a,\n", {}, "id"),
        ("id,name\n1,a\n", {}, r"lacks columns that the table has: \(at\)"),
        (
            CSV,
            {"id": "string", "at": "date"},
            "id is declared string, in the table bigint; at is declared date",
        ),
    ],
)
def test_a_change_that_does_not_fit_is_refused_by_name(world: World, csv, types, message):
    """And the old rows and the table stay."""
    world.put_csv(CSV)
    world.load()
    world.put_csv(csv)
    with pytest.raises(SchemaChangedError, match=message):
        world.load(csv=CsvOptions(types=types))
    assert ids(world.rows()) == [1, 2]
    assert world.columns() == TYPES
    assert list(world.scratch.iterdir()) == []


def test_a_table_at_another_place_is_refused(world: World):
    """Before anything is put."""
    world.put_csv(CSV)
    world.load()
    with pytest.raises(DatasetError, match=r"is at s3://.*/lake/measured/, and not at"):
        world.load(pathoutput="elsewhere")
    assert world.keys("elsewhere/") == []


def test_without_a_catalogue_the_dataset_alone_is_written(world: World):
    """No request goes to Glue; half a setting is a mistake."""
    world.put_csv(CSV)
    assert world.load(table="", database="").rows == 2
    assert world.load(table="", database="").unchanged
    assert world.glue.get_tables(DatabaseName=world.database)["TableList"] == []
    with pytest.raises(SettingError, match="CSV_DATABASE: it is not set"):
        world.load(database="")


def test_a_local_folder_can_stand_in_for_both_buckets(tmp_path: Path):
    """A user without any cloud gets the same dataset."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "20240101.csv").write_text(CSV)
    store = FolderStore(tmp_path)
    options = TableOptions("out", str(tmp_path))

    def load() -> Any:
        return load_table(store, store, None, options, "in/", "", DAY, tmp_path / "scratch", NOW)

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
        slow = World(world.bucket, world.scratch, proxy.endpoint_url, world.database, is_new=False)
        result = slow.load(csv=CsvOptions(bad_rows="set_aside"))
        slow.close()
    assert through
    assert (result.rows, result.won_by) == (1, None)
    assert ids(world.rows()) == [8]


def test_runs_of_a_slow_clock_still_replace(world: World):
    """What comes later wins, though the earlier run's clock was a day ahead."""
    world.put_csv(CSV)
    ahead = replace(world, is_new=False, loads=int(timedelta(days=1).total_seconds()))
    ahead.load()
    world.put_csv("id,name,at\n7,z,\n")
    result = world.load()
    assert result.won_by is None
    assert ids(world.rows()) == [7]


@pytest.fixture
def session(monkeypatch, world: World) -> Any:
    """A session whose clients go to the local server."""
    import boto3

    monkeypatch.setenv("AWS_ENDPOINT_URL", world.bucket.endpoint_url)
    return boto3.session.Session("test", "test", region_name="us-east-1")


def load_frame(world: World, session: Any, frame: pd.DataFrame, **changes: Any) -> str | dict[str, str]:
    usual: dict[str, Any] = {
        "df": frame,
        "pathoutput": f"s3://{world.bucket.name}/{PATH}",
        "table": TABLE,
        "database": world.database,
        "data_ref": DAY,
        "partitions_cols": "day",
        "bucket_dstn": world.bucket.name,
        "s3_client": world.bucket.client,
        "boto3_session": session,
    }
    return load_data(**{**usual, **changes})


def test_a_frame_is_loaded_as_a_csv_is(world: World, session):
    """Its index is left out, its columns get safe names, its times are microseconds UTC."""
    frame = pd.DataFrame(
        {
            "Energy (J)": [1.5, None],
            "at": pd.to_datetime(["2024-01-01T00:00:00.123456789", None]),
            "kind": pd.Categorical(["a", "b"]),
            "n": pd.array([1, None], dtype="Int64"),
            "nothing": [None, None],
        },
        index=[7, 8],
    )
    assert load_frame(world, session, frame) == "Success"
    assert world.columns() == {
        "energy_j": "double",
        "at": "timestamp",
        "kind": "string",
        "n": "bigint",
        "nothing": "string",
    }
    (first, second) = world.glue_rows()
    assert (first["energy_j"], first["kind"], first["n"]) == (1.5, "a", 1)
    assert first["at"].isoformat() == "2024-01-01T00:00:00.123456+00:00"
    assert set(second.values()) == {None, "b"}
    assert load_frame(world, session, frame.iloc[:1]) == "Success"
    assert len(world.rows()) == 1


def test_a_frames_own_partition_column_is_used(world: World, session):
    """Each value is a partition."""
    frame = pd.DataFrame({"id": [1, 2, 3], "day": [7, 8, 8]})
    assert load_frame(world, session, frame, partitions_cols=["day"]) == "Success"
    assert sorted(world.partitions()) == ["7", "8"]
    assert load_frame(world, session, frame.iloc[:0]) == "Success"
    assert ids(world.rows()) == [1, 2, 3]


def test_an_empty_frame_empties_the_partition(world: World, session):
    """No rows is a result."""
    frame = pd.DataFrame({"id": [1]})
    load_frame(world, session, frame)
    assert load_frame(world, session, frame.iloc[:0]) == "Success"
    assert world.rows() == []
    assert len(world.keys()) == 1


@pytest.mark.parametrize(
    ("frame", "changes", "message"),
    [
        (pd.DataFrame({"id": ["x"]}), {}, "id does not fit: it is bigint in the table"),
        (pd.DataFrame({"other": [1]}), {}, "id is missing"),
        (pd.DataFrame({"id": [1], "list": [[1]]}), {}, "list does not fit: it is no type of Glue"),
        (pd.DataFrame({"id": [1], "a b": [1], "a-b": [1]}), {}, "2 columns would be named 'a_b'"),
        (pd.DataFrame({"id": [1]}), {"database": "absent"}, "there is no Glue database 'absent'"),
        (pd.DataFrame({"id": [1]}), {"pathoutput": "s3://other/x"}, "make the two agree"),
        (pd.DataFrame({"id": [1]}), {"partitions_cols": []}, "CSV_PARTITIONS_COLS"),
    ],
)
def test_a_frame_that_cannot_be_loaded_answers_with_the_reason(
    world: World, session, frame, changes, message
):
    """The old rows stay."""
    load_frame(world, session, pd.DataFrame({"id": [1]}))
    answer = load_frame(world, session, frame, **changes)
    assert isinstance(answer, dict)
    assert message in answer["errorMessage"]
    assert ids(world.rows()) == [1]


def test_arrow_tables_from_pandas_keep_their_numbers(world: World, session):
    """Integers that pandas made floats, for want of NULL, fit an integer column again."""
    load_frame(world, session, pd.DataFrame({"id": [1]}))
    assert load_frame(world, session, pd.DataFrame({"id": [1.0, None]})) == "Success"
    assert world.columns() == {"id": "bigint"}
    assert pa.types.is_int64(pq.read_schema(io.BytesIO(world.read(world.keys()[0]))).field("id").type)


def test_blocks_of_any_size_give_the_same_rows(world: World, monkeypatch):
    """A file larger than a block has several row groups."""
    monkeypatch.setattr(parquet_sink, "BLOCK_BYTES", 10_000)
    world.put_csv("id\n" + "".join(f"{n}\n" for n in range(400_000)))
    (key,) = world.load().files
    parquet = pq.ParquetFile(io.BytesIO(world.read(key)))
    assert parquet.num_row_groups > 1
    assert parquet.read()["id"].to_pylist() == list(range(400_000))
