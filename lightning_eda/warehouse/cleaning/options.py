"""What a window is cleaned of: the options, checked when they are made."""

import math
from collections.abc import Collection
from dataclasses import dataclass

from lightning_eda.errors import SettingError
from lightning_eda.series import TIER_TABLES

LARGEST_FLAG = 255
LIMITS = {"west": 180, "south": 90, "east": 180, "north": 90}
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Cleaning:
    """What is read of a window, and which of it is dropped.

    Rows that no cleaning keeps: coordinates that are missing or not on the globe, places out of the
    instrument's field, and the second of two exact duplicates.

    Attributes:
        tier: "flash", "group" or "event".
        satellites: The satellites to read; None is all of them.
        bbox: West, south, east, north in degrees, all inclusive; it crosses the antimeridian when west is
            greater than east. None is the globe.
        quality_flags: The flags to keep; None keeps all, as cut flashes (flag 3) are real. A missing flag is
            kept only by None. Events have none.
        min_area_m2: Least area, inclusive. Events have none.
        max_area_m2: Largest area, inclusive; a missing area is larger, as it did not fit its packing.
        min_energy_j: Least energy, inclusive.
        max_energy_j: Largest energy, inclusive; a missing energy is larger, as it did not fit its packing.
        require_energy: Whether rows without a finite energy are dropped: when it is a feature.
        require_area: Whether rows without a finite area are dropped: when it is a feature.
        drop_artifacts: Whether flashes of a static pixel are dropped, with their groups and events.

    Raises:
        SettingError: A value is not allowed, or the tier has no such column.
    """

    tier: str = "flash"
    satellites: Collection[str] | None = None
    bbox: Box | None = None
    quality_flags: Collection[int] | None = None
    min_area_m2: float | None = None
    max_area_m2: float | None = None
    min_energy_j: float | None = None
    max_energy_j: float | None = None
    require_energy: bool = False
    require_area: bool = False
    drop_artifacts: bool = True

    def __post_init__(self) -> None:
        require_tier(self.tier)
        if self.bbox is not None:
            _require_box(self.bbox)
        _require_limits("area_m2", self.min_area_m2, self.max_area_m2)
        _require_limits("energy_j", self.min_energy_j, self.max_energy_j)
        _require_flags(self.quality_flags)
        if self.tier == "event":
            for name in ("quality_flags", "min_area_m2", "max_area_m2", "require_area"):
                value = getattr(self, name)
                if value is not None and value is not False:  # 0.0 == False, and would drop every event
                    raise SettingError(name, value, "nothing for events", "They have no such value.")


def require_tier(tier: str) -> None:
    """Raises SettingError when it is no tier."""
    if tier not in TIER_TABLES:
        raise SettingError("tier", tier, ", ".join(TIER_TABLES))


def _require_box(box: Box) -> None:
    """SettingError that names the edges that are wrong; what is not a number is in no range."""
    if len(box) != len(LIMITS):
        raise SettingError("bbox", box, ", ".join(LIMITS))
    wrong = {name: edge for name, edge in zip(LIMITS, box, strict=True) if not abs(edge) <= LIMITS[name]}
    if wrong:
        found = [*wrong.values()]
        allowed = "longitudes from -180 to 180, latitudes from -90 to 90"
        raise SettingError(", ".join(wrong), found if len(found) > 1 else found[0], allowed)
    _, south, _, north = box
    if south > north:
        raise SettingError("south", south, f"at most north ({north})")


def _require_limits(name: str, least: float | None, largest: float | None) -> None:
    for edge, value in (("min", least), ("max", largest)):
        if value is not None and not (math.isfinite(value) and value >= 0):
            raise SettingError(f"{edge}_{name}", value, "a number of 0 or more")
    if least is not None and largest is not None and least > largest:
        raise SettingError(f"min_{name}", least, f"at most max_{name}, {largest}")


def _require_flags(flags: Collection[int] | None) -> None:
    if flags is None:
        return
    wrong = [flag for flag in flags if not 0 <= flag <= LARGEST_FLAG]
    if wrong or not flags:
        raise SettingError("quality_flags", list(flags), f"one or more flags from 0 to {LARGEST_FLAG}")
