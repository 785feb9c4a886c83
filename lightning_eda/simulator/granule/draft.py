"""A granule before it is a file: its name, its packed columns, and the numbers its scalars state."""

from dataclasses import dataclass, field

import numpy as np

from lightning_eda.glm.names import GranuleName
from lightning_eda.simulator.eras import LATITUDE, Era, Satellite, Scaling
from lightning_eda.simulator.granule.template import FILE_TIERS, FILL_RAW, PACKED_MAX, tier_of, tier_variables

Columns = dict[str, np.ndarray]
KM2 = 1e6


@dataclass
class Draft:
    """What a granule will hold; faults change it before it is written.

    Attributes:
        name: Satellite and stamps.
        era: The format.
        satellite: The platform, as it stood in that era.
        columns: Packed values by variable name, in the type they have on disk.
        counts: What the scalars event_count, group_count and flash_count state.
        identity: 16 bytes that become the `id` attribute.
    """

    name: GranuleName
    era: Era
    satellite: Satellite
    columns: Columns
    counts: dict[str, int] = field(default_factory=dict)
    identity: bytes = bytes(16)

    def rows(self, tier: str) -> int:
        """How many events, groups or flashes the columns hold."""
        return len(self.columns[f"{tier}_id"])

    def count_rows(self) -> None:
        """Sets the counts to the rows."""
        self.counts = {tier: self.rows(tier) for tier in FILE_TIERS}

    def unsigned(self, name: str) -> np.ndarray:
        """A packed column as int64, read as unsigned."""
        column = self.columns[name]
        return column.view(column.dtype.str.replace("i", "u")).astype(np.int64)

    def physical(self, name: str) -> np.ndarray:
        """A packed time, place, energy or area in the units of the file, times always in seconds; float64."""
        scaling = scaling_of(name, self.era, self.satellite)
        if scaling is None:
            return self.columns[name].astype("f8")
        milliseconds = "time_offset" in name and self.era.time_units == "milliseconds"
        raw = self.columns[name].astype("f8") if milliseconds else self.unsigned(name).astype("f8")
        scale, offset = stored(scaling)
        return (raw * scale + offset) / (1000.0 if milliseconds else 1.0)

    def select(self, tier: str, rows: np.ndarray) -> None:
        """Keeps the rows of one tier that an index array or a mask selects; counts stay as they are."""
        for name, column in self.columns.items():
            if tier_of(name) == tier:
                self.columns[name] = column[rows]

    def keep_flashes(self, keep: np.ndarray) -> None:
        """Keeps some flashes with their groups and events; counts follow.

        Args:
            keep: Which flashes stay, shape (flashes,), bool.
        """
        kept_flashes = self.columns["flash_id"][keep]
        kept_groups = np.isin(self.columns["group_parent_flash_id"], kept_flashes)
        group_ids = self.columns["group_id"][kept_groups]
        self.select("event", np.isin(self.columns["event_parent_group_id"], group_ids))
        self.select("group", kept_groups)
        self.select("flash", keep)
        self.count_rows()


def pack_columns(physical: Columns, era: Era, satellite: Satellite) -> Columns:
    """Columns in the type they have on disk, each value rounded to the nearest one that can be stored.

    Args:
        physical: By variable name: ids; times in seconds from the granule's start; degrees; joules; m2.
        era: The format; the columns of variables it does not have are left out.
        satellite: Gives the offset of event longitudes.

    Returns:
        Energies and areas that do not fit, or are NaN, become the fill value.
    """
    return {
        variable.name: pack(variable.name, physical[variable.name], variable.dtype, era, satellite)
        for variable in tier_variables(era, satellite, "")
    }


def pack(name: str, values: np.ndarray, dtype: str, era: Era, satellite: Satellite) -> np.ndarray:
    """One column in the type it has on disk."""
    scaling = scaling_of(name, era, satellite)
    if scaling is None:
        return signed(values, dtype)
    if name.endswith("_area") and era.area_units == "km2":
        values = values / KM2
    if "time_offset" in name and era.time_units == "milliseconds":
        values = values * 1000.0
    raw = _quantized(values, scaling)
    if name.endswith(("_energy", "_area")):
        fits = (raw >= 0) & (raw <= PACKED_MAX)  # False for NaN
        raw = np.where(fits, raw, FILL_RAW)
    return signed(raw, dtype)


def scaling_of(name: str, era: Era, satellite: Satellite) -> Scaling | None:
    """How a variable is packed, None when it is not."""
    if "time_offset" in name:
        return era.time
    if name.endswith("_energy"):
        return {"event": era.event_energy, "group": era.group_energy, "flash": era.flash_energy}[
            tier_of(name)
        ]
    if name.endswith("_area"):
        return era.area
    if name == "event_lat":
        return LATITUDE
    return satellite.event_lon if name == "event_lon" else None


def stored(scaling: Scaling) -> tuple[float, float]:
    """Scale and offset as a reader finds them: float32 on disk, float64 in arithmetic."""
    return float(np.float32(scaling.scale)), float(np.float32(scaling.offset))


def _quantized(values: np.ndarray, scaling: Scaling) -> np.ndarray:
    """Nearest raw numbers, float64, by the scale and offset that a reader will use."""
    scale, offset = stored(scaling)
    return np.rint((np.asarray(values, "f8") - offset) / scale)


def signed(values: np.ndarray, dtype: str) -> np.ndarray:
    """Numbers in their type on disk: whole numbers become the signed integers with the same low bits."""
    if np.dtype(dtype).kind == "f":
        return values.astype(dtype)
    unsigned = np.dtype(dtype.replace("i", "u"))
    mask = (1 << (8 * unsigned.itemsize)) - 1
    return (np.asarray(values).astype(np.int64) & mask).astype(unsigned).view(dtype)
