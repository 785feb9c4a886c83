"""Requests to Glue that are denied, fail for a while or for good, or have no credentials."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError

from lightning_eda.errors import AccessDeniedError, DatasetError, TransferError
from lightning_eda.storage.aws import Access
from lightning_eda.tables.glue.catalogue import MOST_STALLED, Catalogue, Plan
from lightning_eda.tables.glue.requests import GlueRequests, glue_client
from lightning_eda_tests.servers.s3 import Faults, FaultyProxy
from lightning_eda_tests.tables.glue.database import DAYS, PLACE, QUICK, SCHEMA, Glue, register

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]
pytestmark = pytest.mark.usefixtures("credentials")

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


@pytest.mark.parametrize("status", [401, 403])
def test_nor_where_another_says_so(status: int):
    """As a gateway between, whose answer has no code of Glue's."""

    def refused() -> None:
        answer: Any = {"Error": {"Code": str(status)}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError(answer, "GetTable")

    with pytest.raises(AccessDeniedError, match="allow glue:GetTable on the catalogue"):
        GlueRequests("db.table", QUICK).ask(refused)


@pytest.mark.parametrize("kind", ["throttle", "error", "drop", "lost", "too_many", "timeout"])
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


def test_partitions_that_glue_does_not_get_to_are_asked_for_again(glue: Glue, proxy: FaultyProxy):
    """Eight times in a row, with a pause after each; then what it says counts."""
    register(glue.catalogue())
    proxy.faults = Faults(share=1, kinds=("unsaid",), only="BatchGetPartition", at=range(2, 10))
    waits: list[float] = []
    waiting = glue.catalogue(endpoint_url=proxy.endpoint_url, backoff=replace(QUICK, sleep=waits.append))
    assert waiting.plan(SCHEMA, DAYS) == Plan(glue.columns())
    assert len(waits) == MOST_STALLED
    asked = [seen.fault for seen in proxy.seen if seen.operation == "BatchGetPartition"]
    assert asked == ["unsaid"] * MOST_STALLED + [""]


def test_what_glue_gets_to_slowly_is_no_stall(glue: Glue):
    """One partition an answer, more often than it may stall; nothing is waited for."""
    days = {f"{PLACE}day={number}/": (str(number),) for number in range(MOST_STALLED + 3)}
    register(glue.catalogue(), SCHEMA, **days)

    def one_at_a_time(parsed: dict[str, Any], **_: Any) -> None:
        first, *rest = parsed["Partitions"]
        parsed |= {"Partitions": [first], "UnprocessedKeys": [{"Values": one["Values"]} for one in rest]}

    client, waits = glue_client(Access(glue.endpoint_url, "us-east-1")), []
    client.meta.events.register("after-call.glue.BatchGetPartition", one_at_a_time)
    slow = glue.catalogue(client=client, backoff=replace(QUICK, sleep=waits.append))
    assert (slow.plan(SCHEMA, days), waits) == (Plan(glue.columns()), [])


def test_no_more_partitions_are_asked_for_at_once_than_glue_answers(glue: Glue):
    """Source: AWS Glue API, BatchGetPartition: at most 1,000."""
    register(glue.catalogue())
    client, sizes = glue_client(Access(glue.endpoint_url, "us-east-1")), []
    client.meta.events.register(
        "before-parameter-build.glue.BatchGetPartition",
        lambda params, **_: sizes.append(len(params["PartitionsToGet"])),
    )
    days = {f"{PLACE}day={number}/": (str(number),) for number in range(1001)}
    assert len(glue.catalogue(client=client).plan(SCHEMA, days).to_add) == 1001
    assert sizes == [1000, 1]


def test_partitions_that_glue_never_gets_to_are_an_error(glue: Glue, proxy: FaultyProxy):
    """After so many times; trying later may help."""
    register(glue.catalogue())
    proxy.faults = Faults(share=1, kinds=("unsaid",), only="BatchGetPartition")
    with pytest.raises(DatasetError, match="it does not say which partitions there are") as caught:
        glue.catalogue(endpoint_url=proxy.endpoint_url).plan(SCHEMA, DAYS)
    assert caught.value.retryable
    assert sum(seen.fault == "unsaid" for seen in proxy.seen) == MOST_STALLED + 1


def test_a_failure_that_stays_says_so(glue: Glue, proxy: FaultyProxy):
    """After every try; trying later may help."""
    proxy.faults = Faults(share=1, kinds=("throttle",))
    with pytest.raises(TransferError, match="still failing after 4 tries") as caught:
        glue.catalogue(endpoint_url=proxy.endpoint_url).columns()
    assert caught.value.retryable


def test_a_client_needs_a_region(monkeypatch):
    """The error names the variable."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    with pytest.raises(AccessDeniedError, match="set AWS_REGION"):
        glue_client()
    with pytest.raises(DatasetError, match="AWS_ENDPOINT_URL"):
        glue_client(Access("no address", "us-east-1"))


def test_missing_credentials_say_so(glue: Glue, monkeypatch, tmp_path):
    """Before anything is sent."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(AccessDeniedError, match="check the AWS credentials"):
        glue.catalogue().columns()
