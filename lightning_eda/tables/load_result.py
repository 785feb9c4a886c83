"""What a load did, for people, checks and the next in line."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from lightning_eda.tables.csv.stream import CsvResult
from lightning_eda.tables.destination import PartitionResult


@dataclass(frozen=True)
class LoadResult:
    """What a load did.

    Attributes:
        source: Key of the CSV.
        etag: Its version.
        last_modified: When it was written, aware.
        data_version: Digest of source, version and options, 16 hex digits.
        unchanged: Whether this very version was there already, so that nothing was put or deleted.
        note: What else to tell people, such as that the CSV is empty; "" when there is nothing.
        columns: Stored columns and their Glue types, without those of the partition.
        new_columns: Those of them that the table did not have before.
        partitions: What became of each partition.
        reading: How the CSV was read; None when it was not, since this version was there.
        bytes_in: Bytes of the CSV as it is stored.
        changed_columns: Without a table, what differs from the newest other partition; a sentence each.
    """

    source: str
    etag: str
    last_modified: datetime
    data_version: str
    unchanged: bool
    note: str
    columns: Mapping[str, str]
    new_columns: tuple[str, ...]
    partitions: tuple[PartitionResult, ...]
    reading: CsvResult | None
    bytes_in: int
    changed_columns: tuple[str, ...] = ()

    @property
    def rows_set_aside(self) -> int:
        """Rows of the CSV that could not be read and were left out."""
        return self.reading.rows_set_aside if self.reading else 0

    @property
    def doubts(self) -> tuple[str, ...]:
        """What people should look at, although the CSV was loaded; a sentence each."""
        return self.reading.doubts if self.reading else ()

    @property
    def rows(self) -> int:
        """Rows in all partitions that this load made."""
        return sum(partition.rows for partition in self.partitions if partition.won_by is None)

    @property
    def files(self) -> tuple[str, ...]:
        """Keys of the new objects."""
        return tuple(partition.key for partition in self.partitions if partition.key)

    @property
    def bytes_out(self) -> int:
        """Bytes of the new objects."""
        return sum(partition.size for partition in self.partitions)

    @property
    def overtaken(self) -> bool:
        """Whether a newer run won with another version of the source, perhaps an older one."""
        won_by = [partition.won_by for partition in self.partitions if partition.won_by]
        return any(winner.version != self.data_version for winner in won_by)

    @property
    def won_by(self) -> str | None:
        """Id of a newer run that replaced a partition at the same time, and won; None when there was none."""
        return max((part.won_by.run for part in self.partitions if part.won_by), default=None)
