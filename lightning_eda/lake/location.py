"""Where the lake is, and the columns of its tables."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from lightning_eda.errors import SettingError
from lightning_eda.lake.layout import PARTITIONS
from lightning_eda.series import TABLES
from lightning_eda.storage.delta.log import DeltaLog
from lightning_eda.storage.folder import FolderStore
from lightning_eda.storage.object_store import ObjectStore
from lightning_eda.storage.places import bucket_name, is_address, is_folder
from lightning_eda.storage.s3.store import S3Store

if TYPE_CHECKING:
    from deltalake import DeltaTable

VARIABLE = "LIGHTNING_LAKE"
STATISTICS = ("granule_start",)  # by which files are chosen; those of all columns double the memory of a log
SIGNED_TYPES = {pa.uint8(): pa.int16(), pa.uint16(): pa.int32(), pa.uint32(): pa.int64()}
"""Delta has no unsigned types; each becomes the next larger signed one."""


@dataclass(frozen=True)
class Lake:
    """A lake; it can be sent to another process, and holds no credentials.

    Attributes:
        store: The bucket, or the folder itself.
        prefix: What keys in the store begin with, "" or ending in a slash.
    """

    store: ObjectStore
    prefix: str = ""

    def key(self, table: str, path: str) -> str:
        """The key of a file of a table."""
        return f"{self.prefix}{table}/{path}"

    def address(self, table: str) -> str:
        """Where a table is, as Delta's readers take it."""
        return self.store.url(f"{self.prefix}{table}")

    def describe(self) -> str:
        """The lake, for people."""
        return self.store.url(self.prefix).rstrip("/")

    def log(self, table: str) -> DeltaLog:
        """The log of a table."""
        return DeltaLog(self.store, f"{self.prefix}{table}/")

    def open(self, table: str) -> "DeltaTable | None":
        """The table at its latest version; None where there is none yet."""
        return self.log(table).open()

    def make(self, table: str) -> "DeltaTable":
        """The table, made when it is not there; two processes may do so at once."""
        return self.log(table).make(delta_schema(table), PARTITIONS, STATISTICS)

    def explained(self, table: str) -> AbstractContextManager[None]:
        """Our errors for those of delta-rs but a lost race, which `commit` handles."""
        return self.log(table).explained()


def delta_schema(table: str) -> pa.Schema:
    """The columns of a Delta table: those of the warehouse with signed types, and `day`."""
    columns = TABLES[table].arrow_schema()
    fields = [pa.field(one.name, SIGNED_TYPES.get(one.type, one.type), one.nullable) for one in columns]
    return pa.schema([*fields, pa.field("day", pa.date32(), nullable=False)])


def open_lake(
    text: str,
    endpoint_url: str | None = None,
    region: str | None = None,
    profile: str | None = None,
    setting: str = VARIABLE,
) -> Lake:
    """The lake that a setting names; nothing is looked at or made yet.

    Args:
        text: `s3://bucket/prefix`, or a folder, written with a slash.
        endpoint_url: Server to use in place of AWS.
        region: AWS region; None leaves it to the standard AWS variables and files.
        profile: Profile of ~/.aws; None leaves it to the standard AWS variables.
        setting: What names it, for the words of errors.

    Raises:
        SettingError: The text is neither.
    """
    bucket, _, prefix = text.strip().partition("://")[2].partition("/")
    if is_address(text) and bucket:
        prefix = prefix.strip("/")
        store = S3Store(
            bucket_name(bucket, setting),
            signed=True,
            endpoint_url=endpoint_url,
            region=region,
            profile=profile,
            setting=setting,
        )
        return Lake(store, f"{prefix}/" if prefix else "")
    if not is_folder(text):
        raise SettingError(setting, text, "s3://bucket/prefix, or a folder written with a slash: ./lake")
    return Lake(FolderStore(Path(text).expanduser().absolute(), setting=setting))
