"""Small flashes with chosen values, put into a granule that is packed already; all else in them is sound."""

import numpy as np

from lightning_eda.glm.names import GRANULES_PER_HOUR
from lightning_eda.simulator.granule.draft import Columns, Draft, pack_columns
from lightning_eda.simulator.granule.granules import wrap
from lightning_eda.simulator.granule.template import FILE_TIERS, tier_of
from lightning_eda.simulator.sky.pixels import EVENT_ENERGY_J, FRAME_LAG_S, PIXEL_AREA_M2

RESERVED_ID = 2_100_000_000  # event and group numbers from here on belong to planted flashes
SLOTS = 24 * GRANULES_PER_HOUR  # granules of a day
GAP_S = 0.00398  # between the two events of a flash: two frames


def plant(
    draft: Draft,
    *,
    lat: float,
    lon: float,
    time_s: float = 6.0,
    energy: float = EVENT_ENERGY_J,
) -> None:
    """Adds a flash of two groups of one event each; counts follow.

    Args:
        draft: The granule.
        lat: Degrees north, of both events.
        lon: Degrees east as events have it, so running on past -180; group and flash get it wrapped.
        time_s: Time of the first event from the start of the granule, seconds.
        energy: Of the first event, J.
    """
    first = _free_number(draft)
    ids = np.array([first, first + 1])
    flash_id = _free_flash_id(draft)
    times = np.array([time_s, time_s + GAP_S])
    frames = times + FRAME_LAG_S
    energies = np.array([energy, EVENT_ENERGY_J])
    place = {"lat": np.full(2, lat), "lon": np.full(2, lon)}
    centre = {"lat": np.full(2, lat), "lon": wrap(np.full(2, lon))}
    columns: Columns = {
        "event_id": ids,
        "event_parent_group_id": ids,
        "event_time_offset": times,
        "event_energy": energies,
        **{f"event_{axis}": values for axis, values in place.items()},
        "group_id": ids,
        "group_parent_flash_id": np.full(2, flash_id),
        "group_time_offset": times,
        "group_frame_time_offset": frames,
        "group_energy": energies,
        "group_area": np.full(2, PIXEL_AREA_M2),
        "group_quality_flag": np.zeros(2),
        **{f"group_{axis}": values for axis, values in centre.items()},
        "flash_id": np.array([flash_id]),
        "flash_energy": energies.sum(keepdims=True),
        "flash_area": np.array([PIXEL_AREA_M2]),
        "flash_quality_flag": np.zeros(1),
        **{f"flash_{axis}": values[:1] for axis, values in centre.items()},
        **_flash_times(times, frames),
    }
    _append(draft, pack_columns(columns, draft.era, draft.satellite))


def plant_until(draft: Draft, flashes: int) -> None:
    """Plants plain flashes until the granule holds at least so many."""
    while draft.rows("flash") < flashes:
        plant(draft, lat=5.0, lon=draft.satellite.subpoint_lon + 3.0, time_s=5.0 + 0.5 * draft.rows("flash"))


def _flash_times(times: np.ndarray, frames: np.ndarray) -> Columns:
    return {
        "flash_time_offset_of_first_event": times[:1],
        "flash_time_offset_of_last_event": times[1:],
        "flash_frame_time_offset_of_first_event": frames[:1],
        "flash_frame_time_offset_of_last_event": frames[1:],
    }


def _append(draft: Draft, packed: Columns) -> None:
    for name, column in packed.items():
        if tier_of(name) in FILE_TIERS:
            draft.columns[name] = np.concatenate([draft.columns[name], column])
    draft.count_rows()


def _free_number(draft: Draft) -> int:
    """An event and group number that no other granule of the day and no flash planted before has."""
    start = draft.name.start
    slot = (start.hour * 3600 + start.minute * 60 + start.second) // 20
    planted = int((draft.unsigned("group_id") >= RESERVED_ID).sum()) // 2
    return RESERVED_ID + 2 * (SLOTS * planted + slot)


def _free_flash_id(draft: Draft) -> int:
    """A flash number half the counter away from those of the granule."""
    used = set(draft.unsigned("flash_id").tolist())
    number = (min(used, default=0) + 0x8000) & 0xFFFF
    while number in used:
        number = (number + 1) & 0xFFFF
    return number
