"""A Glue database, catalogues of a table in it, and what to register there."""

import uuid
from random import Random
from typing import Any

import pyarrow as pa

from lightning_eda.storage.aws import Access
from lightning_eda.storage.backoff import Backoff
from lightning_eda.tables.glue.catalogue import Catalogue, Plan
from lightning_eda.tables.glue.requests import glue_client
from lightning_eda.tables.values.types import TIMESTAMP
from lightning_eda_tests.servers.s3 import made_up_session

PLACE = "s3://lake/measured/"
SCHEMA = pa.schema([("id", pa.int64()), ("at", TIMESTAMP), ("price", pa.decimal128(10, 2))])
DAYS = {f"{PLACE}day=20240101/": ("20240101",), f"{PLACE}day=__HIVE_DEFAULT_PARTITION__/": (None,)}
QUICK = Backoff(tries=4, first_s=0.002, longest_s=0.004, random=Random(4))


class Glue:
    """A Glue database of this test alone, and clients of it."""

    def __init__(self, endpoint_url: str) -> None:
        self.endpoint_url = endpoint_url
        self.database = f"db_{uuid.uuid4().hex[:10]}"
        self.client: Any = made_up_session().client("glue", endpoint_url=endpoint_url)
        self.client.create_database(DatabaseInput={"Name": self.database})

    def catalogue(self, **changes: Any) -> Catalogue:
        usual: dict[str, Any] = {
            "client": glue_client(Access(changes.pop("endpoint_url", self.endpoint_url), "us-east-1")),
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


def register(catalogue: Catalogue, schema: pa.Schema = SCHEMA, **places: Any) -> Plan:
    plan = catalogue.plan(schema, places or DAYS)
    catalogue.apply(plan)
    return plan
