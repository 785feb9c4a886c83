"""The S3 table as an asset, on a real S3 and Glue server."""

import gzip
import io
import logging
import zipfile

import pytest

from lightning_eda_tests.orchestration.conftest import logged, reported
from lightning_eda_tests.orchestration.s3_tables.days import (
    CSV,
    DAY,
    checks,
    database_of,
    failure,
    keys_of,
    metadata,
    rows_of,
)
from lightning_eda_tests.servers.s3 import Faults, FaultyProxy, S3Bucket

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]


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
    assert checks(result) == {
        "has_rows": True,
        "columns_are_unchanged": True,
        "row_count_is_usual": True,
        "read_without_doubt": True,
    }


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


def test_new_columns_and_unusual_counts_are_told(table, run, s3_bucket: S3Bucket):
    """Compared with the days before, as Dagster remembers them."""

    def load_day(day: str, csv: bytes) -> dict[str, bool]:
        s3_bucket.put(f"in/{day.replace('-', '')}/orders.csv", csv)
        return checks(run(table(), day, group="s3_tables"))

    rows = b"id,name,amount\n" + b"".join(b"%d,a,1.5\n" % n for n in range(30))
    assert all(load_day("2024-01-01", rows).values())
    assert all(load_day("2024-01-02", rows + b"99,b,1\n" * 5).values())
    assert load_day("2024-01-03", CSV)["row_count_is_usual"] is False
    assert load_day("2024-01-04", rows + b"99,b,1\n" * 95)["row_count_is_usual"] is False
    wider = rows.replace(b"amount", b"amount,note").replace(b"1.5", b"1.5,x")
    assert load_day("2024-01-05", wider) == {
        "has_rows": True, "columns_are_unchanged": False, "row_count_is_usual": True,
        "read_without_doubt": True,
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


def test_the_log_says_what_was_loaded(table, run, load, s3_bucket: S3Bucket):
    """One line for a day; rows that were set aside are a warning with their lines."""
    s3_bucket.put("in/20240101/orders.csv", b"id,name,amount\n1,a,0.5\n")
    url = f"s3://{s3_bucket.name}/in/20240101/orders.csv"
    assert logged(run.instance, load(table()), logging.INFO) == [f"{DAY}: 1 row from {url}"]
    again = load(table())
    assert logged(run.instance, again, logging.INFO) == [
        f"{DAY}: 1 row from {url}: this version of the CSV was loaded before; nothing was changed"
    ]
    assert logged(run.instance, again, logging.WARNING) == []
    s3_bucket.put("in/20240101/orders.csv", CSV + b"3,c\n" * 12)
    result = load(table(bad_rows="set_aside"))
    assert logged(run.instance, result, logging.INFO) == [f"{DAY}: 2 rows from {url}"]
    assert logged(run.instance, result, logging.WARNING) == [
        f"{DAY}: left out (CSV_BAD_ROWS): 12 rows of {url}, in lines 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 "
        "and 2 more. The metadata first_rows_set_aside says why"
    ]


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
