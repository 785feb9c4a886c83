"""Texts of settings to values; each mistake is told in one sentence that names the variable."""

import json

from lightning_eda.errors import SettingError
from lightning_eda.series import TIERS

TRUE_WORDS = ("1", "true", "yes", "on")
FALSE_WORDS = ("0", "false", "no", "off", "")


def parse_tiers(text: str) -> tuple[str, ...]:
    """The tiers in a comma list, in the order flash, group, event.

    Raises:
        SettingError: A word is not a tier, or there is none.
    """
    words = {word.strip().lower() for word in text.split(",") if word.strip()}
    if not words or words - set(TIERS):
        raise SettingError("GLM_TIERS", text, "a comma list of flash, group and event")
    return tuple(tier for tier in TIERS if tier in words)


def parse_flag(text: str, variable: str) -> bool:
    """Whether the text says yes; SettingError when it says neither yes nor no."""
    word = text.strip().lower()
    if word not in TRUE_WORDS + FALSE_WORDS:
        raise SettingError(variable, text, "true or false")
    return word in TRUE_WORDS


def parse_integer(text: str, variable: str, least: int = 0, most: int | None = None) -> int:
    """The whole number in a text; SettingError when it is none, or not from `least` to `most`."""
    try:
        number = int(_without_underscore(text))
    except ValueError:
        number = least - 1
    if number < least or (most is not None and number > most):
        limit = "" if most is None else f" to {most}"
        raise SettingError(variable, text, f"a whole number from {least}{limit}")
    return number


def parse_distance(text: str, variable: str) -> float:
    """The distance in a text; SettingError when it is none, negative or not finite."""
    try:
        distance = float(_without_underscore(text))
    except ValueError:
        distance = -1.0
    if not 0 <= distance < float("inf"):
        raise SettingError(variable, text, "a number from 0, in the unit of the distances")
    return distance


def _without_underscore(text: str) -> str:
    """The text; ValueError where it has one, which Python takes for no character of a number: 1_0 is 10."""
    if "_" in text:
        raise ValueError(text)
    return text


def parse_object(text: str, variable: str) -> dict[str, object]:
    """The JSON object in a text; SettingError when it is none."""
    try:
        value = json.loads(text, object_pairs_hook=_each_once)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise SettingError(variable, text, 'a JSON object such as {"eps": 0.3}')
    return value


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object of JSON; ValueError where a key is given twice, of which JSON takes the last."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def parse_required(value: str | None, variable: str, allowed: str) -> str:
    """A setting without a default; SettingError when it is not set."""
    if not value:
        raise SettingError(variable, None, allowed)
    return value
