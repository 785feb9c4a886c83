"""Columns of text to columns of a type, whole columns at a time."""

import math
import re
from collections.abc import Callable
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lightning_eda.tables.values.types import TIMESTAMP

NULL_WORDS: Final = pa.array(
    ["", "NULL", "null", "Null", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NAN", "None", "none", "\\N"]
)
"""What stands for no value in a column that is not text, with any spaces around it."""
SPACES: Final = " \t\r\n\u00a0"
FIRST_DAY: Final = -719_162
"""0001-01-01 in days from 1970: the first that Python, and so most readers, can hold."""
LAST_DAY: Final = 2_932_896
"""9999-12-31."""
DAY_US: Final = 86_400_000_000
ZONE: Final = r"[T ][0-9:.]+(?:Z|[+-][0-9:]+)$"
BEYOND_MICROSECONDS: Final = r"(\.[0-9]{6})[0-9]{1,3}"
INFINITE: Final = r"(?i)^-?\+?inf(?:inity)?$"


class MisfitError(ValueError):
    """A value is not of the type; `index` says which value."""

    def __init__(self, index: int, value: str) -> None:
        self.index = index
        self.value = value
        super().__init__(f"value {index}: {value[:40]!r}")


class TooLongError(MisfitError):
    """A text has more characters than its type."""


def require_lengths(text: pa.StringArray, longest: int) -> None:
    """Refuses texts of more than so many characters; TooLongError names the first one."""
    lengths = pc.utf8_length(text)
    if (pc.max(lengths).as_py() or 0) > longest:
        index = pc.index(pc.greater(lengths, longest), True).as_py()
        raise TooLongError(index, text[index].as_py())


def convert(text: pa.StringArray, data_type: pa.DataType) -> pa.Array:
    """The values of a column as a type.

    Text stays as it is. In the other types spaces around a value do not count and `NULL_WORDS` are missing
    values. A number keeps its value exactly, but for the rounding to the nearest double. A timestamp without
    offset is UTC, others are converted; digits beyond microseconds are cut off.

    Args:
        text: The column.
        data_type: One of `types.GLUE_TYPES`, or a decimal.

    Raises:
        MisfitError: A value is not of the type; the first one is named.
    """
    if pa.types.is_string(data_type):
        return text
    found = try_convert(text, data_type)
    if found is None:
        text = cleaned(text)
        found = try_convert(text, data_type)
    if found is None:
        raise _first_misfit(text, data_type)
    return found


def try_convert(text: pa.StringArray, data_type: pa.DataType) -> pa.Array | None:
    """As `convert`, without regard to spaces and `NULL_WORDS`; None when a value does not fit."""
    try:
        return _converter(data_type)(text, data_type)
    except pa.ArrowInvalid:
        return None


def cleaned(text: pa.StringArray) -> pa.StringArray:
    """The column without spaces around its values, and with `NULL_WORDS` missing."""
    trimmed = pc.utf8_trim(text, SPACES)
    missing = pc.is_in(trimmed, NULL_WORDS)
    emptied = pc.if_else(missing, "", trimmed)  # else the words stay among the bytes of the column
    return pc.if_else(missing, pa.scalar(None, pa.string()), emptied)


def _converter(data_type: pa.DataType) -> Callable[[pa.StringArray, pa.DataType], pa.Array]:
    if pa.types.is_timestamp(data_type):
        return _to_timestamp
    if pa.types.is_date32(data_type):
        return _to_date
    if pa.types.is_floating(data_type):
        return _to_float
    if pa.types.is_integer(data_type):
        return _to_integer
    return lambda text, wanted: text.cast(wanted)


def _to_integer(text: pa.StringArray, data_type: pa.DataType) -> pa.Array:
    found = text.cast(data_type)
    if _has_bytes_beyond(text, ord("9")):
        raise pa.ArrowInvalid("hexadecimal, which Arrow takes")
    return found


def _to_float(text: pa.StringArray, data_type: pa.DataType) -> pa.Array:
    found = text.cast(data_type)
    if math.isfinite(pc.sum(found).as_py() or 0.0):
        return found
    written = text.filter(pc.is_inf(found))
    if not pc.all(pc.match_substring_regex(written, INFINITE), min_count=0).as_py():
        raise pa.ArrowInvalid("too large for the type")
    return pc.if_else(pc.is_nan(found), pa.scalar(None, data_type), found)


def _to_date(text: pa.StringArray, data_type: pa.DataType) -> pa.Array:
    found = text.cast(data_type)
    _check_range(found.view(pa.int32()), FIRST_DAY, LAST_DAY)
    return found


def _to_timestamp(text: pa.StringArray, data_type: pa.DataType) -> pa.Array:  # noqa: ARG001 - always TIMESTAMP
    first = text[pc.index(text.is_valid(), True).as_py()].as_py() if text.null_count < len(text) else ""
    usual = _with_offset if re.search(ZONE, first) else _without_offset  # a failing cast takes long
    for way in (usual, _mixed):
        try:
            found = way(text)
        except pa.ArrowInvalid:
            if way is _mixed:
                raise
        else:
            break
    _check_range(found.view(pa.int64()), FIRST_DAY * DAY_US, (LAST_DAY + 1) * DAY_US - 1)
    return found


def _without_offset(text: pa.StringArray) -> pa.Array:
    return text.cast(pa.timestamp("us")).view(TIMESTAMP)


def _with_offset(text: pa.StringArray) -> pa.Array:
    return text.cast(TIMESTAMP)


def _mixed(text: pa.StringArray) -> pa.Array:
    """Timestamps with and without an offset, with up to nine digits of a second."""
    short = pc.replace_substring_regex(text, BEYOND_MICROSECONDS, r"\1")
    zoned = pc.fill_null(pc.match_substring_regex(short, ZONE), False)
    nothing = pa.scalar(None, pa.string())
    local = _without_offset(pc.if_else(zoned, nothing, short))
    return pc.if_else(zoned, _with_offset(pc.if_else(zoned, short, nothing)), local)


def _check_range(values: pa.Array, first: int, last: int) -> None:
    found = pc.min_max(values).as_py()
    if found["min"] is not None and (found["min"] < first or found["max"] > last):
        raise pa.ArrowInvalid("outside of the years 1 to 9999")


def _has_bytes_beyond(text: pa.StringArray, largest: int) -> bool:
    values = value_bytes(text)
    return bool(values.size and values.max() > largest)


def value_bytes(text: pa.StringArray) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """The bytes of all values, one after the other."""
    _, offsets, values = text.buffers()
    if len(text) == 0 or values is None:
        return np.empty(0, np.uint8)
    ends = np.frombuffer(offsets, np.int32)
    return np.frombuffer(values, np.uint8)[ends[text.offset] : ends[text.offset + len(text)]]


def _first_misfit(text: pa.StringArray, data_type: pa.DataType) -> MisfitError:
    """Finds the first value that does not fit by halving: the column up to it fits."""
    good, bad = 0, len(text)
    while bad - good > 1:
        middle = (good + bad) // 2
        if try_convert(text.slice(good, middle - good), data_type) is None:
            bad = middle
        else:
            good = middle
    return MisfitError(good, text[good].as_py())
