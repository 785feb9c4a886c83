"""A zipped CSV in S3 becomes a Glue-registered Parquet partition: ours against pandas and awswrangler.

The CSV has 3 million rows of 8 columns in windows-1252 with semicolons, 340 MB, in a zip. The server is
`moto_server` on 127.0.0.1 (S3 and Glue), in a process of its own. The usual way is what the loading lambda's
readers would write: get the object, open the member of the zip, `pandas.read_csv`, and
`awswrangler.s3.to_parquet(mode="overwrite_partitions")`. Ours is `load_table`, with every check it makes.
Either runs in a child process of its own, whose peak memory is the system's figure; imports are done before
the clock starts. Rows and types of both results are compared at the end, every value.

    python -m benchmarks.tables            # both ways, 3 rounds
    python -m benchmarks.tables --delta    # a partition replaced in Parquet and in a Delta table, 3 rounds
    python -m benchmarks.tables --large    # a CSV of 2 GB, ours alone
"""

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.support.memory import peak_mb
from benchmarks.support.table_files import write_zip
from lightning_eda_tests.servers.s3 import S3Bucket, S3Server

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

ROWS = 3_000_000
LARGE_ROWS = 18_200_000
ROUNDS = 3
DAY = "20240101"
DATABASE = "bench"
LIMIT_MB = 600.0
LOGIN = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@dataclass(frozen=True)
class Task:
    """What a child process is to do.

    Attributes:
        endpoint_url: The server.
        bucket: Of CSV and dataset.
        way: "ours", "delta" or "usual", which is also the table's name.
    """

    endpoint_url: str
    bucket: str
    way: str


def ours(task: Task) -> Callable[[], int]:
    """A function that loads the table as the asset does; its rows."""
    import awswrangler  # noqa: F401 - imports are not what is measured

    from lightning_eda.storage.aws import Access
    from lightning_eda.storage.s3.store import S3Store
    from lightning_eda.tables.glue.requests import glue_client
    from lightning_eda.tables.load import load_table
    from lightning_eda.tables.options import TableOptions
    from lightning_eda.tables.task import TableTask

    store = S3Store(task.bucket, signed=True, endpoint_url=task.endpoint_url, region="us-east-1")
    glue = glue_client(Access(task.endpoint_url, "us-east-1"))
    kind = "delta" if task.way == "delta" else "parquet"
    if kind == "delta":
        import deltalake  # noqa: F401 - as above
    options = TableOptions(task.way, task.bucket, DATABASE, task.way, ("day",), table_format=kind)
    table_task = TableTask(store, store, glue, options, "in", "")
    list(store.list_objects("nothing"))

    def load() -> int:
        with tempfile.TemporaryDirectory(prefix="lightning-eda-") as scratch:
            return load_table(table_task, DAY, Path(scratch), datetime.now(UTC)).rows

    return load


def usual(task: Task) -> Callable[[], int]:
    """A function that uses boto3, zipfile, pandas and awswrangler; its rows."""
    import awswrangler as wr
    import pandas as pd

    wr.config.s3_endpoint_url = wr.config.glue_endpoint_url = task.endpoint_url
    session = boto3.session.Session("test", "test", region_name="us-east-1")
    client = session.client("s3", endpoint_url=task.endpoint_url)
    client.list_objects_v2(Bucket=task.bucket, Prefix="nothing")

    def load() -> int:
        body = client.get_object(Bucket=task.bucket, Key=f"in/{DAY}/rows.zip")["Body"].read()
        with zipfile.ZipFile(io.BytesIO(body)) as archive, archive.open(archive.namelist()[0]) as member:
            frame = pd.read_csv(member, sep=";", encoding="cp1252", parse_dates=["erfasst_am"])
        frame["day"] = DAY
        wr.s3.to_parquet(
            df=frame,
            path=f"s3://{task.bucket}/{task.way}/",
            dataset=True,
            partition_cols=["day"],
            mode="overwrite_partitions",
            database=DATABASE,
            table=task.way,
            boto3_session=session,
        )
        return len(frame)

    return load


WAYS = ("ours", "usual")
FORMATS = ("ours", "delta")


def run_child(task: Task) -> dict[str, Any]:
    """Seconds, rows and peak memory (MB) of one load in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.tables", "--child", json.dumps(asdict(task))]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **LOGIN})
    return dict(json.loads(done.stdout))


def child(task: Task) -> None:
    """One load; prints what it took."""
    load = usual(task) if task.way == "usual" else ours(task)
    before = peak_mb()
    begin, worked = time.perf_counter(), time.process_time()
    rows = load()
    took = {"seconds": time.perf_counter() - begin, "cpu": time.process_time() - worked}
    print(json.dumps({**took, "rows": rows, "peak_mb": peak_mb(), "before_mb": before}))


@contextmanager
def csv_bucket(rows: int) -> Iterator[S3Bucket]:
    """A server with the CSV and a Glue database."""
    with S3Server.start() as server, tempfile.TemporaryDirectory(prefix="lightning-eda-") as place:
        bucket = server.new_bucket()
        path = Path(place) / "rows.zip"
        size = write_zip(path, rows)
        print(f"{rows:,} rows, {size / 1e6:.0f} MB of CSV, {path.stat().st_size / 1e6:.0f} MB zipped")
        bucket.client.upload_file(str(path), bucket.name, f"in/{DAY}/rows.zip")
        path.unlink()
        glue_of(bucket).create_database(DatabaseInput={"Name": DATABASE})
        yield bucket


def glue_of(bucket: S3Bucket) -> "GlueClient":
    """A client of the same server's Glue."""
    session = boto3.session.Session("test", "test", region_name="us-east-1")
    return session.client("glue", endpoint_url=bucket.endpoint_url)


