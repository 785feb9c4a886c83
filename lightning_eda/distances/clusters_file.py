"""The clusters of a day as people get them: a gzip CSV with the columns cluster and key."""

import csv
import io
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


def read_clusters_csv(data: bytes) -> tuple[list[str], list[int]]:
    """The items, as text, and their clusters, in the order of a file that `clusters_csv` made.

    Raises:
        PairsError: It is no such file.
    """
    try:
        unpacker = zlib.decompressobj(wbits=31)
        text = unpacker.decompress(data).decode("utf-8")
        heading, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        if not unpacker.eof or heading != ["cluster", "key"]:
            raise PairsError("no clusters file: it is cut, or its first line is not cluster,key")
        return [item for _, item in rows], [int(cluster) for cluster, _ in rows]
    except (zlib.error, ValueError, csv.Error) as error:
        raise PairsError(f"no clusters file: {error}") from error


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
