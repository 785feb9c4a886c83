"""The latest matching CSV becomes a partition of a dataset: choose, read, write, replace, register."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lightning_eda.errors import DatasetError
from lightning_eda.storage.backoff import Backoff
from lightning_eda.storage.object_store import ObjectInfo, ObjectStore
from lightning_eda.storage.scratch import scratch_folder
from lightning_eda.tables.choose import latest_object
from lightning_eda.tables.destination import PartitionResult
from lightning_eda.tables.frames import load_data
from lightning_eda.tables.load_result import LoadResult
from lightning_eda.tables.loading import Load, StandingError, TableOptions, data_version

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

__all__ = [
    "LoadResult",
    "PartitionResult",
    "TableOptions",
    "data_version",
    "day_prefix",
    "load_data",
    "load_object",
    "load_table",
]

ATTEMPTS: Final = 3


def load_table(
    source: ObjectStore,
    destination: ObjectStore,
    glue: "GlueClient | None",
    options: TableOptions,
    prefix: str,
    substr: str,
    data_ref: str,
    scratch: Path,
    now: datetime,
    backoff: Backoff | None = None,
) -> LoadResult:
    """Makes the latest matching CSV of a day its partition (or partitions), without any moment without rows.

    Args:
        source: Bucket of the CSVs.
        destination: Bucket of the dataset.
        glue: A boto3 client of Glue; None for no catalogue.
        options: What is made of it.
        prefix: What the CSVs' keys start with, before the day.
        substr: What the rest of the key contains.
        data_ref: The day, YYYYMMDD.
        scratch: A local folder for the Parquet files on their way; what killed runs left there is removed.
        now: Time of this run, aware.
        backoff: Tries and pauses of requests to Glue.

    Raises:
        CsvError: Nothing matches, or it cannot be read.
        SchemaChangedError: Its columns do not fit the table; they are named.
        SettingError: An option is missing or not allowed.
        DatasetError: The dataset, or its entry in the catalogue, could not be replaced.
        StorageError: A bucket, or the scratch folder, could not be read or written.
    """
    waits = backoff or Backoff()
    for attempt in range(1, ATTEMPTS + 1):
        info = latest_object(source, day_prefix(prefix, data_ref), substr)
        result = load_object(source, info, destination, glue, options, data_ref, scratch, now, backoff)
        if result.won_by is None:
            return result
        waits.pause(attempt)  # whoever won may fail yet: it is looked at once more
    if not result.overtaken:
        return result
    error = DatasetError(
        f"other runs keep replacing the same partitions from other versions of {source.url(info.key)}; "
        "run it again when they have ended"
    )
    error.retryable = True
    raise error


def load_object(
    source: ObjectStore,
    info: ObjectInfo,
    destination: ObjectStore,
    glue: "GlueClient | None",
    options: TableOptions,
    data_ref: str,
    scratch: Path,
    now: datetime,
    backoff: Backoff | None = None,
) -> LoadResult:
    """As `load_table`, for a CSV that was chosen already."""
    load = Load(source, info, destination, glue, options, data_ref, now, backoff)
    with scratch_folder(scratch) as folder:
        try:
            return load.run(folder)
        except StandingError as standing:
            return standing.result


def day_prefix(prefix: str, data_ref: str) -> str:
    """What the keys of a day's CSVs start with."""
    return f"{prefix.rstrip('/')}/{data_ref}" if prefix.strip("/") else data_ref
