"""The plain layout of a granule's variables, read straight from the bytes of the file.

Every granule stores its variables the same way: version 2 object headers, little-endian numbers, chunks without a
filter under a version 1 B-tree. The bytes of such a variable are those of its chunks, one after the other, and
taking them here costs a tenth of asking HDF5 for them. HDF5 has verified the checksum of a header before it is read
here; the B-tree has none, so each of its entries is checked. What is not exactly this layout raises one of
NOT_PLAIN, and is for HDF5 to read.

Source: HDF5 File Format Specification 3.0, sections III.A.1, III.G and IV.A.
"""

import struct
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightning_eda.errors import GranuleError
from lightning_eda.glm.lcfa_variables import MAX_ROWS

NOT_PLAIN = (ValueError, IndexError, KeyError, struct.error)

SPACE, DATATYPE, EXTERNAL_FILES, LAYOUT, FILTERS, ATTRIBUTE, CONTINUATION, ATTRIBUTE_INFO = (
    1, 3, 7, 8, 11, 12, 16, 21,
)  # fmt: skip
HAS_TIMES, HAS_PHASES, HAS_ORDER = 0x20, 0x10, 0x04  # flags of an object header
SHARED = 0x02  # flag of a message that lies elsewhere
MAX_BLOCKS = 16  # the header of a real variable has at most 4
MIN_CHUNK_ROWS = 64  # real ones have 256; of much smaller ones there could be too many to look at
MAX_LEVEL = 3
UNDEFINED = (1 << 64) - 1

INT16 = bytes.fromhex("100800000200000000001000")
INT32 = bytes.fromhex("100800000400000000002000")
FLOAT32 = bytes.fromhex("11201f000400000000002000170800177f000000")
VECTOR_TYPES = {("i", 2): INT16, ("i", 4): INT32, ("f", 4): FLOAT32}
SCALAR_TYPES = {INT32: np.dtype("<i4"), FLOAT32: np.dtype("<f4")}
SCALAR_SPACE = b"\x02\0\0\0"

MESSAGE = struct.Struct("<BHB")  # kind, bytes, flags
VECTOR_SPACE = struct.Struct("<4B2Q")  # version, rank, flags, type, rows, most rows
CHUNKED_LAYOUT = struct.Struct("<3BQ2I")  # version, class, rank + 1, B-tree, chunk rows, bytes of a value
CONTIGUOUS_LAYOUT = struct.Struct("<2B2Q")  # version, class, address, bytes
NODE = struct.Struct("<4s2BH16x")  # signature, type, level, entries
ATTRIBUTE_STORE = struct.Struct("<4xQ16x")  # address of the heap
# signature and version, bytes of filters, flags, huge and tiny objects, width, block bytes, address bits, root, rows
HEAP = struct.Struct("<5s2xHB76xQ8xQHQ8xH2xQH")
PLAIN_HEAP = (b"FRHP\0", 0, 2, 0, 0, 4, 1024, 40)
DIRECT_BLOCK_HEADER = 22  # bytes before the attributes: signature, addresses and a checksum
INDIRECT_BLOCK_HEADER = 18
DIMENSION_LIST = b"DIMENSION_LIST\0"
DIMENSION_LIST_BYTES = 67  # name, type, space, and a value that is an address and differs between files

Messages = dict[int, list[bytes]]
Run = tuple[int, int]


def read_header(image: bytes, address: int) -> Messages:
    """The messages of the object header at an address, by kind."""
    if image[address : address + 5] != b"OHDR\x02":
        raise ValueError("no version 2 object header")
    flags = image[address + 5]
    place = address + 6 + (16 if flags & HAS_TIMES else 0) + (4 if flags & HAS_PHASES else 0)
    width = 1 << (flags & 3)
    step = 6 if flags & HAS_ORDER else 4
    messages: Messages = {}
    blocks = [(place + width, int.from_bytes(image[place : place + width], "little"))]
    for place, length in blocks:
        end = place + length
        while place + step <= end:
            kind, size, message_flags = MESSAGE.unpack_from(image, place)
            place += step + size
            body = image[place - size : place]
            if kind == CONTINUATION:
                blocks.append(_continuation(image, body, len(blocks)))
            elif message_flags & SHARED:
                raise ValueError("a shared message")
            else:
                messages.setdefault(kind, []).append(body)
    return messages


def _continuation(image: bytes, body: bytes, number: int) -> Run:
    """First byte and length of the messages in a continuation block, between its signature and checksum."""
    address, length = struct.unpack("<2Q", body)
    if number >= MAX_BLOCKS or image[address : address + 4] != b"OCHK":
        raise ValueError("no continuation block")
    return address + 4, length - 8


