"""A Glue table that several change at once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pyarrow as pa
import pytest

from lightning_eda.errors import DatasetError, LightningEdaError
from lightning_eda.storage.backoff import Backoff
from lightning_eda_tests.servers.s3 import FaultyProxy
from lightning_eda_tests.tables.glue.database import DAYS, PLACE, QUICK, SCHEMA, Glue, register
from lightning_eda_tests.tables.glue.versioned import hold_versions

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]
pytestmark = pytest.mark.usefixtures("credentials")


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


def test_a_table_that_another_made_meanwhile_is_kept(glue: Glue, proxy: FaultyProxy):
    """With its columns and partitions, between the last look for it and its making."""
    others = {f"{PLACE}day=20231231/": ("20231231",)}

    def make(_: str) -> None:
        if [seen.operation for seen in proxy.seen].count("GetDatabase") == 2 and not made:
            made.append(register(glue.catalogue(), pa.schema([("x", pa.int64())]), **others))

    made: list[object] = []
    proxy.after = make
    register(glue.catalogue(endpoint_url=proxy.endpoint_url))
    assert made
    assert set(glue.columns()) == {"id", "at", "price", "x"}
    assert len(glue.partitions()) == 3


def test_a_table_that_others_keep_changing_is_given_up(glue: Glue, proxy: FaultyProxy):
    """After a pause for each try; it can be tried again."""
    register(glue.catalogue())

    def change(_: str) -> None:
        if proxy.seen[-1].operation == "GetTable":
            table = glue.table()
            again = {key: table[key] for key in ("Name", "StorageDescriptor", "PartitionKeys", "Parameters")}
            glue.client.update_table(DatabaseName=glue.database, TableInput=again)

    proxy.after = change
    with hold_versions(proxy.endpoint_url) as endpoint_url:
        # The proxy changes the table after every look at it, those of the version check too.
        waits: list[float] = []
        waiting = replace(QUICK, sleep=waits.append)
        proxy_catalogue = glue.catalogue(endpoint_url=endpoint_url, backoff=waiting)
        with pytest.raises(DatasetError, match="others keep changing it; run it again") as caught:
            register(proxy_catalogue, pa.schema([*SCHEMA, ("x", pa.int64())]))
    assert caught.value.retryable
    assert len(waits) == QUICK.tries
