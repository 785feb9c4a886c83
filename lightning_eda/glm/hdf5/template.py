"""The metadata of a variable with gaps for what differs between granules.

The metadata of a variable is a tree of blocks: its object header, continuations of it, and a heap when it has
more than 8 attributes. From one granule to the next nothing changes in it but the number of rows, addresses,
checksums and the start of the granule. A `Template` keeps the rest, and tells whether another file has the
very same.

Source: HDF5 File Format Specification 3.0, sections III.G and IV.A.
"""

import re
import struct
from operator import itemgetter
from typing import Any, NamedTuple

from lightning_eda.glm.hdf5.metadata import (
    ATTRIBUTE_HEAP,
    ATTRIBUTE_INFO,
    HAS_TIMES,
    HEAP,
    MAX_BLOCK_BYTES,
    MAX_BLOCKS,
    POINTER,
    UNDEFINED,
    header_extent,
    heap_children,
    heap_shape,
    read_messages,
)

NIL, SPACE, DATATYPE, EXTERNAL_FILES, LAYOUT, FILTERS, CONTINUATION = (
    0,
    1,
    3,
    7,
    8,
    11,
    16,
)  # kinds of messages
DESCRIPTIONS = (SPACE, DATATYPE, EXTERNAL_FILES, LAYOUT, FILTERS)
SHARED = 0x02  # flag of a message that lies elsewhere
CHUNKED = 2  # layout class
POINTERS = struct.Struct("<2Q")  # address and bytes of a continuation
HEAP_FREE_SPACE, HEAP_ROOT = 38, 132  # places of addresses in the header of a heap
Run = tuple[int, int]  # first byte, and the byte after the last
DIMENSION_LIST = re.compile(rb"DIMENSION_LIST\0.{36}(.{16})", re.DOTALL)  # its value is an address


class Block(NamedTuple):
    """A block of metadata with gaps.

    Attributes:
        length: Its bytes.
        parts: Takes from its bytes the parts that are the same in every granule.
        fixed: What they are.
        starts: Places of the start of the granule, as text.
        children: Other blocks, and the places of their addresses.
    """

    length: int
    parts: "itemgetter[Any]"
    fixed: object
    starts: tuple[slice, ...]
    children: "tuple[tuple[int, Block], ...]"

    def match(self, image: bytes, address: int, start: bytes, found: list[bytes], runs: list[Run]) -> bool:
        """Whether the block at an address and those it points to are the same.

        `found` gets what the blocks hold, and `runs` where they are, also when one is not the same.
        """
        content = image[address : address + self.length]
        if self.parts(content) != self.fixed:
            return False
        for span in self.starts:
            if content[span] != start:
                return False
        found.append(content)
        runs.append((address, address + self.length))
        for place, child in self.children:
            if not child.match(image, POINTER.unpack_from(content, place)[0], start, found, runs):
                return False
        return True

    def has_start(self) -> bool:
        """Whether the start of the granule is in it or in a block it points to."""
        return bool(self.starts) or any(child.has_start() for _, child in self.children)


class Template:
    """All metadata of a variable but its number of rows, its addresses and the start of the granule.

    Args:
        image: A file.
        address: Of the variable's object header.
        start: The granule's start as it is in the units of its times.

    Attributes:
        descriptions: Messages that describe the values, by kind.
        has_start: Whether the start of the granule is in it.
    """

    def __init__(self, image: bytes, address: int, start: bytes) -> None:
        parser = _Parser(image)
        self._block = parser.header(address).block(start)
        self.descriptions = parser.descriptions
        self._rows = parser.rows
        self._values = parser.values
        self.has_start = self._block.has_start()

    def match(self, image: bytes, address: int, start: bytes, runs: list[Run]) -> tuple[int, int] | None:
        """Rows and address of the values of the variable in another file; None when anything else differs.

        When nothing differs, `runs` gets the bytes that were compared.
        """
        found: list[bytes] = []
        known_runs = len(runs)
        if not self._block.match(image, address, start, found, runs):
            del runs[known_runs:]
            return None
        rows = POINTER.unpack_from(found[self._rows[0]], self._rows[1])[0] if self._rows else 1
        return rows, POINTER.unpack_from(found[self._values[0]], self._values[1])[0]


