"""Steps of `preprocessor`: its config in the units people use, and rows or cells by their number."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic import Field

from lightning_eda.glm.windows import Window
from lightning_eda.reporting import DROP_ARTIFACTS, SATELLITES, RunConfig
from lightning_eda.series import GRANULES, TABLE_NAMES

if TYPE_CHECKING:
    import pyarrow as pa

    from lightning_eda.clustering.window.clean_file import CleanWindow
    from lightning_eda.clustering.window.features import PointSpec
    from lightning_eda.fleet.hours import Hours
    from lightning_eda.warehouse.cleaning.rows import Cleaning

BYTES_PER_ROW = 250  # measured: 0.39 GB of memory for 1.55 million more rows
KM_PER_DEGREE = 111.2  # of a great circle


class PreprocessorConfig(RunConfig):
    """What is clustered, and what is left out."""

    tier: str = Field(
        "flash", description="What to cluster: flash, group or event; it must have been loaded."
    )
    satellites: list[str] = SATELLITES
    west: float | None = Field(
        None,
        description="Western edge of the box to keep, degrees east; west > east crosses the antimeridian.",
    )
    south: float | None = Field(None, description="Southern edge of the box to keep, degrees north.")
    east: float | None = Field(None, description="Eastern edge of the box to keep, degrees east.")
    north: float | None = Field(None, description="Northern edge of the box to keep, degrees north.")
    quality_flags: list[int] = Field([], description="Quality flags to keep, for example 0; empty keeps all.")
    min_area_km2: float | None = Field(None, description="Smallest footprint to keep, km².")
    max_area_km2: float | None = Field(None, description="Largest footprint to keep, km².")
    min_energy_fj: float | None = Field(None, description="Weakest radiant energy to keep, femtojoule.")
    max_energy_fj: float | None = Field(None, description="Strongest radiant energy to keep, femtojoule.")
    drop_artifacts: bool = DROP_ARTIFACTS
    geometry: str = Field(
        "sphere", description="Space to cluster in: sphere (distances in km) or lonlat (plain degrees)."
    )
    features: list[str] = Field(
        [], description="Dimensions to cluster by besides the place: time, energy, area."
    )
    normalisation: str = Field(
        "zscore", description="How the features are made comparable: none, zscore or minmax."
    )
    feature_scale: float = Field(
        500.0,
        description="What one unit of a feature counts after its normalisation: km, or degrees with lonlat.",
    )
    row_limit: int = Field(
        2_000_000,
        ge=1,
        description="With more rows than this, and no features, sums per cell of cell_km are clustered.",
    )
    cell_km: float = Field(
        4.0,
        gt=0,
        description="Edge in km of the cells clustered above row_limit; with lonlat a 111th of it, degrees.",
    )
    cell_limit: int = Field(
        500_000,
        ge=64,
        description="With more occupied cells than this, their edge is doubled until they are fewer.",
    )
    sample_rows: int = Field(
        200_000, ge=1, description="Rows kept for the map when there are more than row_limit."
    )


def tables_asked(tier: str, drop_artifacts: bool) -> tuple[str, ...]:
    """The tables that cleaning asks; groups tell the flashes of a stuck pixel."""
    tiers = [tier, *(["group"] if drop_artifacts else [])]
    return (GRANULES.name, *dict.fromkeys(TABLE_NAMES[name] for name in tiers if name in TABLE_NAMES))


def clean_window(
    hours: "Hours",
    window: Window,
    config: PreprocessorConfig,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple["CleanWindow", tuple[str, ...]]:
    """The cleaned rows of a window, or its cells and a sample of rows, and what to tell of the cleaning.

    All is read of one state of the database.

    Args:
        hours: Where the rows are.
        window: The hours.
        config: What is clustered.
        progress: Told of each piece of a long window: done, and in all.

    Raises:
        LightningEdaError: An option is not allowed, or the database cannot be read.
        WindowChangedError: As of `Hours.sums` of a file that is let go.
    """
    from lightning_eda.clustering.graph.absent_pairs import physical_memory
    from lightning_eda.clustering.window.clean_file import CleanWindow
    from lightning_eda.warehouse.cleaning.rows import clean_rows
    from lightning_eda.warehouse.satellites import chosen_satellites

    loaded = hours.counts()
    config = config.model_copy(update={"satellites": chosen_satellites(config.satellites, loaded)})
    cleaning, spec = _cleaning(config), _spec(config)
    count = hours.tier_rows(config.tier, cleaning.satellites)
    if count > config.row_limit and not spec.features:
        clean, notes = _clean_cells(hours, loaded, window, config, progress)
    else:
        refuse_too_many(count, config, physical_memory())
        with hours.rows(window.start, window.end, tables_asked(config.tier, config.drop_artifacts)) as rows:
            found = clean_rows(rows, window.start, window.end, cleaning)
        clean = CleanWindow(found.rows, config.tier, spec, found.read, found.dropped)
        notes = found.notes
    clean = replace(clean, chosen=tuple(config.satellites))
    return clean, (*notes, *_missing_note(loaded.to_pylist(), config, clean.read))


def refuse_too_many(count: int, config: PreprocessorConfig, memory_bytes: int | None) -> None:
    """SettingError when so many rows, taken one by one, are beyond all memory of this machine.

    How many a box or a limit leaves of them is not known beforehand: then nothing is refused.
    """
    from lightning_eda.errors import SettingError

    needed = count * BYTES_PER_ROW
    cleaning = _cleaning(config)
    chosen = (cleaning.bbox, cleaning.quality_flags, cleaning.min_area_m2, cleaning.max_area_m2,
              cleaning.min_energy_j, cleaning.max_energy_j)  # fmt: skip
    if memory_bytes is None or needed <= memory_bytes or chosen != (None,) * len(chosen):
        return
    sizes = (
        f"{count:,} rows take some {needed / 1e9:.1f} GB, and this machine has {memory_bytes / 1e9:.1f} GB"
    )
    if config.features:
        hint = f"{sizes}: take fewer hours, or a box; without features cells are clustered."
        raise SettingError("features", config.features, "none in so long a window", hint)
    hint = f"{sizes}: above row_limit cells are clustered."
    raise SettingError("row_limit", config.row_limit, f"less than {count}", hint)


def _missing_note(
    loaded: Sequence[Mapping[str, Any]], config: PreprocessorConfig, read: int
) -> tuple[str, ...]:
    """What to say when the ledger knows of more rows than were loaded, or of no granule at all.

    Raises:
        SettingError: None of the rows that the ledger knows of is loaded.
    """
    from lightning_eda.errors import SettingError

    if not loaded:
        return ("nothing of this window is loaded: materialise load for it first",)
    ours = [row for row in loaded if not config.satellites or row["satellite"] in config.satellites]
    known = sum(row[f"n_{TABLE_NAMES[config.tier]}"] for row in ours)
    if known and not read:
        raise SettingError(
            "tier", config.tier, "a tier that is loaded", "Load the window with it in GLM_TIERS first."
        )
    if read < known:
        return (f"{known - read:,} of {known:,} rows of the tier {config.tier} are not loaded",)
    return ()


def _clean_cells(
    hours: "Hours",
    loaded: "pa.Table",
    window: Window,
    config: PreprocessorConfig,
    progress: Callable[[int, int], None],
) -> tuple["CleanWindow", tuple[str, ...]]:
    """Sums per cell of the whole window, and a sample of its rows for the map."""
    from lightning_eda.clustering.kmeans.cells import CellSums
    from lightning_eda.clustering.window.clean_file import CleanWindow
    from lightning_eda.warehouse.cleaning.piece_sums import SumOptions
    from lightning_eda.warehouse.cleaning.pieces import cut_window

    spec = _spec(config)
    size = config.cell_km if spec.geometry == "sphere" else config.cell_km / KM_PER_DEGREE
    options = SumOptions(_cleaning(config), size, spec.geometry, config.sample_rows)
    tables = tables_asked(config.tier, config.drop_artifacts)
    pieces = cut_window(window.start, window.end, _rows_by_hour(hours, loaded, tables, config.satellites))
    sums = hours.sums(pieces, tables, options, config.cell_limit, progress)
    cells = CellSums(sums.size, sums.key, sums.count, sums.mean, sums.sum_squares)
    return CleanWindow(sums.sample, config.tier, spec, sums.read, sums.dropped, cells), sums.notes


def _rows_by_hour(
    hours: "Hours", loaded: "pa.Table", tables: Sequence[str], satellites: Sequence[str]
) -> dict[datetime, int]:
    """The rows that are read of each hour, of all tables that have some."""
    tiers = [table for table in tables if table != GRANULES.name and hours.holds(table)]
    found: dict[datetime, int] = {}
    for row in loaded.to_pylist():
        if not satellites or row["satellite"] in satellites:
            hour = row["hour"].replace(tzinfo=UTC)
            found[hour] = found.get(hour, 0) + sum(row[f"n_{table}"] for table in tiers)
    return found


def _cleaning(config: PreprocessorConfig) -> "Cleaning":
    """The warehouse's options in SI units."""
    from lightning_eda.warehouse.cleaning.rows import Cleaning

    return Cleaning(
        tier=config.tier,
        satellites=config.satellites or None,
        bbox=_box(config),
        quality_flags=config.quality_flags or None,
        min_area_m2=_scaled(config.min_area_km2, 1e6),
        max_area_m2=_scaled(config.max_area_km2, 1e6),
        min_energy_j=_scaled(config.min_energy_fj, 1e-15),
        max_energy_j=_scaled(config.max_energy_fj, 1e-15),
        require_energy="energy" in config.features,
        require_area="area" in config.features,
        drop_artifacts=config.drop_artifacts,
    )


def _box(config: PreprocessorConfig) -> tuple[float, float, float, float] | None:
    """The box with edges that were left out taken as the globe's; None when all were."""
    edges = (config.west, config.south, config.east, config.north)
    if edges == (None,) * 4:
        return None
    globe = (-180.0, -90.0, 180.0, 90.0)
    west, south, east, north = (
        limit if edge is None else edge for edge, limit in zip(edges, globe, strict=True)
    )
    return west, south, east, north


def _spec(config: PreprocessorConfig) -> "PointSpec":
    from lightning_eda.clustering.window.features import PointSpec

    return PointSpec(config.geometry, tuple(config.features), config.normalisation, config.feature_scale)


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