def clear(bucket: S3Bucket, way: str) -> None:
    """Removes what a way has written, so that its next round starts from nothing."""
    for key in keys_of(bucket, way):
        bucket.delete(key)
    glue_of(bucket).delete_table(DatabaseName=DATABASE, Name=way)


def keys_of(bucket: S3Bucket, way: str) -> list[str]:
    """The objects of a way's dataset."""
    found = bucket.client.list_objects_v2(Bucket=bucket.name, Prefix=f"{way}/")
    return [entry["Key"] for entry in found.get("Contents", [])]


def compare_results(bucket: S3Bucket) -> None:
    """Ends the program unless both ways wrote the same columns, Glue types and values."""
    columns, tables = {}, {}
    for way in WAYS:
        storage = glue_of(bucket).get_table(DatabaseName=DATABASE, Name=way)["Table"]["StorageDescriptor"]
        columns[way] = {column["Name"]: column["Type"] for column in storage["Columns"]}
        bodies = [
            bucket.client.get_object(Bucket=bucket.name, Key=key)["Body"] for key in keys_of(bucket, way)
        ]
        tables[way] = pa.concat_tables([pq.read_table(io.BytesIO(body.read())) for body in bodies])
    if columns["ours"] != columns["usual"]:
        raise SystemExit(f"the two ways differ in types: {columns}")
    for name in columns["ours"]:
        mine, theirs = tables["ours"][name], tables["usual"][name]
        if pa.types.is_timestamp(mine.type):
            mine = mine.cast(pa.timestamp("us"))
        if not mine.combine_chunks().equals(theirs.cast(mine.type).combine_chunks()):
            raise SystemExit(f"the two ways differ in the values of {name}")
    print(f"same {tables['ours'].num_rows:,} rows, columns and types: {columns['ours']}")


def main() -> None:
    """Print the seconds and the peak memory of each way."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--large", action="store_true", help="a CSV of 2 GB, ours alone")
    parser.add_argument("--delta", action="store_true", help="a partition replaced, Parquet and Delta")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(Task(**json.loads(arguments.child)))
    elif arguments.large:
        large()
    elif arguments.delta:
        formats()
    else:
        both()


def both() -> None:
    """The two ways in turn, each from nothing; medians of the rounds, and of the ratio within a round."""
    took: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    with csv_bucket(ROWS) as bucket:
        for number in range(ROUNDS):
            for way in WAYS:
                took[way].append(run_child(Task(bucket.endpoint_url, bucket.name, way)))
            if number == 0:
                compare_results(bucket)
            for way in WAYS:
                clear(bucket, way)
    for way, rounds in took.items():
        print_figures(way, rounds)
    pairs = zip(took["usual"], took["ours"], strict=True)
    ratio = statistics.median(slow["seconds"] / quick["seconds"] for slow, quick in pairs)
    print(f"the usual way takes {ratio:.1f} x ours", flush=True)


def formats() -> None:
    """The same rows from another version of the CSV replace those that are there, in either format."""
    took: dict[str, list[dict[str, Any]]] = {way: [] for way in FORMATS}
    with csv_bucket(ROWS) as bucket:
        for number in range(ROUNDS + 1):
            for way in FORMATS if number % 2 else reversed(FORMATS):
                found = run_child(Task(bucket.endpoint_url, bucket.name, way))
                if number:  # the first makes the table
                    took[way].append(found)
            new_version(bucket, number)
    for way, rounds in took.items():
        print_figures(way, rounds)
    pairs = list(zip(took["delta"], took["ours"], strict=True))
    for unit in ("seconds", "cpu"):
        ratio = statistics.median(delta[unit] / parquet[unit] for delta, parquet in pairs)
        print(f"a Delta table takes {ratio:.2f} x Parquet ({unit})", flush=True)


def new_version(bucket: S3Bucket, number: int) -> None:
    """The same CSV as a newer object, so that the next load replaces what is there."""
    key = f"in/{DAY}/rows.zip"
    source: Any = {"Bucket": bucket.name, "Key": key}
    bucket.client.copy_object(Bucket=bucket.name, Key=f"in/{DAY}/rows{number}.zip", CopySource=source)


def large() -> None:
    """Ours with a CSV of 2 GB."""
    with csv_bucket(LARGE_ROWS) as bucket:
        print_figures("ours", [run_child(Task(bucket.endpoint_url, bucket.name, "ours"))])


def print_figures(way: str, rounds: list[dict[str, Any]]) -> None:
    """One line: median seconds, largest peak."""
    seconds = statistics.median(done["seconds"] for done in rounds)
    cpu = statistics.median(done["cpu"] for done in rounds)
    peak = max(done["peak_mb"] for done in rounds)
    before = max(done["before_mb"] for done in rounds)
    mark = "" if way == "usual" else f" (limit {LIMIT_MB:.0f})"
    print(
        f"  {way:6} {seconds:6.2f} s ({cpu:.2f} s of processor), peak {peak:5.0f} MB{mark}, "
        f"of which {before:.0f} MB are imports; {rounds[0]['rows']:,} rows"
    )


if __name__ == "__main__":
    main()
