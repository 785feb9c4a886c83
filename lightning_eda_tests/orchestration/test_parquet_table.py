"""The S3 table as an asset, on a real S3 and Glue server."""

import gzip
import io
import re
import zipfile
from collections.abc import Callable

import boto3
import dagster as dg
import pyarrow.parquet as pq
import pytest

from lightning_eda.aws_lambda import load_handler
from lightning_eda.definitions import build_definitions
from lightning_eda.settings import CsvSettings, Settings
from lightning_eda_tests.orchestration.conftest import reported
from lightning_eda_tests.servers import Faults, FaultyProxy, S3Bucket

pytest_plugins = ["lightning_eda_tests.server_fixtures"]

DAY = "2024-01-01"
CSV = b"id,name,amount\n1,a,0.5\n2,\xc3\xa9,1.5\n"


@pytest.fixture
def glue(s3_bucket: S3Bucket, monkeypatch):
    """A Glue client with a database of this test alone, named as the bucket with underscores."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client = boto3.client("glue", endpoint_url=s3_bucket.endpoint_url, region_name="us-east-1")
    client.create_database(DatabaseInput={"Name": database_of(s3_bucket)})
    yield client
    client.close()


def database_of(bucket: S3Bucket) -> str:
    return bucket.name.replace("-", "_")


@pytest.fixture
def table(settings: Callable[..., Settings], s3_bucket: S3Bucket, glue):
    """Settings of a table in the test's bucket."""

    def make(endpoint_url: str | None = None, **changes) -> Settings:
        values = {
            "bucket_src": s3_bucket.name, "prefix": "in", "substr": "orders", "bucket_dstn": s3_bucket.name,
            "pathoutput": "lake/orders", "table": "orders", "database": database_of(s3_bucket), **changes,
        }  # fmt: skip
        url = endpoint_url or s3_bucket.endpoint_url
        return settings(csv=CsvSettings(**values), s3_endpoint_url=url, glue_endpoint_url=url)

    return make


@pytest.fixture
def load(run):
    """Materialises the asset."""

    def materialize(settings: Settings, key: str | tuple[str, str] = DAY, run_config=None):
        return run(settings, key, run_config, group="s3_tables")

    return materialize


def keys_of(bucket: S3Bucket, prefix: str = "lake/") -> list[str]:
    listed = bucket.client.list_objects_v2(Bucket=bucket.name, Prefix=prefix)
    return [entry["Key"] for entry in listed.get("Contents", [])]


def rows_of(bucket: S3Bucket, prefix: str = "lake/") -> list[tuple]:
    """All rows of the dataset, with the partition column."""
    found = []
    for key in keys_of(bucket, prefix):
        body = bucket.client.get_object(Bucket=bucket.name, Key=key)["Body"].read()
        value = key.rpartition("/")[0].rpartition("=")[2]
        table = pq.read_table(io.BytesIO(body), partitioning=None)
        found += [(*row.values(), value) for row in table.to_pylist()]
    return sorted(found, key=str)


def metadata(result: dg.ExecuteInProcessResult, day: str = DAY) -> dict:
    events = result.asset_materializations_for_node("parquet_table")
    (event,) = [event for event in events if event.partition == day]
    return {name: value.value for name, value in event.metadata.items()}


def failure(result: dg.ExecuteInProcessResult) -> str:
    (event,) = [event for event in result.all_events if event.event_type_value == "STEP_FAILURE"]
    return event.step_failure_data.user_failure_data.description


