"""Fills in what a caller of `write_granule` left out, so that a sound tree stands around what was given.

Values flow down from flashes to groups to events where the lower tier has none, then up: energies add, places
are weighted means, times are extremes.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lightning_eda.errors import SettingError
from lightning_eda.simulator.eras import ERAS, SATELLITES
from lightning_eda.simulator.granule.draft import Columns
from lightning_eda.simulator.granule.granules import wrap
from lightning_eda.simulator.granule.template import tier_variables
from lightning_eda.simulator.sky.pixels import EVENT_ENERGY_J, FRAME_LAG_S, PIXEL_AREA_M2

Rows = Mapping[str, Any]
ALL_NAMES = tuple(variable.name for variable in tier_variables(ERAS["current"], SATELLITES["G18"], ""))
DEFAULT_LAT = 10.0
EAST_OF_SUBPOINT = 5.0
DEFAULT_S, STEP_S = 5.0, 0.004
GROUPS_PER_FLASH = 2


def complete(flashes: Rows | None, groups: Rows | None, events: Rows | None, subpoint_lon: float) -> Columns:
    """Every column of every tier, in physical values.

    Args:
        flashes: What was given, see `write_granule`; None when nothing was.
        groups: Likewise.
        events: Likewise.
        subpoint_lon: Degrees east; places left out are near it.
    """
    columns = {
        **_full_names("event", events),
        **_full_names("group", groups),
        **_full_names("flash", flashes),
    }
    _identify(columns)
    up = {
        "event": _find(columns["event_parent_group_id"], columns["group_id"]),
        "group": _find(columns["group_parent_flash_id"], columns["flash_id"]),
    }
    _fill_energies(columns, up)
    for axis, default in (("lat", DEFAULT_LAT), ("lon", subpoint_lon + EAST_OF_SUBPOINT)):
        _fill_places(axis, default, columns, up)
    columns["event_lon"] = subpoint_lon + wrap(columns["event_lon"] - subpoint_lon)
    _fill_times(columns, up)
    _fill_areas(columns, up)
    for tier in ("group", "flash"):
        columns.setdefault(f"{tier}_quality_flag", np.zeros(len(columns[f"{tier}_id"])))
        columns[f"{tier}_lon"] = wrap(columns[f"{tier}_lon"])
    return columns


def _full_names(tier: str, rows: Rows | None) -> Columns:
    """The columns of a tier under their full names, all of one length, with ids; nothing for None."""
    if rows is None:
        return {}
    named = {
        name if name.startswith(f"{tier}_") else f"{tier}_{name}": np.asarray(value)
        for name, value in rows.items()
    }
    for name in named:
        if name not in ALL_NAMES:
            raise SettingError(
                name, "a column", ", ".join(known for known in ALL_NAMES if known.startswith(tier))
            )
    lengths = {len(value) for value in named.values() if value.ndim} or {1 if named else 0}
    if len(lengths) > 1:
        raise SettingError(f"{tier} columns", f"lengths {sorted(lengths)}", "columns of one length")
    size = max(lengths)
    named.setdefault(f"{tier}_id", np.arange(1, 1 + size))
    return {name: np.array(np.broadcast_to(value, (size,))) for name, value in named.items()}


def _identify(columns: Columns) -> None:
    """Adds the ids of tiers that were not given, and the parents."""
    flash_ids, event_ids = columns.get("flash_id", ()), columns.get("event_id", ())
    if "group_id" not in columns:
        numbers = np.arange(1, 1 + (len(event_ids) or GROUPS_PER_FLASH * len(flash_ids)))
        columns["group_id"] = np.unique(columns.get("event_parent_group_id", numbers))
    size = len(columns["group_id"])
    if "flash_id" not in columns:
        columns["flash_id"] = np.unique(columns.get("group_parent_flash_id", np.ones(size, int)))
    columns.setdefault("group_parent_flash_id", _dealt(columns["flash_id"], size))
    columns.setdefault("event_id", np.arange(1, 1 + size))
    columns.setdefault("event_parent_group_id", _dealt(columns["group_id"], len(columns["event_id"])))


def _dealt(parents: np.ndarray, rows: int) -> np.ndarray:
    """A parent for each row, in order and in equal shares; 0 when there is none."""
    if len(parents) == 0:
        return np.zeros(rows, int)
    return np.asarray(parents[np.arange(rows) * len(parents) // max(rows, 1)])


def _find(wanted: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """The row of each wanted id, -1 where there is none."""
    rows = {int(number): row for row, number in enumerate(ids)}
    return np.array([rows.get(int(number), -1) for number in wanted], int)


def _down(parents: np.ndarray, row: np.ndarray, default: float) -> np.ndarray:
    """Each child's value of its parent, `default` for orphans."""
    return np.asarray(np.append(parents, default)[row])


