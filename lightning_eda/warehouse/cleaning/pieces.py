"""How a window is cut into pieces that fit in memory."""

from collections.abc import Mapping
from datetime import datetime

from lightning_eda.series import HOUR

PIECE_ROWS = 250_000
Span = tuple[datetime, datetime]


def cut_window(
    start: datetime, end: datetime, rows: Mapping[datetime, int], most_rows: int = PIECE_ROWS
) -> list[Span]:
    """Spans of whole hours, in order, of about so many rows at most; an hour is never cut.

    Args:
        start: First hour, aware.
        end: The hour after the last, aware.
        rows: Rows by hour; hours without any may be left out.
        most_rows: Rows of a piece, unless a single hour has more.
    """
    cuts, filled = [start], 0
    hour = start
    while hour < end:
        if filled and filled + rows.get(hour, 0) > most_rows:
            cuts.append(hour)
            filled = 0
        filled += rows.get(hour, 0)
        hour += HOUR
    return list(zip(cuts, [*cuts[1:], end], strict=True))