def checks(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {one.check_name: one.passed for one in result.get_asset_check_evaluations()}


def zipped(data: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("orders.csv", data)
        archive.writestr("__MACOSX/._orders.csv", b"x")
    return stream.getvalue()


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zipped], ids=["plain", "gzip", "zip"])
def test_the_latest_csv_becomes_a_partition(table, load, s3_bucket: S3Bucket, glue, pack):
    """Whatever it is packed in and called; the day is added as the partition column."""
    s3_bucket.put("in/20240101/other.csv", b"x\n1\n")
    s3_bucket.put("in/20240101/orders.dat", pack(CSV))
    result = load(table())
    assert result.success
    assert rows_of(s3_bucket) == [(1, "a", 0.5, "20240101"), (2, "é", 1.5, "20240101")]
    found = glue.get_table(DatabaseName=database_of(s3_bucket), Name="orders")["Table"]
    columns = {one["Name"]: one["Type"] for one in found["StorageDescriptor"]["Columns"]}
    assert columns == {"id": "bigint", "name": "string", "amount": "double"}
    assert [(one["Name"], one["Type"]) for one in found["PartitionKeys"]] == [("data_ref", "string")]
    partitions = glue.get_partitions(DatabaseName=database_of(s3_bucket), TableName="orders")["Partitions"]
    assert [one["Values"] for one in partitions] == [["20240101"]]


def test_the_metadata_tell_what_was_loaded(table, load, s3_bucket: S3Bucket):
    """Source, version, rows, columns and types, bytes, files, a preview and links."""
    s3_bucket.put("in/20240101/orders.csv", CSV)
    result = load(table())
    told = metadata(result)
    assert told["source"] == f"s3://{s3_bucket.name}/in/20240101/orders.csv"
    assert told["source_etag"] == s3_bucket.client.head_object(
        Bucket=s3_bucket.name, Key="in/20240101/orders.csv"
    )["ETag"].strip('"')
    assert (told["dagster/row_count"], told["files"], told["bytes_in"]) == (2, 1, len(CSV))
    assert [column.name for column in told["dagster/column_schema"].columns] == ["id", "name", "amount"]
    assert told["first_rows"].records[0].data == {"id": 1, "name": "a", "amount": 0.5}
    assert told["glue_table"].endswith(f"/tables/view/orders?database={database_of(s3_bucket)}")
    assert checks(result) == {"has_rows": True, "columns_are_unchanged": True, "row_count_is_usual": True}


@pytest.mark.parametrize("at", ["HEAD", "GET"])
def test_a_load_is_done_whatever_becomes_of_its_preview(table, load, s3_bucket: S3Bucket, at: str):
    """A newer run may have deleted the object before its first rows are read, or while they are."""
    s3_bucket.put("in/20240101/orders.csv", CSV)
    faults = Faults(share=1.0, kinds=("missing",), only=f"{at} .*/lake/.*parquet")
    with FaultyProxy(s3_bucket.endpoint_url) as proxy:
        proxy.after = lambda target: start_faults(proxy, target, faults)
        result = load(table(endpoint_url=proxy.endpoint_url))
    assert result.success
    assert "first_rows" not in metadata(result)
    assert metadata(result)["dagster/row_count"] == 2


def start_faults(proxy: FaultyProxy, target: str, faults: Faults) -> None:
    """From when the partition is in the catalogue."""
    if proxy.seen[-1].operation in ("CreatePartition", "BatchCreatePartition"):
        proxy.faults = faults


def test_the_same_version_again_changes_nothing(table, load, s3_bucket: S3Bucket):
    """Not an object, and the data version is the same."""
    s3_bucket.put("in/20240101/orders.csv", CSV)
    first, again = load(table()), None
    before = keys_of(s3_bucket)
    again = load(table())
    assert keys_of(s3_bucket) == before
    assert metadata(again)["unchanged"]
    versions = [
        run.asset_materializations_for_node("parquet_table")[0].tags["dagster/data_version"]
        for run in (first, again)
    ]
    assert versions[0] == versions[1]
    s3_bucket.put("in/20240101/orders.csv", CSV + b"3,c,9\n")
    third = load(table()).asset_materializations_for_node("parquet_table")[0]
    assert third.tags["dagster/data_version"] != versions[0]
    assert len(rows_of(s3_bucket)) == 3


def test_a_range_is_one_run_with_a_result_a_day(table, load, s3_bucket: S3Bucket):
    """Each day has its own source and rows."""
    for number, day in enumerate(("20240131", "20240201")):
        s3_bucket.put(f"in/{day}/orders.csv", CSV + b"9,z,9\n" * number)
    result = load(table(), ("2024-01-31", "2024-02-01"))
    assert [metadata(result, day)["dagster/row_count"] for day in ("2024-01-31", "2024-02-01")] == [2, 3]


