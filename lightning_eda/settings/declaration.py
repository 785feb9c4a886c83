"""A setting as it is declared, and how a mapping of variables is read by declarations."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TypeAlias, TypeVar

SETTING = "setting"

Default = TypeVar("Default", str, str | None)
Kind: TypeAlias = type[str] | type[bool] | type[int] | type[float]


@dataclass(frozen=True)
class Setting:
    """What is said of a setting, once: the launchpad is made from it, the documents are held to it.

    Attributes:
        variable: Name of the variable.
        default: Its value when it is not set; None for none.
        meaning: What it does, as the launchpad tells it; may begin with a comma or semicolon.
        general: A variable of wider meaning that counts when this one is not set, such as AWS_ENDPOINT_URL.
        kind: Type of its field in the launchpad.
        is_white_space: Whether white space is a value.
    """

    variable: str
    default: str | None
    meaning: str
    general: str | None = None
    kind: Kind = str
    is_white_space: bool = False

    @property
    def description(self) -> str:
        """The variable and what it does."""
        return f"{self.variable}{'' if self.meaning[0] in ',;' else ': '}{self.meaning}"

    def value(self, variables: Mapping[str, str]) -> str | None:
        """Its value in a mapping such as `os.environ`; a variable set to nothing counts as not set."""
        texts = [variables.get(name, "") for name in (self.variable, self.general) if name]
        return next((kept for text in texts if (kept := self._kept(text))), None)

    def _kept(self, text: str) -> str:
        """What counts of a text: not the quotes around all of it, as `docker --env-file` leaves them."""
        bare = text.strip()
        mark = bare[:1]
        if mark in ("'", '"') and bare.endswith(mark) and bare.count(mark) == 2:
            text = bare[1:-1]
        return text if self.is_white_space else text.strip()


def setting(
    variable: str,
    default: Default,
    meaning: str,
    general: str | None = None,
    kind: Kind = str,
    is_white_space: bool = False,
) -> Default:
    """A field of a dataclass of settings; arguments as of `Setting`."""
    said = Setting(variable, default, meaning, general, kind, is_white_space)
    return field(default=default, metadata={SETTING: said})


def declared(kind: type) -> dict[str, Setting]:
    """The settings of a dataclass by the names of their fields."""
    return {one.name: one.metadata[SETTING] for one in fields(kind) if SETTING in one.metadata}


def values_of(kind: type, variables: Mapping[str, str]) -> dict[str, str]:
    """What a mapping of variables says of the fields of a dataclass; without those it does not set."""
    found = {name: one.value(variables) for name, one in declared(kind).items()}
    return {name: value for name, value in found.items() if value is not None}
