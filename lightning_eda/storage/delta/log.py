"""Where the log of a Delta table is, and how it is opened.

Data files go through the stores of `storage`, so their tries, pauses and words of errors are those of the
rest; delta-rs reads and writes the logs alone.
"""

import errno
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from lightning_eda.errors import AccessDeniedError, LakeError, LakeUnavailableError, StorageError
from lightning_eda.storage.atomic import ADVICE, storage_error
from lightning_eda.storage.aws import explained_settings
from lightning_eda.storage.backoff import Backoff
from lightning_eda.storage.folder import FolderStore
from lightning_eda.storage.object_store import ObjectStore
from lightning_eda.storage.s3.errors import may_pass
from lightning_eda.storage.s3.store import S3Store
from lightning_eda.texts import plain

if TYPE_CHECKING:
    import pyarrow as pa
    from botocore.credentials import Credentials
    from botocore.exceptions import ClientError
    from deltalake import DeltaTable

LOG_FOLDER = "_delta_log/"
CHECKPOINT_INTERVAL = 100  # commits; a checkpoint names all files of the table: 64 MB after 8 years of hours
TREE = re.compile(r"\x1b\[\d*m|↳")
# How delta-rs tells what the system, or a server, refused.
SYSTEM_SAYS = re.compile(r"\(os error (?P<number>\d+)\)")
SERVER_SAYS = re.compile(
    r"status code (?P<status>\d{3})\b(?:.*?<Code>(?P<code>\w+)</Code>)?(?:.*?<Message>(?P<message>[^<]*))?"
)
REDIRECTED = "Received redirect without LOCATION"
REFUSALS = frozenset({301, 400, 401, 403})
AWS_ITSELF = re.compile(r"\.amazonaws\.com(\.cn)?$")


