"""What has become of the granules of an hour."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lightning_eda.grids.density import Density


@dataclass(frozen=True)
class HourGrids:
    """The grids of one hour.

    Attributes:
        hour: Its start, UTC.
        densities: The grids of each satellite; none where the source itself is in doubt.
        files: Every file written.
        granules: How many went into the grids.
        missing: Starts of 20 s that have no granule.
        refused: Name of each granule that is not in the grids, and the reason.
        energies_from_group: Energies that the files lack and the groups' told.
    """

    hour: datetime
    densities: dict[str, Density]
    files: tuple[Path, ...]
    granules: int
    missing: int
    refused: dict[str, str]
    energies_from_group: int
