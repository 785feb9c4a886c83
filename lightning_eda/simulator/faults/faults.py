"""What may be wrong with a simulated granule, by name.

Faults of the draft are things real granules do, or could do within their format; faults of the file are
damage, which `damage` does to the bytes. `FAULTS` lists them all.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

import numpy as np

from lightning_eda.errors import SettingError
from lightning_eda.simulator.eras import LATITUDE, Satellite
from lightning_eda.simulator.faults import damage
from lightning_eda.simulator.faults.damage import Damage
from lightning_eda.simulator.faults.planting import plant, plant_until
from lightning_eda.simulator.granule.draft import Draft, stored
from lightning_eda.simulator.granule.template import FILE_TIERS

SHORT = timedelta(seconds=11)
LATE = timedelta(seconds=20, microseconds=469_121)
LOST_EVENTS = 36
SIGN_BIT = 0x8000_0000


def empty(draft: Draft, _rng: np.random.Generator) -> None:
    """Takes every row away."""
    draft.keep_flashes(np.zeros(draft.rows("flash"), bool))


def short(draft: Draft, _rng: np.random.Generator) -> None:
    """Ends the granule after 11 s; flashes that close later are gone."""
    draft.name = replace(draft.name, end=draft.name.start + SHORT)
    last = draft.physical("flash_time_offset_of_last_event")
    draft.keep_flashes(last < SHORT.total_seconds() - 0.5)


def late_end(draft: Draft, _rng: np.random.Generator) -> None:
    """States an end 0.4 s late."""
    draft.name = replace(draft.name, end=draft.name.start + LATE)


def lost_blocks(draft: Draft, _rng: np.random.Generator) -> None:
    """Takes a run of flashes and a run of events away and leaves their groups and the counts as they were."""
    plant_until(draft, 4)
    flashes, events = draft.rows("flash"), draft.rows("event")
    flash_rows, event_rows = np.arange(flashes), np.arange(events)
    first, lost = flashes // 3, max(1, flashes // 16)
    draft.select("flash", (flash_rows < first) | (flash_rows >= first + lost))
    first, lost = events // 2, min(LOST_EVENTS, events // 4)
    draft.select("event", (event_rows < first) | (event_rows >= first + lost))


def fill_energy(draft: Draft, _rng: np.random.Generator) -> None:
    """Plants a flash with an event brighter than can be stored, so its energy is the fill value."""
    plant(draft, lat=4.0, lon=draft.satellite.subpoint_lon + 4.0, energy=2.0e-12)
    draft.columns["event_energy"][-2] = -1  # the coarse energy scale of 2018 could store it


def fill_area(draft: Draft, _rng: np.random.Generator) -> None:
    """Gives one flash and its groups the area fill value, as when they cover more than 10,000 km2."""
    plant_until(draft, 1)
    flash = draft.columns["flash_id"][0]
    draft.columns["flash_area"][0] = -1
    draft.columns["group_area"][draft.columns["group_parent_flash_id"] == flash] = -1


def past_dateline(draft: Draft, _rng: np.random.Generator) -> None:
    """Plants a flash west of 180: events at -180.5, group and flash at 179.5."""
    plant(draft, lat=-14.0, lon=-180.5)


def flash_id_rollover(draft: Draft, _rng: np.random.Generator) -> None:
    """Moves the flash numbers so that the counter passes from 65535 to 0 inside the granule."""
    plant_until(draft, 2)
    ids = draft.unsigned("flash_id")
    shift = -int(np.sort(ids)[len(ids) // 2])
    for name in ("flash_id", "group_parent_flash_id"):
        draft.columns[name] = ((draft.unsigned(name) + shift) & 0xFFFF).astype("<u2").view("<i2")


def ids_above_2_31(draft: Draft, _rng: np.random.Generator) -> None:
    """Sets the sign bit of event and group numbers, as after 2**31 of them."""
    plant_until(draft, 1)
    for name in ("event_id", "event_parent_group_id", "group_id"):
        draft.columns[name] = (draft.unsigned(name) | SIGN_BIT).astype("<u4").view("<i4")


def raw_32769(draft: Draft, _rng: np.random.Generator) -> None:
    """Plants a flash whose packed latitude and longitude are 32769 = -32767, netCDF's default fill value."""
    lat, lon = (
        scale * 32769 + offset for scale, offset in map(stored, (LATITUDE, draft.satellite.event_lon))
    )
    plant(draft, lat=lat, lon=lon)


def time_65535(draft: Draft, _rng: np.random.Generator) -> None:
    """Plants a flash whose packed times are all 65535: the last there is, or -2 ms in the oldest format."""
    plant(draft, lat=-4.0, lon=draft.satellite.subpoint_lon - 4.0)
    for name in draft.columns:
        if "time_offset" in name:
            draft.columns[name][-1 if name.startswith("flash") else slice(-2, None)] = -1


def duplicate_ids(draft: Draft, _rng: np.random.Generator) -> None:
    """Gives the second event, group and flash the number of the first."""
    plant_until(draft, 2)
    for tier in FILE_TIERS:
        draft.columns[f"{tier}_id"][1] = draft.columns[f"{tier}_id"][0]


def nan_coordinates(draft: Draft, _rng: np.random.Generator) -> None:
    """Makes the first group's latitude and the first flash's longitude NaN."""
    plant_until(draft, 1)
    draft.columns["group_lat"][0] = np.nan
    draft.columns["flash_lon"][0] = np.nan


