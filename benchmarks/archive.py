"""Cell sums of a long window, piece by piece against one query over all rows: seconds and peak memory.

Each in a process of its own, over one DuckDB file of simulated flashes: 172,600 a day in storms all over the
field of a satellite, a year of them 63 million. The sums must be the same, bit for bit, for pieces of any
length. The exit code is 1 when a bar is missed.

    python -m benchmarks.archive                          9 days, a minute
    python -m benchmarks.archive --days 365 --alone       a year, 5 to 15 minutes; its file takes 2.4 GB
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks.clustering import bar, missed
from benchmarks.support.memory import peak_gb
from lightning_eda.series import HOUR, TABLES
from lightning_eda.warehouse.cleaning.cell_sums import sum_window
from lightning_eda.warehouse.cleaning.options import Cleaning
from lightning_eda.warehouse.cleaning.piece_sums import STEPS, SumOptions, cells_of, whole_sums
from lightning_eda.warehouse.cleaning.pieces import PIECE_ROWS, cut_window
from lightning_eda.warehouse.cleaning.rows import account_of
from lightning_eda.warehouse.cleaning.rules import judge
from lightning_eda.warehouse.cleaning.window_sums import MOST_CELLS
from lightning_eda.warehouse.database.connection import writer
from lightning_eda.warehouse.queries import reading
from lightning_eda.warehouse.schema.sql import column_list, quoted
from lightning_eda.warehouse.span import select_span

START = datetime(2024, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DAY_FLASHES = 172_603
DAY_GRANULES = 4320
DAY_STORMS = 300
STORM_DEG = 0.3
FIELD_DEG = 58.0
SUBPOINT_LON = -75.2
BAR_GB = 1.0
CELL_KM = 4.0
WHOLE = SumOptions(Cleaning(), CELL_KM)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--days", type=int, default=9)
    parser.add_argument("--keep", type=Path, help="the DuckDB file; made when it is not there, and kept")
    parser.add_argument("--alone", action="store_true", help="without the query over all rows")
    parser.add_argument("--child", choices=["rows", "pieces", "fine"], help=argparse.SUPPRESS)
    parser.add_argument("--piece-rows", type=int, default=PIECE_ROWS, help="rows of a piece")
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measured(options.child, options.keep, options.days, options.piece_rows)))
        return 0
    with tempfile.TemporaryDirectory(prefix="lightning-eda-") as folder:
        database = options.keep or Path(folder) / "lightning.duckdb"
        if not database.exists():
            simulate(database, options.days)
        size = database.stat().st_size / 1e9
        print(f"{options.days} days, {options.days * DAY_FLASHES:,} flashes, a file of {size:.2f} GB")
        pieces = child("pieces", database, options.days, options.piece_rows)
        shown("piece by piece", pieces)
        bar("peak memory, GB", pieces["gb"], at_most=BAR_GB)
        if options.alone:
            return 1 if missed else 0
        smaller = child("pieces", database, options.days, options.piece_rows // 7)
        shown("smaller pieces", smaller)
        bar("cuts that give the same bits", float(pieces["digest"] == smaller["digest"]), at_least=1)
        rows = child("rows", database, options.days, 0)
        shown("one query over all rows", rows)
        fine = child("fine", database, options.days, options.piece_rows)
        shown("pieces, all cells", fine)
        bar("the same bits as that query", float(fine["digest"] == rows["digest"]), at_least=1)
        print(
            f"memory {rows['gb'] / pieces['gb']:.1f} times less, time {pieces['cpu'] / rows['cpu']:.2f} times"
        )
    return 1 if missed else 0


def simulate(database: Path, days: int) -> None:
    """Flashes in the order of their granules, and their ledger."""
    for number in range(days):
        with writer(database) as connection:
            for name, rows in (("granules", granules(number)), ("flashes", flashes(number))):
                columns = column_list(
                    tuple(one for one in TABLES[name].columns if one.name in rows.column_names)
                )
                connection.register("made", rows)
                connection.execute(f"INSERT INTO {quoted(name)} ({columns}) SELECT {columns} FROM made")
                connection.unregister("made")


def granules(number: int) -> pa.Table:
    """The ledger of a day."""
    start = np.datetime64((START + number * DAY).replace(tzinfo=None), "us")
    times = start + np.arange(DAY_GRANULES) * np.timedelta64(20_000_000, "us")
    same = {"satellite": "G16", "object_key": "simulated", "status": "ok", "subpoint_lon": SUBPOINT_LON}
    known = {"n_flashes": np.bincount(granule_of_flash(), minlength=DAY_GRANULES)}
    schema = {column.name: column.arrow_type for column in TABLES["granules"].columns}
    columns = {"granule_start": times, "loaded_at": times, **known}
    columns |= {name: [value] * DAY_GRANULES for name, value in same.items()}
    return pa.table({name: pa.array(values, schema[name]) for name, values in columns.items()})


def flashes(number: int) -> pa.Table:
    """The flashes of a day, in storms that are anywhere in the field."""
    random = np.random.default_rng(number)
    angle, around = FIELD_DEG * np.sqrt(random.random(DAY_STORMS)), random.uniform(0, 2 * np.pi, DAY_STORMS)
    lon, lat = SUBPOINT_LON + angle * np.cos(around), angle * np.sin(around)
    storm = random.choice(DAY_STORMS, DAY_FLASHES, p=random.dirichlet(np.full(DAY_STORMS, 0.5)))
    granule = granule_of_flash()
    start = np.datetime64((START + number * DAY).replace(tzinfo=None), "us")
    granule_start = start + granule * np.timedelta64(20_000_000, "us")
    first = granule_start + random.integers(-800_000, 19_500_000, DAY_FLASHES).astype("timedelta64[us]")
    columns = {
        "satellite": ["G16"] * DAY_FLASHES,
        "granule_start": granule_start,
        "flash_id": np.arange(DAY_FLASHES) % 65536,
        "flash_time_of_first_event": first,
        "flash_time_of_last_event": first + np.timedelta64(300_000, "us"),
        "flash_lat": lat[storm] + random.normal(0, STORM_DEG, DAY_FLASHES),
        "flash_lon": lon[storm] + random.normal(0, STORM_DEG, DAY_FLASHES),
        "flash_area": random.uniform(1e8, 1e9, DAY_FLASHES),
        "flash_energy": random.lognormal(-31, 1, DAY_FLASHES),
        "flash_quality_flag": np.zeros(DAY_FLASHES),
    }
    schema = {column.name: column.arrow_type for column in TABLES["flashes"].columns}
    return pa.table({name: pa.array(values).cast(schema[name]) for name, values in columns.items()})


def granule_of_flash() -> np.ndarray:
    return np.arange(DAY_FLASHES) * DAY_GRANULES // DAY_FLASHES


def child(task: str, database: Path, days: int, piece_rows: int) -> dict:
    command = [sys.executable, "-m", "benchmarks.archive", "--child", task, "--keep", str(database)]
    command += ["--days", str(days), "--piece-rows", str(piece_rows)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def measured(task: str, database: Path, days: int, piece_rows: int) -> dict:
    """Runs in a process of its own."""
    begin = time.perf_counter()
    end = START + days * DAY
    with reading(database) as connection:
        if task == "rows":
            facts = by_one_query(connection, end)
        else:
            hours = {START + number * HOUR: DAY_FLASHES // 24 for number in range(24 * days)}
            pieces = cut_window(START, end, hours, piece_rows)
            most = MOST_CELLS if task == "pieces" else sys.maxsize
            made = sum_window(lambda *_: nullcontext(connection), pieces, WHOLE, most)
            facts = {"cells": len(made.count), "cell_km": made.size, "pieces": len(pieces)}
            sums = [made.key.astype(float), made.count, made.mean, made.sum_squares]
            facts["digest"] = digest(sums)
    cpu = sum(os.times()[:2])
    return {**facts, "seconds": time.perf_counter() - begin, "cpu": cpu, "gb": peak_gb()}


def by_one_query(connection: duckdb.DuckDBPyConnection, end: datetime) -> dict:
    """As it was before: every step over all rows."""
    select_span(connection, START, end)
    judge(connection, WHOLE.cleaning)
    account_of(connection, WHOLE.cleaning)
    kept = "(SELECT * FROM temp.judged ANTI JOIN temp.repeats USING (place) WHERE reason IS NULL)"
    connection.register("halves", cells_of(connection, kept, WHOLE))
    cells = connection.sql(f"SELECT {whole_sums(WHOLE)} FROM halves ORDER BY key_x, key_y, key_z")
    as_float = {name: column.astype(float) for name, column in cells.fetchnumpy().items()}
    key = np.column_stack([as_float[f"key_{axis}"] for axis in "xyz"])
    steps = np.column_stack([as_float[f"sum_{axis}"] for axis in "xyz"]) / STEPS
    count = as_float["count"]
    mean = steps / count[:, np.newaxis]
    squares = np.maximum(as_float["squares"] / STEPS - (steps * mean).sum(axis=1), 0.0)
    squares[count == 1] = 0.0
    sums = [key, count, (key + mean) * CELL_KM, squares * CELL_KM**2]
    return {"cells": len(count), "cell_km": CELL_KM, "pieces": 1, "digest": digest(sums)}


def digest(arrays: list[np.ndarray]) -> str:
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def shown(name: str, facts: dict) -> None:
    cells = f"{facts['pieces']:5d} pieces, {facts['cells']:,} cells of {facts['cell_km']:g} km"
    took = f"{facts['seconds']:7.1f} s, {facts['cpu']:7.1f} s of processor time"
    print(f"{name:24} {took}, {facts['gb']:5.2f} GB   {cells}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
