"""Partition values and texts are held to the types of the Glue table."""

from typing import Any

import pandas as pd
import pytest

from lightning_eda.errors import CsvError, SchemaChangedError
from lightning_eda.tables.csv.options import CsvOptions
from lightning_eda.tables.load import load_data
from lightning_eda_tests.tables.world import DAY, PATH, TABLE, World, ids

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]
PARQUET = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"


def make_table(world: World, key: str, kind: str, scheme: str = "s3", **columns: str) -> None:
    """A table as someone else made it."""
    world.glue.create_table(
        DatabaseName=world.database,
        TableInput={
            "Name": TABLE,
            "PartitionKeys": [{"Name": key, "Type": kind}],
            "StorageDescriptor": {
                "Columns": [{"Name": name, "Type": text} for name, text in columns.items()],
                "Location": f"{scheme}://{world.bucket.name}/{PATH}",
                "InputFormat": PARQUET,
            },
        },
    )


@pytest.mark.parametrize(
    ("kind", "texts", "partitions"),
    [
        ("bigint", ["007", "7", " 8"], ["7", "8"]),
        ("date", ["2024-01-01", "2024-12-31"], ["2024-01-01", "2024-12-31"]),
        ("timestamp", ["2024-01-01T05:00:00Z", "2024-01-01 05:00:00.0"], ["2024-01-01 05:00:00"]),
        ("boolean", ["TRUE", "true"], ["true"]),
        ("decimal(5,2)", ["1.5", "1.50"], ["1.50"]),
        ("string", ["007", "7"], ["007", "7"]),
    ],
)
def test_case_4_a_partition_value_has_one_spelling(world: World, kind, texts, partitions):
    """That of its type in the table."""
    make_table(world, "place", kind, id="bigint")
    world.put_csv("id,place\n" + "".join(f"{n},{text}\n" for n, text in enumerate(texts)))
    world.load(partitions_cols=("place",))
    assert sorted(world.partitions()) == partitions
    assert ids(world.glue_rows()) == list(range(len(texts)))


@pytest.mark.parametrize(
    ("kind", "text"),
    [("date", "05/01/2024"), ("date", "20240101"), ("int", "AB"), ("tinyint", "300"), ("varchar(2)", "ABC")],
)
def test_case_4_a_value_that_is_none_of_the_type_is_an_error_with_line_and_column(world: World, kind, text):
    """Nothing is registered."""
    make_table(world, "place", kind, id="bigint")
    world.put_csv(f"id,place\n1,\n2,{text}\n")
    with pytest.raises(SchemaChangedError, match=f"line 3, column 'place': '{text}'"):
        world.load(partitions_cols=("place",))
    assert world.partitions() == {}


@pytest.mark.parametrize(
    ("kind", "value"),
    [("date", "2024-01-01"), ("int", DAY), ("string", DAY), ("timestamp", "2024-01-01 00:00:00")],
)
def test_case_4_the_day_itself_is_spelled_as_the_key_has_it(world: World, kind, value):
    """Where the CSV has no such column; the same version again changes nothing."""
    make_table(world, "day", kind, id="bigint")
    world.put_csv("id\n1\n")
    world.load()
    assert list(world.partitions()) == [value]
    assert world.load().unchanged


def test_case_4_a_day_that_is_no_value_of_the_key_is_refused(world: World):
    """By the name of the column and its type; so is a declared type that the key does not have."""
    make_table(world, "day", "boolean", id="bigint")
    world.put_csv("id\n1\n")
    with pytest.raises(
        SchemaChangedError, match="the partition column day is boolean in the table, and the day"
    ):
        world.load()
    with pytest.raises(SchemaChangedError, match="day is declared string, in the table boolean"):
        world.load(csv=CsvOptions(types={"day": "string"}))


@pytest.mark.parametrize("kind", ["varchar(5)", "char(5)"])
def test_case_5_a_text_longer_than_its_type_is_an_error_with_line_and_column(world: World, kind):
    """Characters count, not bytes."""
    make_table(world, "day", "string", id="bigint", code=kind)
    world.put_csv("id,code\n1,ÄÖÜäö\n")
    assert world.load().rows == 1
    world.put_csv("id,code\n1,ABCDE\n2,ABCDEFGH\n")
    with pytest.raises(
        SchemaChangedError, match=r"line 3, column 'code': 'ABCDEFGH' has 8 characters, more than the 5"
    ):
        world.load()
    assert world.rows()[0]["code"] == "ÄÖÜäö"


