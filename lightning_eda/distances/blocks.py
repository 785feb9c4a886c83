"""The text of an object in blocks of whole lines: gzip or plain, told by the first bytes.

What programs put around text is no part of it: the mark before UTF-8, which stands at the start of each part
when files were joined, and the Ctrl-Z at the end of a file of DOS.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from lightning_eda.errors import PairsError
from lightning_eda.storage.content.formats import GZIP_MAGIC, HEAD_BYTES, file_format
from lightning_eda.storage.inflate import DamagedError, GzipMembers, TrailingError, TruncatedError
from lightning_eda.storage.object_store import ObjectInfo, ObjectStore

UTF8_MARK = b"\xef\xbb\xbf"
PIECE_BYTES = 1 << 20  # read, or unpacked, at a time
FIRST_BLOCK_BYTES = 1 << 20
BLOCK_BYTES = 1 << 23
MAX_LINE_BYTES = 1 << 20
FREE_LINES = 4_000_000
MAX_LINES_PER_BYTE = 4
"""Of packed text, beyond `FREE_LINES`: distinct pairs have at most one line for each byte, the bombs 125."""
LINE_FEED = ord("\n")
LINE_AND_MARK = b"\n" + UTF8_MARK
DOS_END = b"\x1a"


@dataclass(frozen=True)
class Block:
    """Some whole lines of an object.

    Attributes:
        text: The lines, as bytes.
        line: The number of the first one, from 1.
        name: Where the object is, for people.
    """

    text: bytes
    line: int
    name: str


def read_blocks(store: ObjectStore, info: ObjectInfo) -> Iterator[Block]:
    """The lines of an object, in order; the first block is small, in case a few rows are all that is wanted.

    Args:
        store: Where the object is.
        info: The object as listed; another version of it is an error of the store.

    Raises:
        PairsError: It is a file of another kind, which is named; the gzip data are cut, damaged, or a bomb;
            or a line is too long to be a row.
        StorageError: The object cannot be read.
    """
    name = store.url(info.key)
    line = 1
    with store.open_object(info) as file:
        for lines in _whole_lines(_of_no_other_format(_pieces(file, name), name), name):
            text = _unmarked(lines)
            yield Block(text, line, name)
            line += _line_ends(text)
            if line > most_lines(info.size):
                raise PairsError(
                    f"{name} unpacks to over {line:,} lines, more than {MAX_LINES_PER_BYTE} for each of its "
                    "bytes, as only a bomb does; if it is honest, send it unpacked"
                )


def most_lines(size: int) -> int:
    """How many lines objects of so many bytes can hold, packed or not."""
    return max(FREE_LINES, MAX_LINES_PER_BYTE * size)


def _pieces(file: BinaryIO, name: str) -> Iterator[bytes]:
    first = file.read(PIECE_BYTES)
    if first.startswith(GZIP_MAGIC):
        yield from _unpacked(GzipMembers(file, first), name)
    elif first:
        yield first
        yield from iter(lambda: file.read(PIECE_BYTES), b"")


def _unpacked(members: GzipMembers, name: str) -> Iterator[bytes]:
    try:
        yield from iter(lambda: members.read(PIECE_BYTES), b"")
    except TruncatedError as error:
        raise PairsError(
            f"{name}: the gzip data end too early, so rows are missing; upload it again"
        ) from error
    except TrailingError as error:
        raise PairsError(f"{name}: other bytes follow the gzip data; upload it again") from error
    except DamagedError as error:
        raise PairsError(f"{name}: the gzip data are damaged ({error}); upload it again") from error


def _of_no_other_format(pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
    """The pieces, when the first bytes are not those of another kind of file."""
    first: list[bytes] = []
    for piece in pieces:
        first.append(piece)
        if sum(map(len, first)) >= HEAD_BYTES:
            break
    if found := file_format(b"".join(first)[:HEAD_BYTES]):
        raise PairsError(f"{name} seems to be {found}, and no list of distances; send it as text or gzip")
    yield from first
    yield from pieces


def _whole_lines(pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
    held: list[bytes] = []
    size, wanted, line = 0, FIRST_BLOCK_BYTES, 1
    unfinished = 0  # bytes since the last line end
    for piece in pieces:
        end = piece.rfind(b"\n") + 1
        unfinished = len(piece) - end + (0 if end else unfinished)
        if unfinished > MAX_LINE_BYTES:
            line += sum(map(_line_ends, (*held, piece)))
            raise PairsError(f"{name}, line {line}: over a million bytes long; it is no list of distances")
        held.append(piece)
        size += len(piece)
        if end and size >= wanted:
            text = b"".join([*held[:-1], piece[:end]])
            yield text
            line += _line_ends(text)
            held, size, wanted = [piece[end:]], len(piece) - end, min(2 * wanted, BLOCK_BYTES)
    if size:
        yield b"".join(held).rstrip(DOS_END)


def _unmarked(text: bytes) -> bytes:
    """The text without the marks at the starts of lines; two stand where a file of nothing was joined."""
    while LINE_AND_MARK in text:
        text = text.replace(LINE_AND_MARK, b"\n")
    while text.startswith(UTF8_MARK):
        text = text.removeprefix(UTF8_MARK)
    return text


def _line_ends(text: bytes) -> int:
    """How many LF there are; several times as fast as `bytes.count` where lines are short."""
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == LINE_FEED))
