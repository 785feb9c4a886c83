"""The Glue table of a dataset: what is missing is added to it, and nothing is ever taken away."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final, cast

import pyarrow as pa

from lightning_eda.errors import DatasetError
from lightning_eda.storage.backoff import Backoff
from lightning_eda.tables.dataset.location import PartitionValues, catalogue_values
from lightning_eda.tables.glue.requests import GlueRequests, session_over
from lightning_eda.tables.glue.table import (
    Entry,
    TableTypes,
    check_table,
    is_current,
    missing_columns,
    moved_partition,
    with_columns,
)
from lightning_eda.tables.values.types import glue_type

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_glue import GlueClient

MOST_STALLED: Final = 8
BATCH: Final = 1000
"""Partitions asked for at once. Source: AWS Glue API, BatchGetPartition."""


@dataclass(frozen=True)
class Plan:
    """What the catalogue lacks; empty when there is nothing to do.

    Attributes:
        columns: All columns of the files and their Glue types.
        new_columns: Those of them the table does not have; all, when there is no table.
        to_add: Locations and values of partitions that are not there.
        to_update: Locations and values of partitions at another place, or that lack columns.
    """

    columns: Mapping[str, str]
    new_columns: tuple[str, ...] = ()
    to_add: Mapping[str, list[str]] = field(default_factory=dict)
    to_update: Mapping[str, list[str]] = field(default_factory=dict)


class Catalogue:
    """One table of the Glue catalogue.

    Args:
        client: A boto3 client of Glue.
        database: Its database, which must exist.
        table: Name of the table, made when it is not there; other characters than a-z, 0-9 and _ are replaced
            as awswrangler does.
        location: Address of the dataset, s3://.../ with the slash at its end.
        partition_types: The partition columns and their Glue types, in order.
        backoff: Tries and pauses.
    """

    def __init__(
        self,
        client: "GlueClient",
        database: str,
        table: str,
        location: str,
        partition_types: Mapping[str, str],
        backoff: Backoff | None = None,
    ) -> None:
        self._client = client
        self._database = database
        self._table = glue_name(table)
        self._location = location
        self._partition_types = dict(partition_types)
        self._backoff = backoff or Backoff()
        self._name = f"{database}.{self._table}"
        self._glue = GlueRequests(self._name, self._backoff)

    @cached_property
    def _session(self) -> "boto3.Session":
        return session_over(self._client)

    def columns(self) -> pa.Schema | None:
        """The columns of the table without those of the partition; errors and None as `types`."""
        found = self.types()
        return None if found is None else found.columns

    def types(self) -> TableTypes | None:
        """The types of the table; None when there is no table.

        Raises:
            DatasetError: There is no such database, or the table is of another place or kind.
            SchemaChangedError: A column has a type that no CSV can fill.
            AccessDeniedError: Glue may not be asked.
            TransferError: Glue kept failing after every retry.
        """
        entry = self._entry()
        return None if entry is None else TableTypes.of(entry)

    def require_own(self) -> None:
        """Refuses a table that is not this dataset's; errors as `types`, and none where there is no table."""
        self._entry()

    def plan(self, schema: pa.Schema, partitions: Mapping[str, PartitionValues]) -> Plan:
        """What has to be told to Glue about files of this schema; changes nothing.

        Args:
            schema: Columns of the files.
            partitions: Location of each partition, with the slash at its end, and its values.

        Raises:
            SchemaChangedError: A column has another type in the table; all such columns are named.
            DatasetError, AccessDeniedError, TransferError: As `columns`.
        """
        columns = {column.name: glue_type(column.type) for column in schema}
        wanted = {place: catalogue_values(values) for place, values in partitions.items()}
        entry = self._entry()
        if entry is None:
            return Plan(columns, tuple(columns), wanted)
        new_columns = tuple(self._missing(entry, columns))
        present = self._partitions(list(wanted.values()))
        add, update = {}, {}
        for place, values in wanted.items():
            if tuple(values) not in present:
                add[place] = values
            elif not is_current(present[tuple(values)], place, columns):
                update[place] = values
        return Plan(columns, new_columns, add, update)

    def apply(self, plan: Plan) -> None:
        """Does what the plan says, and whatever has become necessary since; errors as `plan`."""
        if plan.new_columns:
            self._ensure_columns(plan.columns)
        if plan.to_add:
            self._add_partitions(plan)
        for place, values in plan.to_update.items():
            self._glue.ask(partial(self._update_partition, place, values, plan.columns))

    def _ensure_columns(self, columns: Mapping[str, str]) -> None:
        """Makes the table, or adds columns at its end, until they are all there.

        Glue takes an update only for the version it was made from, so that two writers at once cannot lose
        each other's columns; reading again after each try proves it where a server does not check.
        """
        for tried in range(1, self._backoff.tries + 1):
            entry = self._entry()
            if entry is None:
                self._glue.ask(partial(self._create_table, columns))
            elif missing := self._missing(entry, columns):
                if not self._add_columns(entry, {name: columns[name] for name in missing}):
                    self._backoff.pause(tried)
            else:
                return
        raise self._glue.busy("others keep changing it")

    def _create_table(self, columns: Mapping[str, str]) -> None:
        import awswrangler as wr

        wr.catalog.create_parquet_table(
            database=self._database,
            table=self._table,
            path=self._location,
            columns_types=dict(columns),
            partitions_types=self._partition_types,
            compression="snappy",
            mode="append",  # leaves a table that someone made meanwhile
            boto3_session=self._session,
        )

    def _add_columns(self, entry: Entry, columns: Mapping[str, str]) -> bool:
        """Whether the table took the columns; False when another changed it meanwhile."""
        version = {"VersionId": entry["VersionId"]} if "VersionId" in entry else {}
        return self._glue.unless_changed(
            lambda: self._client.update_table(
                DatabaseName=self._database, TableInput=cast(Any, with_columns(entry, columns)), **version
            )
        )

    def _add_partitions(self, plan: Plan) -> None:
        import awswrangler as wr

        try:
            self._glue.ask(
                lambda: wr.catalog.add_parquet_partitions(
                    database=self._database,
                    table=self._table,
                    partitions_values=dict(plan.to_add),
                    compression="snappy",
                    columns_types=dict(plan.columns),
                    boto3_session=self._session,
                )
            )
        except wr.exceptions.ServiceApiError as error:  # some partitions of a batch were refused
            raise self._glue.busy(f"partitions could not be added: {error}") from error

    def _update_partition(self, place: str, values: list[str], columns: Mapping[str, str]) -> None:
        partition = self._client.get_partition(
            DatabaseName=self._database, TableName=self._table, PartitionValues=values
        )["Partition"]
        self._client.update_partition(
            DatabaseName=self._database,
            TableName=self._table,
            PartitionValueList=values,
            PartitionInput=cast(Any, moved_partition(partition, place, columns)),
        )

    def _entry(self) -> Entry | None:
        """The table's description; None when there is none. It must be this dataset's."""
        reply = self._glue.ask_if_there(
            lambda: self._client.get_table(DatabaseName=self._database, Name=self._table)
        )
        if reply is not None:
            self._check(reply["Table"])
            return reply["Table"]
        if self._glue.ask_if_there(lambda: self._client.get_database(Name=self._database)) is None:
            raise DatasetError(
                f"there is no Glue database {self._database!r}; create it (aws glue create-database "
                f"--database-input Name={self._database}) or correct CSV_DATABASE"
            )
        return None

    def _check(self, entry: Entry) -> None:
        """Refuses a table that is not this dataset's."""
        check_table(entry, self._name, self._location, list(self._partition_types))

    def _missing(self, entry: Entry, columns: Mapping[str, str]) -> Sequence[str]:
        """The columns that the table does not have; SchemaChangedError for those of another type."""
        return missing_columns(entry, self._name, columns)

    def _partitions(self, wanted: Sequence[list[str]]) -> dict[tuple[str, ...], Entry]:
        """The partitions that are there, by their values."""
        found: dict[tuple[str, ...], Entry] = {}
        left: list[Any] = [{"Values": values} for values in wanted]
        stalled = 0
        while left:
            batch, left = left[:BATCH], left[BATCH:]
            reply = self._glue.ask(partial(self._some_partitions, batch))
            found |= {tuple(entry["Values"]): entry for entry in reply.get("Partitions", [])}
            unprocessed = reply.get("UnprocessedKeys", [])
            # Glue may put off some keys, which costs one more request; a busy one puts off all of them.
            if len(unprocessed) == len(batch):
                stalled += 1
                if stalled > MOST_STALLED:
                    raise self._glue.busy("it does not say which partitions there are")
                self._glue.pause(stalled)
            left += unprocessed
        return found

    def _some_partitions(self, keys: list[Any]) -> Mapping[str, Any]:
        return self._client.batch_get_partition(
            DatabaseName=self._database, TableName=self._table, PartitionsToGet=keys
        )


def glue_name(table: str) -> str:
    """A table's name as Glue and Athena take it."""
    if re.fullmatch("[a-z0-9_]+", table):
        return table
    import awswrangler as wr

    return wr.catalog.sanitize_table_name(table)
