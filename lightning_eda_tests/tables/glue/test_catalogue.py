"""What the catalogue makes, changes and leaves of a Glue table, and which tables it refuses."""

from typing import Any

import pyarrow as pa
import pytest

from lightning_eda.errors import DatasetError, SchemaChangedError
from lightning_eda.tables.glue.catalogue import Plan
from lightning_eda_tests.servers.s3 import FaultyProxy
from lightning_eda_tests.tables.glue.database import DAYS, PLACE, SCHEMA, Glue, register

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]
pytestmark = pytest.mark.usefixtures("credentials")


def test_a_new_table_is_made_with_its_partitions(glue: Glue):
    """As awswrangler makes it: an external table of Parquet files, partitioned by text."""
    assert glue.catalogue().columns() is None
    register(glue.catalogue())
    table = glue.table()
    assert glue.columns() == {"id": "bigint", "at": "timestamp", "price": "decimal(10,2)"}
    assert [(key["Name"], key["Type"]) for key in table["PartitionKeys"]] == [("day", "string")]
    assert table["StorageDescriptor"]["Location"] == PLACE
    assert table["TableType"] == "EXTERNAL_TABLE"
    assert table["Parameters"]["classification"] == "parquet"
    assert {value: storage["Location"] for value, storage in glue.partitions().items()} == {
        "20240101": f"{PLACE}day=20240101/",
        "__HIVE_DEFAULT_PARTITION__": f"{PLACE}day=__HIVE_DEFAULT_PARTITION__/",
    }
    assert glue.catalogue().columns() == SCHEMA


def test_what_is_registered_already_is_only_read(glue: Glue, proxy: FaultyProxy):
    """Nothing is written the second time, so nothing can fail between upload and deletion."""
    register(glue.catalogue())
    plan = register(glue.catalogue(endpoint_url=proxy.endpoint_url))
    assert (plan.new_columns, plan.to_add, plan.to_update) == ((), {}, {})
    assert {seen.operation for seen in proxy.seen} == {"GetTable", "BatchGetPartition"}


def test_new_columns_go_to_the_end_and_nothing_else_changes(glue: Glue):
    """What people wrote into the table stays."""
    register(glue.catalogue())
    table = glue.table()
    table_input = {key: table[key] for key in ("Name", "StorageDescriptor", "PartitionKeys", "TableType")}
    table_input["StorageDescriptor"]["Columns"][0]["Comment"] = "an id"
    table_input |= {"Description": "by hand", "Parameters": {**table["Parameters"], "owner": "me"}}
    glue.client.update_table(DatabaseName=glue.database, TableInput=table_input)
    plan = register(glue.catalogue(), pa.schema([("extra", pa.string()), *SCHEMA]))
    assert plan.new_columns == ("extra",)
    assert list(glue.columns().items())[-1] == ("extra", "string")
    table = glue.table()
    assert table["StorageDescriptor"]["Columns"][0]["Comment"] == "an id"
    assert (table["Description"], table["Parameters"]["owner"]) == ("by hand", "me")
    assert {c["Name"] for c in glue.partitions()["20240101"]["Columns"]} == {"id", "at", "price", "extra"}


def test_a_partition_that_was_elsewhere_is_moved(glue: Glue):
    """Its rows are replaced, so its place is ours now; what people wrote there stays."""
    register(glue.catalogue())
    names = {"DatabaseName": glue.database, "TableName": "measured", "PartitionValues": ["20240101"]}
    entry = glue.client.get_partition(**names)["Partition"]
    moved = {
        "Values": ["20240101"],
        "StorageDescriptor": {**entry["StorageDescriptor"], "Location": "s3://x/"},
        "Parameters": {"owner": "me"},
    }
    glue.client.update_partition(
        DatabaseName=glue.database,
        TableName="measured",
        PartitionValueList=["20240101"],
        PartitionInput=moved,
    )
    register(glue.catalogue())
    entry = glue.client.get_partition(**names)["Partition"]
    assert entry["StorageDescriptor"]["Location"] == f"{PLACE}day=20240101/"
    assert entry["Parameters"] == {"owner": "me"}


def test_many_partitions_are_added_in_batches(glue: Glue):
    """Glue takes 100 at once and shows 1,000."""
    places = {f"{PLACE}day={n:05d}/": (f"{n:05d}",) for n in range(1_230)}
    assert len(register(glue.catalogue(), SCHEMA, **places).to_add) == 1_230
    assert glue.catalogue().plan(SCHEMA, places) == Plan(glue.columns())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"database": "absent"},
            "no Glue database 'absent'; create it .aws glue create-database .*CSV_DATABASE",
        ),
        ({"location": "s3://lake/other/"}, "is at s3://lake/measured/, and not at s3://lake/other/"),
        ({"partition_types": {"hour": "string"}}, "is partitioned by day, and not by hour"),
    ],
)
def test_a_table_that_is_not_this_datasets_is_refused(glue: Glue, changes: dict[str, Any], message: str):
    """And left as it is."""
    register(glue.catalogue())
    before = glue.table()
    with pytest.raises(DatasetError, match=message):
        glue.catalogue(**changes).columns()
    assert glue.table() == before


def test_a_table_of_another_format_is_refused(glue: Glue):
    """Its readers would take Parquet for text."""
    storage = {"Location": PLACE, "InputFormat": "org.apache.hadoop.mapred.TextInputFormat", "Columns": []}
    glue.client.create_table(
        DatabaseName=glue.database, TableInput={"Name": "measured", "StorageDescriptor": storage}
    )
    with pytest.raises(DatasetError, match="is no table of Parquet files"):
        glue.catalogue().columns()


def test_changed_types_are_all_named_and_change_nothing(glue: Glue):
    """The two types of each column are in the message."""
    register(glue.catalogue())
    schema = pa.schema([("id", pa.string()), ("at", pa.date32()), ("price", pa.decimal128(10, 2))])
    with pytest.raises(
        SchemaChangedError, match=r"id is string, in the table bigint; at is date, in the table"
    ):
        glue.catalogue().plan(schema, DAYS)
    assert glue.catalogue().columns() == SCHEMA


def test_names_are_those_that_awswrangler_makes(glue: Glue):
    """Glue has lower case only, and nothing but letters, digits and _."""
    register(glue.catalogue(table="Measured"))
    assert glue.catalogue(table="MEASURED").columns() == SCHEMA
    register(glue.catalogue(table="measured-2024"))
    assert glue.catalogue(table="measured_2024").columns() == SCHEMA
