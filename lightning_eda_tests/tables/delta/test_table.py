"""A CSV into a Delta table: the same rows and types as in Parquet, days replaced, what is refused."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from deltalake import DeltaTable, Schema, write_deltalake

from lightning_eda.errors import DatasetError, LakeError, LightningEdaError, SchemaChangedError, SettingError
from lightning_eda.tables.csv.options import CsvOptions
from lightning_eda.tables.delta.destination import DeltaDestination
from lightning_eda.tables.load import load_data
from lightning_eda.tables.options import PARQUET, parse_table_format
from lightning_eda_tests.servers.s3 import Faults, FaultyProxy
from lightning_eda_tests.tables.delta.reader import delta_address, delta_options, delta_rows, delta_table
from lightning_eda_tests.tables.world import DAY, PATH, TABLE, World, ids

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]

CSV = "n,f,b,d,t,m,s\n1,1.5,true,2024-01-01,2024-01-01 00:00:00.123456,1.25,ü\n2,,,,,,\n"
HALF_SECOND = timedelta(seconds=0.5)
MOMENT = datetime(2024, 1, 1, 0, 0, 0, 123456, tzinfo=UTC)
FIRST = {"n": 1, "f": 1.5, "b": True, "d": date(2024, 1, 1), "t": MOMENT, "m": Decimal("1.25"), "s": "ü"}
TYPES = CsvOptions(types={"m": "decimal(10,2)"})


def test_rows_types_and_catalogue_are_those_of_parquet(world: World) -> None:
    """Every type; and Glue says what Athena, Spark and Trino know a Delta table by."""
    world.put_csv(CSV)
    done = world.load(csv=TYPES)
    other = world.load(csv=TYPES, table_format=PARQUET, pathoutput="lake/parquet/", table="other")
    assert (done.rows, done.columns, done.bytes_out) == (other.rows, other.columns, other.bytes_out)
    rows = delta_rows(world.bucket)
    assert rows == [{**FIRST, "day": DAY}, {**dict.fromkeys(FIRST), "n": 2, "day": DAY}]
    assert [{**row, "day": DAY} for row in world.rows("lake/parquet/")] == rows
    table = world.glue.get_table(DatabaseName=world.database, Name=TABLE)["Table"]
    place = f"s3://{world.bucket.name}/{PATH}"
    marks = {"table_type": "DELTA", "spark.sql.sources.provider": "delta", "EXTERNAL": "TRUE"}
    assert table["Parameters"].items() >= marks.items()
    assert (table["TableType"], table["StorageDescriptor"]["Location"]) == ("EXTERNAL_TABLE", place)
    assert table["StorageDescriptor"]["SerdeInfo"]["Parameters"]["path"] == place
    assert world.columns() == done.columns
    assert [(key["Name"], key["Type"]) for key in table["PartitionKeys"]] == [("day", "string")]
    assert world.partitions() == {}


def test_a_day_is_replaced_and_the_others_stay(world: World) -> None:
    """The old file is no part of the table any more; the same version again writes nothing."""
    for day, text in {DAY: "id\n1\n2\n", "20240102": "id\n7\n"}.items():
        world.put_csv(text, day)
        assert not world.load(day).unchanged
    world.put_csv("id,extra\n3,x\n")
    done = world.load()
    assert (done.new_columns, done.rows, len(done.files)) == (("extra",), 1, 1)
    assert sorted((row["id"], row["extra"]) for row in delta_rows(world.bucket)) == [(3, "x"), (7, None)]
    assert world.columns() == {"id": "bigint", "extra": "string"}
    before = world.keys()
    again = world.load()
    assert (again.unchanged, again.files, world.keys()) == (True, done.files, before)
    dataset, _ = DeltaDestination.open(world.store(), world.options(), None).held_to_table()
    assert [info.key for info in dataset.list_objects(dataset.folder((DAY,)))] == list(done.files)
    assert len(dataset.list_objects()) == 2
    assert delta_table(world.bucket).history(1)[0]["source"] == f"in/{DAY}/rows.csv"


def test_a_header_alone_empties_the_day(world: World) -> None:
    """As in Parquet: it says so, and the same again changes nothing."""
    world.put_csv("id,name\n1,a\n")
    world.load()
    world.put_csv("id,name\n")
    done = world.load()
    assert done.note == f"the CSV has no rows: the partition day={DAY} is empty now"
    assert (delta_rows(world.bucket), world.load().unchanged) == ([], True)


def test_values_of_partitions_come_back(world: World) -> None:
    """Of every type that a path shows; a second load replaces one whole."""
    ten = datetime(2024, 1, 1, 10, tzinfo=UTC)
    kinds: dict[str, tuple[list[str], list[Any]]] = {
        "string": (["a:b %c", "ü#?&+", ""], ["a:b %c", "ü#?&+", None]),
        "int": (["007", "-7", ""], [7, -7, None]),
        "date": (["2024-01-01", "2024-12-31", ""], [date(2024, 1, 1), date(2024, 12, 31), None]),
        "boolean": (["true", "false", ""], [True, False, None]),
        "decimal(6,2)": (["1.50", "2", ""], [Decimal("1.50"), Decimal("2.00"), None]),
        "timestamp": (["2024-01-01 10:00:00", "2024-01-01 10:00:00.5", ""], [ten, ten + HALF_SECOND, None]),
    }
    for kind, (texts, values) in kinds.items():
        options = CsvOptions(types={"part": kind})
        place = {"pathoutput": f"lake/{kind}/", "table": "", "database": "", "partitions_cols": ("part",)}
        world.put_csv("id,part\n" + "".join(f"{number},{text}\n" for number, text in enumerate(texts)))
        assert len(world.load(csv=options, **place).partitions) == 3
        world.put_csv(f"id,part\n9,{texts[0]}\n")
        world.load(csv=options, **place)
        found = {row["id"]: row["part"] for row in delta_rows(world.bucket, f"lake/{kind}/")}
        assert found == {9: values[0], 1: values[1], 2: values[2]}, kind
        log = "".join(world.read(key).decode() for key in world.keys(f"lake/{kind}/_delta_log/"))
        told = {None if text == "null" else text for text in re.findall(r'"part":"?([^"}]*)', log)}
        assert ("2024-01-01T10:00:00.5Z" in told) is (kind == "timestamp"), told


def test_the_log_holds_the_types_without_a_catalogue(world: World) -> None:
    """Of columns, and of the partition column: the table is one that somebody else made."""
    schema = pa.schema([("id", pa.int64()), ("name", pa.string()), ("day", pa.date32())])
    DeltaTable.create(
        delta_address(world.bucket),
        Schema.from_arrow(schema),
        partition_by=["day"],
        storage_options=delta_options(world.bucket),
    )
    world.put_csv("id,name\n1,a\n")
    place = {"table": "", "database": ""}
    world.load(**place)
    world.put_csv("id,name\nx,a\n")
    with pytest.raises(SchemaChangedError, match="'id': 'x' is not bigint, the type it has in the table"):
        world.load(**place)
    world.put_csv("id,name\n2,7\n", "20240102")
    world.load("20240102", **place)
    assert {row["day"]: row["name"] for row in delta_rows(world.bucket)} == {
        date(2024, 1, 1): "a",
        date(2024, 1, 2): "7",
    }
    with pytest.raises(SchemaChangedError, match="id is declared string, in the table bigint"):
        world.load(**place, csv=CsvOptions(types={"id": "string"}))


def test_parquet_and_delta_are_not_mixed(world: World) -> None:
    """At one place, or in one Glue table, whichever was there first; the error says what to do."""
    world.put_csv("id\n1\n")
    world.load()
    before = world.keys()
    refused = {
        r"lake/measured/ is a Delta table; set CSV_TABLE_FORMAT=delta": {"table": "other"},
        "Glue table .* is a Delta table; choose another": {"pathoutput": "lake/new/"},
    }
    for words, changes in refused.items():
        with pytest.raises(DatasetError, match=words):
            world.load(**changes, table_format=PARQUET)
    assert world.keys("") == [*world.keys("in/"), *before]
    world.load(table="plain", pathoutput="lake/plain/", table_format=PARQUET)
    refused = {
        r"plain is no Delta table: it has Parquet files, such as .*plain/day=": {"table": "x"},
        "Glue table .*plain is no Delta table": {"table": "plain", "pathoutput": "lake/new/"},
        "is partitioned by day, and not by id, day": {"partitions_cols": ("id", "day"), "table": "x"},
    }
    for words, changes in refused.items():
        with pytest.raises(DatasetError, match=words):
            world.load(**{"pathoutput": "lake/plain/" if "plain" in words else PATH, **changes})
    world.put_csv("Forbidden")
    with pytest.raises(DatasetError, match=r"Glue table .*plain is no Delta table"):
        world.load(table="plain", pathoutput="lake/new/")  # told before the CSV is read


def test_a_store_without_conditional_writes_is_refused(world: World, proxy: FaultyProxy) -> None:
    """Before the table is made: two runs could undo each other's work."""
    proxy.faults = Faults(ignored=("if-none-match",))
    careless = World(world.bucket, world.scratch, proxy.endpoint_url, table_format="delta")
    careless.put_csv("id\n1\n")
    with pytest.raises(LakeError, match=r"cannot hold a Delta table.*If-None-Match.*CSV_BUCKET_DSTN"):
        careless.load()
    assert not careless.keys(f"{PATH}_delta_log/")
    careless.close()