def _sum(children: np.ndarray, row: np.ndarray, size: int) -> np.ndarray:
    """Sum over the children of each parent."""
    return np.bincount(row[row >= 0], children[row >= 0], size)


def _fill_energies(columns: Columns, up: Columns) -> None:
    """Shares energies out downwards, then adds them up."""
    for parent, child in (("flash", "group"), ("group", "event")):
        children = np.bincount(up[child][up[child] >= 0], minlength=len(columns[f"{parent}_id"]))
        if f"{parent}_energy" in columns:
            share = columns[f"{parent}_energy"] / np.maximum(children, 1)
            columns.setdefault(f"{child}_energy", _down(share, up[child], EVENT_ENERGY_J))
    columns.setdefault("event_energy", np.full(len(up["event"]), EVENT_ENERGY_J))
    for parent, child in (("group", "event"), ("flash", "group")):
        total = _sum(columns[f"{child}_energy"], up[child], len(columns[f"{parent}_id"]))
        columns.setdefault(f"{parent}_energy", np.where(total > 0, total, EVENT_ENERGY_J))


def _fill_places(axis: str, default: float, columns: Columns, up: Columns) -> None:
    """Hands one coordinate down, then takes energy-weighted means up."""
    for parent, child in (("flash", "group"), ("group", "event")):
        if f"{parent}_{axis}" in columns:
            columns.setdefault(f"{child}_{axis}", _down(columns[f"{parent}_{axis}"], up[child], default))
    columns.setdefault(f"event_{axis}", np.full(len(up["event"]), default))
    for parent, child in (("group", "event"), ("flash", "group")):
        size, energy = len(columns[f"{parent}_id"]), columns[f"{child}_energy"]
        total = _sum(energy, up[child], size)
        mean = _sum(energy * columns[f"{child}_{axis}"], up[child], size) / np.where(total > 0, total, 1.0)
        columns.setdefault(f"{parent}_{axis}", np.where(total > 0, mean, default))


def _fill_times(columns: Columns, up: Columns) -> None:
    """Hands the flash's first time down, a few ms later for each group, then takes extremes up."""
    first = columns.get("flash_time_offset_of_first_event", np.full(len(columns["flash_id"]), DEFAULT_S))
    later = STEP_S * _order_within(up["group"])
    from_events = "event_time_offset" in columns and "group_time_offset" not in columns
    if from_events:
        columns["group_time_offset"] = _extreme(
            np.minimum, columns["event_time_offset"], up["event"], columns["group_id"]
        )
    columns.setdefault("group_time_offset", _down(first, up["group"], DEFAULT_S) + later)
    columns.setdefault("event_time_offset", _down(columns["group_time_offset"], up["event"], DEFAULT_S))
    columns.setdefault("group_frame_time_offset", columns["group_time_offset"] + FRAME_LAG_S)
    for kind in ("time", "frame_time"):
        times = columns[f"group_{kind}_offset"]
        for edge, extreme in (("first", np.minimum), ("last", np.maximum)):
            columns.setdefault(
                f"flash_{kind}_offset_of_{edge}_event",
                _extreme(extreme, times, up["group"], columns["flash_id"]),
            )


def _order_within(row: np.ndarray) -> np.ndarray:
    """0, 1, 2... among the children of the same parent."""
    order = np.argsort(row, kind="stable")
    starts = np.searchsorted(row[order], row[order])
    within = np.empty(len(row), int)
    within[order] = np.arange(len(row)) - starts
    return within


def _extreme(extreme: np.ufunc, times: np.ndarray, row: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Earliest or latest time among the children of each parent; the usual time where there is none."""
    start = np.inf if extreme is np.minimum else -np.inf
    found = np.full(len(ids), start)
    extreme.at(found, row[row >= 0], times[row >= 0])
    return np.where(np.isinf(found), DEFAULT_S, found)


def _fill_areas(columns: Columns, up: Columns) -> None:
    """Gives groups a pixel's area for each event, and flashes that of their groups."""
    for parent, child in (("group", "event"), ("flash", "group")):
        size = len(columns[f"{parent}_id"])
        area = columns.get(f"{child}_area", np.full(len(up[child]), PIXEL_AREA_M2))
        columns.setdefault(f"{parent}_area", np.maximum(_sum(area, up[child], size), PIXEL_AREA_M2))
