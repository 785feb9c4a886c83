"""Reads a Parquet file that is in memory, in this thread alone.

`pyarrow.parquet.read_table` reads by threads of its own. One of them may still hold the file, a Python
object, when the program ends; letting it go then ends the process with "terminate called without an active
exception" (apache/arrow#34314). Seen with pyarrow 25 on a busy machine: 1 of 60 processes that read a table
and ended, 3 of 60 with the dataset of a Delta table. All was written and read by then, but the exit status
is 134, which is a failed run to whoever looks at it.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq


def read_parquet(data: bytes, columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of a file; without `columns` all of them."""
    with pq.ParquetFile(pa.BufferReader(data)) as file:
        return file.read(columns=columns, use_threads=False)
