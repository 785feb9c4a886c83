"""Where the lake is, and how the logs of its tables are opened.

Data files go through the stores of `storage`, so their tries, pauses and words of errors are those of the
rest; delta-rs reads and writes the logs alone.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from lightning_eda.errors import LakeError, LakeUnavailableError, SettingError
from lightning_eda.lake.layout import PARTITIONS
from lightning_eda.series import TABLES
from lightning_eda.storage.aws import explained_settings
from lightning_eda.storage.folder import FolderStore
from lightning_eda.storage.object_store import ObjectStore
from lightning_eda.storage.s3.store import S3Store
from lightning_eda.texts import plain

if TYPE_CHECKING:
    from deltalake import DeltaTable

VARIABLE = "LIGHTNING_LAKE"
S3_SCHEME = "s3://"
CHECKPOINT_INTERVAL = 100  # commits; a checkpoint names all files of the table: 20 MB after 8 years
TREE = re.compile(r"\x1b\[\d*m|↳")
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

    def open(self, table: str) -> "DeltaTable | None":
        """The table at its latest version; None where there is none yet."""
        from deltalake import DeltaTable
        from deltalake.exceptions import TableNotFoundError

        address = self.address(table)
        if isinstance(self.store, FolderStore) and not Path(address).is_dir():
            return None
        with self.explained(table):
            try:
                return DeltaTable(address, storage_options=self.storage_options())
            except TableNotFoundError:
                return None

    def make(self, table: str) -> "DeltaTable":
        """The table, made when it is not there; two processes may do so at once."""
        from deltalake import DeltaTable, Schema
        from deltalake.exceptions import DeltaError

        found = self.open(table)
        if found is not None:
            return found
        if isinstance(self.store, FolderStore):
            Path(self.address(table)).mkdir(parents=True, exist_ok=True)
        with self.explained(table):
            with suppress(DeltaError):  # another process has made it in between
                return DeltaTable.create(
                    self.address(table),
                    schema=Schema.from_arrow(delta_schema(table)),
                    partition_by=list(PARTITIONS),
                    storage_options=self.storage_options(),
                    configuration={"delta.checkpointInterval": str(CHECKPOINT_INTERVAL)},
                )
            return DeltaTable(self.address(table), storage_options=self.storage_options())

    def storage_options(self) -> dict[str, str] | None:
        """What delta-rs is told of the store; None for a folder.

        The credentials are those that boto3 finds, so that profiles and roles work alike for both.
        """
        if not isinstance(self.store, S3Store):
            return None
        import boto3

        with explained_settings(self.store.region):
            session = boto3.session.Session(region_name=self.store.region, profile_name=self.store.profile)
            found = session.get_credentials()
        options = {"aws_region": session.region_name or "us-east-1", "aws_conditional_put": "etag"}
        if self.store.endpoint_url:
            options["aws_endpoint"] = self.store.endpoint_url
            options["aws_allow_http"] = str(self.store.endpoint_url.startswith("http://")).lower()
        if found is None:
            return options | {"aws_skip_signature": "true"}
        frozen = found.get_frozen_credentials()
        names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        return options | {name: value for name, value in zip(names, frozen[:3], strict=True) if value}

    @contextmanager
    def explained(self, table: str) -> Iterator[None]:
        """Our errors for those of delta-rs but a lost race, which `commit` handles."""
        from deltalake.exceptions import CommitFailedError, DeltaError

        try:
            yield
        except CommitFailedError:
            raise
        except OSError as error:  # what its stores raise: no answer, access denied, no bucket
            words = f"the log of {self.address(table)} cannot be reached: {_said(error)}"
            raise LakeUnavailableError(words) from error
        except DeltaError as error:
            raise LakeError(f"the log of {self.address(table)} cannot be used: {_said(error)}") from error


def _said(error: Exception) -> str:
    """What delta-rs says, in one line: it draws a tree in colours."""
    return plain(" ".join(TREE.sub(" ", str(error)).split()))


def warehouse_schema(table: str) -> pa.Schema:
    """The columns of a table as the warehouse has them."""
    columns = TABLES[table].columns
    return pa.schema([pa.field(column.name, column.arrow_type, column.nullable) for column in columns])


def delta_schema(table: str) -> pa.Schema:
    """The columns of a Delta table: those of the warehouse with signed types, and `day`."""
    columns = warehouse_schema(table)
    fields = [pa.field(one.name, SIGNED_TYPES.get(one.type, one.type), one.nullable) for one in columns]
    return pa.schema([*fields, pa.field("day", pa.date32(), nullable=False)])


def open_lake(
    text: str, endpoint_url: str | None = None, region: str | None = None, profile: str | None = None
) -> Lake:
    """The lake that a setting names; nothing is looked at or made yet.

    Args:
        text: `s3://bucket/prefix`, or a folder, written with a slash.
        endpoint_url: Server to use in place of AWS.
        region: AWS region; None leaves it to the standard AWS variables and files.
        profile: Profile of ~/.aws; None leaves it to the standard AWS variables.

    Raises:
        SettingError: The text is neither.
    """
    bucket, _, prefix = text.removeprefix(S3_SCHEME).partition("/")
    if text.startswith(S3_SCHEME) and bucket:
        prefix = prefix.strip("/")
        store = S3Store(
            bucket,
            signed=True,
            endpoint_url=endpoint_url,
            region=region,
            profile=profile,
            setting=VARIABLE,
        )
        return Lake(store, f"{prefix}/" if prefix else "")
    if "/" not in text or "://" in text:
        raise SettingError(VARIABLE, text, "s3://bucket/prefix, or a folder written with a slash: ./lake")
    return Lake(FolderStore(Path(text).expanduser().absolute(), setting=VARIABLE))
