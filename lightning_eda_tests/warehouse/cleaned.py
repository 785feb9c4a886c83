"""The hour of `detections`, cleaned, for tests of the rules."""

from datetime import UTC, timedelta
from pathlib import Path

from lightning_eda.warehouse.cleaning.rows import REASONS, Cleaning, CleanRows, clean_rows, count_rows
from lightning_eda.warehouse.database.connection import reader
from lightning_eda_tests.warehouse.detections import START

HOUR = START.replace(tzinfo=UTC)
END = HOUR + timedelta(hours=1)
ALL_COLUMNS = [
    "satellite", "granule_start", "id", "flash_id", "time", "lat", "lon", "energy_j", "area_m2",
    "duration_s", "quality_flag",
]  # fmt: skip


def clean(database: Path, **options) -> CleanRows:
    """The hour cleaned; what holds for every result is asserted here."""
    with reader(database) as connection:
        found = clean_rows(connection, HOUR, END, Cleaning(**options))
        counted = count_rows(connection, HOUR, END, options.get("tier", "flash"), options.get("satellites"))
    assert found.read == found.kept + sum(found.dropped.values())
    assert found.kept == found.rows.num_rows
    assert found.read == counted
    assert tuple(found.dropped) == REASONS
    assert found.rows.column_names == ALL_COLUMNS
    return found


def dropped(found: CleanRows) -> dict[str, int]:
    """The reasons that dropped something."""
    return {reason: count for reason, count in found.dropped.items() if count}


def ids(found: CleanRows) -> list[int]:
    return found.rows["id"].to_pylist()


def stuck_groups(number: int, gap_ms: float, flash_id: int = 1, positions: int = 1) -> list[dict]:
    """Groups of one flash that stand at a few positions, evenly in time."""
    return [
        {
            "group_id": 1000 * flash_id + index,
            "flash_id": flash_id,
            "group_area": 1e8 + flash_id,
            "group_lat": 10.0 + index % positions,
            "group_time": START + timedelta(milliseconds=index * gap_ms),
        }
        for index in range(number)
    ]
