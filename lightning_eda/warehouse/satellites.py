"""Which satellites a run config means: those that are loaded, in any case of letters."""

from collections.abc import Sequence

import pyarrow as pa

from lightning_eda.earth import SATELLITES
from lightning_eda.errors import SettingError


def chosen_satellites(asked: Sequence[str], loaded: pa.Table) -> list[str]:
    """The satellites asked for, in capitals as in the tables; empty is all.

    Args:
        asked: Names of satellites, such as "G18" or "g18".
        loaded: The ledger of the window, `queries.hour_counts`.

    Raises:
        SettingError: One of them is no satellite, or is not loaded although others are.
    """
    chosen = [name.upper() for name in asked]
    there = sorted(set(loaded["satellite"].to_pylist()))
    if not set(chosen) <= set(there or SATELLITES):
        hint = "Only these are loaded in this window." if there else ""
        raise SettingError("satellites", [*asked], ", ".join(there or SATELLITES), hint)
    return chosen
