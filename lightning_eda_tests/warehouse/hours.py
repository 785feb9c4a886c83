"""Hours of made-up detections and their series CSVs, in the form the transform step writes them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from lightning_eda.series import EVENTS, FLASHES, GRANULES, GROUPS, TABLES, Table

NOW = datetime(2024, 7, 1, 12, tzinfo=UTC)
SECONDS_PER_GRANULE = 20
Tables = dict[str, pa.Table]


def make_hour(
    hour: datetime,
    satellite: str = "G18",
    seed: int = 0,
    granules: int = 6,
    flashes: int = 5,
    groups_per_flash: int = 3,
    events_per_group: int = 2,
) -> Tables:
    """All four tables of an hour whose ids, parents and counts agree; the same seed gives the same rows.

    Args:
        hour: Start of the hour, aware UTC.
        satellite: The satellite of every row.
        seed: Of the random values.
        granules: How many granules, from the start of the hour.
        flashes: Flashes in each granule.
        groups_per_flash: Groups of each flash.
        events_per_group: Events of each group.
    """
    random = np.random.default_rng(seed)
    starts = np.datetime64(hour.replace(tzinfo=None), "us") + np.arange(granules) * np.timedelta64(
        20_000_000, "us"
    )
    counts = {
        "flashes": flashes,
        "groups": flashes * groups_per_flash,
        "events": flashes * groups_per_flash * events_per_group,
    }
    return {
        "granules": _granules(starts, satellite, counts),
        "flashes": _flashes(random, starts, satellite, flashes, groups_per_flash, events_per_group),
        "groups": _groups(random, starts, satellite, flashes, groups_per_flash, events_per_group),
        "events": _events(random, starts, satellite, flashes, groups_per_flash, events_per_group),
    }


def table_of(table: Table, values: Mapping[str, object]) -> pa.Table:
    """The columns of a series from arrays or lists, in the table's order and types; the others NULL."""
    n = max(len(column) for column in values.values())  # type: ignore[arg-type]
    return pa.table(
        [
            pa.array(values[column.name], column.arrow_type)
            if column.name in values
            else pa.nulls(n, column.arrow_type)
            for column in table.series_columns
        ],
        names=[column.name for column in table.series_columns],
    )


def write_series(folder: Path, tables: Mapping[str, pa.Table]) -> dict[str, Path]:
    """Writes each table as `<name>.csv`: one heading, ISO times with Z, shortest doubles, NULL as nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    series = {}
    for name, rows in tables.items():
        series[name] = folder / f"{name}.csv"
        columns = [
            pc.binary_join_element_wise(pc.strftime(column, "%Y-%m-%dT%H:%M:%S"), "Z", "")
            if pa.types.is_timestamp(column.type)
            else column
            for column in rows.columns
        ]
        arrow_csv.write_csv(pa.table(columns, names=rows.column_names), series[name])
    return series


def empty_hour() -> Tables:
    """An hour without granules: four tables with no rows."""
    return {name: table_of(table, {"satellite": []}) for name, table in TABLES.items()}


def hour_at(text: str) -> datetime:
    """The UTC time of an ISO text such as "2022-12-31T05:00"."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def after(hour: datetime, hours: int) -> datetime:
    """So many hours later."""
    return hour + timedelta(hours=hours)


def _granules(starts: np.ndarray, satellite: str, counts: dict[str, int]) -> pa.Table:
    n = len(starts)
    seconds = np.timedelta64(SECONDS_PER_GRANULE, "s")
    return table_of(
        GRANULES,
        {
            "satellite": [satellite] * n,
            "granule_start": starts,
            "granule_end": starts + seconds,
            "granule_created": starts + seconds + np.timedelta64(1_600_000, "us"),
            "object_key": [f"GLM-L2-LCFA/{start}.nc" for start in starts],
            "size_bytes": np.full(n, 330_000),
            "etag": [f"{index:032x}" for index in range(n)],
            "orbital_slot": ["GOES-West"] * n,
            "subpoint_lon": np.full(n, -137.0),
            "time_basis": ["source"] * n,
            "era": ["current"] * n,
            "status": ["ok"] * n,
        }
        | {f"n_{name}": np.full(n, count, "int32") for name, count in counts.items()}
        | {f"{tier}_count": np.full(n, counts[name], "int32") for tier, name in _TIER_OF.items()}
        | {name: np.zeros(n, "int32") for name in ("orphan_groups", "orphan_events", "childless_groups")},
    )


