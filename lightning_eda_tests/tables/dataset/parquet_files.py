"""Small Parquet files of one partition, ready to be put into a dataset."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lightning_eda.tables.dataset.replace import NewPartition, Run
from lightning_eda.tables.dataset.sink import PartitionFile

SCHEMA = pa.schema([("writer", pa.string()), ("row", pa.int64())])


def partition_file(folder: Path, writer: str, rows: int = 3, value: str = "20240101") -> PartitionFile:
    """A file whose every row names its writer."""
    path = folder / f"{writer}-{value}.parquet"
    table = pa.table({"writer": [writer] * rows, "row": range(rows)}, schema=SCHEMA)
    pq.write_table(table, path)
    return PartitionFile((value,), path, rows, path.stat().st_size)


def new_partition(folder: Path, writer: str, rows: int = 3, value: str = "20240101") -> NewPartition:
    """The same, on its way to `data/day=<value>/`."""
    return NewPartition(f"data/day={value}/", partition_file(folder, writer, rows, value))


def run_of(number: int) -> Run:
    """The n-th run of a test; a greater number is a newer run."""
    return Run(f"20240102T03040500{number:04d}Z-{number:08x}", f"{number:016x}", {"run": str(number)})
