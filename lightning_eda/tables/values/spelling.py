"""How the value of a partition is spelled: one spelling for each value of a type, as Hive has it."""

import pyarrow as pa
import pyarrow.compute as pc

from lightning_eda.errors import SettingError
from lightning_eda.tables.days import parse_data_ref
from lightning_eda.tables.values.convert import DAY_US, MisfitError, convert

TIME_TAIL = r"(?:\.0+|(\.\d*[1-9])0+)$"


def spelled(values: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Values as text: integers without zeros in front, days as 2024-01-01, times with a space, in UTC."""
    if not pa.types.is_timestamp(values.type):
        return pc.cast(values, pa.string())
    naive = pc.cast(pc.cast(values, pa.timestamp("us", values.type.tz)), pa.int64()).cast(pa.timestamp("us"))
    return pc.replace_substring_regex(pc.cast(naive, pa.string()), TIME_TAIL, r"\1")


def spelled_day(data_ref: str, kind: pa.DataType) -> str | None:
    """A day as the value of a partition column; None when it is no value of that type.

    Args:
        data_ref: The day, usually as YYYYMMDD.
        kind: Type of the column.
    """
    try:
        if pa.types.is_date32(kind) or pa.types.is_timestamp(kind):
            data_ref = str(parse_data_ref(data_ref)) if data_ref.isdigit() else data_ref
        return str(spelled(convert(pa.array([data_ref]), kind))[0].as_py())
    except (MisfitError, SettingError):
        return None


def are_days(times: pa.Array) -> bool:
    """Whether all of some times are midnights, UTC."""
    microseconds = pc.cast(pc.cast(times, pa.timestamp("us", times.type.tz)), pa.int64())
    in_days = pc.multiply(pc.divide(microseconds, DAY_US), DAY_US)
    return bool(pc.all(pc.equal(microseconds, in_days), min_count=0).as_py())
