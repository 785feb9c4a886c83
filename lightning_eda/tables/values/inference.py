"""What kinds of values a column holds, and the type that takes them all without loss.

A kind belongs to one value; the kinds of a column are those of its values, and its type depends on nothing
else. So it is the same however the file is cut into blocks.
"""

import re
from collections.abc import Callable
from enum import Flag, auto
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lightning_eda.tables.values.convert import cleaned, convert, try_convert, value_bytes
from lightning_eda.tables.values.types import TIMESTAMP


class Kind(Flag):
    """What a value looks like; a missing value has no kind.

    BLANK: a word for nothing (`convert.NULL_WORDS`), "" in quotes and spaces included.
    TRUTH: true or false.
    INT: an integer below 2**53, which a double holds exactly.
    BIG: one beyond that, below 2**63.
    FLOAT: a number with a point or a signed exponent, or infinity.
    DAY: an ISO date.
    TIME: an ISO date and time.
    TEXT: anything else; also numbers with leading zeros or a plus (007, +49), an exponent that may be part
        of a name (12E4), and numbers too large for their type.
    """

    NONE = 0
    BLANK = auto()
    TRUTH = auto()
    INT = auto()
    BIG = auto()
    FLOAT = auto()
    DAY = auto()
    TIME = auto()
    TEXT = auto()


TAKEN_BY: Final[tuple[tuple[Kind, pa.DataType], ...]] = (
    (Kind.TRUTH, pa.bool_()),
    (Kind.INT | Kind.BIG, pa.int64()),
    (Kind.INT | Kind.FLOAT, pa.float64()),
    (Kind.DAY, pa.date32()),
    (Kind.DAY | Kind.TIME, TIMESTAMP),
)
"""Types and the kinds each takes, narrowest first. All other mixtures are text."""
EXACT_INTEGER: Final = 2**53 - 1
PLAIN_INTEGER: Final = r"^-?(?:0|[1-9][0-9]*)$"
_NUMBER: Final = r"(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)"
_POINTED: Final = r"(?:(?:0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+)"
PLAIN_FLOAT: Final = rf"^-?(?:{_NUMBER}(?:[eE][+-][0-9]+)?|{_POINTED}[eE][0-9]+|(?i:inf|infinity))$"
TRUTH_WORD: Final = r"^(?i:true|false)$"
DAY_SHAPE: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
TIME_SHAPE: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]"
ZERO, NINE, MINUS, PLUS, SMALL_E, LOWER = b"09-+e\x20"


@lru_cache(maxsize=512)
def type_of(kinds: Kind) -> pa.DataType:
    """The narrowest type that takes values of all these kinds without loss; text when there is none."""
    kinds &= ~Kind.BLANK
    if kinds:
        for taken, data_type in TAKEN_BY:
            if not kinds & ~taken:
                return data_type
    return pa.string()


def examine(text: pa.StringArray, known: Kind = Kind.NONE) -> tuple[pa.Array, Kind]:
    """The column as the type of its kinds and those known already, and all these kinds.

    A kind that cannot change the type any more may be left out of the answer.

    Args:
        text: A column, or a part of it.
        known: Kinds of the other parts, as far as known: with them most columns are told at one look.
    """
    if known & ~Kind.BLANK and pa.types.is_string(type_of(known)):
        return text, known
    values, found = text, _look(text, known)
    if found is None:
        values = cleaned(text)
        known |= Kind.BLANK if values.null_count > text.null_count else Kind.NONE
        found = _look(values, known) or (None, _kinds_of(values))
    array, kinds = found[0], known | found[1]
    wanted = type_of(kinds)
    if array is not None and array.type == wanted:
        return array, kinds
    return convert(text if pa.types.is_string(wanted) else values, wanted), kinds


def _look(text: pa.StringArray, known: Kind) -> tuple[pa.Array | None, Kind] | None:
    """The column, and the widest kind in it, when that is told at one look; None when it is not.

    Arrow takes long over a column that it cannot convert, so a conversion is tried only when the first value
    is of the right shape, and not when a wider kind is known already.
    """
    if text.null_count == len(text):
        return None, Kind.NONE
    first = text[pc.index(text.is_valid(), True).as_py()].as_py()
    for kind, wider, shape, look in _LOOKS:
        if wider not in known and shape.search(first) and (found := look(text)) is not None:
            return found, kind
    return None


def _as_integers(text: pa.StringArray) -> pa.Array | None:
    found = try_convert(text, pa.int64())
    return None if found is None or _has_leading_zero(text) or not _is_exact(found) else found


def _as_floats(text: pa.StringArray) -> pa.Array | None:
    found = try_convert(text, pa.float64())
    if found is None or found.null_count > text.null_count or not _is_exact(found):
        return None
    if _has_signed_exponents(value_bytes(text)):
        return None if _has_leading_zero(text) else found
    shaped = pc.match_substring_regex(text, f"{PLAIN_INTEGER}|{PLAIN_FLOAT}")
    return found if pc.all(shaped).as_py() else None


