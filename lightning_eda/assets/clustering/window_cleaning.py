"""Steps of `preprocessor`: its config in the units people use, and rows or cells by their number."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from lightning_eda.glm.windows import Window
from lightning_eda.reporting import RunConfig
from lightning_eda.series import HOUR, TABLE_NAMES

if TYPE_CHECKING:
    from lightning_eda.clustering.window.clean_file import CleanWindow
    from lightning_eda.clustering.window.features import PointSpec
    from lightning_eda.warehouse.cleaning.rows import Cleaning
    from lightning_eda.warehouse.queries import Database

SAMPLE_SEED = 60
KM_PER_DEGREE = 111.2  # of a great circle


class PreprocessorConfig(RunConfig):
    """What is clustered, and what is left out."""

    tier: str = Field(
        "flash", description="What to cluster: flash, group or event; it must have been loaded."
    )
    satellites: list[str] = Field(
        [], description="Satellites to take, such as G18; empty takes all that are loaded."
    )
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
    drop_artifacts: bool = Field(
        True, description="Leave out flashes of a stuck pixel; seen only where groups are loaded."
    )
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
    sample_rows: int = Field(
        200_000, ge=1, description="Rows kept for the map when there are more than row_limit."
    )


def tables_asked(tier: str, drop_artifacts: bool) -> tuple[str, ...]:
    """The tables that cleaning asks; groups tell the flashes of a stuck pixel."""
    tiers = [tier, *(["group"] if drop_artifacts else [])]
    return ("granules", *dict.fromkeys(TABLE_NAMES[name] for name in tiers if name in TABLE_NAMES))


def clean_window(
    database: "Database", window: Window, config: PreprocessorConfig
) -> tuple["CleanWindow", tuple[str, ...]]:
    """The cleaned rows of a window, or its cells and a sample of rows, and what to tell of the cleaning.

    All is read of one state of the database: a load that comes meanwhile waits.

    Raises:
        LightningEdaError: An option is not allowed, or the database cannot be read.
    """
    from lightning_eda.clustering.window.clean_file import CleanWindow
    from lightning_eda.warehouse.cleaning.rows import clean_rows, count_rows
    from lightning_eda.warehouse.queries import hour_counts, reading
    from lightning_eda.warehouse.satellites import chosen_satellites

    with reading(database) as opened:
        loaded = hour_counts(opened, window.start, window.end)
        config = config.model_copy(update={"satellites": chosen_satellites(config.satellites, loaded)})
        cleaning, spec = _cleaning(config), _spec(config)
        count = count_rows(opened, window.start, window.end, config.tier, cleaning.satellites)
        if count > config.row_limit and not spec.features:
            return _clean_cells(opened, window, config)
        clean = clean_rows(opened, window.start, window.end, cleaning)
    notes = (*clean.notes, *_missing_note(loaded.to_pylist(), config, clean.read))
    return CleanWindow(clean.rows, config.tier, spec, clean.read, clean.dropped), notes


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
    database: "Database", window: Window, config: PreprocessorConfig
) -> tuple["CleanWindow", tuple[str, ...]]:
    """Sums per cell of the whole window, and rows of each hour, thinned, for the map."""
    import pyarrow as pa

    from lightning_eda.clustering.kmeans.cells import CellSums
    from lightning_eda.clustering.window.clean_file import CleanWindow, thin_rows
    from lightning_eda.warehouse.cleaning.cell_sums import clean_cells
    from lightning_eda.warehouse.cleaning.rows import clean_rows

    cleaning, spec = _cleaning(config), _spec(config)
    size = config.cell_km if spec.geometry == "sphere" else config.cell_km / KM_PER_DEGREE
    sums = clean_cells(database, window.start, window.end, cleaning, size, spec.geometry)
    cells = CellSums(sums.size, sums.key, sums.count, sums.mean, sums.sum_squares)
    share = min(1.0, config.sample_rows / max(sums.kept, 1))
    samples = []
    for hour in window.hours():
        rows = clean_rows(database, hour, hour + HOUR, cleaning).rows
        samples.append(thin_rows(rows, round(share * rows.num_rows), SAMPLE_SEED))
    rows = pa.concat_tables(samples)
    return CleanWindow(rows, config.tier, spec, sums.read, sums.dropped, cells), sums.notes


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
