"""Where a day's distances and clusters are in a bucket: <folder>/day=YYYY-MM-DD/."""

import re
from datetime import date

from lightning_eda.errors import SettingError
from lightning_eda.storage.content.names import is_data_name

OUTPUT_NAME = "clusters.csv.gz"
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def input_prefix(folder: str, day: date) -> str:
    """The prefix of a day's objects, with the slash that keeps other days out; the folder may be ""."""
    return f"{_folder(folder)}day={day.isoformat()}/"


def output_key(folder: str, day: date) -> str:
    """The key of a day's clusters."""
    return input_prefix(folder, day) + OUTPUT_NAME


def day_of_key(key: str, folder: str) -> date | None:
    """The day of an object below <folder>/day=YYYY-MM-DD/, at any depth; None for any other key.

    Keys whose names are not those of data (`content.names.is_data_name`) have none either.

    Args:
        key: Full key, as the store spells it (not URL-encoded).
        folder: The input folder; slashes around it do not count.
    """
    prefix = _folder(folder) + "day="
    if not key.startswith(prefix):
        return None
    day, slash, rest = key.removeprefix(prefix).partition("/")
    return _day(day) if slash and is_data_name(rest) else None


def parse_day(text: str, variable: str) -> date:
    """The date in a text such as 2024-10-01.

    Args:
        text: Ten characters.
        variable: What an error names.

    Raises:
        SettingError: It is no date, or is written in another way.
    """
    day = _day(text.strip())
    if day is None:
        raise SettingError(variable, text, "a day such as 2024-10-01")
    return day


def _folder(folder: str) -> str:
    """The folder with one slash at its end, or nothing."""
    bare = folder.strip("/")
    return f"{bare}/" if bare else ""


def _day(text: str) -> date | None:
    if not DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:  # the 30th of February
        return None
