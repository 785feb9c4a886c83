"""How a CSV is written: its encoding and its delimiter, detected from its first bytes or given."""

import codecs
import re
from dataclasses import dataclass
from typing import Final

from lightning_eda.errors import SettingError
from lightning_eda.tables.text.delimiter import detect_delimiter

HEAD_BYTES: Final = 1 << 18
"""How much of a file is looked at."""

BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
NEED_A_MARK: Final = ("utf-16", "utf-32")
"""Encodings whose order of bytes only a mark at the start tells."""
DELIMITER_WORDS: Final = {
    "tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " ",
}  # fmt: skip
DELIMITER_LINE: Final = re.compile(r'"?sep=([^"\r\n])"?[ \t]*(?:\r\n?|\n|\Z)', re.IGNORECASE)
"""The first line that Excel writes and reads to name the delimiter."""
DECIDED_BY_HALF: Final = 64
"""A codec of single bytes defines at least so many of the 128 bytes above ASCII on their own."""


@dataclass(frozen=True)
class Dialect:
    """How a CSV is written.

    Attributes:
        encoding: Python's name of the codec, without a byte-order mark.
        delimiter: One ASCII character.
        mark_bytes: Length of the byte-order mark, 0 when there is none.
        delimiter_line: Length of a first line that only names the delimiter (`sep=;`), 0 when there is none.
        guessed: True while `encoding` is "utf-8" only because nothing so far speaks against it: the first
            character beyond ASCII then decides between UTF-8 and windows-1252.
        bare_cr: Whether rows end in a carriage return alone, as old Macs write them.
    """

    encoding: str
    delimiter: str
    mark_bytes: int = 0
    delimiter_line: int = 0
    guessed: bool = False
    bare_cr: bool = False


def detect(
    head: bytes, delimiter: str | None = None, encoding: str | None = None, columns: int | None = None
) -> Dialect:
    """The dialect of a file, from its first bytes; what is given wins.

    The encoding is that of the byte-order mark; else UTF-16 when the zeros stand as in UTF-16; else UTF-8,
    until the first character beyond ASCII shows that it is not and so is windows-1252. A first line such as
    `sep=;` names the delimiter and is passed over.

    Args:
        head: The first bytes, at most `HEAD_BYTES`, unpacked.
        delimiter: Given delimiter: a character, or tab, comma, semicolon, pipe, space.
        encoding: Given encoding: a codec that Python knows.
        columns: How many columns the file should have, when that is known.

    Raises:
        SettingError: The given delimiter or encoding is none; names CSV_DELIMITER or CSV_ENCODING.
    """
    marked, mark_bytes = _mark_of(head)
    given = parse_encoding(encoding) if encoding else None
    # An encoding that is given wins over the mark, whose bytes are then text; but where it leaves open the
    # order of bytes, the mark says it.
    if given and given != marked and not (marked and given in NEED_A_MARK):
        mark_bytes = 0
    else:
        given = marked or given
    if given in NEED_A_MARK and head:
        given = _utf16_without_mark(head)
        if given is None:
            allowed = f"{encoding}-le or {encoding}-be, or none, which detects it"
            raise SettingError("CSV_ENCODING", encoding, allowed, "The file has no byte-order mark.")
    found = given or _utf16_without_mark(head) or "utf-8"
    guessed = found == "utf-8" and given is None
    if guessed and not is_utf8_so_far(head):
        found, guessed = "windows-1252", False
    text = codecs.getincrementaldecoder(found)("replace").decode(head[mark_bytes:])
    # The last character does not count: its LF may be beyond the first bytes.
    bare_cr = "\r" in text[:-1] and "\n" not in text
    line = DELIMITER_LINE.match(text)
    if line and is_delimiter(line[1]):
        delimiter, length = delimiter or line[1], len(line[0].encode(found))
    else:
        length = 0
    chosen = (
        parse_delimiter(delimiter) if delimiter else detect_delimiter(text, len(head) < HEAD_BYTES, columns)
    )
    return Dialect(found, chosen, mark_bytes, length, guessed, bare_cr)


def parse_delimiter(text: str) -> str:
    """The character that a delimiter setting means.

    Raises:
        SettingError: It is not one ASCII character, or one that rows or quotes need.
    """
    found = DELIMITER_WORDS.get(text.strip().lower(), text)
    if not is_delimiter(found):
        raise SettingError("CSV_DELIMITER", text, "one ASCII character such as , ; | or tab")
    return found


def is_delimiter(text: str) -> bool:
    """Whether a text may divide fields: one ASCII character that neither rows nor quotes need."""
    return len(text) == 1 and text.isascii() and text not in '"\r\n\0' and not text.isalnum()


def parse_encoding(text: str) -> str:
    """Python's name of an encoding.

    Raises:
        SettingError: Python knows no such encoding of text.
    """
    name = text.strip()
    try:
        known = codecs.lookup(name).name
        if not isinstance("".encode(known), bytes) or known in ("idna", "punycode", "undefined"):
            raise LookupError
    except (LookupError, ValueError) as error:
        raise SettingError(
            "CSV_ENCODING",
            text,
            "an encoding that Python knows, such as utf-8, windows-1252, iso-8859-15 or utf-16",
        ) from error
    return {"utf-8-sig": "utf-8", "cp1252": "windows-1252"}.get(known, known)


def is_utf8_so_far(piece: bytes) -> bool:
    """Whether the first character beyond ASCII is UTF-8, or may be once the next bytes are known.

    Bytes that come later say nothing: after one valid character a broken one is damage, not windows-1252.
    """
    try:
        codecs.utf_8_decode(piece, "strict", False)
    except UnicodeDecodeError as error:
        return not piece[: error.start].isascii()
    return True


def is_single_byte(encoding: str) -> bool:
    """Whether the codec maps ASCII to itself and other bytes one by one: fields can then be cut first."""
    try:
        if bytes(range(128)).decode(encoding) != "".join(map(chr, range(128))):
            return False
    except UnicodeDecodeError:
        return False
    return sum(_decodes_alone(bytes([byte]), encoding) for byte in range(128, 256)) > DECIDED_BY_HALF


def _decodes_alone(byte: bytes, encoding: str) -> bool:
    try:
        return len(byte.decode(encoding)) == 1
    except UnicodeDecodeError:
        return False


def _mark_of(head: bytes) -> tuple[str | None, int]:
    for mark, encoding in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            length = len(mark)
            while head.startswith(mark, length):  # a file with nothing but its mark was joined to this one
                length += len(mark)
            return encoding, length
    return None, 0


def _utf16_without_mark(head: bytes) -> str | None:
    """UTF-16 when zeros stand almost only at the even, or only at the odd, places and it reads like a CSV."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) * 20 < len(head) or max(even, odd) < 10 * min(even, odd) + 1:
        return None
    encoding = "utf-16-le" if odd > even else "utf-16-be"
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head)
    return encoding if any(mark in text for mark in ",;|\t\r\n") else None
