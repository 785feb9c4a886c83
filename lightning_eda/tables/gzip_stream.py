"""Reading gzip from front to back, member after member, without holding more than a piece."""

import zlib
from typing import Protocol

from lightning_eda.errors import ArchiveError

GZIP_WINDOW = (
    31  # deflate's largest window, with gzip's header and checksum; source: zlib manual, inflateInit2
)
PACKED_PIECE = 1 << 18


class Readable(Protocol):
    """What bytes can be read from."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, at most `size`; b"" at the end."""


class GzipStream:
    """The unpacked bytes of a gzip file.

    Args:
        packed: The gzip file, at its start.
        name: What errors call it.
    """

    def __init__(self, packed: Readable, name: str) -> None:
        self._packed = packed
        self._name = name
        self._member = zlib.decompressobj(GZIP_WINDOW)
        self._rest = b""

    def read(self, size: int) -> bytes:
        """The next unpacked bytes, at most `size`; b"" at the end.

        Zeros after the last member are padding, as tapes and some tools leave them.

        Raises:
            ArchiveError: It is damaged, cut short, or followed by something else.
        """
        while True:
            if self._member.eof and not self._next_member():
                return b""
            data = self._rest or self._packed.read(PACKED_PIECE)
            if not data:
                raise ArchiveError(
                    f"{self._name}: the gzip data end too early; the file was cut short: send it again"
                )
            try:
                piece = self._member.decompress(data, size)
            except zlib.error as error:
                raise ArchiveError(
                    f"{self._name}: the gzip data are damaged ({error}); send it again"
                ) from error
            self._rest = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            if piece:
                return piece

    def _next_member(self) -> bool:
        """Starts on the next member; returns whether there is one."""
        while not (rest := self._rest.lstrip(b"\0")):
            self._rest = self._packed.read(PACKED_PIECE)
            if not self._rest:
                return False
        if not b"\x1f\x8b".startswith(rest[:2]):
            raise ArchiveError(f"{self._name}: something else follows the gzip data; pack the CSV alone")
        self._rest = rest
        self._member = zlib.decompressobj(GZIP_WINDOW)
        return True