def count_mismatch(draft: Draft, _rng: np.random.Generator) -> None:
    """States 7 events and 1 flash more than there are."""
    draft.counts = draft.counts | {"event": draft.counts["event"] + 7, "flash": draft.counts["flash"] + 1}


DraftFault = Callable[[Draft, np.random.Generator], None]


class Fault(NamedTuple):
    """What a fault does.

    Attributes:
        text: One line for people.
        draft: Changes the granule before it is a file, or None.
        damage: Changes the bytes of the file, or None. With neither, `hour` takes care of it.
    """

    text: str
    draft: DraftFault | None = None
    damage: Damage | None = None


FAULTS: dict[str, Fault] = {
    "missing": Fault("no file is written"),
    "reissued": Fault(
        "a first issue lacks the last flash; 30 s later the whole granule follows, same start and end"
    ),
    "split_flash": Fault(
        "a flash is cut at 101 groups just before the end and goes on in the next one; the whole hour changes"
    ),
    "empty": Fault("no rows, counts 0", draft=empty),
    "short": Fault("the granule ends after 11 s", draft=short),
    "late_end": Fault("the stated end is 0.4 s late", draft=late_end),
    "lost_blocks": Fault(
        "flashes and events lost in runs: orphans, childless groups, old counts", draft=lost_blocks
    ),
    "count_mismatch": Fault("the count scalars say more than there are rows", draft=count_mismatch),
    "fill_energy": Fault("an event energy is the fill value", draft=fill_energy),
    "fill_area": Fault("a flash and its groups have the fill value as area", draft=fill_area),
    "past_dateline": Fault("event longitudes run on past -180; GOES-West only", draft=past_dateline),
    "flash_id_rollover": Fault("flash numbers pass from 65535 to 0", draft=flash_id_rollover),
    "ids_above_2_31": Fault("event and group numbers of 2**31 and more", draft=ids_above_2_31),
    "raw_32769": Fault("packed latitude and longitude that look like netCDF's default fill", draft=raw_32769),
    "time_65535": Fault("packed times of 65535", draft=time_65535),
    "duplicate_ids": Fault("numbers used twice in every tier", draft=duplicate_ids),
    "nan_coordinates": Fault("NaN among group latitudes and flash longitudes", draft=nan_coordinates),
    "truncated": Fault("the file is cut", damage=damage.truncated),
    "byte_flip": Fault("one byte changed, anywhere", damage=damage.byte_flip),
    "zeroed_block": Fault("4096 bytes are zero, anywhere", damage=damage.zeroed_block),
    "zero_bytes": Fault("an empty file", damage=damage.zero_bytes),
    "html_body": Fault("an error page in place of the file", damage=damage.html_body),
    "trailing_junk": Fault("bytes after the end", damage=damage.trailing_junk),
    "leading_junk": Fault("512 bytes before the start", damage=damage.leading_junk),
    "two_files": Fault("the file twice", damage=damage.two_files),
    "wrong_dtype": Fault("event_lat is float32, flash_id int32", damage=damage.wrong_dtype),
    "two_dimensional": Fault("flash_lat has two dimensions", damage=damage.two_dimensional),
    "short_array": Fault("flash_energy lacks a row", damage=damage.short_array),
    "missing_variable": Fault("there is no event_lon", damage=damage.missing_variable),
    "no_global_attributes": Fault("the global attributes are gone", damage=damage.no_global_attributes),
    "external_storage": Fault("event_energy points to a file of the reader", damage=damage.external_storage),
    "scale_zero": Fault("a scale_factor is 0", damage=damage.scale_zero),
    "scale_nan": Fault("a scale_factor is NaN", damage=damage.scale_nan),
    "scale_missing": Fault("a scale_factor is missing", damage=damage.scale_missing),
    "units_garbage": Fault("the units of times mean nothing", damage=damage.units_garbage),
}


def check_faults(names: Iterable[str], satellite: Satellite, allowed: Iterable[str] = FAULTS) -> None:
    """Raises SettingError when a fault is not one of `allowed`, or not possible on the satellite."""
    for name in names:
        if name not in allowed:
            raise SettingError("faults", name, ", ".join(allowed))
        if name == "past_dateline" and satellite.slot != "GOES-West":
            raise SettingError("faults", name, "GOES-West satellites", f"{satellite.name} does not see 180.")


def faults_by_granule(
    faults: Iterable[tuple[str, int]], granules: int, satellite: Satellite
) -> dict[int, list[str]]:
    """The names of the faults of each granule that has some, in the order given.

    Args:
        faults: Pairs of name and granule, counted from 0.
        granules: How many granules there will be.
        satellite: Not every fault is possible on each.

    Raises:
        SettingError: A name or granule is unknown, or the fault is not possible there.
    """
    plan: dict[int, list[str]] = {}
    for name, granule in faults:
        check_faults([name], satellite)
        last = granules - 2 if name == "split_flash" else granules - 1
        if not 0 <= granule <= last:
            allowed = f"a granule from 0 to {last}" if last >= 0 else "two granules or more"
            raise SettingError("faults", f"{name}:{granule}", allowed)
        plan.setdefault(granule, []).append(name)
    return plan


def spoil_draft(draft: Draft, names: Iterable[str], rng: np.random.Generator) -> None:
    """Puts the faults that are not damage to the file into a granule."""
    for name in names:
        if (change := FAULTS[name].draft) is not None:
            change(draft, rng)


def spoil_image(image: bytes, names: Iterable[str], rng: np.random.Generator) -> bytes:
    """The bytes of a granule after the faults that damage files."""
    for name in names:
        if (change := FAULTS[name].damage) is not None:
            image = change(image, rng)
    return image
