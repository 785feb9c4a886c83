"""Steps of `flash_pairs`: the flashes of a day, their pairs, the object and the note on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from lightning_eda.errors import SettingError
from lightning_eda.glm.paths import WindowFolders
from lightning_eda.reporting import DROP_ARTIFACTS, SATELLITES, RunConfig, granules_told
from lightning_eda.series import FLASHES, GRANULES, GROUPS

if TYPE_CHECKING:
    import pyarrow as pa

    from lightning_eda.clustering.storms.neighbours import NearPairs, PairCounts
    from lightning_eda.clustering.storms.pairs_note import PairsNote
    from lightning_eda.settings import DistanceSettings
    from lightning_eda.storage.object_store import ObjectStore
    from lightning_eda.warehouse.cleaning.rows import CleanRows
    from lightning_eda.warehouse.queries import Database

TABLES_ASKED = (GRANULES.name, FLASHES.name, GROUPS.name)
NO_FLASHES = "no flashes are loaded for this day"
NOT_LOADED = f"{NO_FLASHES}: are its hours loaded?"


class FlashPairsConfig(RunConfig):
    """How near is near."""

    max_km: float = Field(
        15.0,
        ge=0,
        le=500,
        description="Largest great-circle distance of a pair, km; eps_km of storm_cells can be as large.",
    )
    max_minutes: float = Field(
        10.0, ge=0, le=1440, description="Largest difference of time of a pair, minutes."
    )
    satellites: list[str] = SATELLITES
    drop_artifacts: bool = DROP_ARTIFACTS
    most_pairs: int = Field(
        100_000_000,
        ge=1,
        description="The run stops at more pairs: 100 million take 1 GB of disk, 6 GB of memory to cluster.",
    )


@dataclass(frozen=True)
class FoundPairs:
    """What became of a day.

    Attributes:
        note: What is noted of the pairs.
        clean: The flashes, and the account of their cleaning.
        granules: How much of the day was loaded, in words.
        size: Bytes of the object.
    """

    note: "PairsNote"
    clean: "CleanRows"
    granules: str
    size: int


def day_window(data_folder: Path, day: date) -> WindowFolders:
    """The folders of a day's 24 hours."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return WindowFolders(data_folder, start, start + timedelta(days=1))


def note_path(place: WindowFolders) -> Path:
    """Where the note on a day's pairs lies."""
    return place.rows.with_name("flash_pairs.json")


def find_pairs(
    database: "Database",
    store: "ObjectStore",
    settings: "DistanceSettings",
    place: WindowFolders,
    config: FlashPairsConfig,
) -> FoundPairs:
    """Finds the pairs of a day and replaces them in the store by one PUT; for one run at a time.

    Raises:
        SettingError: A setting is not allowed, a satellite is not loaded though others are, or there are
            more pairs than `most_pairs`.
        WarehouseError: The database cannot be read.
        StorageError: The store cannot be written; the pairs that were there are unchanged.
    """
    from lightning_eda.cluster_days import require_apart
    from lightning_eda.clustering.storms.pairs_note import PairsNote, write_note
    from lightning_eda.distances.files.pairs import PAIRS_NAME
    from lightning_eda.distances.folders import input_prefix
    from lightning_eda.storage.scratch import scratch_folder
    from lightning_eda.warehouse.queries import reading
    from lightning_eda.warehouse.stale_days import day_state

    require_apart(settings)
    with reading(database) as opened:
        state = day_state(opened, place.start.date())
        satellites, granules, _ = satellites_of_day(opened, place, config.satellites)
        clean = day_flashes(opened, place, satellites, config.drop_artifacts)
    with scratch_folder(place.data_dir / "scratch") as scratch:
        counts = write_day_pairs(scratch / PAIRS_NAME, clean.rows, config)
        key = input_prefix(settings.flash_pairs_folder, place.start.date()) + PAIRS_NAME
        written = store.put_object(key, scratch / PAIRS_NAME)
    note = PairsNote(
        key=written.key,
        etag=written.etag,
        max_km=config.max_km,
        max_minutes=config.max_minutes,
        satellites=sorted(satellites),
        drop_artifacts=config.drop_artifacts,
        flashes=clean.kept,
        pairs=counts.pairs,
        isolated=counts.isolated,
        most_neighbours=counts.most_neighbours,
        granules=state.granules,
        last_loaded_at=state.last_loaded_at.isoformat() if state.last_loaded_at else None,
    )
    write_note(note_path(place), note)
    return FoundPairs(note, clean, granules, written.size)


def day_flashes(
    database: "Database", place: WindowFolders, satellites: list[str], drop_artifacts: bool
) -> "CleanRows":
    """The flashes of a day by satellite and time.

    Raises:
        WarehouseError: The database cannot be read.
    """
    from dataclasses import replace

    from lightning_eda.warehouse.cleaning.rows import Cleaning, clean_rows

    cleaning = Cleaning(satellites=satellites or None, drop_artifacts=drop_artifacts)
    clean = clean_rows(database, place.start, place.end, cleaning)
    order = ("satellite", "time", "granule_start", "flash_id")
    return replace(clean, rows=clean.rows.sort_by([(name, "ascending") for name in order]))


def write_day_pairs(path: Path, flashes: "pa.Table", config: FlashPairsConfig) -> "PairCounts":
    """Writes the pairs as they are found, whole or not at all, and says how many there were.

    Raises:
        SettingError: There are more than `most_pairs`.
    """
    from lightning_eda.clustering.storms.cells import flash_items
    from lightning_eda.clustering.storms.neighbours import PairCounts, near_pairs_in_groups
    from lightning_eda.distances.files.pairs import write_pairs
    from lightning_eda.storage.atomic import open_atomic

    counts = PairCounts(flashes.num_rows)
    columns = (
        flashes["satellite"].to_numpy(zero_copy_only=False),
        flashes["lat"].to_numpy(),
        flashes["lon"].to_numpy(),
        flashes["time"].cast("int64").to_numpy(),
    )

    def limited() -> Iterator["NearPairs"]:
        for batch in near_pairs_in_groups(*columns, config.max_km, config.max_minutes):
            counts.add(batch)
            if counts.pairs > config.most_pairs:
                raise SettingError(
                    "max_km",
                    config.max_km,
                    f"limits that leave at most {config.most_pairs:,} pairs (most_pairs)",
                    "Choose a smaller max_km or max_minutes, or raise most_pairs. Nothing was written.",
                )
            yield batch

    with open_atomic(path) as file:
        write_pairs(file, flash_items(flashes), limited())
    return counts


def satellites_of_day(
    database: "Database", place: WindowFolders, asked: list[str]
) -> tuple[list[str], str, bool]:
    """The satellites to take, [] for all; how much of the day the ledger holds of them, in words; if any.

    Raises:
        SettingError: A satellite that was asked for is not loaded though others are.
        WarehouseError: The database cannot be read.
    """
    from lightning_eda.warehouse.queries import hour_counts
    from lightning_eda.warehouse.satellites import chosen_satellites

    chosen = chosen_satellites(asked, hour_counts(database, place.start, place.end))
    counts = hour_counts(database, place.start, place.end, chosen or None)
    return chosen, granules_told(counts, 24), any(counts["granules"].to_pylist())
