"""A dataset by the format that is set: Parquet files, or a Delta table."""

from typing import TYPE_CHECKING

from lightning_eda.storage.backoff import Backoff
from lightning_eda.storage.object_store import ObjectStore
from lightning_eda.tables.delta.destination import DeltaDestination
from lightning_eda.tables.destination import Destination
from lightning_eda.tables.options import DELTA, TableOptions

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient


def open_destination(
    store: ObjectStore, options: TableOptions, glue: "GlueClient | None", backoff: Backoff | None = None
) -> Destination:
    """A dataset from its options; arguments and errors as of `Destination.open`."""
    kind = DeltaDestination if options.table_format == DELTA else Destination
    return kind.open(store, options, glue, backoff)