@dataclass(frozen=True)
class DeltaLog:
    """The log of one table; it can be sent to another process, and holds no credentials.

    Attributes:
        store: The bucket, or a folder.
        prefix: What the keys of the table's files begin with, "" or ending in a slash.
    """

    store: ObjectStore
    prefix: str

    @property
    def address(self) -> str:
        """Where the table is, for people."""
        return self.store.url(self.prefix).rstrip("/")

    def open(self) -> "DeltaTable | None":
        """The table at its latest version; None where there is none yet.

        Raises:
            LakeError: The log cannot be used, or the package for it is not installed.
            LakeUnavailableError: It cannot be reached.
        """
        require_deltalake()
        from deltalake import DeltaTable
        from deltalake.exceptions import TableNotFoundError

        with self.explained():
            if isinstance(self.store, FolderStore) and not Path(self._uri()).is_dir():
                return None
            try:
                return DeltaTable(self._uri(), storage_options=storage_options(self.store))
            except TableNotFoundError:
                return None

    def make(
        self, schema: "pa.Schema", partition_by: Sequence[str], statistics: Sequence[str] | None = None
    ) -> "DeltaTable":
        """The table, made when it is not there; two processes may do so at once. Errors as `open`.

        Args:
            schema: Its columns.
            partition_by: Those that it is partitioned by.
            statistics: Those whose least and greatest values its log holds; None is all.
        """
        found = self.open()
        if found is not None:
            return found
        from deltalake import DeltaTable, Schema
        from deltalake.exceptions import DeltaError

        options = storage_options(self.store)
        settings = {"delta.checkpointInterval": str(CHECKPOINT_INTERVAL)}
        if statistics is not None:
            settings["delta.dataSkippingStatsColumns"] = ",".join(statistics)
        with self.explained():
            if isinstance(self.store, FolderStore):
                Path(self._uri()).mkdir(parents=True, exist_ok=True)
            with suppress(DeltaError):  # another process has made it in between
                return DeltaTable.create(
                    self._uri(),
                    schema=Schema.from_arrow(schema),
                    partition_by=list(partition_by),
                    storage_options=options,
                    configuration=settings,
                )
            return DeltaTable(self._uri(), storage_options=options)

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Our errors for those of delta-rs but a lost race, which whoever commits handles."""
        from deltalake.exceptions import CommitFailedError, DeltaError

        try:
            yield
        except CommitFailedError:
            raise
        except OSError as error:  # what its stores raise: no answer, access denied, no bucket
            refused = self._refused(error)
            if refused is not None:
                raise LakeError(refused) from error
            words = f"the log of {self.address} cannot be reached: {_said(error)}"
            raise LakeUnavailableError(words) from error
        except DeltaError as error:
            raise LakeError(f"the log of {self.address} cannot be used: {_said(error)}") from error

    def reopen(self, error: Exception) -> "DeltaTable | None":
        """The table after a commit that ended in an error, to see whether it was made.

        Raises:
            LakeUnavailableError: That cannot be found out.
        """
        try:
            return self.open()
        except LakeError as failed:
            raise LakeUnavailableError(
                f"the log of {self.address} cannot be read since a commit ended in an error: the old rows "
                f"are in place, or the new rows are; run it again later. {failed}"
            ) from error

    def _refused(self, error: OSError) -> StorageError | None:
        """What no further try mends, in the words of the store; None for what may pass."""
        said = _said(error)
        if isinstance(self.store, FolderStore):
            found = SYSTEM_SAYS.search(said)
            number = error.errno or (int(found["number"]) if found else 0)
            if number in (errno.EACCES, errno.EPERM):
                closed = f"{self.address} is closed to this user: change its rights, or {self.store.setting}"
                return AccessDeniedError(closed)
            known = OSError(number, os.strerror(number))
            return storage_error(Path(self._uri()), known, self.store.setting) if number in ADVICE else None
        reply = _reply(said)
        if reply is None or not isinstance(self.store, S3Store) or may_pass(reply):
            return None
        return self.store.refused(reply, "use", self.prefix + LOG_FOLDER)

    def _uri(self) -> str:
        """Where the table is, as delta-rs takes it: a path, or an address with its marks escaped."""
        if "%" in self.address:
            raise LakeError(f"{self.address} cannot be a Delta table: delta-rs mistakes a % in its place")
        if isinstance(self.store, FolderStore):
            return str(self.store.root / self.prefix)
        return quote(self.address, safe="/:")


def require_deltalake() -> None:
    """LakeError where the package that reads and writes logs is not installed."""
    try:
        import deltalake  # noqa: F401 - whether it is there
    except ModuleNotFoundError as error:
        raise LakeError(
            "Delta tables (LIGHTNING_LAKE, CSV_TABLE_FORMAT=delta) need the package deltalake: "
            "`pip install 'lightning_eda[lake]'`, in a clone `pip install -c constraints.txt -e '.[lake]'`"
        ) from error


def tries_of_commit(most: int) -> Backoff:
    """How often a commit is tried while others commit, and the pauses between."""
    return Backoff(tries=most, first_s=0.01, longest_s=0.5)


def storage_options(store: ObjectStore) -> dict[str, str] | None:
    """What delta-rs is told of a store; None for a folder.

    The credentials are those that boto3 finds, so that profiles and roles work alike for both.
    """
    if not isinstance(store, S3Store):
        return None
    region, endpoint_url, found = _access(store)
    options = {"aws_region": region or "us-east-1", "aws_conditional_put": "etag"}
    if endpoint_url:
        options["aws_endpoint"] = endpoint_url
        options["aws_allow_http"] = str(endpoint_url.startswith("http://")).lower()
    if found is None:
        return options | {"aws_skip_signature": "true"}
    frozen = found.get_frozen_credentials()
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    return options | {name: value for name, value in zip(names, frozen[:3], strict=True) if value}


def _access(store: S3Store) -> "tuple[str | None, str | None, Credentials | None]":
    """Region, server (None for AWS) and credentials of a store."""
    if store.given_client is not None:
        client = store.given_client
        server = client.meta.endpoint_url
        own = None if AWS_ITSELF.search(server) else server
        return client.meta.region_name, own, client._get_credentials()  # type: ignore[attr-defined]
    import boto3

    with explained_settings(store.region):
        session = boto3.session.Session(region_name=store.region, profile_name=store.profile)
        return session.region_name, store.endpoint_url, session.get_credentials()


def _reply(said: str) -> "ClientError | None":
    """The refusal of a server that delta-rs tells of, as boto3 would; None for all else."""
    from botocore.exceptions import ClientError

    found = SERVER_SAYS.search(said)
    status = int(found["status"]) if found else 301 if REDIRECTED in said else 0
    code = (found["code"] or "") if found else "PermanentRedirect" if status else ""
    if status not in REFUSALS and code != "NoSuchBucket":
        return None
    facts = {"Code": code, "Message": (found["message"] if found else "") or ""}
    return ClientError({"Error": facts, "ResponseMetadata": {"HTTPStatusCode": status}}, "request")  # type: ignore[typeddict-item]


def _said(error: Exception) -> str:
    """What delta-rs says, in one line: it draws a tree in colours."""
    return plain(" ".join(TREE.sub(" ", str(error)).split()))
