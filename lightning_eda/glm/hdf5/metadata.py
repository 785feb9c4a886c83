"""The metadata of an HDF5 file in the structures that granules have, read straight from its bytes.

HDF5 verifies checksums that are not verified here: what is read here must be checked by other means. What has
not exactly the structures of a granule raises one of NOT_PLAIN, and is for HDF5 to read.

Source: HDF5 File Format Specification 3.0, sections II.A, III.G and IV.A.
"""

import struct
from collections.abc import Iterator
from functools import lru_cache

NOT_PLAIN = (ValueError, IndexError, KeyError, struct.error)

LINK_INFO, ATTRIBUTE_INFO = 2, 21  # kinds of messages
HAS_TIMES, HAS_PHASES, HAS_ORDER = 0x20, 0x10, 0x04  # flags of an object header
MAX_BLOCKS = 32  # a real variable has at most 6, of at most 1 kB
MAX_BLOCK_BYTES = 1 << 13
UNDEFINED = (1 << 64) - 1

SUPERBLOCK = struct.Struct("<8x3BxQ16xQ")  # version, bytes of an address and of a length, base, root
MESSAGE = struct.Struct("<BHB")  # kind, bytes, flags
POINTER = struct.Struct("<Q")
LINKS_AND_HEAP = struct.Struct("<2x2Q")  # of a link info message: links ever made, heap
ATTRIBUTE_HEAP = 4  # place of the address in an attribute info message
ATTRIBUTE_HEAD = struct.Struct("<2B3HB")  # version, flags, bytes of name, type and space, encoding
# signature and version, bytes of filters, flags, objects, huge and tiny ones, width, block bytes, address
# bits, root, rows
HEAP = struct.Struct("<5s2xHB60xQ8xQ8xQHQ8xH2xQH4x")
PLAIN_LINK = b"\x01\x04"  # version 1; a hard link with its order of creation, in ASCII
TEXT_CLASS = 3


class Root:
    """The root group of a file: where its objects are, and its text attributes.

    Args:
        image: The whole file.
    """

    def __init__(self, image: bytes) -> None:
        version, address_bytes, length_bytes, base, root = SUPERBLOCK.unpack_from(image)
        if version not in (2, 3) or (address_bytes, length_bytes, base) != (8, 8, 0):
            raise ValueError("no plain superblock")
        messages = {kind: place for kind, _, place, _ in read_messages(image, *header_extent(image, root))}
        made, heap = LINKS_AND_HEAP.unpack_from(image, messages[LINK_INFO])
        self._links, links = heap_text(image, heap)
        if links != made:
            raise ValueError("links were removed, their remains may be in the blocks")
        (heap,) = POINTER.unpack_from(image, messages[ATTRIBUTE_INFO] + ATTRIBUTE_HEAP)
        self._attributes = b"" if heap == UNDEFINED else heap_text(image, heap)[0]

    def __contains__(self, name: str) -> bool:
        return _link_key(name) in self._links

    def address(self, name: str) -> int:
        """Where the object of that name is; KeyError when no plain link has it."""
        key = _link_key(name)
        place = self._links.find(key)
        if place < 10 or self._links[place - 10 : place - 8] != PLAIN_LINK:
            raise KeyError(name)
        address: int = POINTER.unpack_from(self._links, place + len(key))[0]
        return address

    def text(self, name: str) -> str:
        """A text attribute of the file."""
        block = self._attributes
        key = name.encode() + b"\0"
        place = block.index(key)
        head = ATTRIBUTE_HEAD.unpack_from(block, place - ATTRIBUTE_HEAD.size)
        kind = place + len(key)
        value = kind + head[3] + head[4]
        if head[:3] != (3, 0, len(key)) or block[kind] & 15 != TEXT_CLASS or block.count(key) > 1:
            raise ValueError("no plain text attribute")
        return block[value : value + int.from_bytes(block[kind + 4 : kind + 8], "little")].decode("ascii")


@lru_cache(maxsize=64)
def _link_key(name: str) -> bytes:
    return len(name).to_bytes(1, "little") + name.encode()


def header_extent(image: bytes, address: int) -> tuple[int, int, int]:
    """Where the messages of an object header begin and end, and the bytes before the body of each."""
    if image[address : address + 5] != b"OHDR\x02":
        raise ValueError("no version 2 object header")
    flags = image[address + 5]
    place = address + 6 + (16 if flags & HAS_TIMES else 0) + (4 if flags & HAS_PHASES else 0)
    begin = place + (1 << (flags & 3))
    return begin, begin + int.from_bytes(image[place:begin], "little"), 6 if flags & HAS_ORDER else 4


def read_messages(content: bytes, begin: int, end: int, step: int) -> Iterator[tuple[int, int, int, int]]:
    """Kind, flags, place of the body and its bytes, of each message of a block."""
    if end - begin > MAX_BLOCK_BYTES:
        raise ValueError("no plain object header")
    while begin + step <= end:
        kind, size, flags = MESSAGE.unpack_from(content, begin)
        yield kind, flags, begin + step, size
        begin += step + size


def heap_shape(content: bytes) -> tuple[int, int, int, int]:
    """Bytes of the smallest blocks of a heap and of the head of each, address of the root and its rows."""
    signature, filters, flags, _, huge, tiny, width, size, bits, root, rows = HEAP.unpack(content)
    if (signature, filters, flags, huge, tiny, width) != (b"FRHP\0", 0, 2, 0, 0, 4):
        raise ValueError("no plain heap")
    if rows > MAX_BLOCKS // width or size > MAX_BLOCK_BYTES:
        raise ValueError("no plain heap")
    return size, 13 + (bits + 7) // 8, root, rows  # signature, version, address of the heap, offset in it


def heap_children(content: bytes, size: int, head: int, rows: int) -> Iterator[tuple[int, int, int]]:
    """Place of the address, address and bytes of each block that an indirect block of a heap names."""
    for number, address in enumerate(struct.unpack_from(f"<{4 * rows}Q", content, head)):
        if address != UNDEFINED:
            yield head + 8 * number, address, size << max(number // 4 - 1, 0)  # rows 0 and 1 are of one size


def heap_text(image: bytes, address: int) -> tuple[bytes, int]:
    """What the blocks of a heap hold, joined, and the number of objects in them."""
    content = image[address : address + HEAP.size]
    size, head, root, rows = heap_shape(content)
    blocks = [(0, root, size)]
    if rows:
        blocks = [*heap_children(image[root : root + head + 32 * rows], size, head, rows)]
    text = b"".join([image[place + head + 4 : place + length] for _, place, length in blocks])
    return text, HEAP.unpack(content)[3]
