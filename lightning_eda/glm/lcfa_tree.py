"""Which flash a group belongs to and which group an event belongs to: joined by id, never by position.

Rows of a file do not follow the order of their parents, and ids of a granule that lost packets may point to
rows that are not there.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightning_eda.errors import GranuleError

MAX_TABLE_SPAN = (
    1 << 22
)  # ids of a granule span about as many numbers as it has rows; wider ones are searched


@dataclass(frozen=True)
class Tree:
    """Parents and numbers of children of one granule.

    Attributes:
        groups_of_flash: Number of groups of each flash, int32[flashes].
        events_of_flash: Number of events of each flash, int32[flashes].
        events_of_group: Number of events of each group, int32[groups].
        flash_of_event: Flash id of each event through its group, int32[events]; -1 where the group is absent.
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
) -> Tree:
    """The tree of a granule.

    Args:
        flash_id: Ids of the flashes.
        group_id: Ids of the groups.
        group_flash_id: Flash id each group names as its parent.
        event_group_id: Group id each event names as its parent.

    Raises:
        GranuleError: An id is given twice.
    """
    flash_of_group = positions(flash_id, group_flash_id, "flash_id")
    group_of_event = positions(group_id, event_group_id, "group_id")
    # One more place than there are rows takes the children without a parent: -1 is the last place.
    events_of_group = np.bincount(group_of_event + 1, minlength=len(group_id) + 1)
    flash_of_event = np.append(flash_of_group, -1)[group_of_event]
    groups_of_flash = np.bincount(flash_of_group + 1, minlength=len(flash_id) + 1)
    events_of_flash = np.bincount(flash_of_event + 1, minlength=len(flash_id) + 1)
    return Tree(
        groups_of_flash[1:].astype(np.int32),
        events_of_flash[1:].astype(np.int32),
        events_of_group[1:].astype(np.int32),
        np.append(group_flash_id.astype(np.int32), np.int32(-1))[group_of_event],
        orphan_groups=int(groups_of_flash[0]),
        orphan_events=int(events_of_flash[0]),
        childless_flashes=int(np.count_nonzero(groups_of_flash[1:] == 0)),
        childless_groups=int(np.count_nonzero(events_of_group[1:] == 0)),
    )


def positions(ids: NDArray[Any], wanted: NDArray[Any], name: str) -> NDArray[np.intp]:
    """Row of each wanted id, -1 where it is absent.

    Raises:
        GranuleError: An id is given twice.
    """
    if not len(ids):
        return np.full(len(wanted), -1, np.intp)
    low = int(ids.min())
    span = int(ids.max()) - low + 1
    if span > MAX_TABLE_SPAN:
        return _searched_positions(ids, wanted, name)
    table = np.full(span + 1, -1, np.intp)  # the last place stays -1: ids out of the span go there
    rows = np.arange(len(ids))
    shifted = ids.astype(np.int64) - low
    table[shifted] = rows
    if not np.array_equal(table[shifted], rows):
        raise GranuleError(f"{name} is not unique")
    places = wanted.astype(np.int64) - low
    places[(places < 0) | (places >= span)] = span
    return table[places]


def check_unique(ids: NDArray[Any], name: str) -> None:
    """Raise GranuleError when an id is given twice."""
    if not len(ids):
        return
    low = int(ids.min())
    span = int(ids.max()) - low + 1
    if span > MAX_TABLE_SPAN:
        distinct = len(np.unique(ids))
    else:
        seen = np.zeros(span, bool)
        seen[ids - ids.dtype.type(low)] = True
        distinct = np.count_nonzero(seen)
    if distinct != len(ids):
        raise GranuleError(f"{name} is not unique")


def _searched_positions(ids: NDArray[Any], wanted: NDArray[Any], name: str) -> NDArray[np.intp]:
    check_unique(ids, name)
    order = np.argsort(ids)
    places = np.minimum(np.searchsorted(ids, wanted, sorter=order), len(ids) - 1)
    rows = order[places]
    return np.where(ids[rows] == wanted, rows, -1)
