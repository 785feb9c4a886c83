"""What a column of texts should become, value by value in plain Python: the oracle of the type tests."""

import math
import re
from datetime import UTC, date, datetime, timedelta

NULL_WORDS = {
    "", "NULL", "null", "Null", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NAN", "None", "none", "\\N",
}  # fmt: skip
SPACES = " \t\r\n\u00a0"
INTEGER = re.compile(r"-?(0|[1-9][0-9]*)", re.ASCII)
NUMBER = re.compile(r"-?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-][0-9]+)?", re.ASCII)
POINTED = re.compile(r"-?((0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+)[eE][0-9]+", re.ASCII)
INFINITE = re.compile(r"-?(inf|infinity)", re.ASCII | re.IGNORECASE)
TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(Z|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
TAKEN = [
    ({"truth"}, "bool"),
    ({"int", "big"}, "int64"),
    ({"int", "float"}, "double"),
    ({"day"}, "date32[day]"),
    ({"day", "time"}, "timestamp[us, tz=UTC]"),
]


def kind_of(text: str | None) -> str | None:
    """The kind of one value; None when it is missing or stands for nothing."""
    if text is None or text.strip(SPACES) in NULL_WORDS:
        return None
    text = text.strip(SPACES)
    if INTEGER.fullmatch(text):
        return "int" if abs(int(text)) < 2**53 else "big" if -(2**63) <= int(text) < 2**63 else "text"
    if NUMBER.fullmatch(text) or POINTED.fullmatch(text):
        return "float" if math.isfinite(float(text)) else "text"
    if INFINITE.fullmatch(text):
        return "float"
    if text.isascii() and text.lower() in ("true", "false"):
        return "truth"
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return "text" if to_day(text) is None else "day"
    return "text" if to_time(text) is None else "time"


def type_of(column: list[str | None]) -> str:
    """The type of a column, as pyarrow spells it."""
    kinds = {kind_of(text) for text in column} - {None}
    return next((name for taken, name in TAKEN if kinds and kinds <= taken), "string")


def values_of(column: list[str | None]) -> list[object]:
    """The values of a column as its type."""
    name = type_of(column)
    if name == "string":
        return list(column)
    readers = {
        "bool": lambda text: text.lower() == "true",
        "int64": int,
        "double": float,
        "date32[day]": to_day,
        "timestamp[us, tz=UTC]": lambda text: (
            to_time(text) or datetime.fromisoformat(text).replace(tzinfo=UTC)
        ),
    }
    return [None if kind_of(text) is None else readers[name](text.strip(SPACES)) for text in column]


def to_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def to_time(text: str) -> datetime | None:
    found = TIME.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    micros = int((found[7] or "").ljust(9, "0")[:6])
    zone = (found[8] or "Z").replace(":", "").replace("Z", "+0000").ljust(5, "0")
    minutes = int(zone[3:5])
    if minutes > 59 or int(zone[1:3]) > 23:
        return None
    offset = timedelta(hours=int(zone[1:3]), minutes=minutes) * (-1 if zone[0] == "-" else 1)
    try:
        return datetime(year, month, day, hour, minute, second, micros, UTC) - offset
    except (ValueError, OverflowError):
        return None
