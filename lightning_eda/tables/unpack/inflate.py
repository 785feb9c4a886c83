"""Deflate data unpacked from front to back, by the fastest library that is installed."""

import zlib
from typing import Final, Protocol

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
                raise DamagedError("the data end too early")
        return b""
