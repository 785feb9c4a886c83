"""Writing the storm cells of a day."""

from datetime import date
from pathlib import Path

import pyarrow as pa

from lightning_eda.series.storms import STORM_CELL_FLASHES, STORM_CELLS, STORM_DAYS
from lightning_eda.warehouse.stale_days import DayState
from lightning_eda.warehouse.writing.day_rows import replace_day


def replace_storm_cells(
    database: Path | str, day: date, cells: pa.Table, flashes: pa.Table, made_of: DayState | None = None
) -> bool:
    """Makes the day's storm cells exactly these, in one transaction; returns whether it wrote.

    Args:
        database: The database file; made when it is not there.
        day: The day.
        cells: The columns of `storm_cells` but day; others are left out. In any order.
        flashes: Those of `storm_cell_flashes` but day.
        made_of: What the ledger held of the day; nothing is noted of it when left out.

    Raises:
        DatabaseBusyError: Others held the database all that time.
        WarehouseError: The database could not be written.
        ValueError: A column is missing or holds a value it cannot hold, or a key is there twice.
    """
    rows = {
        table: given.sort_by([(name, "ascending") for name in table.key if name != "day"])
        for table, given in ((STORM_CELLS, cells), (STORM_CELL_FLASHES, flashes))
    }
    if made_of:
        state = {"granules": [made_of.granules], "last_loaded_at": [made_of.last_loaded_at]}
        rows[STORM_DAYS] = pa.table(state)
    return replace_day(database, day, rows)
