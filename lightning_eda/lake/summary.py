"""What the ledger's log says of all hours without any file being read: days, and the newest granule."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from lightning_eda.lake.layout import LEDGER, STAMP
from lightning_eda.lake.location import Lake
from lightning_eda.lake.state import TableState

LOADED_AT = r"\.(?P<loaded_at>\d{8}T\d{12})\."  # as `LedgerName` has it; such stamps sort as their times
DAYS_SCHEMA = pa.schema(
    [("day", pa.date32()), ("granules", pa.int64()), ("last_loaded_at", pa.timestamp("us"))]
)


def ledger_days(lake: Lake) -> pa.Table:
    """The days of the ledger: day, granules, and last_loaded_at (UTC, no zone), as `DayState` has them.

    Raises:
        LakeError: The ledger's log cannot be used.
        LakeUnavailableError: It cannot be reached.
    """
    files = _files(lake)
    if not files.num_rows:
        return DAYS_SCHEMA.empty_table()
    stamps = pc.extract_regex(files["path"], LOADED_AT)
    strangers = files["path"].filter(stamps.is_null()).to_pylist()
    TableState(0, strangers=tuple(strangers)).require_own(lake.address(LEDGER))
    rows = pa.table(
        {
            "day": files["partition.day"].cast(pa.date32()),
            "granules": files["num_records"],
            "stamp": pc.struct_field(stamps, "loaded_at"),
        }
    )
    found = rows.group_by("day", use_threads=False).aggregate([("granules", "sum"), ("stamp", "max")])
    times = [datetime.strptime(stamp, STAMP) for stamp in found["stamp_max"].to_pylist()]
    columns = [found["day"], found["granules_sum"], pa.array(times, pa.timestamp("us"))]
    return pa.table(columns, names=DAYS_SCHEMA.names).cast(DAYS_SCHEMA).sort_by("day")


def newest_granule(lake: Lake) -> datetime | None:
    """Start of the newest granule in the ledger, aware UTC; None when there is none.

    Raises:
        LakeError: The ledger's log cannot be used.
        LakeUnavailableError: It cannot be reached.
    """
    files = _files(lake)
    newest = pc.max(files["max.granule_start"]).as_py() if files.num_rows else None
    return newest.replace(tzinfo=UTC) if newest else None


def _files(lake: Lake) -> pa.Table:
    """The files that the ledger names, a row each."""
    ledger = lake.open(LEDGER)
    return pa.table(ledger.get_add_actions(flatten=True)) if ledger else pa.table({})
