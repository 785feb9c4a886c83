"""The tables beside those of hours (`lightning_eda.series`), as data, and the DDL that is made from both.

sql         tables and columns as SQL writes them
clusters    scores of k, centres, cluster of each flash
distances   the cluster of each item
storms      storm cells, and the cell of each flash
tracks      storm tracks, their points and rates, lightning jumps
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from lightning_eda.series import TABLES, Table


@cache
def all_tables() -> tuple[Table, ...]:
    """Every table of the database: those of hours, then each that a module of this package declares."""
    modules = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
    declared = {
        one.name: one for module in modules for one in vars(module).values() if isinstance(one, Table)
    }
    return tuple((TABLES | declared).values())
