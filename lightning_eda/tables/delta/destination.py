"""A Delta table with its entry in the catalogue: what it has, and new files put in the place of old rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import pyarrow as pa

from lightning_eda.errors import DatasetError
from lightning_eda.storage.delta.log import DeltaLog
from lightning_eda.storage.delta.probe import require_conditional_put
from lightning_eda.storage.object_store import ObjectInfo
from lightning_eda.tables.dataset.footer import Footer, read_footer
from lightning_eda.tables.dataset.location import partition_values
from lightning_eda.tables.dataset.replace import NewPartition, Outcome, Run
from lightning_eda.tables.delta.commit import TableChange, replace_in_one_commit
from lightning_eda.tables.delta.state import table_files, table_types
from lightning_eda.tables.destination import Destination
from lightning_eda.tables.glue.catalogue import Catalogue
from lightning_eda.tables.glue.delta_table import DeltaCatalogue
from lightning_eda.tables.glue.table import TableTypes

if TYPE_CHECKING:
    from deltalake import DeltaTable


@dataclass(frozen=True)
class DeltaDestination(Destination):
    """One dataset whose log says what it is made of.

    Attributes:
        table: The open table; None where there is none yet, or before `held_to_table`.
    """

    catalogue_kind: ClassVar[type[Catalogue]] = DeltaCatalogue
    table: "DeltaTable | None" = None

    @property
    def log(self) -> DeltaLog:
        """The table's log."""
        return DeltaLog(self.store, self.prefix)

    def held_to_table(self) -> tuple[Self, TableTypes | None]:
        """The dataset with its partition columns of the types they have in the log, and the log's types.

        Raises:
            DatasetError: A Parquet dataset is there, or a table with other partition columns; or the Glue
                table is of another kind or place.
            SchemaChangedError: A column has a type that no CSV can fill.
            LakeError: The log cannot be used.
        """
        table = self.log.open()
        if self.catalogue is not None:
            self.catalogue.require_own()
        if table is None:
            self._require_no_parquet()
            return self, None
        types = table_types(table, self.log.address, list(self.columns))
        return replace(self, columns={key.name: key.type for key in types.keys}, table=table), types

    def list_objects(self, folder: str = "") -> list[ObjectInfo]:
        """The files of a partition, or of the whole table, that its log names now."""
        if self.table is None:
            return []
        with self.log.explained():
            self.table.update_incremental()
        files = table_files(self.table, self.prefix, self.columns)
        values = partition_values(self.prefix, list(self.columns), folder) if folder else None
        return [file.info for file in files if values is None or file.values == values]

    def _footer(self, info: ObjectInfo) -> Footer:
        return read_footer(self.store, self.store.stat_object(info.key).info)  # a log has no version marks

    def _replaced(
        self, run: Run, new: Sequence[NewPartition], schema: pa.Schema, register: Callable[[], None]
    ) -> list[Outcome]:
        require_conditional_put(self.store, self.prefix, "hold a Delta table", "CSV_BUCKET_DSTN")
        return replace_in_one_commit(TableChange(self.log, self.columns, schema, run, new), register)

    def _require_no_parquet(self) -> None:
        """Refuses a place where files are that no log names."""
        for info in self.store.list_objects(self.prefix):
            if info.key.endswith(".parquet"):
                raise DatasetError(
                    f"{self.log.address} is no Delta table: it has Parquet files, such as "
                    f"{self.store.url(info.key)}, and no log. Keep CSV_TABLE_FORMAT=parquet for it, or give "
                    "the Delta table a place and a Glue table of its own (CSV_PATHOUTPUT, CSV_TABLE), and "
                    "load its days again"
                )
