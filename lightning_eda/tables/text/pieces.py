"""The text of a CSV as pieces in which ASCII bytes are ASCII, so that rows and fields can be cut from bytes.

UTF-8 and the encodings of single bytes go through as they are: only the values of text columns are decoded,
later. UTF-16 and the like are turned into UTF-8 here.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from lightning_eda.errors import CsvError
from lightning_eda.tables.text.dialect import Dialect, is_single_byte, is_utf8_so_far
from lightning_eda.tables.text.guessing import WINDOWS, require_windows_1252
from lightning_eda.tables.text.rows import lines_in

PIECE_BYTES = 1 << 20
LINE_AND_MARK = b"\n" + codecs.BOM_UTF8


class Source(Protocol):
    """Unpacked bytes, read from front to back."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most `size`; b"" at the end."""


@dataclass(frozen=True)
class Piece:
    """Some bytes of the text.

    Attributes:
        data: The bytes.
        encoding: What they are in: "utf-8" or an encoding of single bytes.
    """

    data: bytes
    encoding: str


def read_head(source: Source, size: int) -> bytes:
    """The first bytes of a source, `size` of them or all there are."""
    parts: list[bytes] = []
    missing = size
    while missing > 0 and (part := source.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def text_pieces(
    head: bytes, source: Source, dialect: Dialect, name: str, piece_bytes: int = PIECE_BYTES
) -> Iterator[Piece]:
    """The text piece by piece, without byte-order marks and with line ends that are no lone carriage returns.

    A mark also stands at the start of a later line, where files were joined.

    Args:
        head: What was read already.
        source: The rest.
        dialect: How the text is written.
        name: What errors call the CSV.
        piece_bytes: Most bytes of a piece, as they are in the file.

    Raises:
        CsvError: Bytes are not of the encoding (UTF-16 and the like; the others are checked later), or a
            guess at it is in doubt.
    """
    raw = _raw_pieces(head[dialect.mark_bytes + dialect.delimiter_line :], source, piece_bytes)
    if dialect.guessed:
        pieces = _guessed(raw, name)
    elif dialect.encoding == "utf-8" or is_single_byte(dialect.encoding):
        pieces = (Piece(data, dialect.encoding) for data in raw)
    else:
        pieces = _transcoded(raw, dialect.encoding, name)
    if dialect.bare_cr:
        pieces = (Piece(piece.data.replace(b"\r", b"\n"), piece.encoding) for piece in pieces)
    return _unmarked(pieces)


def _raw_pieces(head: bytes, source: Source, piece_bytes: int) -> Iterator[bytes]:
    for start in range(0, len(head), piece_bytes):
        yield head[start : start + piece_bytes]
    while data := source.read(piece_bytes):
        yield data


def _unmarked(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """The pieces without the marks at the starts of lines; one that falls into two pieces is put together."""
    held = b""
    encoding = "utf-8"
    for piece in pieces:
        data, encoding = held + piece.data, piece.encoding
        start = data.rfind(b"\n", -len(LINE_AND_MARK))
        held = data[start:] if start >= 0 and LINE_AND_MARK.startswith(data[start:]) else b""
        data = data[: len(data) - len(held)].replace(LINE_AND_MARK, b"\n")
        if data:
            yield Piece(data, encoding)
    if held:
        yield Piece(held.replace(LINE_AND_MARK, b"\n"), encoding)


def _guessed(raw: Iterator[bytes], name: str) -> Iterator[Piece]:
    """UTF-8, unless the first character beyond ASCII is none: then windows-1252 from there on."""
    held = b""
    line = 1
    for data in raw:
        data = held + data
        held = b""
        if data.isascii():
            yield Piece(data, "utf-8")
            line += lines_in(data)
            continue
        if is_utf8_so_far(data) and codecs.utf_8_decode(data, "ignore", False)[0].isascii():
            held = data  # a character cut in two is all there is beyond ASCII
            continue
        encoding = "utf-8" if is_utf8_so_far(data) else WINDOWS
        if encoding == WINDOWS:
            require_windows_1252(data, name, line)
        yield Piece(data, encoding)
        yield from (Piece(rest, encoding) for rest in raw)
    if held:
        require_windows_1252(held, name, line)
        yield Piece(held, WINDOWS)


def _transcoded(raw: Iterator[bytes], encoding: str, name: str) -> Iterator[Piece]:
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 1
    last = False
    while not last:
        data = next(raw, None)
        last = data is None
        try:
            text = decoder.decode(data or b"", final=last).encode("utf-8")
        except UnicodeDecodeError as error:
            good = error.object[: error.start]
            line = lines + lines_in(good.decode(encoding, "ignore").encode("utf-8", "ignore"))
            raise CsvError(
                f"{name} line {line}: the bytes are not {encoding} ({error.reason}); the file is damaged, or "
                "CSV_ENCODING must name another encoding"
            ) from error
        lines += lines_in(text)
        if text:
            yield Piece(text, "utf-8")
