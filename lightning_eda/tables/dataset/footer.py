"""What the footer of a Parquet object says, read back from the store."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from lightning_eda.errors import DatasetError, StorageError
from lightning_eda.storage.object_store import ObjectInfo, ObjectStore


@dataclass(frozen=True)
class Footer:
    """What a Parquet file says of itself.

    Attributes:
        rows: Its rows.
        schema: Its columns, without metadata.
    """

    rows: int
    schema: pa.Schema


def read_footer(store: ObjectStore, info: ObjectInfo) -> Footer:
    """The footer of an object; only its end is read.

    Raises:
        DatasetError: It is no Parquet file, or a damaged one.
        StorageError: It could not be read.
    """
    try:
        with store.open_object(info) as stream, pq.ParquetFile(stream) as file:
            return Footer(file.metadata.num_rows, file.schema_arrow.remove_metadata())
    except pa.ArrowException as error:
        raise DatasetError(f"{store.url(info.key)} is not a whole Parquet file: {error}") from error
    except OSError as error:
        raise StorageError(f"{store.url(info.key)} could not be read back: {error}") from error