def read_vector(image: bytes, messages: Messages, kind: str, size: int) -> tuple[NDArray[Any], list[Run]]:
    """All values of a one-dimensional variable in plain chunks, and the runs of bytes they came from.

    Args:
        image: The whole file.
        messages: Of the variable's object header.
        kind: "i" for signed integers, "f" for floating point.
        size: Bytes of one value.

    Raises:
        GranuleError: The list of the chunks is damaged.
    """
    space, datatype, layout = _only(messages, SPACE), _only(messages, DATATYPE), _only(messages, LAYOUT)
    if datatype != VECTOR_TYPES[kind, size] or FILTERS in messages or EXTERNAL_FILES in messages:
        raise ValueError("not of the plain type and storage")
    *shape, rows, _ = VECTOR_SPACE.unpack(space)
    *version, tree, chunk_rows, value_bytes = CHUNKED_LAYOUT.unpack(layout)
    if shape != [2, 1, 1, 1] or rows > MAX_ROWS or version != [3, 2, 2]:
        raise ValueError("not of the plain shape and layout")
    if value_bytes != size or not MIN_CHUNK_ROWS <= chunk_rows <= MAX_ROWS:
        raise ValueError("not in plain chunks")
    if rows == 0:
        return np.empty(0, f"<{kind}{size}"), []
    starts = _chunk_addresses(image, tree, -(-rows // chunk_rows), chunk_rows, size)
    runs = _runs(starts, chunk_rows * size)
    if max(end for _, end in runs) > len(image):
        raise GranuleError("it has chunks outside the file")
    content = b"".join([image[begin:end] for begin, end in runs])
    return np.frombuffer(content, f"<{kind}{size}", rows), runs


def _runs(starts: list[int], chunk_bytes: int) -> list[Run]:
    """First byte and end of each row of chunks that follow each other without a gap."""
    runs = []
    begin = end = starts[0]
    for start in starts:
        if start != end:
            runs.append((begin, end))
            begin = start
        end = start + chunk_bytes
    return [*runs, (begin, end)]


def _only(messages: Messages, kind: int) -> bytes:
    (body,) = messages[kind]
    return body


def _chunk_addresses(image: bytes, tree: int, chunks: int, chunk_rows: int, size: int) -> list[int]:
    """Where each chunk begins; GranuleError unless the B-tree lists exactly chunk 0, 1, ... in full size."""
    if tree == UNDEFINED:
        raise ValueError("it was never written")
    nodes = [tree]
    level = image[tree + 5]
    while True:
        words = [word for node in nodes for word in _node(image, node, level)]
        if level == 0 or level > MAX_LEVEL or len(words) > 4 * chunks:
            break
        nodes = words[3::4]
        level -= 1
    sizes, rows, zeros = words[0::4], words[1::4], words[2::4]
    if level or sizes != [chunk_rows * size] * chunks or rows != [*range(0, chunks * chunk_rows, chunk_rows)]:
        raise GranuleError("the list of its chunks is damaged")
    if any(zeros):
        raise GranuleError("the list of its chunks is damaged")
    return words[3::4]


def _node(image: bytes, address: int, level: int) -> tuple[int, ...]:
    """The entries of a B-tree node, 4 words each: chunk bytes with filter mask, first row, 0, address."""
    signature, kind, node_level, entries = NODE.unpack_from(image, address)
    if signature != b"TREE" or kind != 1 or node_level != level or not entries:
        raise GranuleError("the list of its chunks is damaged")
    return struct.unpack_from(f"<{4 * entries}Q", image, address + NODE.size)


def read_number(image: bytes, messages: Messages) -> float:
    """The value of a scalar variable."""
    dtype = SCALAR_TYPES[_only(messages, DATATYPE)]
    *version, address, length = CONTIGUOUS_LAYOUT.unpack(_only(messages, LAYOUT))
    if _only(messages, SPACE) != SCALAR_SPACE or EXTERNAL_FILES in messages:
        raise ValueError("no plain scalar")
    if version != [3, 1] or length != dtype.itemsize:
        raise ValueError("not of the plain layout")
    return float(np.frombuffer(image, dtype, 1, address)[0])


def attribute_bytes(image: bytes, messages: Messages) -> bytes:
    """The bytes that hold all attributes of a variable, without those that are addresses.

    Two variables with the same bytes have the same attributes. Up to 8 of them lie in the object header, more of
    them in the blocks of a heap.
    """
    parts = messages.get(ATTRIBUTE, [])
    (heap,) = ATTRIBUTE_STORE.unpack(_only(messages, ATTRIBUTE_INFO))
    if heap != UNDEFINED:
        parts = [*parts, *_heap_blocks(image, heap)]
    text = b"".join(parts)
    before, name, after = text.partition(DIMENSION_LIST)
    return before + after[DIMENSION_LIST_BYTES - len(name) :] if name else text


def _heap_blocks(image: bytes, address: int) -> list[bytes]:
    """The blocks of a fractal heap without their addresses and checksums."""
    *facts, root, rows = HEAP.unpack_from(image, address)
    if tuple(facts) != PLAIN_HEAP or rows > 2:
        raise ValueError("no plain heap")
    blocks = [root]
    if rows:
        if image[root : root + 4] != b"FHIB":
            raise ValueError("no heap block")
        places = struct.unpack_from(f"<{4 * rows}Q", image, root + INDIRECT_BLOCK_HEADER)
        blocks = [place for place in places if place != UNDEFINED]
    if any(image[block : block + 4] != b"FHDB" for block in blocks):
        raise ValueError("no heap block")
    return [image[block + DIRECT_BLOCK_HEADER : block + 1024] for block in blocks]
