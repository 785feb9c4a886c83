"""The bytes of a CSV, unpacked; told by content: plain, gzip, or a zip with one data member."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Final, Literal

from lightning_eda.errors import ArchiveError
from lightning_eda.storage.content.formats import GZIP_MAGIC, HEAD_BYTES, ZIP_MAGICS, marked_format
from lightning_eda.storage.inflate import Readable
from lightning_eda.tables.unpack.gzip_members import GzipStream
from lightning_eda.tables.unpack.zip_member import open_zip

Kind = Literal["plain", "gzip", "zip"]

MAX_BYTES: Final = 256 << 30
"""Most bytes a CSV may have once unpacked, 256 GiB."""
MAX_RATIO: Final = 400.0
"""Most unpacked bytes per packed byte. Text compresses 3 to 20 times, a CSV of few distinct rows about 100
times; the bombs get as near as they can to deflate's bound of 1,032."""
RATIO_FREE_BYTES: Final = 256 << 20
"""The ratio is not looked at before that many bytes are unpacked: a smaller file harms nobody."""


@dataclass(frozen=True)
class Limits:
    """When an archive counts as a bomb; counted while it is unpacked, whatever its headers say.

    Attributes:
        max_bytes: Most unpacked bytes.
        max_ratio: Most unpacked bytes per packed byte.
        ratio_free_bytes: The ratio counts only beyond that many unpacked bytes.
    """

    max_bytes: int = MAX_BYTES
    max_ratio: float = MAX_RATIO
    ratio_free_bytes: int = RATIO_FREE_BYTES


class CsvSource:
    """The unpacked bytes of a CSV, read from front to back.

    Attributes:
        kind: What it was packed in: "plain", "gzip" or "zip".
        bytes_read: Unpacked bytes read so far.
    """

    def __init__(self, packed: "Counted", unpacked: Readable, kind: Kind, name: str, limits: Limits) -> None:
        self.kind = kind
        self.bytes_read = 0
        self._packed = packed
        self._unpacked = unpacked
        self._name = name
        self._limits = limits
        self._head = self._checked(self._unpacked.read(HEAD_BYTES))
        found = marked_format(self._head)
        if found:
            inside = f" inside its {kind}" if kind != "plain" else ""
            raise ArchiveError(
                f"{name} holds {found} data{inside}; send the CSV plain, in one gzip or in one zip"
            )

    def read(self, size: int) -> bytes:
        """The next bytes, at most `size`; b"" at the end.

        Raises:
            ArchiveError: The archive is damaged, cut short, or a bomb.
        """
        if self._head:
            data, self._head = self._head[:size], self._head[size:]
        else:
            data = self._checked(self._unpacked.read(size))
        self.bytes_read += len(data)
        return data

    def _checked(self, data: bytes) -> bytes:
        total = self.bytes_read + len(data)
        if self.kind == "plain":
            return data
        limits = self._limits
        if total > limits.max_bytes:
            raise ArchiveError(
                f"{self._name} unpacks to more than {limits.max_bytes:,} bytes, the most allowed; split it"
            )
        if total > limits.ratio_free_bytes and total > limits.max_ratio * max(self._packed.count, 1):
            raise ArchiveError(
                f"{self._name} unpacks to more than {limits.max_ratio:,.0f} times its size, as only "
                "a bomb does; if it is honest, send it unpacked"
            )
        return data


class Counted:
    """A seekable stream that counts the bytes read from it."""

    def __init__(self, stream: BinaryIO) -> None:
        self.count = 0
        self._stream = stream
        self.seek, self.tell = stream.seek, stream.tell

    def seekable(self) -> bool:
        """True, which is what zipfile asks."""
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        data = self._stream.read(size)
        self.count += len(data)
        return data


@contextmanager
def open_csv(stream: BinaryIO, name: str, limits: Limits | None = None) -> Iterator[CsvSource]:
    """The CSV in a stream, unpacked while it is read; closes the stream at the end.

    The kind is told by the first bytes; the name's suffix means nothing. A gzip may have several members.
    A zip must hold exactly one data member: folders and names that are none of data
    (`content.names.is_data_name`) are set aside.

    Args:
        stream: Seekable, as `ObjectStore.open_object` gives it.
        name: What errors call it, such as its URL.
        limits: When it counts as a bomb.

    Raises:
        ArchiveError: Here or while it is read: no data member or several, encrypted, damaged, cut short, a
            bomb, an archive inside the archive, or a format that is not read; each named.
        StorageError: The stream could not be read.
    """
    limits = limits or Limits()
    with stream:
        head = stream.read(HEAD_BYTES)
        stream.seek(0)
        packed = Counted(stream)
        if head.startswith(ZIP_MAGICS):
            with open_zip(packed, name) as unpacked:
                packed.count = 0
                yield CsvSource(packed, unpacked, "zip", name, limits)
        elif head.startswith(GZIP_MAGIC):
            yield CsvSource(packed, GzipStream(packed, name), "gzip", name, limits)
        else:
            yield CsvSource(packed, stream, "plain", name, limits)
