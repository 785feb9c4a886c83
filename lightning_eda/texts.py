"""How many things are told in one sentence."""

from collections.abc import Mapping, Sequence
from datetime import date


def named(texts: Sequence[str], most: int = 10, separator: str = "; ") -> str:
    """The first few of some texts, and how many more there are; "none" when there is none."""
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return (separator.join(texts[:most]) + more) or "none"


def counted(number: int, thing: str) -> str:
    """A number of things: 1 row, 2 rows."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def failed_days(errors: Mapping[date, Exception], days: int) -> str:
    """What to say of a run of several days of which some failed.

    Args:
        errors: What went wrong with each that failed.
        days: How many there were.
    """
    reasons = named([f"{day}: {error}" for day, error in errors.items()])
    return f"{len(errors)} of {days} days failed, the others are done. {reasons}"
