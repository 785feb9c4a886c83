"""The way back from the item of a flash in a list of distances to the key of its row."""

import re
from datetime import datetime
from typing import NamedTuple

ITEM = re.compile(r"(G\d\d)_(\d{8}T\d{6}\.\d)_(\d{1,5})")


class FlashKey(NamedTuple):
    """The key of a flash; granule_start is UTC without a zone, as in the database."""

    satellite: str
    granule_start: datetime
    flash_id: int


def parse_flash_item(item: str) -> FlashKey:
    """The key of the flash that an item names."""
    parts = ITEM.fullmatch(item)
    assert parts is not None, item
    return FlashKey(parts[1], datetime.strptime(parts[2], "%Y%m%dT%H%M%S.%f"), int(parts[3]))
