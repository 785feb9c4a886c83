"""Texts for people: what comes from outside is made plain, and how many things are told in one sentence."""

import re
from collections.abc import Collection, Sequence
from datetime import date

LOGIN = re.compile(r"(//|^).*@", re.DOTALL)


def plain(text: str) -> str:
    """A text from outside as one line that shows what it is; it stays the same when made plain again.

    Keys, cells and replies may hold line ends, commands to a terminal, marks that turn the direction of
    writing, and spaces that look like others: all that Unicode counts as not printable is written as a
    Python string would have it. Source: `str.isprintable`, which goes by the Unicode categories.
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def without_login(address: str) -> str:
    """An address without the user and password that may stand in it.

    What goes from the slashes to the last @ goes: a password may hold any mark, and no part of it is shown.
    """
    return LOGIN.sub(r"\1", address, count=1)


def named(texts: Sequence[str], most: int = 10, separator: str = "; ") -> str:
    """The first few of some texts, and how many more there are; "none" when there is none."""
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return (separator.join(texts[:most]) + more) or "none"


def counted(number: int, thing: str) -> str:
    """A number of things: 1 row, 2 rows."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def failed_days(errors: Collection[tuple[date, Exception]], days: int) -> str:
    """What to say of a run of several days of which some failed.

    Args:
        errors: Each that failed, and what went wrong with it.
        days: How many there were.
    """
    reasons = named([f"{day}: {error}" for day, error in errors])
    return f"{len(errors)} of {days} days failed, the others are done. {reasons}"
