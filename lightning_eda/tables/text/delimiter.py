"""Which character divides the fields of a CSV, told from its first rows."""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import Final

from lightning_eda.tables.text.rows import walk

CANDIDATES: Final = (",", ";", "\t", "|")
ROWS: Final = 500
ENOUGH: Final = 0.8
"""The part of the rows that must have the same number of fields, for a delimiter to be believed."""
NO_DELIMITER: Final = "\x1f"
"""ASCII's unit separator: the delimiter of a file of one column, so that its text may hold any other."""


@dataclass(frozen=True)
class _Split:
    """How the rows fall apart under one candidate: fields of most rows, of the first, and the agreement."""

    delimiter: str
    fields: int
    first: int
    agreement: float

    @property
    def rank(self) -> tuple[bool, bool, float, int]:
        """Order of belief: the header has as many fields as the rows, most rows agree, more fields."""
        return self.first == self.fields, self.agreement >= ENOUGH, round(self.agreement, 2), self.fields


def detect_delimiter(text: str, is_whole: bool, columns: int | None = None) -> str:
    """The delimiter among comma, semicolon, tab and bar; `NO_DELIMITER` for a file of one column.

    Each candidate divides the first 500 rows, quoted fields respected. The best has as many fields in the
    first row as in the others, the same in nearly all rows, and then the most fields. A comma that stands
    only between digits is a decimal comma as soon as another candidate is as good.

    Args:
        text: The first characters of the file.
        is_whole: Whether that is all of it: else the last line may be cut and is left out.
        columns: How many columns the file should have, when that is known; such a candidate wins, unless
            it is one.
    """
    text = re.sub(r"\r\n?", "\n", text)
    cut = text if is_whole else text[: text.rfind("\n") + 1] or text
    data = cut.encode("utf-8", "replace")
    splits = [split for split in (_split(data, candidate) for candidate in CANDIDATES) if split]
    wanted = [split for split in splits if columns in (split.fields, split.first) and columns != 1]
    if not (splits := _believable(wanted or splits)):
        return NO_DELIMITER
    best = max(splits, key=lambda split: split.rank)
    if best.delimiter == "," and _is_decimal_comma(cut):
        others = [split for split in splits if split.delimiter != "," and split.rank[:3] >= best.rank[:3]]
        best = max(others, key=lambda split: split.rank, default=best)
    return best.delimiter


def _split(data: bytes, delimiter: str) -> _Split | None:
    walked = list(islice(walk(data, 1, delimiter.encode()), ROWS))
    counts = [row.fields for row in walked if row.problem is None]
    if not counts:
        return None
    fields, rows = Counter(counts).most_common(1)[0]
    # A row that is not well quoted agrees with none: another character may divide it well.
    return _Split(delimiter, fields, counts[0], rows / len(walked))


def _believable(splits: list[_Split]) -> list[_Split]:
    return [split for split in splits if split.first > 1 or (split.fields > 1 and split.agreement >= ENOUGH)]


def _is_decimal_comma(text: str) -> bool:
    return len(re.findall(r"(?<=\d),(?=\d)", text)) == text.count(",")
