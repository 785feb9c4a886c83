"""The latest matching CSV becomes a partition of a dataset: choose, read, write, replace, register."""

from datetime import datetime
from pathlib import Path
from typing import Final

from lightning_eda.errors import DatasetError
from lightning_eda.storage.backoff import Backoff
from lightning_eda.storage.scratch import scratch_folder
from lightning_eda.tables.choose import latest_object
from lightning_eda.tables.frames import load_data
from lightning_eda.tables.load_result import LoadResult
from lightning_eda.tables.loading import AlreadyLoadedError, Load
from lightning_eda.tables.task import TableTask

__all__ = ["LoadResult", "day_prefix", "load_data", "load_table"]

ATTEMPTS: Final = 3


def load_table(task: TableTask, data_ref: str, scratch: Path, now: datetime) -> LoadResult:
    """Makes the latest matching CSV of a day its partition (or partitions), without any moment without rows.

    Args:
        task: What to load and where to.
        data_ref: The day, YYYYMMDD.
        scratch: A local folder for the Parquet files on their way; what killed runs left there is removed.
        now: Time of this run, aware.

    Raises:
        CsvError: Nothing matches, or it cannot be read.
        SchemaChangedError: Its columns do not fit the table; they are named.
        SettingError: An option is missing or not allowed.
        DatasetError: The dataset, or its entry in the catalogue, could not be replaced.
        StorageError: A bucket, or the scratch folder, could not be read or written.
    """
    waits = task.backoff or Backoff()
    for attempt in range(1, ATTEMPTS + 1):
        info = latest_object(task.source, day_prefix(task.prefix, data_ref), task.substr)
        result = _load(Load(task, info, data_ref, now), scratch)
        if result.won_by is None:
            return result
        waits.pause(attempt)  # whoever won may fail yet: it is looked at once more
    if not result.overtaken:
        return result
    error = DatasetError(
        f"other runs keep replacing the same partitions from other versions of {task.source.url(info.key)}; "
        "run it again when they have ended"
    )
    error.retryable = True
    raise error


def _load(load: Load, scratch: Path) -> LoadResult:
    with scratch_folder(scratch) as folder:
        try:
            return load.run(folder)
        except AlreadyLoadedError as loaded:
            return loaded.result


def day_prefix(prefix: str, data_ref: str) -> str:
    """What the keys of a day's CSVs start with."""
    return f"{prefix.rstrip('/')}/{data_ref}" if prefix.strip("/") else data_ref