class _Draft:
    """A block while its gaps are found."""

    def __init__(self, content: bytes, number: int) -> None:
        self.content = content
        self.number = number
        self.children: list[tuple[int, _Draft]] = []
        self._is_fixed = bytearray(b"\1" * len(content))

    def gap(self, place: int, length: int) -> None:
        self._is_fixed[place : place + length] = bytes(length)

    def block(self, start: bytes) -> Block:
        for match in DIMENSION_LIST.finditer(self.content):
            self.gap(match.start(1), 16)
        # By its text, as no message says where it is: it is in the units of the times, "seconds since ...".
        starts = [slice(*match.span()) for match in re.finditer(re.escape(start), self.content)]
        for span in starts:
            self.gap(span.start, len(start))
        spans = [slice(*match.span()) for match in re.finditer(b"\1+", self._is_fixed)]
        parts = itemgetter(*spans)
        children = tuple((place, child.block(start)) for place, child in self.children)
        return Block(len(self.content), parts, parts(self.content), tuple(starts), children)


class _Parser:
    """Walks the blocks of a variable's metadata in the order in which `Block.match` does."""

    def __init__(self, image: bytes) -> None:
        self.descriptions: dict[int, bytes] = {}
        self.rows: tuple[int, int] | None = None
        self.values = (0, 0)
        self._image = image
        self._count = 0

    def header(self, address: int) -> _Draft:
        begin, end, step = header_extent(self._image, address)
        draft = self._draft(address, end + 4 - address, b"OHDR")
        if draft.content[5] & HAS_TIMES:
            draft.gap(6, 16)
        self._walk(draft, begin - address, step)
        return draft

    def _draft(self, address: int, length: int, signature: bytes) -> _Draft:
        """The block at an address, with a gap for the checksum at its end."""
        content = self._image[address : address + length]
        if content[:4] != signature or not 8 <= len(content) == length <= MAX_BLOCK_BYTES:
            raise ValueError(f"no {signature!r} block")
        if self._count == MAX_BLOCKS:
            raise ValueError("too many blocks")
        draft = _Draft(content, self._count)
        self._count += 1
        if signature != b"FHDB":  # which has it behind its head: `_heap_block`
            draft.gap(length - 4, 4)
        return draft

    def _walk(self, draft: _Draft, begin: int, step: int) -> None:
        for kind, flags, place, size in read_messages(draft.content, begin, len(draft.content) - 4, step):
            if flags & SHARED or kind in self.descriptions:
                raise ValueError("a shared message, or two of a kind")
            if kind == NIL:
                draft.gap(place, size)
            elif kind == CONTINUATION:
                address, length = POINTERS.unpack_from(draft.content, place)
                child = self._draft(address, length, b"OCHK")
                self._add(draft, place, child)
                self._walk(child, 4, step)
            elif kind == ATTRIBUTE_INFO:
                self._add_heap(draft, place)
            elif kind in DESCRIPTIONS:
                self._describe(draft, kind, place, size)

    def _describe(self, draft: _Draft, kind: int, place: int, size: int) -> None:
        body = draft.content[place : place + size]
        self.descriptions[kind] = body
        if kind == SPACE and body[1]:
            self.rows = draft.number, place + 4
            draft.gap(place + 4, 8)
        elif kind == LAYOUT:
            address = place + (3 if body[1] == CHUNKED else 2)
            self.values = draft.number, address
            draft.gap(address, 8)

    def _add(self, draft: _Draft, place: int, child: _Draft) -> None:
        draft.gap(place, 8)
        draft.children.append((place, child))

    def _add_heap(self, draft: _Draft, place: int) -> None:
        """Add the blocks of the heap with the attributes, when there is one."""
        (address,) = POINTER.unpack_from(draft.content, place + ATTRIBUTE_HEAP)
        if address == UNDEFINED:
            return
        draft.gap(place + ATTRIBUTE_HEAP + 8, 16)  # addresses of two indices
        heap = self._draft(address, HEAP.size, b"FRHP")
        self._add(draft, place + ATTRIBUTE_HEAP, heap)
        heap.gap(HEAP_FREE_SPACE, 8)
        size, head, root, rows = heap_shape(heap.content)
        if rows == 0:
            self._add(heap, HEAP_ROOT, self._heap_block(root, size, head))
            return
        index = self._draft(root, head + 32 * rows + 4, b"FHIB")
        index.gap(5, 8)
        self._add(heap, HEAP_ROOT, index)
        for child_place, child, length in heap_children(index.content, size, head, rows):
            self._add(index, child_place, self._heap_block(child, length, head))

    def _heap_block(self, address: int, length: int, head: int) -> _Draft:
        draft = self._draft(address, length, b"FHDB")
        draft.gap(5, 8)  # address of the heap
        draft.gap(head, 4)  # checksum
        return draft
