"""How a flash is called in a list of distances: `G18_20241001T001020.2_12345`.

Satellite, start of the granule in its name (UTC, to the tenth of a second, as NOAA writes it) and flash id:
the key of the table `flashes`, so the text finds the row again.
"""

import re
from datetime import datetime
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from lightning_eda.errors import PointsError

ITEM = re.compile(r"(G\d\d)_(\d{8}T\d{6}\.\d)_(\d{1,5})")
STAMP = "%Y%m%dT%H%M%S"
STAMP_LENGTH = 17


class FlashKey(NamedTuple):
    """The key of a flash.

    Attributes:
        satellite: For example "G18".
        granule_start: UTC, without a zone, as in the database.
        flash_id: Unique in its granule only.
    """

    satellite: str
    granule_start: datetime
    flash_id: int


def flash_items(flashes: pa.Table) -> pa.Array:
    """The item of each flash.

    Args:
        flashes: satellite, granule_start (UTC, no zone), flash_id.
    """
    starts = flashes["granule_start"].combine_chunks().dictionary_encode()
    whole = starts.dictionary.cast(pa.timestamp("ms"))  # arrow writes the fraction of its unit after %S
    stamps = pc.utf8_slice_codeunits(pc.strftime(whole, STAMP), 0, STAMP_LENGTH).take(starts.indices)
    parts = (flashes["satellite"].combine_chunks(), stamps, flashes["flash_id"].combine_chunks())
    return pc.binary_join_element_wise(*(part.cast(pa.string()) for part in parts), "_")


def parse_flash_item(item: str) -> FlashKey:
    """The key of the flash that an item names.

    Raises:
        PointsError: It is not the item of a flash.
    """
    parts = ITEM.fullmatch(item)
    if parts is None:
        raise PointsError(f"{item!r} is not the item of a flash, such as G18_20241001T001020.2_12345")
    return FlashKey(parts[1], datetime.strptime(parts[2], f"{STAMP}.%f"), int(parts[3]))
