"""Lakes of tests: hours that are made up, what a lake holds, and processes that commit and can be killed."""

from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from lightning_eda.lake.commit import Committed, commit_hours
from lightning_eda.lake.hour import HourFiles, write_hour
from lightning_eda.lake.layout import HourKey
from lightning_eda.lake.location import Lake, open_lake
from lightning_eda.lake.snapshot import open_snapshot
from lightning_eda.series import TABLES
from lightning_eda_tests.support.processes import new_process
from lightning_eda_tests.warehouse.contents import stored
from lightning_eda_tests.warehouse.hours import NOW, Tables, after, hour_at, make_hour

HOUR = hour_at("2024-05-01T03:00")
KEY = HourKey(HOUR, "G18")
TIERS = ("flashes", "groups", "events")


def lake_at(text: str, endpoint_url: str | None = None) -> Lake:
    """The lake of a text."""
    return open_lake(text, endpoint_url, "us-east-1")


def an_hour(key: HourKey = KEY, seed: int = 0, granules: int = 6, flashes: int = 3) -> Tables:
    """Rows of an hour; another seed, other rows."""
    return make_hour(key.hour, seed=seed, satellite=key.satellite, granules=granules, flashes=flashes)


def load(lake: Lake, *hours: tuple[HourKey, Tables], now: datetime = NOW) -> Committed:
    """Writes hours and commits them, as `load` does."""
    return commit_hours(lake, [written(lake, key, tables, now) for key, tables in hours])


def copy_hours(database: Path, lake: Lake, now: datetime = NOW) -> None:
    """Loads the hours of a database file into a lake."""
    rows = {name: stored(database, name) for name in TABLES}
    begins = pc.floor_temporal(rows["granules"]["granule_start"], unit="hour").unique().to_pylist()
    for begin in sorted(begins):
        for satellite in rows["granules"]["satellite"].unique().to_pylist():
            key = HourKey(begin.replace(tzinfo=UTC), satellite)
            load(lake, (key, {name: _of_hour(name, table, key) for name, table in rows.items()}), now=now)


def _of_hour(name: str, rows: pa.Table, key: HourKey) -> pa.Table:
    start = key.hour.replace(tzinfo=None)
    of_hour = (
        (pc.field("satellite") == key.satellite)
        & (pc.field("granule_start") >= start)
        & (pc.field("granule_start") < start + timedelta(hours=1))
    )
    names = [column.name for column in TABLES[name].series_columns]
    return rows.filter(of_hour).select(names).sort_by([(one, "ascending") for one in TABLES[name].key])


def written(lake: Lake, key: HourKey, tables: Tables, now: datetime = NOW) -> HourFiles:
    """Writes the files of an hour, told what the lake holds of it."""
    snapshot = open_snapshot(lake, key.hour, after(key.hour, 1), [key.satellite])
    known = snapshot.hours.get(key) if snapshot else None
    return write_hour(lake, key, tables, known, now)


def hour_rows(lake: Lake, key: HourKey = KEY) -> Tables:
    """What a reader sees of an hour, without `loaded_at`; a table without rows is empty."""
    snapshot = open_snapshot(lake, key.hour, after(key.hour, 1), [key.satellite])
    assert snapshot is not None
    rows = {
        name: pa.concat_tables([TABLES[name].arrow_schema().empty_table(), *snapshot.rows(name)])
        for name in TABLES
    }
    return {**rows, "granules": rows["granules"].drop_columns(["loaded_at"])}


def same(found: Tables, expected: Tables) -> bool:
    """Whether all four tables have the same rows in the same order, in every column."""
    return all(
        found[name].num_rows == expected[name].num_rows
        and found[name].equals(expected[name].cast(found[name].schema))
        for name in TABLES
    )


def is_either(found: Tables, *versions: Tables) -> int:
    """Which of some versions the rows are, whole; fails when they are none of them."""
    matches = [number for number, version in enumerate(versions) if same(found, version)]
    assert len(matches) == 1, {name: table.num_rows for name, table in found.items()}
    return matches[0]


def foreign_rows(lake: Lake, table: str, key: HourKey = KEY) -> pa.Table:
    """The rows of an hour as any program reads the Delta table at its latest version."""
    delta = lake.open(table)
    assert delta is not None
    start = key.hour.astimezone(UTC).replace(tzinfo=None)
    wanted = (
        (ds.field("satellite") == key.satellite)
        & (ds.field("granule_start") >= start)
        & (ds.field("granule_start") < start + timedelta(hours=1))
    )
    return delta.to_pyarrow_dataset().to_table(filter=wanted)


def committer(text: str, endpoint_url: str | None, hours: list[tuple[HourKey, int]]) -> BaseProcess:
    """A process that loads hours one after the other, made from seeds; started."""
    process = new_process(_load_seeds, text, endpoint_url, hours)
    process.start()
    return process


def _load_seeds(text: str, endpoint_url: str | None, hours: list[tuple[HourKey, int]]) -> None:
    lake = lake_at(text, endpoint_url)
    for key, seed in hours:
        load(lake, (key, an_hour(key, seed)))
