"""Column names that Glue, Athena and Parquet readers take without quoting."""

import re
import unicodedata
from collections.abc import Sequence

from lightning_eda.errors import CsvError

MAX_NAME = 255  # characters; source: AWS Glue API, "Column structure"


def safe_names(names: Sequence[str], source: str = "the CSV") -> list[str]:
    """Lower-case names of ASCII letters, digits and underscores, in the same order.

    Accents are folded ("Zürich" is "zurich", "Größe" is "grosse"), every run of other characters becomes one
    underscore and none at the ends ("Energy (J)" is "energy_j"), a leading digit gets "c_" before it
    ("2024" is "c_2024"), and what has nothing left is named by its place ("" in second place is "column_2").
    awswrangler's own clean-up leaves these names as they are.

    Args:
        names: Names as the CSV or the settings state them.
        source: Where they come from, for the error.

    Raises:
        CsvError: Two become the same, or one is longer than 255 characters; the originals are named.
    """
    safe = [_safe_name(name, place) for place, name in enumerate(names, start=1)]
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


def _safe_name(name: str, place: int) -> str:
    folded = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    safe = re.sub(r"[^a-z0-9_]+", " ", plain.lower()).strip().replace(" ", "_")
    if not safe.strip("_"):
        return f"column_{place}"
    return f"c_{safe}" if safe[0].isdigit() else safe
