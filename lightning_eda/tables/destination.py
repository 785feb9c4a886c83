"""A dataset with its entry in the catalogue: what it has, and new files put in the place of old rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, Self

import pyarrow as pa

from lightning_eda.errors import (
    DatasetError,
    ObjectChangedError,
    ObjectNotFoundError,
    SchemaChangedError,
    SettingError,
)
from lightning_eda.storage.backoff import Backoff
from lightning_eda.storage.delta.log import LOG_FOLDER
from lightning_eda.storage.object_store import ObjectInfo, ObjectStore, Upload
from lightning_eda.tables.dataset.footer import Footer, read_footer
from lightning_eda.tables.dataset.location import (
    PartitionValues,
    dataset_location,
    partition_folder,
    partition_values,
)
from lightning_eda.tables.dataset.object_names import MOST_OBJECTS, ObjectName
from lightning_eda.tables.dataset.replace import NewPartition, Outcome, Run, each, replace_partitions
from lightning_eda.tables.dataset.sink import ParquetSink
from lightning_eda.tables.glue.catalogue import Catalogue
from lightning_eda.tables.glue.table import TableTypes
from lightning_eda.tables.options import TableOptions
from lightning_eda.tables.values.spelling import spelled_day
from lightning_eda.tables.values.types import glue_type
from lightning_eda.texts import named

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

MOST_LOOKED_AT: Final = 3


@dataclass(frozen=True)
class PartitionResult:
    """What became of one partition.

    Attributes:
        name: Its folder, such as `day=20240101`.
        rows: Rows it has now, when this run won.
        key: Key of its object; "" when another run won.
        size: Bytes of the object.
        won_by: Object of the newer run that won, None when this one did.
    """

    name: str
    rows: int
    key: str
    size: int
    won_by: ObjectName | None = None


@dataclass(frozen=True)
class Destination:
    """One dataset.

    Attributes:
        store: Where its objects are.
        prefix: What their keys start with.
        columns: Names and types of the partition columns.
        catalogue: Its Glue table; None without.
    """

    catalogue_kind: ClassVar[type[Catalogue]] = Catalogue
    store: ObjectStore
    prefix: str
    columns: Mapping[str, pa.DataType]
    catalogue: Catalogue | None

    @classmethod
    def open(
        cls,
        store: ObjectStore,
        options: TableOptions,
        glue: "GlueClient | None",
        backoff: Backoff | None = None,
    ) -> Self:
        """A dataset from its options; changes nothing and asks nothing.

        Raises:
            SettingError: An option is missing or not allowed.
            CsvError: Two partition columns have one name.
        """
        database, table = options.database, options.table
        if bool(database) != bool(table):
            variable, other = ("CSV_DATABASE", "CSV_TABLE") if table else ("CSV_TABLE", "CSV_DATABASE")
            raise SettingError(variable, None, f"the name that goes with {other}", "Or leave both empty.")
        prefix = dataset_location(options.pathoutput, options.bucket_dstn).prefix
        columns = options.partition_columns()
        catalogue = None
        if glue is not None and table:
            kinds = {name: glue_type(kind) for name, kind in columns.items()}
            catalogue = cls.catalogue_kind(glue, database, table, store.url(prefix), kinds, backoff)
        return cls(store, prefix, columns, catalogue)

    def held_to_table(self) -> tuple[Self, TableTypes | None]:
        """The dataset with its partition columns of the types they have in the table, and the table's types.

        None where there is no table.

        Raises:
            DatasetError: A Delta table is there, whose log would know nothing of what is put and deleted.
        """
        if self.store.has_folder(self.prefix + LOG_FOLDER):
            raise DatasetError(
                f"{self.store.url(self.prefix)} is a Delta table; set CSV_TABLE_FORMAT=delta for it, or "
                "write Parquet elsewhere (CSV_PATHOUTPUT, CSV_TABLE)"
            )
        types = None if self.catalogue is None else self.catalogue.types()
        if types is None:
            return self, None
        return replace(self, columns={key.name: key.type for key in types.keys}), types

    def day_value(self, data_ref: str, schema: pa.Schema) -> str:
        """The value that a day gives to the partition column which a schema lacks, in its one spelling.

        Raises:
            SchemaChangedError: It is no value of the column's type.
        """
        name = next((name for name in self.columns if name not in schema.names), None)
        value = data_ref if name is None else spelled_day(data_ref, self.columns[name])
        if value is None:
            raise SchemaChangedError(
                f"the partition column {name} is {glue_type(self.columns[str(name)])} in the table, and the "
                f"day {data_ref!r} is none; write to another table, or give the CSV that column"
            )
        return value

    def folder(self, values: PartitionValues) -> str:
        """Key prefix of a partition."""
        return partition_folder(self.prefix, list(self.columns), values)

    def list_objects(self, folder: str = "") -> list[ObjectInfo]:
        """The objects of a partition, or of the whole dataset."""
        return list(self.store.list_objects(folder or self.prefix))

    def require_shared_column(
        self, schema: pa.Schema, present: Sequence[ObjectInfo], source: str
    ) -> pa.Schema | None:
        """Refuses files that share no column with those that are there: they are of something else.

        Where there is a Glue table, it holds the columns; without, the newest of the objects does: of another
        partition if there is one.

        Args:
            schema: Columns of the files.
            present: The objects of the partition, or of the whole dataset.
            source: What is loaded, for the error.

        Returns:
            The columns of what is there; None where nothing could be compared.

        Raises:
            SchemaChangedError: They share none; both are named.
            StorageError: What is there could not be read.
        """
        own = {info.key for info in present}
        objects = self.list_objects()
        objects.sort(key=lambda info: (info.key not in own, info.last_modified), reverse=True)
        for info in objects[:MOST_LOOKED_AT]:
            try:
                there = self._footer(info).schema
            except (DatasetError, ObjectNotFoundError, ObjectChangedError):
                continue  # damaged, or removed since
            if not set(there.names) & set(schema.names):
                found, known = (named(one.names, separator=", ") for one in (schema, there))
                raise SchemaChangedError(
                    f"{source} shares no column with {self.store.url(info.key)}, which is there already: it "
                    f"has {found}, that has {known}. Send the right file, or write elsewhere (CSV_PATHOUTPUT)"
                )
            return there
        return None

    def start_upload(self, run: Run, values: PartitionValues, path: Path) -> Upload:
        """Begins to upload the file of the only partition of a run while it is written."""
        return self.store.start_upload(run.key(self.folder(values)), path, run.metadata)

    def replace(self, run: Run, sink: ParquetSink) -> list[PartitionResult]:
        """Makes each partition that has a file exactly the rows of that file.

        Args:
            run: This load.
            sink: Its finished files.

        Raises:
            SchemaChangedError: A column has another type in the table.
            DatasetError, StorageError: As `replace.replace_partitions` and `Catalogue.apply`.
        """
        if len(sink.files) > MOST_OBJECTS:
            raise DatasetError(f"{len(sink.files)} partitions in one load are too many")
        files = {self.folder(file.values): file for file in sink.files}
        plan = None
        if self.catalogue is not None:
            places = {self.store.url(folder): file.values for folder, file in files.items()}
            plan = self.catalogue.plan(sink.schema, places)

        def register() -> None:
            if self.catalogue is not None and plan is not None:
                self.catalogue.apply(plan)

        new = [NewPartition(folder, file) for folder, file in files.items()]
        outcomes = self._replaced(run, new, sink.schema, register)
        return [
            PartitionResult(
                self._name(outcome.folder),
                outcome.rows,
                outcome.key,
                outcome.size,
                outcome.won_by,
            )
            for outcome in outcomes
        ]

    def already_loaded(self, objects: Sequence[ObjectInfo]) -> tuple[pa.Schema, list[PartitionResult]] | None:
        """What objects that are there hold, with the catalogue mended; None when one of them is damaged."""
        try:
            footers = each(self._footer, objects)
        except (DatasetError, ObjectNotFoundError, ObjectChangedError):
            return None
        values = [partition_values(self.prefix, list(self.columns), info.key) for info in objects]
        if self.catalogue is not None:
            places = {self.store.url(self.folder(value)): value for value in values if value is not None}
            self.catalogue.apply(self.catalogue.plan(footers[0].schema, places))
        partitions = [
            PartitionResult(self._name(info.key.rpartition("/")[0]), footer.rows, info.key, info.size)
            for info, footer in zip(objects, footers, strict=True)
        ]
        return footers[0].schema, partitions

    def _footer(self, info: ObjectInfo) -> Footer:
        return read_footer(self.store, info)

    def _replaced(
        self, run: Run, new: Sequence[NewPartition], schema: pa.Schema, register: Callable[[], None]
    ) -> list[Outcome]:
        return replace_partitions(self.store, run, new, schema, register)

    def _name(self, folder: str) -> str:
        return folder.removeprefix(self.prefix).strip("/")
