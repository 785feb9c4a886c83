"""What the environment says: the only package that reads it.

Values are kept as text and checked where they are used (or by the `parse_*` functions here), so that a
mistake is reported by the run that needs the value, in one sentence that names the variable, and never keeps
the code location from loading. The run config of the launchpad wins over all of these.

variables     each setting, declared once: variable, default, meaning
declaration   what a declaration holds, and how a mapping is read by it
parsing       texts to values
"""

from lightning_eda.settings.declaration import Setting, declared
from lightning_eda.settings.parsing import (
    parse_distance,
    parse_flag,
    parse_integer,
    parse_object,
    parse_required,
    parse_tiers,
)
from lightning_eda.settings.variables import (
    CsvSettings,
    DistanceSettings,
    Settings,
    environment_with,
    read_settings,
)

__all__ = [
    "CsvSettings",
    "DistanceSettings",
    "Setting",
    "Settings",
    "declared",
    "environment_with",
    "parse_distance",
    "parse_flag",
    "parse_integer",
    "parse_object",
    "parse_required",
    "parse_tiers",
    "read_settings",
]
