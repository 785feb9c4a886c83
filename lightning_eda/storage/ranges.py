"""A remote object as a seekable stream: blocks fetched ahead of the reader, in bounded memory."""

import io
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO, cast

BLOCK_BYTES = 8 * 2**20
BLOCKS_AHEAD = 3

ReadRange = Callable[[int, int], bytes]


def open_ranges(read_range: ReadRange, size: int, block_bytes: int = 0) -> BinaryIO:
    """A seekable binary stream over a function that reads ranges.

    Args:
        read_range: (begin, length) to that many bytes; called from several threads, retries by itself.
        size: Bytes of the whole.
        block_bytes: Bytes of one request, 0 for `BLOCK_BYTES`; up to `BLOCKS_AHEAD` + 1 blocks are in memory.

    Raises, while it is read:
        Whatever `read_range` raises.
    """
    return cast(BinaryIO, io.BufferedReader(_Ranges(read_range, size, block_bytes or BLOCK_BYTES), 2**16))


class _Ranges(io.RawIOBase):
    """The raw stream; blocks are numbered from 0."""

    def __init__(self, read_range: ReadRange, size: int, block_bytes: int) -> None:
        super().__init__()
        self._read_range = read_range
        self._size = size
        self._block_bytes = block_bytes
        self._position = 0
        self._last = -1
        self._blocks: dict[int, Future[bytes]] = {}
        self._threads = ThreadPoolExecutor(BLOCKS_AHEAD + 1, thread_name_prefix="ranges")

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
        self._position = base + offset
        return self._position

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        if self._position >= self._size or not len(buffer):
            return 0
        number, offset = divmod(self._position, self._block_bytes)
        block = self._block(number)
        count = min(len(buffer), len(block) - offset)
        buffer[:count] = memoryview(block)[offset : offset + count]
        self._position += count
        return count

    def close(self) -> None:
        """Ends the threads; blocks not yet asked for are not fetched."""
        if not self.closed:
            self._threads.shutdown(wait=True, cancel_futures=True)
            self._blocks.clear()
        super().close()

    def _block(self, number: int) -> bytes:
        """The bytes of a block; a reader that goes forward has those after it fetched meanwhile."""
        forward = number in (self._last, self._last + 1)
        self._last = number
        ahead = number + (BLOCKS_AHEAD if forward else 0)
        wanted = range(number, min(ahead, (self._size - 1) // self._block_bytes) + 1)
        for old in self._blocks.keys() - set(wanted):
            self._blocks.pop(old).cancel()
        for block in wanted:
            if block not in self._blocks:
                self._blocks[block] = self._threads.submit(self._fetch, block)
        return self._blocks[number].result()

    def _fetch(self, number: int) -> bytes:
        begin = number * self._block_bytes
        length = min(self._block_bytes, self._size - begin)
        data = self._read_range(begin, length)
        if len(data) != length:
            raise OSError(f"asked for {length} bytes from {begin}, received {len(data)}")
        return data
