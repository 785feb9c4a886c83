"""The clusters of a day as people get them: a gzip CSV with the columns cluster and key."""

import zlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

from lightning_eda.errors import PairsError

HEADING = b"cluster,key\n"
NEEDS_QUOTES = '[",\r\n]'
ROWS_AT_ONCE = 1 << 20
LEVEL = 6


def clusters_csv(items: pa.Array, labels: ArrayLike) -> bytes:
    """The clustered items as a gzip CSV, sorted by cluster and then as the items are; noise is left out.

    The same input gives the same bytes: the gzip header states no time. Only items that need quotes have
    them; lines end with LF. Without a cluster there is the line of headings alone.

    Args:
        items: Strings or integers, shape (n,).
        labels: Their clusters, negative for noise, shape (n,).

    Raises:
        PairsError: The lengths differ.
    """
    label = np.asarray(labels, np.int64)
    if label.shape != (len(items),):
        raise PairsError(f"{len(items)} items but labels of shape {label.shape}")
    clustered = np.flatnonzero(label >= 0)
    order = clustered[np.argsort(label[clustered], kind="stable")]
    packer = zlib.compressobj(LEVEL, wbits=31)
    packed = [packer.compress(HEADING)]
    for start in range(0, len(order), ROWS_AT_ONCE):
        rows = order[start : start + ROWS_AT_ONCE]
        packed.append(packer.compress(_lines(label[rows], items.take(pa.array(rows)))))
    return b"".join([*packed, packer.flush()])


def _lines(label: NDArray[np.int64], items: pa.Array) -> bytes:
    """The rows as CSV."""
    text = items.cast(pa.string())
    odd = pc.match_substring_regex(text, NEEDS_QUOTES)
    if pc.any(odd, min_count=0).as_py():
        doubled = pc.replace_substring(text, '"', '""')
        text = pc.if_else(odd, pc.binary_join_element_wise('"', doubled, '"', ""), text)
    lines = pc.binary_join_element_wise(pa.array(label).cast(pa.string()), text, ",")
    whole = pa.ListArray.from_arrays(pa.array([0, len(lines)], pa.int32()), lines)
    return bytes(pc.binary_join(whole, "\n")[0].as_buffer()) + b"\n"
