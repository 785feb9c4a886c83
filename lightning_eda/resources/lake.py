"""Where hours are read from, a database file or the lake, and the cluster that makes them."""

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

import dagster as dg

from lightning_eda.errors import LakeError, SettingError, WindowChangedError
from lightning_eda.resources.aws import AwsResource
from lightning_eda.resources.variables import from_setting
from lightning_eda.resources.warehouse import WarehouseResource
from lightning_eda.series import GRANULES

if TYPE_CHECKING:
    import pyarrow as pa

    from lightning_eda.fleet.hours import Hours
    from lightning_eda.lake.location import Lake
    from lightning_eda.lake.snapshot import Snapshot
    from lightning_eda.warehouse.queries import Database

Result = TypeVar("Result")

logger = logging.getLogger(__name__)
LEDGER_ONLY = (GRANULES.name,)


class LakeResource(AwsResource):
    """The hours past one disk; without a place they are in the DuckDB database."""

    place: str | None = from_setting("lake")

    def is_set(self) -> bool:
        """Whether hours are in the lake."""
        return bool(self.place)

    def lake(self) -> "Lake":
        """The lake; SettingError when there is none, or its place is not one."""
        from lightning_eda.lake.location import VARIABLE, open_lake

        if not self.place:
            raise SettingError(VARIABLE, None, "s3://bucket/prefix, or a folder with a slash")
        access = self.access()
        return open_lake(self.place, access.endpoint_url, access.region, access.profile)

    def is_empty(self, warehouse: WarehouseResource) -> bool:
        """Whether nothing was loaded yet."""
        from lightning_eda.warehouse.database.connection import is_absent

        return self.lake().open(GRANULES.name) is None if self.is_set() else is_absent(warehouse.file())

    @contextmanager
    def hours(
        self,
        warehouse: WarehouseResource,
        start: datetime,
        end: datetime,
        tables: Collection[str] = LEDGER_ONLY,
        satellites: Collection[str] | None = None,
    ) -> "Iterator[Database]":
        """What queries about a window take: the database file, or the window's rows of the lake in memory.

        Args:
            warehouse: The database file, used without a lake.
            start: First hour, aware.
            end: The hour after the last.
            tables: The tables that will be asked.
            satellites: Whose hours; None is all.

        Raises:
            LakeError: There is no lake yet, or it cannot be read.
        """
        if not self.is_set():
            yield warehouse.file()
            return
        from lightning_eda.warehouse.database.memory import memory_database

        snapshot = self._snapshot(start, end, satellites)
        with memory_database({table: snapshot.rows(table) for table in tables}) as database:
            yield database

    @contextmanager
    def open_hours(
        self,
        warehouse: WarehouseResource,
        start: datetime,
        end: datetime,
        scheduler: str | None = None,
        hold: bool = True,
    ) -> "Iterator[Hours]":
        """The hours of a window of any length, of which a part is read at a time.

        Args:
            warehouse: The database file, used without a lake.
            start: First hour, aware.
            end: The hour after the last.
            scheduler: Address of a Dask scheduler, whose workers sum a long window of the lake.
            hold: As of `file_hours`; a lake never changes under its readers.

        Raises:
            LakeError: There is no lake yet, or it cannot be read.
            DatabaseBusyError: Others held the database all the time that is waited.
            WarehouseError: There is no database, or it cannot be read.
        """
        from lightning_eda.fleet.hours import file_hours

        if self.is_set():
            from lightning_eda.fleet.lake_hours import LakeHours

            yield LakeHours(self._snapshot(start, end), start, end, scheduler)
        else:
            with file_hours(warehouse.file(), start, end, hold) as hours:
                yield hours

    def read_hours(
        self,
        warehouse: WarehouseResource,
        start: datetime,
        end: datetime,
        scheduler: str | None,
        read: "Callable[[Hours], Result]",
    ) -> Result:
        """What `read` makes of the hours of a window, all of one state; arguments and errors as `open_hours`.

        Loads need not wait while a long window is summed. Where they change it, it is read again, and they
        wait.
        """
        try:
            with self.open_hours(warehouse, start, end, scheduler, hold=False) as hours:
                return read(hours)
        except WindowChangedError as error:
            logger.warning("%s: it is read again, and loads wait", error)
        with self.open_hours(warehouse, start, end, scheduler) as hours:
            return read(hours)

    def _snapshot(
        self, start: datetime, end: datetime, satellites: Collection[str] | None = None
    ) -> "Snapshot":
        from lightning_eda.lake.snapshot import open_snapshot

        lake = self.lake()
        snapshot = open_snapshot(lake, start, end, satellites)
        if snapshot is None:
            raise LakeError(f"there is no lake at {lake.describe()} yet: materialize the asset `load` first")
        return snapshot

    def ledger_days(self) -> "pa.Table | None":
        """The days of the lake, as `stale_days` takes them; None without a lake: the database has them.

        Raises:
            LakeError: It cannot be read.
        """
        if not self.is_set():
            return None
        from lightning_eda.lake.summary import ledger_days

        return ledger_days(self.lake())

    def newest_granule(self, warehouse: WarehouseResource, wait_s: float) -> datetime | None:
        """Start of the newest granule that is loaded, aware UTC; None when nothing is.

        Raises:
            DatabaseBusyError, WarehouseError: As `reading`.
            LakeError: The lake cannot be read.
        """
        if self.is_set():
            from lightning_eda.lake.summary import newest_granule

            return newest_granule(self.lake())
        from lightning_eda.warehouse.database.connection import is_absent
        from lightning_eda.warehouse.queries import newest_granule as newest_in_database

        return None if is_absent(warehouse.file()) else newest_in_database(warehouse.file(), wait_s)


class DaskResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The cluster whose workers fetch and decode; without an address this process does."""

    scheduler: str | None = from_setting("dask_scheduler")

    def is_set(self) -> bool:
        """Whether there is a cluster."""
        return bool(self.scheduler)
