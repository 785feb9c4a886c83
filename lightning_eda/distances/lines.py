"""One line of a list of distances, read the slow and sure way: this is what the format means.

A row is item,item,distance in UTF-8. Lines end with LF or CRLF; blank ones are skipped, and so is the Ctrl-Z
that ends files of DOS. Fields may be quoted
as in CSV, but no item goes over the end of a line: an odd quote would otherwise swallow the rows after it.
"""

import csv
import math
import re

from lightning_eda.errors import PairsError

MAX_ITEM_BYTES = 1024
INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*", re.ASCII)
ROW = "each row is item,item,distance"
DOS_END = "\x1a"
SHOWN = 60  # characters of a bad value in an error

Row = tuple[str, str, float]


def parse_line(line: bytes, as_integers: bool) -> Row | None:
    """The row of a line; None for a blank one.

    Args:
        line: Without its LF.
        as_integers: Items must be 64-bit integers and are spelt as such ("007" is "7").

    Raises:
        PairsError: It is no row; the text says why, not where.
    """
    text = _decoded(line.removesuffix(b"\r"))
    if not text.replace(DOS_END, "").strip():
        return None
    if "\0" in text:
        raise PairsError(f"a NUL character in {_shown(text)}, as in damaged files; send the list again")
    fields = _fields(text)
    if len(fields) != 3:
        raise PairsError(f"{len(fields)} columns in {_shown(text)}; {ROW}")
    distance = _distance(fields[2])  # before the items: of a row of headings it says most
    first, second = (_item(field, as_integers) for field in fields[:2])
    return first, second, distance


def _decoded(line: bytes) -> str:
    if b"\r" in line:
        raise PairsError("a carriage return in the middle of the line; end lines with LF or CRLF")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PairsError(f"byte {error.start + 1} is not UTF-8; save the list as UTF-8") from error


def _fields(text: str) -> list[str]:
    if '"' not in text:
        return text.split(",")
    if len(text) > csv.field_size_limit():  # else its error would speak of that limit
        raise PairsError(f"an item of over {MAX_ITEM_BYTES} bytes, {_shown(text)}; allowed: {MAX_ITEM_BYTES}")
    try:
        return next(csv.reader([text], strict=True))
    except (csv.Error, StopIteration) as error:
        raise PairsError(
            f"quotes that are wrong in {_shown(text)} ({error}); a quoted item stands between quotes, on one "
            "line, and doubles the quotes in it"
        ) from error


def _item(field: str, as_integers: bool) -> str:
    size = len(field.encode("utf-8"))
    if size > MAX_ITEM_BYTES:
        raise PairsError(f"an item of {size} bytes, {_shown(field)}; allowed: {MAX_ITEM_BYTES}")
    if not as_integers:
        return field
    if not INTEGER.fullmatch(field):
        raise PairsError(f"the item {_shown(field)} is no integer, as CONVERT_KEY_TO_INT=true demands")
    number = int(field)
    if not -(2**63) <= number < 2**63:
        raise PairsError(f"the item {_shown(field)} is no 64-bit integer, as CONVERT_KEY_TO_INT=true demands")
    return str(number)


def _distance(field: str) -> float:
    try:
        number = float(field) if "_" not in field else None
    except ValueError:
        number = None
    if number is None:
        raise PairsError(f"the distance {_shown(field)} is no number; {ROW}, without a row of headings")
    if not math.isfinite(number) or number < 0:
        raise PairsError(f"the distance {_shown(field)}; distances must be finite and not negative")
    return abs(number)  # -0.0 becomes 0.0


def _shown(value: str) -> str:
    return repr(value if len(value) <= SHOWN else value[:SHOWN] + "...")