def test_a_day_without_a_csv_does_not_stop_a_range(table, load, run, s3_bucket: S3Bucket):
    """The others are loaded and reported; the run fails and names the day."""
    for day in ("20240101", "20240103"):
        s3_bucket.put(f"in/{day}/orders.csv", CSV)
    result = load(table(), ("2024-01-01", "2024-01-03"))
    assert "1 of 3 days failed, the others are done. 2024-01-02: there is no object under" in failure(result)
    days = reported(run.instance, "parquet_table")
    assert {day: told["dagster/row_count"] for day, told in days.items()} == {
        "2024-01-01": 2,
        "2024-01-03": 2,
    }
    assert len(rows_of(s3_bucket)) == 4


def test_an_empty_csv_empties_the_partition_and_says_so(table, load, s3_bucket: S3Bucket):
    """A check warns; the run is a success."""
    s3_bucket.put("in/20240101/orders.csv", CSV)
    load(table())
    s3_bucket.put("in/20240101/orders.csv", b"id,name,amount\n")
    result = load(table())
    assert (result.success, rows_of(s3_bucket), checks(result)["has_rows"]) == (True, [], False)
    assert "empty" in metadata(result)["status"]


def test_new_columns_and_unusual_counts_are_told(table, load, s3_bucket: S3Bucket):
    """Compared with the days before, as Dagster remembers them."""
    instance = dg.DagsterInstance.ephemeral()

    def load_day(day: str, csv: bytes) -> dict[str, bool]:
        s3_bucket.put(f"in/{day.replace('-', '')}/orders.csv", csv)
        definitions = build_definitions(table())
        (asset,) = [one for one in definitions.assets if "s3_tables" in one.group_names_by_key.values()]
        return checks(
            dg.materialize(
                [asset], partition_key=day, resources=dict(definitions.resources), instance=instance
            )
        )

    rows = b"id,name,amount\n" + b"".join(b"%d,a,1.5\n" % n for n in range(30))
    assert all(load_day("2024-01-01", rows).values())
    assert all(load_day("2024-01-02", rows + b"99,b,1\n" * 5).values())
    assert load_day("2024-01-03", CSV)["row_count_is_usual"] is False
    assert load_day("2024-01-04", rows + b"99,b,1\n" * 95)["row_count_is_usual"] is False
    wider = rows.replace(b"amount", b"amount,note").replace(b"1.5", b"1.5,x")
    assert load_day("2024-01-05", wider) == {
        "has_rows": True, "columns_are_unchanged": False, "row_count_is_usual": True
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bucket_src": None}, "CSV_BUCKET_SRC: it is not set"),
        ({"prefix": None}, "CSV_PREFIX: it is not set"),
        ({"pathoutput": None}, "CSV_PATHOUTPUT: it is not set"),
        ({"bucket_dstn": None}, "CSV_BUCKET_DSTN: it is not set"),
        ({"database": None}, "CSV_DATABASE: it is not set"),
        ({"types": "id:number"}, "number"),
        ({"header": "maybe"}, "CSV_HEADER: found 'maybe'; allowed: auto, true, false"),
        ({"encoding": "klingon"}, "CSV_ENCODING"),
        ({"substr": "invoices"}, "correct CSV_SUBSTR"),
        ({"bucket_src": "no-such-bucket-here"}, "correct CSV_BUCKET_SRC"),
    ],
)
def test_a_mistake_is_one_sentence(table, load, s3_bucket: S3Bucket, changes: dict, words: str):
    """It names the variable; nothing is written."""
    s3_bucket.put("in/20240101/orders.csv", CSV)
    result = load(table(**changes))
    assert not result.success
    assert words in failure(result)
    assert keys_of(s3_bucket) == []


def test_a_bad_csv_leaves_the_old_rows(table, load, s3_bucket: S3Bucket):
    """With the line; or set aside and counted, when that is asked for."""
    s3_bucket.put("in/20240101/orders.csv", CSV)
    load(table())
    s3_bucket.put("in/20240101/orders.csv", CSV + b"3,c\n")
    result = load(table())
    assert "line 4" in failure(result)
    assert len(rows_of(s3_bucket)) == 2
    result = load(table(bad_rows="set_aside"))
    assert (result.success, metadata(result)["rows_set_aside"]) == (True, 1)


