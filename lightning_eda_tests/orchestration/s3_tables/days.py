"""Days of CSVs in a bucket, and what the tests of the S3 tables ask of a run."""

import io

import dagster as dg
import pyarrow.parquet as pq

from lightning_eda_tests.servers.s3 import S3Bucket

DAY = "2024-01-01"
CSV = b"id,name,amount\n1,a,0.5\n2,\xc3\xa9,1.5\n"


def database_of(bucket: S3Bucket) -> str:
    """The Glue database of a test."""
    return bucket.name.replace("-", "_")


def keys_of(bucket: S3Bucket, prefix: str = "lake/") -> list[str]:
    """The keys of the objects."""
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
    """The metadata of one materialization."""
    events = result.asset_materializations_for_node("parquet_table")
    (event,) = [event for event in events if event.partition == day]
    return {name: value.value for name, value in event.metadata.items()}


def failure(result: dg.ExecuteInProcessResult) -> str:
    """What a failed run says."""
    (event,) = [event for event in result.all_events if event.event_type_value == "STEP_FAILURE"]
    return event.step_failure_data.user_failure_data.description


def checks(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    """Which checks passed."""
    return {one.check_name: one.passed for one in result.get_asset_check_evaluations()}
