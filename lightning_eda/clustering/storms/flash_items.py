"""How a flash is called in a list of distances: `G18_20241001T001020.2_12345`.

Satellite, start of the granule in its name (UTC, to the tenth of a second, as NOAA writes it) and flash id:
the key of the table `flashes`, so the text finds the row again.
"""

import pyarrow as pa
import pyarrow.compute as pc

STAMP = "%Y%m%dT%H%M%S"
STAMP_LENGTH = 17


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