def test_the_run_config_wins(table, load, s3_bucket: S3Bucket):
    """Any field, for one run."""
    s3_bucket.put("other/20240101/sales.csv", CSV)
    config = {"prefix": "other", "substr": "sales", "pathoutput": f"s3://{s3_bucket.name}/lake/sales/"}
    config |= {"table": "", "database": ""}
    result = load(table(), run_config={"resources": {"tables": {"config": config}}})
    assert result.success
    assert [key.rpartition("/")[0] for key in keys_of(s3_bucket)] == ["lake/sales/data_ref=20240101"]


def test_faults_of_the_server_are_ridden_out(table, load, s3_bucket: S3Bucket):
    """A fifth of all requests fail, to S3 and to Glue."""
    s3_bucket.put("in/20240101/orders.csv", CSV)
    faults = Faults(share=0.2, kinds=("error", "throttle"), seed=7)
    with FaultyProxy(s3_bucket.endpoint_url, faults) as proxy:
        assert load(table(endpoint_url=proxy.endpoint_url)).success
        assert any(seen.fault for seen in proxy.seen)
    assert len(rows_of(s3_bucket)) == 2


@pytest.fixture
def parameters(s3_bucket: S3Bucket, glue, monkeypatch) -> dict:
    """The event of the loading function."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_bucket.endpoint_url)
    return {
        "data_ref": "20240101", "bucket_src": s3_bucket.name, "prefix": "in", "substr": "orders",
        "schema": ["id", "name", "amount"], "bucket_dstn": s3_bucket.name, "pathoutput": "lake/orders",
        "table": "orders", "database": database_of(s3_bucket), "partitions_cols": "data_ref",
    }  # fmt: skip


def test_the_handler_writes_the_same_dataset(table, load, s3_bucket: S3Bucket, parameters: dict):
    """After it the asset finds nothing to do."""
    s3_bucket.put("in/20240101/orders.csv", CSV)
    assert load_handler(parameters, None) == "Success"
    rows, keys = rows_of(s3_bucket), keys_of(s3_bucket)
    assert rows == [(1, "a", 0.5, "20240101"), (2, "é", 1.5, "20240101")]
    result = load(table(schema="id,name,amount"))
    assert (metadata(result)["unchanged"], keys_of(s3_bucket)) == (True, keys)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bucket_src": "no-such-bucket-here"}, "cannot list s3://no-such-bucket-here"),
        ({"substr": "invoices"}, "none of the 1 objects"),
        ({"data_ref": "20240230"}, "data_ref: found '20240230'"),
        ({"data_ref": "20230101"}, "there is no object under"),
        ({"schema": "id,name"}, "line 1|columns|fields"),
        ({"database": "no_such_database"}, "no_such_database"),
        ({"pathoutput": ""}, "CSV_PATHOUTPUT: it is not set"),
        ({"prefix": None}, "CSV_PREFIX: it is not set"),
    ],
)
def test_the_handler_tells_the_reason(s3_bucket: S3Bucket, parameters: dict, changes: dict, words: str):
    """As `errorMessage`; nothing is written."""
    s3_bucket.put("in/20240101/orders.csv", CSV)
    answer = load_handler({**parameters, **changes}, None)
    assert isinstance(answer, dict)
    assert list(answer) == ["errorMessage"]
    assert re.search(words, answer["errorMessage"]), answer
    assert keys_of(s3_bucket) == []


def test_an_empty_prefix_is_the_top_of_the_bucket(s3_bucket: S3Bucket, parameters: dict):
    """When it is said, and not when it is left out."""
    s3_bucket.put("20240101/orders.csv", CSV)
    s3_bucket.put("in/20240101/orders.csv", CSV + b"3,c,9\n")
    assert load_handler({**parameters, "prefix": ""}, None) == "Success"
    assert len(rows_of(s3_bucket)) == 2
