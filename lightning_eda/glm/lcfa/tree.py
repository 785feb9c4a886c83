"""Which flash a group belongs to and which group an event belongs to: joined by id, never by position.

Rows of a file do not follow the order of their parents, and ids of a granule that lost packets may point to
rows that are not there.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightning_eda.errors import GranuleError

NO_EVENTS = np.empty(0, np.int32)
MAX_TABLE_SPAN = (
    1 << 22
)  # ids of a granule span about as many numbers as it has rows; wider ones are searched


@dataclass(frozen=True)
class Tree:
    """Parents and numbers of children of one granule.

    Attributes:
        groups_of_flash: Number of groups of each flash, shape (flashes,), int32.
        events_of_flash: Number of events of each flash, shape (flashes,), int32.
        events_of_group: Number of events of each group, shape (groups,), int32.
        flash_of_event: Flash id of each event through its group, shape (events,), int32; -1 where the group
            is absent, empty when it was not asked for.
        orphan_groups: Groups whose flash is not in the file.
        orphan_events: Events that lead to no flash of the file.
        childless_flashes: Flashes without a group.
        childless_groups: Groups without an event.
    """

    groups_of_flash: NDArray[np.int32]
    events_of_flash: NDArray[np.int32]
    events_of_group: NDArray[np.int32]
    flash_of_event: NDArray[np.int32]
    orphan_groups: int
    orphan_events: int
    childless_flashes: int
    childless_groups: int


def build_tree(
    flash_id: NDArray[np.uint16],
    group_id: NDArray[np.uint32],
    group_flash_id: NDArray[np.uint16],
    event_group_id: NDArray[np.uint32],
    with_events: bool = True,
) -> Tree:
    """The tree of a granule.

    Args:
        flash_id: Ids of the flashes.
        group_id: Ids of the groups.
        group_flash_id: Flash id each group names as its parent.
        event_group_id: Group id each event names as its parent.
        with_events: Whether to tell the flash of each event.

    Raises:
        GranuleError: An id is given twice.
    """
    # Children without a parent are counted in one more place, after the last row.
    flashes, groups = len(flash_id), len(group_id)
    flash_of_group = positions(flash_id, group_flash_id, "flash_id")
    group_of_event = positions(group_id, event_group_id, "group_id")
    groups_of_flash = np.bincount(flash_of_group, minlength=flashes + 1).astype(np.int32)
    events_of_group = np.bincount(group_of_event, minlength=groups + 1).astype(np.int32)
    # Sums in float64, exact as all counts are far below 2**53.
    events_of_flash = np.bincount(flash_of_group, events_of_group[:-1], flashes + 1).astype(np.int32)
    flash_of_event = NO_EVENTS
    if with_events:
        flash_of_event = np.append(group_flash_id.astype(np.int32), np.int32(-1)).take(group_of_event)
    return Tree(
        groups_of_flash[:-1],
        events_of_flash[:-1],
        events_of_group[:-1],
        flash_of_event,
        orphan_groups=int(groups_of_flash[-1]),
        orphan_events=int(events_of_flash[-1]) + int(events_of_group[-1]),
        childless_flashes=flashes - int(np.count_nonzero(groups_of_flash[:-1])),
        childless_groups=groups - int(np.count_nonzero(events_of_group[:-1])),
    )


def positions(ids: NDArray[Any], wanted: NDArray[Any], name: str) -> NDArray[np.intp]:
    """Row of each wanted id; the number of rows where it is absent.

    Args:
        ids: Unsigned ids of the rows.
        wanted: Ids to look for, of the same type.
        name: What the ids are, for the error.

    Raises:
        GranuleError: An id is given twice.
    """
    if not len(ids):
        return np.zeros(len(wanted), np.intp)
    low, high = int(ids.min()), int(ids.max())
    if high - low >= MAX_TABLE_SPAN:
        return _searched_positions(ids, wanted, name)
    # The rows by id; the first and the last place are for all ids below and above.
    table = np.full(high - low + 3, len(ids))
    rows = np.arange(len(ids))
    places = np.subtract(ids, low - 1, dtype=np.intp)
    table[places] = rows
    if (table.take(places) != rows).any():
        raise GranuleError(f"{name} is not unique")
    found: NDArray[np.intp] = table.take(np.subtract(wanted, low - 1, dtype=np.intp), mode="clip")
    return found


def check_unique(ids: NDArray[Any], name: str) -> None:
    """Raise GranuleError when an id is given twice."""
    if not len(ids):
        return
    low = ids.min()
    span = int(ids.max()) - int(low) + 1
    if span > MAX_TABLE_SPAN:
        distinct = len(np.unique(ids))
    else:
        seen = np.zeros(span, bool)
        seen[ids - low] = True
        distinct = int(np.count_nonzero(seen))
    if distinct != len(ids):
        raise GranuleError(f"{name} is not unique")


def _searched_positions(ids: NDArray[Any], wanted: NDArray[Any], name: str) -> NDArray[np.intp]:
    check_unique(ids, name)
    order = np.argsort(ids)
    places = np.minimum(np.searchsorted(ids, wanted, sorter=order), len(ids) - 1)
    rows = order[places]
    return np.where(ids[rows] == wanted, rows, len(ids))
