"""Deflate and gzip data unpacked from front to back, a piece at a time, by the fastest library there is."""

import zlib
from typing import Final, Protocol

from lightning_eda.storage.content.formats import GZIP_MAGIC
from lightning_eda.storage.fast_zlib import fastest_zlib

RAW: Final = -15
GZIP: Final = 31
"""Window sizes that stand for bare deflate data and for gzip's frame; source: zlib manual, inflateInit2."""
PACKED_PIECE: Final = 1 << 18


class Readable(Protocol):
    """What bytes can be read from."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most `size`; b"" at the end."""


class DamagedError(ValueError):
    """The data cannot be unpacked; the text says why."""


class TruncatedError(DamagedError):
    """The data end too early."""


class TrailingError(DamagedError):
    """Something else follows the data."""


class Inflater:
    """The unpacked bytes of one stream of deflate data.

    Args:
        packed: The data, at their start.
        window: `RAW` or `GZIP`.
        rest: Bytes of the data that were read already.
    """

    def __init__(self, packed: Readable, window: int, rest: bytes = b"") -> None:
        self._packed = packed
        self._rest = rest
        self._object = fastest_zlib().decompressobj(window)

    @property
    def unused(self) -> bytes:
        """Bytes that were read and follow the data."""
        return bytes(self._object.unused_data)

    def read(self, size: int) -> bytes:
        """The next unpacked bytes, at most `size`; b"" at the end.

        Raises:
            DamagedError: The data are damaged, or end too early.
        """
        while not self._object.eof:
            data = self._rest or self._packed.read(PACKED_PIECE)
            try:  # also without data: the library may hold back some output
                piece: bytes = self._object.decompress(data, size)
            except (zlib.error, fastest_zlib().error) as error:
                raise DamagedError(str(error)) from error
            self._rest = self._object.unconsumed_tail
            if piece:
                return piece
            if not data and not self._object.eof:
                raise TruncatedError("the data end too early")
        return b""


class GzipMembers:
    """The unpacked bytes of a gzip file, member after member.

    Args:
        packed: The gzip file.
        first: Bytes of it that were read already.
    """

    def __init__(self, packed: Readable, first: bytes = b"") -> None:
        self._packed = packed
        self._member = Inflater(packed, GZIP, first)

    def read(self, size: int) -> bytes:
        """The next unpacked bytes, at most `size`; b"" at the end.

        Zeros after the last member are padding, as tapes and some tools leave them.

        Raises:
            TruncatedError: It ends too early.
            TrailingError: Something else follows.
            DamagedError: It is damaged.
        """
        while not (piece := self._member.read(size)):
            rest = self._member.unused
            while not (rest := rest.lstrip(b"\0")):
                rest = self._packed.read(PACKED_PIECE)
                if not rest:
                    return b""
            if not GZIP_MAGIC.startswith(rest[:2]):
                raise TrailingError("something else follows the gzip data")
            self._member = Inflater(self._packed, GZIP, rest)
        return piece
