"""What differs between the formats of the years, and between the satellites.

Source: attributes of 13 real granules, 2018 to 2025. Scales and offsets are float32 on disk.
"""

from dataclasses import dataclass, replace

from lightning_eda.earth import SUBPOINT_LON_DEG
from lightning_eda.errors import SettingError


@dataclass(frozen=True)
class Scaling:
    """physical = unsigned raw * scale + offset, both stored as float32."""

    scale: float
    offset: float


@dataclass(frozen=True)
class Era:
    """One format of the granules.

    Attributes:
        name: "current", "do07" or "milliseconds".
        time: Scaling of every time offset.
        time_units: "seconds" or "milliseconds"; the latter are signed on disk.
        unsigned_times: Whether times carry `_Unsigned` (in "do07" it is missing although they are unsigned).
        frame_times: Whether the three frame-time variables exist; without them the times are frame times.
        event_energy: Scaling, joules; likewise for groups and flashes.
        area: Scaling, in `area_units`.
        area_units: "m2" or "km2".
        complete_attributes: Whether Conventions, LUT_Filenames and the later free-text forms exist.
    """

    name: str
    time: Scaling
    time_units: str
    unsigned_times: bool
    frame_times: bool
    event_energy: Scaling
    group_energy: Scaling
    flash_energy: Scaling
    area: Scaling
    area_units: str
    complete_attributes: bool


_SECONDS = Scaling(0.00038147560553625226, -5.0)
_COARSE_ENERGY = Scaling(1.52597e-15, 0.0)
ENERGY_FLOOR_J = 2.8515e-16

ERAS = {
    "current": Era(
        "current", _SECONDS, "seconds", True, True,
        Scaling(1.9024e-17, ENERGY_FLOOR_J), Scaling(9.9988e-17, ENERGY_FLOOR_J),
        Scaling(9.99996e-16, ENERGY_FLOOR_J),
        Scaling(152601.86, 0.0), "m2", True,
    ),
    "do07": Era(
        "do07", _SECONDS, "seconds", False, True,
        _COARSE_ENERGY, _COARSE_ENERGY, _COARSE_ENERGY,
        Scaling(0.15260187, 0.0), "km2", False,
    ),
    "milliseconds": Era(
        "milliseconds", Scaling(2.0, 0.0), "milliseconds", False, False,
        _COARSE_ENERGY, _COARSE_ENERGY, _COARSE_ENERGY,
        Scaling(0.15163901, 63.095734), "km2", False,
    ),
}  # fmt: skip

LATITUDE = Scaling(0.00203128, -66.56)
HALF_FIELD_DEGREES = 66.56


@dataclass(frozen=True)
class Satellite:
    """Where a GLM looks from, as its granules state it.

    Attributes:
        name: platform_ID, "G16" to "G19".
        instrument: instrument_ID.
        slot: orbital_slot.
        site: production_site.
        subpoint_lon: Degrees east.
        field_lon: Longitude of the centre of the field of view, degrees east.
        event_lon: Scaling of event longitudes; they run on past -180 for GOES-West.
        field_half_lat: Half height of the stated field of view, degrees.
        field_lon_edges: West and east edge of it, degrees east, running on past -180.
        flashes_per_granule: Usual mean number of flashes in 20 s.
    """

    name: str
    instrument: str
    slot: str
    site: str
    subpoint_lon: float
    field_lon: float
    event_lon: Scaling
    field_half_lat: float
    field_lon_edges: tuple[float, float]
    flashes_per_granule: float


def _satellite(name: str, slot: str, site: str, subpoint_lon: float | None = None) -> Satellite:
    """Without a longitude where it stands in operation."""
    field_lon = {"GOES-East": -75.0, "GOES-West": -137.0, "GOES-Test": -89.5}[slot]
    return Satellite(
        name, f"FM{int(name[1:]) - 15}", slot, site,
        SUBPOINT_LON_DEG[name] if subpoint_lon is None else subpoint_lon, field_lon,
        Scaling(LATITUDE.scale, field_lon - HALF_FIELD_DEGREES), HALF_FIELD_DEGREES,
        (field_lon - HALF_FIELD_DEGREES, field_lon + HALF_FIELD_DEGREES),
        31.0 if slot == "GOES-West" else 160.0,
    )  # fmt: skip


SATELLITES = {
    "G16": _satellite("G16", "GOES-East", "WCDAS"),
    "G17": _satellite("G17", "GOES-West", "RBU"),
    "G18": _satellite("G18", "GOES-West", "WCDAS"),
    "G19": replace(
        _satellite("G19", "GOES-East", "WCDAS"), field_half_lat=57.6, field_lon_edges=(-139.4, -11.0)
    ),
}
_BEFORE_2018_10 = {
    "G16": _satellite("G16", "GOES-East", "RBU", -75.0),
    "G17": _satellite("G17", "GOES-Test", "RBU", -89.5),
}


def find_era(name: str) -> Era:
    """The era of that name; SettingError when there is none."""
    if name not in ERAS:
        raise SettingError("era", name, ", ".join(ERAS))
    return ERAS[name]


def find_satellite(name: str, era: Era) -> Satellite:
    """The satellite of that name, where it stood in that era; SettingError when there is none.

    Any satellite may be asked for in any era, also one that was not in orbit then.
    """
    if name not in SATELLITES:
        raise SettingError("satellite", name, ", ".join(SATELLITES))
    if era.name == "milliseconds" and name in _BEFORE_2018_10:
        return _BEFORE_2018_10[name]
    return SATELLITES[name]
