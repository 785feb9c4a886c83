"""Column names that Glue, Athena and Parquet readers take without quoting."""

import re
import unicodedata
from collections.abc import Sequence

from lightning_eda.errors import CsvError

MAX_NAME = 255  # characters; source: AWS Glue API, "Column structure"
NAMELESS = "unnamed"
KEPT_SCRIPTS = ("LATIN", "GREEK", "FEMININE ORDINAL", "MASCULINE ORDINAL", "MICRO SIGN")
"""Of these, beside ASCII letters, what has no ASCII form is left out: units such as µm are named so."""


def safe_names(names: Sequence[str], source: str = "the CSV") -> list[str]:
    """Lower-case names of ASCII letters, digits and underscores, in the same order.

    Accents are folded ("Zürich" is "zurich", "Größe" is "grosse"), every run of other characters becomes one
    underscore and none at the ends ("Energy (J)" is "energy_j"), and a leading digit gets "c_" before it
    ("2024" is "c_2024"). Letters of scripts that have no ASCII letters are spelled by their code points
    ("数量 (kg)" is "u6570_u91cf_kg"), and so is a name of marks alone ("%" is "u0025"): it is the same in any
    place and beside any other columns. Columns without a name are "unnamed", "unnamed_2" and so on, in
    their order. awswrangler's own clean-up leaves these names as they are.

    Args:
        names: Names as the CSV or the settings state them.
        source: Where they come from, for the error.

    Raises:
        CsvError: Two become the same, or one is longer than 255 characters; the originals are named.
    """
    safe = [_safe_name(name) for name in names]
    nameless = [place for place, name in enumerate(safe) if not name]
    for number, place in enumerate(nameless, start=1):
        safe[place] = NAMELESS if number == 1 else f"{NAMELESS}_{number}"
    originals: dict[str, list[str]] = {}
    for name, original in zip(safe, names, strict=True):
        originals.setdefault(name, []).append(original)
        if len(name) > MAX_NAME:
            raise CsvError(
                f"{source}: the column name {original[:40]!r}... has {len(name)} characters, Glue takes "
                f"{MAX_NAME}; name the columns with CSV_SCHEMA"
            )
    for name, same in originals.items():
        if len(same) > 1:
            raise CsvError(
                f"{source}: {len(same)} columns would be named {name!r}: "
                f"{', '.join(map(repr, same))}; give each its own name with CSV_SCHEMA"
            )
    return safe


def _safe_name(name: str) -> str:
    """The safe form of one name; "" for a name of nothing."""
    letters = unicodedata.normalize("NFKC", name.casefold())
    safe = _joined("".join(_plain(letter) for letter in letters))
    if not safe.strip("_"):
        safe = _joined("".join(_code_point(letter) for letter in letters if not letter.isspace()))
    return f"c_{safe}" if safe[:1].isdigit() else safe


def _plain(letter: str) -> str:
    """A character without its accent; spelled where its script has no ASCII letters."""
    folded = unicodedata.normalize("NFKD", letter)
    if letter.isalpha() and not unicodedata.name(letter, "").startswith(KEPT_SCRIPTS):
        return _code_point(letter)
    return "".join(part for part in folded if not unicodedata.combining(part)).lower()


def _code_point(letter: str) -> str:
    return f" u{ord(letter):04x} "


def _joined(text: str) -> str:
    return re.sub(r"[^a-z0-9_]+", " ", text).strip().replace(" ", "_")
