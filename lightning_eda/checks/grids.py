"""Checks of the density grids."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import dagster as dg

from lightning_eda.checks.result import check_result
from lightning_eda.texts import named

if TYPE_CHECKING:
    from lightning_eda.grids.density import Density
    from lightning_eda.grids.hour import HourGrids

ENERGY_TOLERANCE = 1e-3
ENERGY_IS_CONSERVED = dg.AssetCheckSpec(
    "energy_is_conserved",
    asset="flash_density",
    description="The cells of each satellite have the energy of its events, to 0.1 %.",
)
PIXEL_SIZES_ARE_LEARNED = dg.AssetCheckSpec(
    "pixel_sizes_are_learned",
    asset="flash_density",
    description="The sizes of the sensor's pixels were learned from neighbours; none was assumed.",
)
NO_GRANULE_REFUSED = dg.AssetCheckSpec(
    "no_granule_refused", asset="flash_density", description="Every granule that was fetched is in the grids."
)


def check_granules(all_grids: Sequence["HourGrids"]) -> dg.AssetCheckResult:
    """Warns of hours whose grids lack granules that were fetched."""
    return _warning(
        NO_GRANULE_REFUSED,
        "granules_refused",
        [f"{grids.hour:%Y-%m-%dT%HZ} {reason}" for grids in all_grids for reason in grids.refused.values()],
        "The density is too low there, by the flashes of these granules. Grids need events also where the "
        "tables are of flashes alone.",
    )


def check_energy_is_conserved(all_grids: Sequence["HourGrids"]) -> dg.AssetCheckResult:
    """Warns of hours whose grids lost energy."""
    return _warning(
        ENERGY_IS_CONSERVED,
        "hours_with_lost_energy",
        [
            f"{name}: {density.grid_energy_j:.6g} J of {density.energy_j:.6g} J"
            for name, density in _densities(all_grids)
            if abs(density.grid_energy_j - density.energy_j) > ENERGY_TOLERANCE * density.energy_j
        ],
        "Some events lie where the satellite cannot see them (`events_unseen` in the metadata), or pixels "
        "reach beyond the grid: the granules' coordinates are in doubt.",
    )


def check_pixel_sizes(all_grids: Sequence["HourGrids"]) -> dg.AssetCheckResult:
    """Warns of hours in which no pixel had a neighbour, so that their size is a guess."""
    return _warning(
        PIXEL_SIZES_ARE_LEARNED,
        "hours_with_assumed_sizes",
        [name for name, density in _densities(all_grids) if density.pixels and not density.sizes.pairs],
        "Too few granules or events to learn from: each pixel is taken to be as large as one in the middle "
        "of the sensor, 224 microradians. Materialise the hour again when more granules have been fetched.",
    )


def _densities(all_grids: Sequence["HourGrids"]) -> "Iterator[tuple[str, Density]]":
    for grids in all_grids:
        for satellite, density in grids.densities.items():
            yield f"{grids.hour:%Y-%m-%dT%HZ} {satellite}", density


def _warning(spec: dg.AssetCheckSpec, count: str, found: list[str], advice: str) -> dg.AssetCheckResult:
    """Passes when nothing was found."""
    numbers: dict[str, int | str] = {count: len(found), "which": named(found)}
    return check_result(spec, not found, dg.AssetCheckSeverity.WARN, advice, numbers)
