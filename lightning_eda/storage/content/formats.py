"""What a file is, told by its first bytes; for files that should be text or gzip."""

from typing import Final

from lightning_eda.storage.content.text_formats import text_format

GZIP_MAGIC: Final = b"\x1f\x8b"
ZIP_MAGICS: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
HEAD_BYTES: Final = 1 << 12
"""How much of a file is looked at."""
MARKS: Final = (
    (0, GZIP_MAGIC, "gzip"),
    *((0, mark, "zip") for mark in ZIP_MAGICS),
    (257, b"ustar", "tar"),
    (0, b"BZh", "bzip2"),
    (0, b"\xfd7zXZ\x00", "xz"),
    (0, b"\x5d\x00\x00", "lzma"),
    (0, b"\x28\xb5\x2f\xfd", "zstandard"),
    (0, b"\x04\x22\x4d\x18", "lz4"),
    (0, b"\xff\x06\x00\x00sNaPpY", "snappy"),
    (0, b"\x1f\x9d", "compress (.Z)"),
    (0, b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (0, b"Rar!\x1a\x07", "RAR"),
    (0, b"MSCF\x00", "cabinet"),
    (0, b"PAR1", "Parquet"),
    (0, b"PARE", "encrypted Parquet"),
    (0, b"Obj\x01", "Avro"),
    (0, b"ORC", "ORC"),
    (0, b"ARROW1", "Arrow"),
    (0, b"\xff\xff\xff\xff", "Arrow stream"),
    (0, b"FEA1", "Feather"),
    (0, b"SEQ\x06", "Hadoop sequence file"),
    (0, b"%PDF-", "PDF"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel or Word"),
    (0, b"{\\rtf", "RTF"),
    (0, b"SQLite format 3\x00", "SQLite"),
    (8, b"DUCK", "DuckDB"),
    (4, b"Standard Jet DB", "Access"),
    (4, b"Standard ACE DB", "Access"),
    (0, b"\x89HDF\r\n\x1a\n", "HDF5"),
    (0, b"CDF\x01", "NetCDF"),
    (0, b"CDF\x02", "NetCDF"),
    (0, b"CDF\x05", "NetCDF"),
    (0, b"\x93NUMPY", "NumPy"),
    (0, b"\x80\x02", "pickle"),
    (0, b"\x80\x03", "pickle"),
    (0, b"\x80\x04", "pickle"),
    (0, b"\x80\x05", "pickle"),
    (0, b"RDX", "R"),
    (0, b"$FL2", "SPSS"),
    (0, b"<stata_dta>", "Stata"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"GIF8", "GIF"),
    (0, b"II*\x00", "TIFF"),
    (0, b"MM\x00*", "TIFF"),
    (0, b"RIFF", "WebP, sound or film"),
    (0, b"GRIB", "GRIB"),
    (0, b"\x00\x05\x16\x07", "macOS AppleDouble"),
    (0, b"bplist00", "macOS property list"),
    (0, b"\x7fELF", "program"),
    (0, b"MZ\x90\x00", "program"),
    (0, b"Salted__", "encrypted"),
)
"""Where the mark of a format stands, the mark, and the format's name. A mark that is plain text counts only
before bytes that no text has: a column may be called ORC."""
NO_TEXT: Final = frozenset(range(32)) - frozenset(b"\t\n\v\f\r\x1a\x1c\x1d\x1e\x1f\x1b\x00")
"""Control bytes that no text has; NUL is a matter of UTF-16 and of damaged rows."""
MOST_CONTROLS: Final = 0.01
FEW_CONTROLS: Final = 16  # a name in a short list may hold some; packed data have so many in 200 bytes
UTF16_SHARE: Final = 0.3
FEWER: Final = 10
"""In UTF-16 zeros are so many times as many at the even places as at the odd ones, or the other way round."""


def marked_format(head: bytes) -> str | None:
    """The format whose mark bytes begin with; None where there is none.

    Args:
        head: The first bytes, `HEAD_BYTES` of them or all there are.
    """
    for at, mark, found in MARKS:
        if head[at : at + len(mark)] == mark and (_is_telling(mark) or _has_controls(head)):
            return found
    return None


def is_binary(head: bytes) -> bool:
    """Whether bytes are no text in any encoding that keeps ASCII."""
    return sum(byte in NO_TEXT for byte in head) > max(FEW_CONTROLS, MOST_CONTROLS * len(head))


def file_format(head: bytes) -> str | None:
    """What bytes are that should be rows in UTF-8; None for what may be that. Argument as `marked_format`."""
    found = marked_format(head) or ("binary" if is_binary(head) else None)
    if found is not None:
        return found
    return _wide_format(head) or text_format(head.decode("utf-8", "replace"), is_whole=len(head) < HEAD_BYTES)


def _wide_format(head: bytes) -> str | None:
    """UTF-16 or UTF-32, by the mark or by where zeros stand; "binary" for zeros of another kind."""
    if head.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return "UTF-32"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    zeros = [head[place::4].count(0) for place in range(4)]
    if sum(zeros) <= UTF16_SHARE * len(head):
        return None
    if max(zeros[0] + zeros[2], zeros[1] + zeros[3]) > FEWER * min(zeros[0] + zeros[2], zeros[1] + zeros[3]):
        return "UTF-16"
    return "binary" if zeros[0] and zeros[3] else "UTF-32"


def _is_telling(mark: bytes) -> bool:
    """Whether no text begins with a mark."""
    return not mark.isascii() or any(byte < ord(" ") for byte in mark)


def _has_controls(head: bytes) -> bool:
    return any(byte in NO_TEXT or byte == 0 for byte in head)