def _has_signed_exponents(values: NDArray[np.uint8]) -> bool:
    """Whether numbers have nothing but digits, points, minus signs, and exponents with a sign."""
    if values.min() >= MINUS and values.max() <= NINE:
        return True
    exponents = np.flatnonzero((values | LOWER) == SMALL_E)
    signs = values[np.minimum(exponents + 1, values.size - 1)]
    pluses = np.count_nonzero(signs == PLUS)
    return bool(
        np.count_nonzero(values > NINE) == exponents.size
        and np.count_nonzero(values < MINUS) == pluses == np.count_nonzero(values == PLUS)
        and pluses + np.count_nonzero(signs == MINUS) == exponents.size
    )


def _as_truths(text: pa.StringArray) -> pa.Array | None:
    values = value_bytes(text)
    return try_convert(text, pa.bool_()) if values.size and values.min() > NINE else None


def _is_exact(numbers: pa.Array) -> bool:
    """Whether all are within the integers that a double holds."""
    found = pc.min_max(numbers).as_py()
    return found["min"] is None or -EXACT_INTEGER <= found["min"] <= found["max"] <= EXACT_INTEGER


def _has_leading_zero(text: pa.StringArray) -> bool:
    """Whether a value of digits, points and a minus has a zero before another digit."""
    ends = np.frombuffer(text.buffers()[1], np.int32)[text.offset : text.offset + len(text) + 1]
    values = np.frombuffer(text.buffers()[2], np.uint8)
    starts, lengths = ends[:-1], np.diff(ends)
    signed = (lengths > 0) & (values[np.minimum(starts, values.size - 1)] == MINUS)
    long = lengths - signed > 1
    first = (starts + signed)[long]
    return bool(((values[first] == ZERO) & (values[first + 1] >= ZERO)).any())


def _kinds_of(text: pa.StringArray) -> Kind:
    """The kinds of all values of a cleaned column, one kind after the other; exact, and slower."""
    kinds = Kind.NONE
    rest = text.drop_null().unique()
    for shape, kind_of in _SHAPES:
        fits = pc.match_substring_regex(rest, shape)
        if pc.any(fits).as_py():
            kinds |= kind_of(rest.filter(fits))
            rest = rest.filter(pc.invert(fits))
    return kinds | Kind.TEXT if len(rest) else kinds


def _kinds_of_integers(values: pa.StringArray) -> Kind:
    found = try_convert(values, pa.int64())
    if found is None:
        return Kind.TEXT
    exact = pc.and_(pc.greater_equal(found, -EXACT_INTEGER), pc.less_equal(found, EXACT_INTEGER))
    small = Kind.INT if pc.any(exact).as_py() else Kind.NONE
    return small if pc.all(exact).as_py() else small | Kind.BIG


def _if(kind: Kind, data_type: pa.DataType) -> Callable[[pa.StringArray], Kind]:
    """The kind, or text when one of the values is not of its type (the 30th of February, 1e999)."""
    return lambda values: Kind.TEXT if try_convert(values, data_type) is None else kind


_SHAPES: Final[tuple[tuple[str, Callable[[pa.StringArray], Kind]], ...]] = (
    (PLAIN_INTEGER, _kinds_of_integers),
    (PLAIN_FLOAT, _if(Kind.FLOAT, pa.float64())),
    (TRUTH_WORD, _if(Kind.TRUTH, pa.bool_())),
    (DAY_SHAPE, _if(Kind.DAY, pa.date32())),
    (TIME_SHAPE, _if(Kind.TIME, TIMESTAMP)),
)
_LOOKS: Final[tuple[tuple[Kind, Kind, re.Pattern[str], Callable[[pa.StringArray], pa.Array | None]], ...]] = (
    (Kind.INT, Kind.FLOAT, re.compile(PLAIN_INTEGER), _as_integers),
    (Kind.FLOAT, Kind.TEXT, re.compile(f"{PLAIN_INTEGER}|{PLAIN_FLOAT}"), _as_floats),
    (Kind.TRUTH, Kind.TEXT, re.compile(TRUTH_WORD), _as_truths),
    (Kind.DAY, Kind.TIME, re.compile(DAY_SHAPE), lambda text: try_convert(text, pa.date32())),
    (
        Kind.TIME,
        Kind.TEXT,
        re.compile(f"{DAY_SHAPE}|{TIME_SHAPE}"),
        lambda text: try_convert(text, TIMESTAMP),
    ),
)
"""A kind, the wider one with which it need not be tried, the shape of its values, and the conversion. They
are tried in this order: at each, some value is of none of the kinds before."""