_TIER_OF = {"flash": "flashes", "group": "groups", "event": "events"}


def _common(
    random: np.random.Generator, starts: np.ndarray, satellite: str, prefix: str, per_granule: int
) -> dict:
    """The columns all tiers share, for `per_granule` rows in each granule."""
    n = len(starts) * per_granule
    return {
        "satellite": pa.DictionaryArray.from_arrays(np.zeros(n, "int32"), [satellite]).cast(pa.string()),
        "granule_start": np.repeat(starts, per_granule),
        f"{prefix}_lat": random.uniform(-57.0, 57.0, n),
        f"{prefix}_lon": random.uniform(-180.0, 180.0, n),
        f"{prefix}_energy": random.lognormal(1.3, 0.9, n) * 1e-15,
    }


def _times(random: np.random.Generator, granule_start: np.ndarray) -> np.ndarray:
    return granule_start + random.integers(0, 19_000_000, len(granule_start)).astype("timedelta64[us]")


def _flashes(
    random: np.random.Generator, starts: np.ndarray, satellite: str, flashes: int, groups: int, events: int
) -> pa.Table:
    columns = _common(random, starts, satellite, "flash", flashes)
    first = _times(random, columns["granule_start"])
    n = len(first)
    return table_of(
        FLASHES,
        columns
        | {
            "flash_id": np.arange(n, dtype="uint64") % 65_536,
            "flash_time_of_first_event": first,
            "flash_time_of_last_event": first + np.timedelta64(300_000, "us"),
            "flash_frame_time_of_first_event": first + np.timedelta64(121_000, "us"),
            "flash_frame_time_of_last_event": first + np.timedelta64(421_000, "us"),
            "flash_area": pa.array(random.uniform(6e7, 1e9, n), mask=random.uniform(size=n) < 0.01),
            "flash_quality_flag": np.zeros(n, "uint8"),
            "n_groups": np.full(n, groups, "int32"),
            "n_events": np.full(n, groups * events, "int32"),
        },
    )


def _groups(
    random: np.random.Generator, starts: np.ndarray, satellite: str, flashes: int, groups: int, events: int
) -> pa.Table:
    columns = _common(random, starts, satellite, "group", flashes * groups)
    times = _times(random, columns["granule_start"])
    n = len(times)
    return table_of(
        GROUPS,
        columns
        | {
            "group_id": np.arange(n, dtype="uint64") + 1_000_000,
            "flash_id": np.repeat(np.arange(len(starts) * flashes, dtype="uint64") % 65_536, groups),
            "group_time": times,
            "group_frame_time": times + np.timedelta64(121_000, "us"),
            "group_area": random.uniform(6e7, 1e9, n),
            "group_quality_flag": np.zeros(n, "uint8"),
            "n_events": np.full(n, events, "int32"),
        },
    )


def _events(
    random: np.random.Generator, starts: np.ndarray, satellite: str, flashes: int, groups: int, events: int
) -> pa.Table:
    columns = _common(random, starts, satellite, "event", flashes * groups * events)
    n = len(columns["granule_start"])
    n_groups = len(starts) * flashes * groups
    return table_of(
        EVENTS,
        columns
        | {
            "event_id": np.arange(n, dtype="uint64") + 4_000_000_000,
            "group_id": np.repeat(np.arange(n_groups, dtype="uint64") + 1_000_000, events),
            "flash_id": np.repeat(np.arange(len(starts) * flashes, dtype="uint64") % 65_536, groups * events),
            "event_time": _times(random, columns["granule_start"]),
        },
    )