def test_other_formats_are_refused() -> None:
    """With those that are allowed."""
    assert [parse_table_format(text) for text in (" Delta ", "PARQUET")] == ["delta", "parquet"]
    with pytest.raises(SettingError, match="CSV_TABLE_FORMAT: found 'iceberg'; allowed: parquet or delta"):
        parse_table_format("iceberg")


def test_a_frame_follows_the_setting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """`load_data` makes a Delta table where CSV_TABLE_FORMAT, or its argument, says so."""
    monkeypatch.setenv("CSV_TABLE_FORMAT", "delta")
    bucket = world.bucket
    place = (f"s3://{bucket.name}/{PATH}", "", "", DAY, "day", bucket.name, bucket.client, None)
    assert load_data(pd.DataFrame({"id": [1, 2]}), *place) == "Success"
    assert load_data(pd.DataFrame({"id": [3]}), *place, table_format="delta") == "Success"
    assert ids(delta_rows(world.bucket)) == [3]
    answer = load_data(pd.DataFrame({"id": ["x"]}), *place)
    assert isinstance(answer, dict)
    assert "id does not fit: it is bigint in the table" in answer["errorMessage"]
    monkeypatch.delenv("CSV_TABLE_FORMAT")
    answer = load_data(pd.DataFrame({"id": [3]}), *place)
    assert isinstance(answer, dict)
    assert "is a Delta table; set CSV_TABLE_FORMAT=delta" in answer["errorMessage"]


def test_a_lost_file_is_loaded_again(world: World) -> None:
    """Where someone deleted what the log names, the same version counts as new."""
    world.put_csv("id\n1\n")
    (key,) = world.load().files
    world.bucket.delete(key)
    assert not world.load().unchanged
    assert ids(delta_rows(world.bucket)) == [1]


def test_a_type_no_csv_can_fill_is_refused(world: World) -> None:
    """The table of somebody else, with a list."""
    world.put_csv("id,tags\n1,a\n")
    table = pa.table({"id": [1], "tags": [["a"]], "day": [DAY]})
    place = delta_address(world.bucket)
    write_deltalake(place, table, partition_by=["day"], storage_options=delta_options(world.bucket))
    with pytest.raises(LightningEdaError, match=r"the column 'tags' is list.*a CSV can fill string"):
        world.load()
