import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from random import Random
from typing import Any

import boto3
import pyarrow as pa
import pytest

from lightning_eda.errors import (
    AccessDeniedError,
    DatasetError,
    LightningEdaError,
    SchemaChangedError,
    TransferError,
)
from lightning_eda.storage.backoff import Backoff
from lightning_eda.tables.catalogue import Catalogue, Plan
from lightning_eda.tables.glue_requests import glue_client
from lightning_eda.tables.types import TIMESTAMP
from lightning_eda_tests.servers import Faults, FaultyProxy, S3Server
from lightning_eda_tests.tables.versioned_glue import hold_versions

pytest_plugins = ["lightning_eda_tests.server_fixtures"]

PLACE = "s3://lake/measured/"
SCHEMA = pa.schema([("id", pa.int64()), ("at", TIMESTAMP), ("price", pa.decimal128(10, 2))])
DAYS = {f"{PLACE}day=20240101/": ("20240101",), f"{PLACE}day=__HIVE_DEFAULT_PARTITION__/": (None,)}
QUICK = Backoff(tries=4, first_s=0.002, longest_s=0.004, random=Random(4))


@pytest.fixture(autouse=True)
def credentials(monkeypatch):
    """Made-up ones, as any client signs its requests to Glue."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


class Glue:
    """A Glue database of this test alone, and clients of it."""

    def __init__(self, endpoint_url: str) -> None:
        self.endpoint_url = endpoint_url
        self.database = f"db_{uuid.uuid4().hex[:10]}"
        self.client: Any = boto3.session.Session("test", "test", region_name="us-east-1").client(
            "glue", endpoint_url=endpoint_url
        )
        self.client.create_database(DatabaseInput={"Name": self.database})

    def catalogue(self, **changes: Any) -> Catalogue:
        usual: dict[str, Any] = {
            "client": glue_client(changes.pop("endpoint_url", self.endpoint_url), "us-east-1"),
            "database": self.database,
            "table": "measured",
            "location": PLACE,
            "partition_types": {"day": "string"},
            "backoff": QUICK,
        }
        return Catalogue(**{**usual, **changes})

    def table(self) -> dict[str, Any]:
        return dict(self.client.get_table(DatabaseName=self.database, Name="measured")["Table"])

    def columns(self) -> dict[str, str]:
        return {c["Name"]: c["Type"] for c in self.table()["StorageDescriptor"]["Columns"]}

    def partitions(self) -> dict[str, Any]:
        found = self.client.get_partitions(DatabaseName=self.database, TableName="measured")["Partitions"]
        return {entry["Values"][0]: entry["StorageDescriptor"] for entry in found}


@pytest.fixture
def glue(s3_server: S3Server) -> Iterator[Glue]:
    found = Glue(s3_server.endpoint_url)
    with closing(found.client):
        yield found


@pytest.fixture
def proxy(s3_server: S3Server) -> Iterator[FaultyProxy]:
    with FaultyProxy(s3_server.endpoint_url) as running:
        yield running


def register(catalogue: Catalogue, schema: pa.Schema = SCHEMA, **places: Any) -> Plan:
    plan = catalogue.plan(schema, places or DAYS)
    catalogue.apply(plan)
    return plan


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
    """Its rows are replaced, so its place is ours now."""
    register(glue.catalogue())
    entry = glue.client.get_partition(
        DatabaseName=glue.database, TableName="measured", PartitionValues=["20240101"]
    )["Partition"]
    moved = {
        "Values": ["20240101"],
        "StorageDescriptor": {**entry["StorageDescriptor"], "Location": "s3://x/"},
    }
    glue.client.update_partition(
        DatabaseName=glue.database,
        TableName="measured",
        PartitionValueList=["20240101"],
        PartitionInput=moved,
    )
    register(glue.catalogue())
    assert glue.partitions()["20240101"]["Location"] == f"{PLACE}day=20240101/"


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
    """Glue has lower case only."""
    register(glue.catalogue(table="Measured"))
    assert glue.catalogue(table="MEASURED").columns() == SCHEMA


STEPS: list[tuple[str, Callable[[Catalogue], object]]] = [
    ("GetTable", lambda catalogue: catalogue.columns()),
    ("GetDatabase", lambda catalogue: catalogue.columns()),
    ("CreateTable", register),
    ("BatchCreatePartition", register),
]


@pytest.mark.parametrize(("operation", "step"), STEPS, ids=[name for name, _ in STEPS])
def test_what_may_not_be_done_names_the_action_to_allow(glue: Glue, proxy: FaultyProxy, operation, step):
    """At each request that a first load makes."""
    proxy.faults = Faults(share=1, kinds=("denied",), only=f"POST / {operation}$")
    with pytest.raises(AccessDeniedError, match=f"allow glue:{operation} on the catalogue"):
        step(glue.catalogue(endpoint_url=proxy.endpoint_url))


@pytest.mark.parametrize("operation", ["UpdateTable", "UpdatePartition", "BatchGetPartition"])
def test_nor_at_a_later_load(glue: Glue, proxy: FaultyProxy, operation: str):
    """Where the table gets a column."""
    register(glue.catalogue())
    proxy.faults = Faults(share=1, kinds=("denied",), only=f"POST / {operation}$")
    with pytest.raises(AccessDeniedError, match=f"allow glue:{operation} on the catalogue"):
        register(glue.catalogue(endpoint_url=proxy.endpoint_url), pa.schema([*SCHEMA, ("x", pa.int64())]))


@pytest.mark.parametrize("kind", ["throttle", "error", "drop", "lost", "too_many"])
def test_a_failure_that_passes_is_not_noticed(glue: Glue, proxy: FaultyProxy, kind: str):
    """The first try of each kind of request fails, done or not done."""
    seen: set[str] = set()

    def first_of_each(method: str, target: str, authorization: Any, operation: str = "") -> Any:
        proxy.faults = Faults(share=0 if operation in seen else 1, kinds=(kind,))
        seen.add(operation)
        return draw(method, target, authorization, operation)

    draw, proxy.draw = proxy.draw, first_of_each  # type: ignore[method-assign]
    register(glue.catalogue(endpoint_url=proxy.endpoint_url))
    assert {"GetTable", "GetDatabase", "CreateTable", "BatchCreatePartition"} <= seen
    assert glue.catalogue().plan(SCHEMA, DAYS) == Plan(glue.columns())


def test_a_failure_that_stays_says_so(glue: Glue, proxy: FaultyProxy):
    """After every try; trying later may help."""
    proxy.faults = Faults(share=1, kinds=("throttle",))
    with pytest.raises(TransferError, match="still failing after 4 tries") as caught:
        glue.catalogue(endpoint_url=proxy.endpoint_url).columns()
    assert caught.value.retryable


def test_writers_at_once_lose_no_columns(glue: Glue):
    """Eight of them, each with a column of its own, against a Glue that takes updates of one version only."""
    register(glue.catalogue())
    patient = Backoff(tries=60, first_s=0.005, longest_s=0.05)
    with hold_versions(glue.endpoint_url) as endpoint_url:

        def add(number: int) -> LightningEdaError | None:
            schema = pa.schema([*SCHEMA, (f"extra_{number}", pa.int64())])
            catalogue = glue.catalogue(endpoint_url=endpoint_url, backoff=patient)
            plan = catalogue.plan(schema, DAYS)
            try:
                catalogue.apply(plan)
            except LightningEdaError as error:
                return error
            return None

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(add, range(8))) == [None] * 8
    assert set(glue.columns()) == {"id", "at", "price", *(f"extra_{n}" for n in range(8))}


def test_a_table_that_others_keep_changing_is_given_up(glue: Glue, proxy: FaultyProxy):
    """It can be tried again."""
    register(glue.catalogue())

    def change(_: str) -> None:
        if proxy.seen[-1].operation == "GetTable":
            table = glue.table()
            again = {key: table[key] for key in ("Name", "StorageDescriptor", "PartitionKeys", "Parameters")}
            glue.client.update_table(DatabaseName=glue.database, TableInput=again)

    proxy.after = change
    with hold_versions(proxy.endpoint_url) as endpoint_url:
        # The proxy changes the table after every look at it, those of the version check too.
        proxy_catalogue = glue.catalogue(endpoint_url=endpoint_url)
        with pytest.raises(DatasetError, match="others keep changing it; run it again") as caught:
            register(proxy_catalogue, pa.schema([*SCHEMA, ("x", pa.int64())]))
    assert caught.value.retryable


def test_a_client_needs_a_region(monkeypatch):
    """The error names the variable."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    with pytest.raises(AccessDeniedError, match="set AWS_REGION"):
        glue_client()
    with pytest.raises(DatasetError, match="AWS_ENDPOINT_URL"):
        glue_client("no address", "us-east-1")


def test_missing_credentials_say_so(glue: Glue, monkeypatch, tmp_path):
    """Before anything is sent."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(AccessDeniedError, match="check the AWS credentials"):
        glue.catalogue().columns()
