"""A remote object as a seekable stream: one request as long as it is read forward, in bounded memory."""

import io
from collections.abc import Callable
from typing import BinaryIO, Protocol, cast

from lightning_eda.errors import StorageError

BUFFER_BYTES = 2**18


class Body(Protocol):
    """What a request for the rest of an object answers."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most `size`; b"" at the end."""

    def close(self) -> None:
        """Lets go of the connection."""


def open_stream(
    open_from: Callable[[int], Body], retried: Callable[[Callable[[], bytes]], bytes], size: int
) -> BinaryIO:
    """A seekable binary stream over a function that opens an object at a place.

    Args:
        open_from: The object's bytes from a place to its end; called again after a jump or a failure.
        retried: Calls a function again while its failure may pass.
        size: Bytes of the object.

    While the stream is read, whatever `retried` raises passes through.

    Raises:
        StorageError: While it is read: the object is shorter than it should be.
    """
    return cast(BinaryIO, io.BufferedReader(_Remote(open_from, retried, size), BUFFER_BYTES))


class _Remote(io.RawIOBase):
    """The raw stream."""

    def __init__(
        self, open_from: Callable[[int], Body], retried: Callable[[Callable[[], bytes]], bytes], size: int
    ) -> None:
        super().__init__()
        self._open_from = open_from
        self._retried = retried
        self._size = size
        self._position = 0
        self._body: Body | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError(f"cannot seek to {base + offset}")
        if base + offset != self._position:
            self._let_go()
        self._position = base + offset
        return self._position

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        wanted = min(len(buffer), self._size - self._position)
        if wanted <= 0:
            return 0
        piece = self._retried(lambda: self._piece(wanted))
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def close(self) -> None:
        """Lets go of the connection."""
        self._let_go()
        super().close()

    def _piece(self, wanted: int) -> bytes:
        """The next bytes; after a failure the next try opens the object anew where it was."""
        try:
            if self._body is None:
                self._body = self._open_from(self._position)
            piece = self._body.read(wanted)
            if not piece:
                missing = self._size - self._position
                raise StorageError(f"a reply ended {missing} bytes before the end of the object")
        except BaseException:
            self._let_go()
            raise
        return piece

    def _let_go(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None
