"""One hour of 180 granules from an S3 server into DuckDB, flash tier: ours against the usual way.

The server is `moto_server` on 127.0.0.1, in a process of its own: real HTTP. The usual way is what a capable
user writes in an afternoon: boto3 `get_object` one by one to files, netCDF4 with num2date, a pandas CSV a
granule, `read_csv` into DuckDB. Ours is what the three assets call: fetch_hour, the decoder process,
replace_hour, with every check they make. Starting Python and Dagster is in neither; starting our decoder
process is in ours.

    python -m benchmarks.ingest
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import boto3
import duckdb
import netCDF4
import numpy as np
import pandas as pd
from botocore import UNSIGNED
from botocore.config import Config

from benchmarks.granules import HOUR, simulated_hour
from lightning_eda.glm.decoder import Decoder
from lightning_eda.glm.hour_series import write_hour_series
from lightning_eda.glm.lcfa_variables import FLASH_VARIABLES
from lightning_eda.glm.names import hour_prefix
from lightning_eda.glm.paths import HourFolders
from lightning_eda.glm.source import fetch_hour
from lightning_eda.storage.s3 import S3Store
from lightning_eda.warehouse.load import replace_hour
from lightning_eda_tests.servers import Faults, FaultyProxy, S3Bucket, S3Server

ROUNDS = 3
DELAY_S = 0.05


def ours(bucket: S3Bucket, place: Path) -> int:
    """The functions behind extract, transform and load; the number of flashes."""
    folders = HourFolders(place, bucket.name, HOUR)
    extraction = fetch_hour(
        S3Store(bucket.name, endpoint_url=bucket.endpoint_url, region="us-east-1"), folders
    )
    with Decoder() as decoder:
        series = write_hour_series(extraction, ("flash",), decoder)
    paths = {table: file.path for table, file in series.files.items()}
    result = replace_hour(place / "ours.duckdb", HOUR, series.satellites, paths, now=datetime.now(UTC))
    return result.rows["flashes"]


def usual(bucket: S3Bucket, place: Path) -> int:
    """boto3, netCDF4, pandas and DuckDB, one after the other; the number of flashes."""
    client = boto3.client(
        "s3",
        endpoint_url=bucket.endpoint_url,
        region_name="us-east-1",
        config=Config(signature_version=UNSIGNED),
    )
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


def main() -> None:
    """Print one line a way and delay."""
    with S3Server.start() as server:
        bucket = server.new_bucket()
        for path in simulated_hour("G18"):
            bucket.put(hour_prefix(HOUR) + path.name, path.read_bytes())
        compare("as it is", bucket)
        with FaultyProxy(server.endpoint_url, Faults(latency_s=DELAY_S)) as proxy:
            compare(
                f"{1000 * DELAY_S:g} ms added to each request",
                replace(bucket, endpoint_url=proxy.endpoint_url),
            )


def compare(words: str, bucket: S3Bucket) -> None:
    """Both ways in turn, each from nothing; the median of the rounds."""
    ways: dict[str, Callable[[S3Bucket, Path], int]] = {"ours": ours, "usual way": usual}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    flashes = set()
    for _ in range(ROUNDS):
        for name, way in ways.items():
            with tempfile.TemporaryDirectory(prefix="lightning-eda-") as place:
                begin = time.perf_counter()
                flashes.add(way(bucket, Path(place)))
                seconds[name].append(time.perf_counter() - begin)
    if len(flashes) != 1:
        raise SystemExit(f"the two ways differ in the number of flashes: {flashes}")
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    print(f"180 granules, {flashes.pop()} flashes, {words}, median of {ROUNDS} rounds")
    for name, median in medians.items():
        print(f"  {name:10} {median:6.2f} s  {median / medians['ours']:5.1f} x ours")


if __name__ == "__main__":
    main()
