"""Days as the keys of CSVs spell them: `data_ref`, for example 20240101."""

import re
from datetime import date

from lightning_eda.errors import SettingError
from lightning_eda.storage.content.names import is_data_name

DATA_REF_PATTERN = re.compile(r"\d{8}", re.ASCII)  # digits of other scripts are no digits here


def data_ref_of(day: date) -> str:
    """A day as eight digits, year first."""
    return f"{day.year:04}{day.month:02}{day.day:02}"


def parse_data_ref(text: str) -> date:
    """The day that eight digits name.

    Raises:
        SettingError: There is no such day.
    """
    day = _day(text)
    if day is None:
        raise SettingError("data_ref", text, "a day as YYYYMMDD, for example 20240101")
    return day


def folder_of_days(prefix: str) -> str:
    """What the keys of all days begin with, before the eight digits: the prefix and one slash, or nothing."""
    return f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""


def day_of_key(key: str, prefix: str, substr: str = "") -> date | None:
    """The day of a CSV's key: the eight digits right after the prefix and a slash.

    Args:
        key: Key of the object.
        prefix: What the keys of all days begin with; slashes at its end do not count.
        substr: What the key contains after those digits.

    Returns:
        The day; None for a key that begins otherwise, names no day, does not contain `substr`, or is none of
        a CSV (`content.names.is_data_name`).
    """
    folder = folder_of_days(prefix)
    if not key.startswith(folder):
        return None
    rest = key[len(folder) :]
    return _day(rest[:8]) if substr in rest[8:] and is_data_name(rest, substr) else None


def _day(text: str) -> date | None:
    if DATA_REF_PATTERN.fullmatch(text) is None:
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None  # eight digits that are no day
