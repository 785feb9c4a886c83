"""Names, types and attributes of the tier variables of a granule.

Names, types, scales, units, fill values and the lists of names inside attributes are those of the real
files; descriptions are our own words.

Source: every object of a G19 granule of 2025, and what granules of 2018 to 2023 do otherwise.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lightning_eda.simulator.eras import LATITUDE, Era, Satellite, Scaling

Attribute = str | np.ndarray
Attributes = dict[str, Any]  # text, or an array of the type on disk
Value = float | list[float] | None
CHUNK_ROWS = 256
FILE_TIERS = ("event", "group", "flash")  # in the order of the file
DIMENSIONS = {"event": "number_of_events", "group": "number_of_groups", "flash": "number_of_flashes"}
PACKED_MAX = 65530  # above it: 65531..65534 are reserved, 65535 is the fill value
FILL_RAW = 65535
SPLIT_GROUPS = 101  # a flash is cut when it reaches this many groups

_QUALITY_PROBLEMS = {
    "group": (
        "group_constituent_events_out_of_time_order_or_parent_flash_abnormal",
        "group_constituent_event_count_exceeds_threshold",
        "group_duration_exceeds_threshold",
    ),
    "flash": (
        "flash_constituent_events_out_of_time_order",
        "flash_constituent_event_count_exceeds_threshold",
        "flash_duration_exceeds_threshold",
    ),
}
_FLASH_TIMES = "flash_time_offset_of_first_event flash_time_offset_of_last_event"
_COORDINATES = {
    "event_energy": "event_parent_group_id event_id lightning_wavelength event_time_offset event_lat "
    "event_lon",
    "group": "group_parent_flash_id event_parent_group_id group_id lightning_wavelength group_time_threshold "
    "group_time_offset group_lat group_lon",
    "group_quality_flag": "group_id lightning_wavelength group_time_threshold group_time_offset group_lat "
    "group_lon",
    "flash": f"group_parent_flash_id flash_id lightning_wavelength flash_time_threshold {_FLASH_TIMES} "
    "flash_lat flash_lon",
    "flash_quality_flag": f"flash_id lightning_wavelength flash_time_threshold {_FLASH_TIMES} flash_lat "
    "flash_lon",
}
_CELL_METHODS = {
    "event": "lightning_wavelength: sum event_time_offset: point area: sum where cloud",
    "group": "lightning_wavelength: sum group_time_offset: mean area: {area} where cloud",
    "flash": "lightning_wavelength: sum flash_time_offset_of_first_event: flash_time_offset_of_last_event: "
    "sum area: {area} where cloud",
}


@dataclass(frozen=True)
class DiskVariable:
    """One variable on disk.

    Attributes:
        name: NOAA's name.
        dtype: numpy type on disk.
        dimension: Name of its only dimension, None for a scalar.
        attributes: In their order, without `_FillValue`; text is str, numbers are arrays of their disk type.
        fill: `_FillValue`, None when there is no such attribute.
        value: What it holds in every granule; None when it depends on the granule or is never written.
    """

    name: str
    dtype: str
    dimension: str | None
    attributes: Attributes = field(default_factory=dict)
    fill: float | None = None
    value: Value = None


def float32(*values: float) -> np.ndarray:
    """A float32 attribute."""
    return np.array(values, "<f4")


def int16(*values: int) -> np.ndarray:
    """An int16 attribute."""
    return np.array(values, "<i2")


def tier_variables(era: Era, satellite: Satellite, time_units: str) -> list[DiskVariable]:
    """The variables along events, groups and flashes, in file order.

    Args:
        era: The format.
        satellite: Gives the offset of event longitudes.
        time_units: Text of the units attribute of the times, with the granule's start.
    """

    def time(name: str, text: str, *, axis: bool = True) -> DiskVariable:
        return _time(name, text, era, time_units, axis=axis)

    rows = [
        _identifier("event_id", "<i4", "number of the event"),
        time("event_time_offset", "time of the event"),
        _packed_degrees("event_lat", LATITUDE, "latitude", "degrees_north", "Y"),
        _packed_degrees("event_lon", satellite.event_lon, "longitude", "degrees_east", "X"),
        _energy("event", era.event_energy),
        _identifier("event_parent_group_id", "<i4", "number of the group the event is in"),
        _identifier("group_id", "<i4", "number of the group"),
        time("group_time_offset", "time of the group's events"),
        time("group_frame_time_offset", "time of the instrument frame of the group"),
        *_centroid("group"),
        _area("group", era),
        _energy("group", era.group_energy),
        _identifier("group_parent_flash_id", "<i2", "number of the flash the group is in"),
        _quality("group"),
        _identifier("flash_id", "<i2", "number of the flash"),
        time("flash_time_offset_of_first_event", "time of the flash's first event"),
        time("flash_time_offset_of_last_event", "time of the flash's last event", axis=False),
        time("flash_frame_time_offset_of_first_event", "time of the instrument frame of the first event"),
        time(
            "flash_frame_time_offset_of_last_event",
            "time of the instrument frame of the last event",
            axis=False,
        ),
        *_centroid("flash"),
        _area("flash", era),
        _energy("flash", era.flash_energy),
        _quality("flash"),
    ]
    return [row for row in rows if era.frame_times or "frame_time" not in row.name]


def tier_of(name: str) -> str:
    """The tier a variable belongs to: its first word."""
    return name.partition("_")[0]


def _row(name: str, dtype: str, attributes: Attributes, fill: float | None = None) -> DiskVariable:
    return DiskVariable(name, dtype, DIMENSIONS[tier_of(name)], attributes, fill)


def _scaled(scaling: Scaling) -> Attributes:
    return {"scale_factor": float32(scaling.scale), "add_offset": float32(scaling.offset)}


def _identifier(name: str, dtype: str, text: str) -> DiskVariable:
    return _row(name, dtype, {"long_name": text, "_Unsigned": "true", "units": "1"})


def _time(name: str, text: str, era: Era, units: str, *, axis: bool) -> DiskVariable:
    attributes: Attributes = {"long_name": text, "standard_name": "time"}
    if era.unsigned_times:
        attributes["_Unsigned"] = "true"
    attributes |= _scaled(era.time) | {"units": units}
    return _row(name, "<i2", attributes | ({"axis": "T"} if axis else {}))


def _packed_degrees(name: str, scaling: Scaling, standard: str, units: str, axis: str) -> DiskVariable:
    attributes = {
        "long_name": f"{standard} of the event's pixel",
        "standard_name": standard,
        "_Unsigned": "true",
    }
    return _row(name, "<i2", attributes | _scaled(scaling) | {"units": units, "axis": axis})


def _centroid(tier: str) -> list[DiskVariable]:
    """Latitude and longitude of the energy-weighted centre, unpacked."""
    return [
        _row(
            f"{tier}_{short}",
            "<f4",
            {
                "long_name": f"{standard} of the {tier}'s centre, weighted by event energy",
                "standard_name": standard,
                "units": units,
                "axis": axis,
            },
        )
        for short, standard, units, axis in (
            ("lat", "latitude", "degrees_north", "Y"),
            ("lon", "longitude", "degrees_east", "X"),
        )
    ]


def _area(tier: str, era: Era) -> DiskVariable:
    attributes = {
        "long_name": f"area of the pixels the {tier} lit",
        "_Unsigned": "true",
        "valid_range": int16(0, -6),
        **_scaled(era.area),
        "units": era.area_units,
        "coordinates": _COORDINATES[tier],
        "grid_mapping": "goes_lat_lon_projection",
        "cell_methods": _CELL_METHODS[tier].format(area="sum"),
    }
    return _row(f"{tier}_area", "<i2", attributes, fill=-1)


def _energy(tier: str, scaling: Scaling) -> DiskVariable:
    attributes: Attributes = {
        "long_name": f"radiant energy of the {tier}",
        "standard_name": "lightning_radiant_energy",
        "_Unsigned": "true",
    }
    if tier != "event":
        attributes["valid_range"] = int16(0, -6)
    attributes |= _scaled(scaling) | {
        "units": "J",
        "coordinates": _COORDINATES["event_energy" if tier == "event" else tier],
        "grid_mapping": "goes_lat_lon_projection",
    }
    if tier != "event":
        attributes["cell_measures"] = f"area: {tier}_area"
    attributes["cell_methods"] = _CELL_METHODS[tier].format(area="mean")
    if tier != "event":
        attributes["ancillary_variables"] = f"{tier}_quality_flag"
    return _row(f"{tier}_energy", "<i2", attributes, fill=-1)


def _quality(tier: str) -> DiskVariable:
    problems = [f"degraded_due_to_{problem}_qf" for problem in _QUALITY_PROBLEMS[tier]]
    attributes = {
        "long_name": f"quality flag of the {tier}",
        "standard_name": "status_flag",
        "_Unsigned": "true",
        "valid_range": int16(0, 5),
        "units": "1",
        "coordinates": _COORDINATES[f"{tier}_quality_flag"],
        "grid_mapping": "goes_lat_lon_projection",
        "cell_methods": _CELL_METHODS[tier].format(area="mean"),
        "flag_values": int16(0, 1, 3, 5),
        "flag_meanings": " ".join(["good_quality_qf", *problems]),
        "number_of_qf_values": np.array([4], "i1"),
        "percent_good_quality_qf": float32(1.0),
        **{f"percent_{problem}": float32(0.0) for problem in problems},
    }
    return _row(f"{tier}_quality_flag", "<i2", attributes, fill=-1)
