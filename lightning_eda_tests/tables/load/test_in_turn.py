"""One load after the other: what becomes of the partition, its columns and its types."""

import io
import zipfile

import pyarrow.parquet as pq
import pytest

from lightning_eda.errors import SchemaChangedError
from lightning_eda.tables.csv.options import CsvOptions
from lightning_eda_tests.servers.s3 import FaultyProxy
from lightning_eda_tests.tables.world import DAY, PATH, TABLE, World, ids

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]

CSV = "id,name,at\n1,a,2024-01-01 00:00:00\n2,ü,\n"
TYPES = {"id": "bigint", "name": "string", "at": "timestamp"}


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
    """Older files lack it; one without a value is text for good, which is told once."""
    told = "no value in {}: their type is string now (CSV_TYPES can say another)"
    world.put_csv("id,nothing\n1,\n")
    assert world.load().note == told.format("nothing")
    world.put_csv("extra,id,nothing,blank\n1.5,3,,\n", "20240102")
    result = world.load("20240102")
    assert (result.new_columns, result.note) == (("extra", "blank"), told.format("blank"))
    assert list(world.columns().items())[-2:] == [("extra", "double"), ("blank", "string")]


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
