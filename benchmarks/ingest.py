"""One hour of 180 granules from an S3 server into DuckDB, flash tier: ours against the usual way.

The server is `moto_server` on 127.0.0.1, in a process of its own: real HTTP. The usual way is what a capable
user writes in an afternoon: boto3 `get_object` one by one to files, netCDF4 with num2date, a pandas CSV a
granule, `read_csv` into DuckDB. Ours is what the three assets call: fetch_hour, the decoder process,
replace_hour, with every check they make. No process starts while the clock runs: imports, the S3 client of
either way and our decoder process are there before. Each round is the first hour of its decoder.

The last line is the time the server needs to hand out the objects, which is in both ways: bare GETs by 16
threads that throw the bytes away.

    python -m benchmarks.ingest
"""

import http.client
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import duckdb
import netCDF4
import numpy as np
import pandas as pd
from botocore import UNSIGNED
from botocore.config import Config

from benchmarks.support.delay import delayed
from benchmarks.support.granules import HOUR, simulated_hour
from lightning_eda.glm.extract.source import CONCURRENCY, fetch_hour
from lightning_eda.glm.lcfa.variables import FLASH_VARIABLES
from lightning_eda.glm.names import hour_prefix
from lightning_eda.glm.paths import HourFolders
from lightning_eda.glm.transform.decoder import Decoder
from lightning_eda.glm.transform.hour import read_hour_series, write_hour_series
from lightning_eda.storage.s3.store import S3Store
from lightning_eda.warehouse.writing.hour import replace_hour
from lightning_eda_tests.servers.s3 import S3Bucket, S3Server

ROUNDS = 5
DELAY_S = 0.05


@dataclass
class Clock:
    """Seconds by the name of a step.

    Attributes:
        steps: One number a round.
    """

    steps: dict[str, list[float]] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Times the block."""
        begin = time.perf_counter()
        yield
        self.steps.setdefault(name, []).append(time.perf_counter() - begin)

    def line(self, name: str) -> str:
        """The median of a step."""
        return f"  {name:22} {statistics.median(self.steps[name]):6.3f} s"


Way = Callable[[S3Bucket, Clock], AbstractContextManager[Callable[[Path], int]]]


@contextmanager
def ours(bucket: S3Bucket, clock: Clock) -> Iterator[Callable[[Path], int]]:
    """A function that does what extract, transform and load do, and gives the number of flashes."""
    store = S3Store(bucket.name, endpoint_url=bucket.endpoint_url, region="us-east-1")
    list(store.list_objects("nothing"))  # makes the client

    def ingest(place: Path) -> int:
        folders = HourFolders(place, bucket.name, HOUR)
        with clock.step("  extract"):
            extraction = fetch_hour(store, folders)
        with clock.step("  transform"):
            write_hour_series(extraction, ("flash",), decoder)
        with clock.step("  load"):
            series = read_hour_series(folders)
            paths = {table: file.path for table, file in series.files.items()}
            result = replace_hour(
                place / "ours.duckdb", HOUR, series.satellites, paths, now=datetime.now(UTC)
            )
        return result.rows["flashes"]

    with Decoder() as decoder:
        decoder.start()
        yield ingest


@contextmanager
def usual(bucket: S3Bucket, clock: Clock) -> Iterator[Callable[[Path], int]]:  # noqa: ARG001 - as `ours`
    """A function that uses boto3, netCDF4, pandas and DuckDB one after the other; the number of flashes."""
    client = boto3.client(
        "s3",
        endpoint_url=bucket.endpoint_url,
        region_name="us-east-1",
        config=Config(signature_version=UNSIGNED),
    )
    client.list_objects_v2(Bucket=bucket.name, Prefix="nothing")

    def ingest(place: Path) -> int:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket.name, Prefix=hour_prefix(HOUR))
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        for key in keys:
            path = place / Path(key).name
            path.write_bytes(client.get_object(Bucket=bucket.name, Key=key)["Body"].read())
            flash_frame(path).to_csv(path.with_suffix(".csv"), index=False)
        with duckdb.connect(str(place / "usual.duckdb")) as database:
            database.execute("CREATE TABLE flashes AS SELECT * FROM read_csv(?)", [str(place / "*.csv")])
            row = database.execute("SELECT count(*) FROM flashes").fetchone()
        return int(row[0]) if row else 0

    yield ingest


def flash_frame(path: Path) -> pd.DataFrame:
    """The flash tier of a granule as netCDF4 decodes it."""
    with netCDF4.Dataset(path) as dataset:
        columns = {}
        for variable in FLASH_VARIABLES:
            values = dataset.variables[variable.name][:]
            if "_time_" in variable.name:
                values = netCDF4.num2date(values, dataset.variables[variable.name].units)
            columns[variable.column] = np.ma.filled(values, np.nan) if np.ma.isMaskedArray(values) else values
    return pd.DataFrame(columns)


def bare_gets(endpoint_url: str, paths: list[str]) -> None:
    """GETs without a library around them, a connection each, as the server closes them anyway."""
    where = urlsplit(endpoint_url)

    def get(path: str) -> None:
        connection = http.client.HTTPConnection(where.hostname or "", where.port)
        connection.request("GET", path)
        connection.getresponse().read()
        connection.close()

    with ThreadPoolExecutor(CONCURRENCY) as pool:
        list(pool.map(get, paths))


def main() -> None:
    """Print the seconds of each way, without and with a delay."""
    with S3Server.start() as server:
        bucket = server.new_bucket()
        for path in simulated_hour("G18"):
            bucket.put(hour_prefix(HOUR) + path.name, path.read_bytes())
        compare("as it is", bucket)
        with delayed(server.endpoint_url, DELAY_S) as endpoint_url:
            compare(
                f"{1000 * DELAY_S:g} ms added to each request", replace(bucket, endpoint_url=endpoint_url)
            )


def compare(words: str, bucket: S3Bucket) -> None:
    """Both ways in turn, each from nothing; medians of the rounds, and of the ratio within a round."""
    ways: dict[str, Way] = {"ours": ours, "usual way": usual}
    clock = Clock()
    flashes = set()
    objects = bucket.client.list_objects_v2(Bucket=bucket.name)["Contents"]
    for _ in range(ROUNDS):
        for name, way in ways.items():
            with (
                tempfile.TemporaryDirectory(prefix="lightning-eda-") as place,
                way(bucket, clock) as ingest,
                clock.step(name),
            ):
                flashes.add(ingest(Path(place)))
        with clock.step("bare GETs"):
            bare_gets(bucket.endpoint_url, [f"/{bucket.name}/{entry['Key']}" for entry in objects])
    if len(flashes) != 1:
        raise SystemExit(f"the two ways differ in the number of flashes: {flashes}")
    pairs = zip(clock.steps["usual way"], clock.steps["ours"], strict=True)
    ratio = statistics.median(slow / quick for slow, quick in pairs)
    print(f"{len(objects)} granules, {flashes.pop()} flashes, {words}, median of {ROUNDS} rounds")
    for name in ("ours", "  extract", "  transform", "  load"):
        print(clock.line(name))
    print(f"{clock.line('usual way')}  {ratio:.1f} x ours")
    print(clock.line("bare GETs"), flush=True)


if __name__ == "__main__":
    main()