def test_case_5_a_declared_length_holds_too(world: World):
    """Without a table."""
    world.put_csv("id,code\n1,ABCDEF\n")
    with pytest.raises(SchemaChangedError, match="line 2, column 'code': 'ABCDEF' has 6 characters"):
        world.load(csv=CsvOptions(types={"code": "varchar(5)"}))


@pytest.mark.parametrize("text", ["1.239", "123456.5"])
def test_case_5_a_decimal_keeps_its_digits(world: World, text):
    """Neither rounded nor cut."""
    world.put_csv(f"id,price\n1,{text}\n")
    with pytest.raises(CsvError, match=rf"line 2, column 'price': '{text}' is not decimal\(6,2\)"):
        world.load(csv=CsvOptions(types={"price": "decimal(6,2)"}))


@pytest.mark.parametrize("scheme", ["s3a", "s3n"])
def test_case_21_a_location_as_spark_writes_it_is_the_same_place(world: World, scheme):
    """Of the table and in CSV_PATHOUTPUT."""
    make_table(world, "day", "string", scheme, id="bigint")
    world.put_csv("id\n1\n")
    assert world.load(pathoutput=f"{scheme}://{world.bucket.name}/{PATH}").rows == 1


@pytest.fixture
def load_frame(monkeypatch, world: World) -> Any:
    """Loads a frame through the local server."""
    import boto3

    monkeypatch.setenv("AWS_ENDPOINT_URL", world.bucket.endpoint_url)
    session = boto3.session.Session("test", "test", region_name="us-east-1")

    def load(frame: pd.DataFrame, column: str = "day", table: str = TABLE) -> str | dict[str, str]:
        place = f"s3://{world.bucket.name}/{PATH}"
        database = world.database if table else ""
        client = world.bucket.client
        return load_data(frame, place, table, database, DAY, column, world.bucket.name, client, session)

    return load


def test_case_21_midnights_are_days_in_a_frames_partition(world: World, load_frame):
    """And other times are spelled with a space."""
    days = pd.to_datetime(["2024-01-01", "2024-01-02"])
    assert load_frame(pd.DataFrame({"id": [1, 2], "day": days})) == "Success"
    assert sorted(world.partitions()) == ["2024-01-01", "2024-01-02"]
    times = pd.to_datetime(["2024-01-03 05:00", "2024-01-03 00:00"])
    assert load_frame(pd.DataFrame({"id": [3, 4], "day": times})) == "Success"
    assert sorted(world.partitions())[2:] == ["2024-01-03 00:00:00", "2024-01-03 05:00:00"]


def test_case_4_and_5_a_frame_is_held_to_the_types_of_the_table(world: World, load_frame):
    """As a CSV is."""
    make_table(world, "day", "date", id="bigint", code="varchar(3)")
    frame = pd.DataFrame({"id": [1], "code": ["abc"]})
    assert load_frame(frame) == "Success"
    assert list(world.partitions()) == ["2024-01-01"]
    assert "does not fit: it is date" in load_frame(frame.assign(day="05/01/2024"))["errorMessage"]
    assert "code has more than 3 characters" in load_frame(frame.assign(code="abcd"))["errorMessage"]
    times = frame.assign(day=pd.to_datetime(["2024-01-01 05:00"]))
    assert "does not fit: it is date" in load_frame(times)["errorMessage"]


def test_case_3_a_frame_of_something_else_is_refused(world: World, load_frame):
    """Without a catalogue, by what is there."""
    assert load_frame(pd.DataFrame({"id": [1]}), table="") == "Success"
    assert "shares no column" in load_frame(pd.DataFrame({"other": [1]}), table="")["errorMessage"]
    assert ids(world.rows()) == [1]


def test_without_a_table_a_changed_column_is_told(world: World):
    """Compared with the newest other day, also when a day is loaded again; an empty CSV says nothing."""
    place = {"table": "", "database": ""}
    for day, text, told in (
        ("20240101", "id,name\n1,a\n", ()),
        ("20240102", "id,name\n2,b\n", ()),
        ("20240103", "id,extra\nx,1\n", ("name is missing", "extra is new", "id is string, and was bigint")),
        ("20240103", "id,name\n7,c\n", ()),
        ("20240103", "id,name\n,7\n", ("name is bigint, and was string",)),
        ("20240104", "id,name\n", ()),
    ):
        world.put_csv(text, day)
        assert world.load(day, **place).changed_columns == told, text
