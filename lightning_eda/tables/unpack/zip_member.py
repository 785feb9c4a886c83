"""Reading the one data member of a zip from front to back."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Protocol, cast

from lightning_eda.errors import ArchiveError
from lightning_eda.storage.content.names import is_data_name
from lightning_eda.storage.fast_zlib import fastest_zlib
from lightning_eda.storage.inflate import RAW, DamagedError, Inflater, Readable

ENCRYPTED = 0x1  # bit of the general-purpose flags; source: PKWARE APPNOTE, 4.4.4
METHODS = {
    0: "stored", 1: "shrink", 6: "implode", 8: "deflate", 9: "deflate64", 12: "bzip2", 14: "lzma",
    93: "zstandard", 95: "xz", 98: "PPMd",
}  # fmt: skip
SHOWN = 10
NAME_LENGTH_AT = 26  # in a member's own header; source: PKWARE APPNOTE, 4.3.7
HEADER_BYTES = 30
WORKBOOK_MARKS = {"[Content_Types].xml", "META-INF/manifest.xml", "Index/Document.iwa"}
"""Members that only documents of Office, LibreOffice and Numbers have."""


class Seekable(Readable, Protocol):
    """A stream that zipfile can find its way in."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Goes to a place."""

    def tell(self) -> int:
        """The place."""

    def seekable(self) -> bool:
        """True."""


class Packed:
    """The packed bytes of a member.

    Args:
        archive: The zip.
        info: The member.
    """

    def __init__(self, archive: Seekable, info: zipfile.ZipInfo) -> None:
        archive.seek(info.header_offset + NAME_LENGTH_AT)
        name_length, extra_length = struct.unpack("<HH", archive.read(4))
        archive.seek(info.header_offset + HEADER_BYTES + name_length + extra_length)
        self._archive = archive
        self._left = info.compress_size

    def read(self, size: int) -> bytes:
        """The next bytes, at most `size`; b"" at the end."""
        data = self._archive.read(min(size, self._left))
        self._left -= len(data)
        return data


class Deflated:
    """The unpacked bytes of a deflated member, its size and checksum verified at the end.

    Args:
        packed: Its packed bytes.
        info: What the directory says of it.
    """

    def __init__(self, packed: Packed, info: zipfile.ZipInfo) -> None:
        self._inflater = Inflater(packed, RAW)
        self._info = info
        self._size = 0
        self._checksum = 0

    def read(self, size: int) -> bytes:
        """The next bytes, at most `size`; b"" at the end.

        Raises:
            DamagedError: The member is damaged or cut short.
        """
        data = self._inflater.read(size)
        self._size += len(data)
        self._checksum = fastest_zlib().crc32(data, self._checksum)
        if self._size > self._info.file_size or (not data and self._size < self._info.file_size):
            raise DamagedError("it is not as long as its directory says")
        if not data and self._checksum != self._info.CRC:
            raise DamagedError("its checksum is wrong")
        return data


class MemberStream:
    """The unpacked bytes of a member; what reading it raises becomes our error."""

    def __init__(self, member: Readable, name: str) -> None:
        self._member = member
        self._name = name

    def read(self, size: int) -> bytes:
        """The next bytes, at most `size`; b"" at the end.

        Raises:
            ArchiveError: The member is damaged or cut short.
        """
        with explained(self._name):
            return self._member.read(size)


@contextmanager
def open_zip(packed: Seekable, name: str) -> Iterator[MemberStream]:
    """The unpacked bytes of the one data member of a zip.

    Args:
        packed: The zip.
        name: What errors call it.

    Raises:
        ArchiveError: There is not exactly one, or it cannot be unpacked.
    """
    with explained(name):
        archive = zipfile.ZipFile(cast(BinaryIO, packed))
    with archive:
        info = _data_member(archive.infolist(), name)
        with explained(name):
            member = archive.open(info)  # also compares the member's own header with the directory
        with member:
            deflated = info.compress_type == zipfile.ZIP_DEFLATED
            unpacked = Deflated(Packed(packed, info), info) if deflated else member
            yield MemberStream(unpacked, name)


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turns what zipfile and the decompressors raise into our error."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, ValueError, UnicodeDecodeError) as error:
        raise ArchiveError(
            f"{name}: the zip is damaged or was cut short ({error or 'it ends too early'}); send it again"
        ) from error
    except NotImplementedError as error:
        raise ArchiveError(f"{name}: the zip cannot be read ({error}); pack it with deflate") from error


def _data_member(members: list[zipfile.ZipInfo], name: str) -> zipfile.ZipInfo:
    for info in members:
        _check_place(info.orig_filename, name)
    if WORKBOOK_MARKS.intersection(info.filename for info in members):
        raise ArchiveError(f"{name} is an Office document (Excel?), not a CSV; save it as CSV")
    data = [info for info in members if _is_data(info)]
    if len(data) != 1:
        raise ArchiveError(_not_one(data, members, name))
    (info,) = data
    if info.flag_bits & ENCRYPTED:
        raise ArchiveError(f"{name}: {info.filename!r} is encrypted; pack it without a password")
    if info.compress_type not in (
        zipfile.ZIP_STORED,
        zipfile.ZIP_DEFLATED,
        zipfile.ZIP_BZIP2,
        zipfile.ZIP_LZMA,
    ):
        method = METHODS.get(info.compress_type, f"number {info.compress_type}")
        raise ArchiveError(
            f"{name}: {info.filename!r} is packed by the method {method}, which is not read; pack it with "
            "deflate (7-Zip and Info-ZIP do; Windows Explorer takes deflate64 for large files)"
        )
    return info


def _check_place(member: str, name: str) -> None:
    """Refuses names that climb out of a folder: nothing is unpacked there, but nobody honest writes them.

    Absolute names are what some programs write, and are only names here.
    """
    if ".." in member.replace("\\", "/").split("/"):
        raise ArchiveError(f"{name}: the member name {member!r} leads out of the archive; pack the CSV anew")


def _is_data(info: zipfile.ZipInfo) -> bool:
    return not info.is_dir() and is_data_name(info.filename.replace("\\", "/"))


def _not_one(data: list[zipfile.ZipInfo], members: list[zipfile.ZipInfo], name: str) -> str:
    names = [info.filename for info in data]
    if data:
        shown = ", ".join(map(repr, names[:SHOWN])) + (", ..." if len(names) > SHOWN else "")
        return f"{name} holds {len(names)} data members, {shown}; pack one CSV in each zip"
    others = ", ".join(repr(info.filename) for info in members[:SHOWN])
    return f"{name} holds no data member" + (f", only {others}" if others else "") + "; pack the CSV in it"
