"""The values of a granule's variables, taken straight from the bytes of the file.

Every granule stores its variables the same way: little-endian numbers in chunks without a filter, under a
version 1 B-tree. The bytes of such a variable are those of its chunks, one after the other, and taking them
costs a tenth of asking HDF5 for them. The B-tree has no checksum, so each of its entries is checked.

Source: HDF5 File Format Specification 3.0, sections III.A.1 and IV.A.2.
"""

import struct
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightning_eda.errors import GranuleError
from lightning_eda.glm.hdf5.limits import MAX_ROWS
from lightning_eda.glm.hdf5.metadata import UNDEFINED
from lightning_eda.glm.hdf5.template import DATATYPE, EXTERNAL_FILES, FILTERS, LAYOUT, SPACE, Run

MIN_CHUNK_ROWS = 64  # real ones have 256; of much smaller ones there could be too many to look at
MAX_LEVEL = 3
MAX_ENTRIES = 64  # of a node

INT16 = bytes.fromhex("100800000200000000001000")
INT32 = bytes.fromhex("100800000400000000002000")
FLOAT32 = bytes.fromhex("11201f000400000000002000170800177f000000")
VECTOR_TYPES: dict[bytes, np.dtype[Any]] = {
    INT16: np.dtype("<i2"),
    INT32: np.dtype("<i4"),
    FLOAT32: np.dtype("<f4"),
}
SCALAR_TYPES = {INT32: struct.Struct("<i"), FLOAT32: struct.Struct("<f")}
SCALAR_SPACE = b"\x02\0\0\0"

VECTOR_SPACE = struct.Struct("<4B16x")  # version, rank, flags, type
CHUNKED_LAYOUT = struct.Struct("<3B8x2I")  # version, class, rank + 1, chunk rows, bytes of a value
CONTIGUOUS_LAYOUT = struct.Struct("<2B8xQ")  # version, class, bytes
NODE = struct.Struct("<4s2BH16x")  # signature, type, level, entries


def chunk_storage(descriptions: dict[int, bytes]) -> tuple[np.dtype[Any], int]:
    """Type of the values and rows of a chunk of a variable in plain chunks; NOT_PLAIN for all others."""
    dtype = VECTOR_TYPES[descriptions[DATATYPE]]
    if FILTERS in descriptions or EXTERNAL_FILES in descriptions:
        raise ValueError("not stored plainly")
    *version, chunk_rows, value_bytes = CHUNKED_LAYOUT.unpack(descriptions[LAYOUT])
    if VECTOR_SPACE.unpack(descriptions[SPACE]) != (2, 1, 1, 1) or version != [3, 2, 2]:
        raise ValueError("not of the plain shape and layout")
    if value_bytes != dtype.itemsize or not MIN_CHUNK_ROWS <= chunk_rows <= MAX_ROWS:
        raise ValueError("not in plain chunks")
    return dtype, chunk_rows


def scalar_storage(descriptions: dict[int, bytes]) -> struct.Struct:
    """Type of a scalar that is stored plainly; NOT_PLAIN for all others."""
    number = SCALAR_TYPES[descriptions[DATATYPE]]
    if descriptions[SPACE] != SCALAR_SPACE or EXTERNAL_FILES in descriptions:
        raise ValueError("no plain scalar")
    if CONTIGUOUS_LAYOUT.unpack(descriptions[LAYOUT]) != (3, 1, number.size):
        raise ValueError("not of the plain layout")
    return number


def read_chunks(
    image: bytes, tree: int, rows: int, dtype: np.dtype[Any], chunk_rows: int
) -> tuple[NDArray[Any], list[Run]]:
    """All values of a variable in plain chunks, and the runs of bytes they were taken from.

    Args:
        image: The whole file.
        tree: Address of the B-tree.
        rows: Number of values.
        dtype: Their type.
        chunk_rows: Values of one chunk.

    Raises:
        GranuleError: There are too many rows, or the list of the chunks is damaged.
    """
    if rows > MAX_ROWS:
        raise GranuleError(f"it has {rows:,} rows; a granule has at most {MAX_ROWS:,}")
    if rows == 0:
        return np.empty(0, dtype), []
    size = dtype.itemsize
    try:
        starts = _chunk_addresses(image, tree, -(-rows // chunk_rows), chunk_rows, size)
    except (IndexError, struct.error) as error:
        raise GranuleError("the list of its chunks lies outside the file") from error
    runs = _runs(starts, chunk_rows * size)
    if max(end for _, end in runs) > len(image):
        raise GranuleError("it has chunks outside the file")
    content = b"".join([image[begin:end] for begin, end in runs])
    return np.frombuffer(content, dtype, rows), runs


def _runs(starts: tuple[int, ...], chunk_bytes: int) -> list[Run]:
    """Each row of chunks that follow each other without a gap; nearly always one."""
    begin, last = starts[0], starts[-1]
    if starts == tuple(range(begin, last + 1, chunk_bytes)):
        return [(begin, last + chunk_bytes)]
    runs = []
    end = begin
    for start in starts:
        if start != end:
            runs.append((begin, end))
            begin = start
        end = start + chunk_bytes
    return [*runs, (begin, end)]


def _chunk_addresses(image: bytes, tree: int, chunks: int, chunk_rows: int, size: int) -> tuple[int, ...]:
    """Where each chunk begins; GranuleError unless the B-tree lists exactly chunk 0, 1, ... in full size."""
    if tree == UNDEFINED:
        raise GranuleError("it was never written")
    level = image[tree + 5]
    words = _node(image, tree, level)
    while 0 < level <= MAX_LEVEL and len(words) <= 4 * chunks:
        level -= 1
        words = tuple(chain.from_iterable([_node(image, node, level) for node in words[3::4]]))
    sizes, rows, zeros = _chunk_keys(chunks, chunk_rows, size)
    if level or words[0::4] != sizes or words[1::4] != rows or words[2::4] != zeros:
        raise GranuleError("the list of its chunks is damaged")
    return words[3::4]


@lru_cache(maxsize=256)
def _chunk_keys(chunks: int, chunk_rows: int, size: int) -> tuple[tuple[int, ...], ...]:
    """The first three words of the entries of a whole B-tree: bytes, first row and 0, of each chunk."""
    sizes = (chunk_rows * size,) * chunks
    return sizes, tuple(range(0, chunks * chunk_rows, chunk_rows)), (0,) * chunks


def _node(image: bytes, address: int, level: int) -> tuple[int, ...]:
    """The entries of a B-tree node, 4 words each: chunk bytes with filter mask, first row, 0, address."""
    signature, kind, node_level, entries = NODE.unpack_from(image, address)
    if signature != b"TREE" or kind != 1 or node_level != level or not 0 < entries <= MAX_ENTRIES:
        raise GranuleError("the list of its chunks is damaged")
    return struct.unpack_from(f"<{4 * entries}Q", image, address + NODE.size)


def read_scalar(image: bytes, address: int, number: struct.Struct) -> float:
    """The value at an address; NOT_PLAIN when it lies outside the file."""
    if address > len(image):  # it may be more than struct takes
        raise ValueError("outside the file")
    return float(number.unpack_from(image, address)[0])
