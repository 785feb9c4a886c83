"""The tables beside those in `lightning_eda.series`, as data, and the DDL that is made from both.

sql         tables and columns as SQL writes them
clusters    scores of k, centres, cluster of each flash
distances   the cluster of each item
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from lightning_eda.series import TABLES, Table
from lightning_eda.series.storms import CELL_TABLES, TRACK_TABLES


@cache
def all_tables() -> tuple[Table, ...]:
    """Every table of the database: of hours, each that a module of this package declares, of storms."""
    modules = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
    declared = {
        one.name: one for module in modules for one in vars(module).values() if isinstance(one, Table)
    }
    return (*(TABLES | declared).values(), *CELL_TABLES, *TRACK_TABLES)
