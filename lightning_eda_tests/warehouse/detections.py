"""Hand-made rows put straight into a database: only what a test is about has to be said."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from lightning_eda.series import TABLES
from lightning_eda.warehouse.database.connection import writer
from lightning_eda.warehouse.schema.sql import column_list, quoted

START = datetime(2024, 7, 1, 20)
GRANULE = timedelta(seconds=20)
SUBPOINT_LON = -137.0
LATER = timedelta(milliseconds=300)
USUAL = {
    "granules": {"object_key": "key", "status": "ok", "subpoint_lon": SUBPOINT_LON, "loaded_at": START},
    "flashes": {
        "flash_lat": 10.0, "flash_lon": -130.0, "flash_area": 3e8, "flash_energy": 1e-13,
        "flash_quality_flag": 0,
    },
    "groups": {
        "group_lat": 10.0, "group_lon": -130.0, "group_area": 1e8, "group_energy": 1e-14,
        "group_quality_flag": 0, "flash_id": 1,
    },
    "events": {
        "event_lat": 10.0, "event_lon": -130.0, "event_energy": 1e-15, "group_id": 1, "flash_id": 1,
    },
}  # fmt: skip
TIMES = {
    "granules": (),
    "flashes": ("flash_time_of_first_event", "flash_time_of_last_event"),
    "groups": ("group_time",),
    "events": ("event_time",),
}


@cache
def empty_database() -> bytes:
    """The file of a database without rows: making its tables takes as long as storing the rows of a test."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.duckdb"
        with writer(path):
            pass
        return path.read_bytes()


def store(database: Path, **tables: Iterable[dict]) -> Path:
    """Adds rows to the tables; what a row leaves out is usual, its id its number, its time its own.

    Where no granules are given, each granule of the rows gets its line in the ledger.
    """
    made = {
        name: [_row(name, number, row) for number, row in enumerate(rows)] for name, rows in tables.items()
    }
    if "granules" not in made:
        keys = {(row["satellite"], row["granule_start"]) for rows in made.values() for row in rows}
        named = [{"satellite": satellite, "granule_start": start} for satellite, start in sorted(keys)]
        made["granules"] = [_row("granules", 0, row) for row in named]
    database.parent.mkdir(parents=True, exist_ok=True)
    if not database.exists():
        database.write_bytes(empty_database())
    with writer(database) as connection:
        for name, rows in made.items():
            table = TABLES[name]
            fields = [(column.name, column.arrow_type) for column in table.columns]
            connection.register("made", pa.Table.from_pylist(rows, pa.schema(fields)))
            connection.execute(f"INSERT INTO {quoted(name)} SELECT {column_list(table.columns)} FROM made")
            connection.unregister("made")
    return database


def _row(name: str, number: int, given: dict) -> dict:
    row = {"satellite": "G18", "granule_start": START, **USUAL[name]}
    if name != "granules":
        row[TABLES[name].key[-1]] = number
    row |= given
    for place, column in enumerate(TIMES[name]):
        row.setdefault(column, row["granule_start"] + timedelta(milliseconds=number) + place * LATER)
    return row
