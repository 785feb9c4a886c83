"""A bucket with CSVs and a dataset, a Glue database, and readers who look at the dataset in two ways."""

import io
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import ClientError

from lightning_eda.storage.backoff import Backoff
from lightning_eda.storage.s3.store import S3Store
from lightning_eda.tables.csv.options import CsvOptions
from lightning_eda.tables.load import LoadResult, load_table
from lightning_eda.tables.options import PARQUET, TableOptions
from lightning_eda.tables.task import TableTask
from lightning_eda_tests.servers.s3 import S3Bucket, made_up_session
from lightning_eda_tests.support.opened import in_memory

DAY = "20240101"
NOW = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
TABLE = "measured"
PATH = "lake/measured/"
QUICK = Backoff(tries=3, first_s=0.002, longest_s=0.005, random=Random(5))


@dataclass
class World:
    """One bucket and one Glue database of a test alone.

    Attributes:
        bucket: The bucket, at the server itself.
        scratch: A local folder for loads.
        endpoint_url: Where loads go; a proxy's address, for instance.
        database: The Glue database.
        loads: How many loads were made.
        is_new: Whether the database is to be made.
        table_format: Of the dataset.
        patience_s: How long loads wait for an answer.
    """

    bucket: S3Bucket
    scratch: Path
    endpoint_url: str = ""
    database: str = field(default_factory=lambda: f"db_{uuid.uuid4().hex[:10]}")
    loads: int = 0
    is_new: bool = True
    table_format: str = PARQUET
    patience_s: float = 2

    def __post_init__(self) -> None:
        self.endpoint_url = self.endpoint_url or self.bucket.endpoint_url
        session = made_up_session()
        self.glue = session.client("glue", endpoint_url=self.bucket.endpoint_url)
        config = quick_config(self.patience_s)
        self._loads_s3 = session.client("s3", endpoint_url=self.endpoint_url, config=config)
        self._loads_glue = session.client("glue", endpoint_url=self.endpoint_url, config=config)
        if self.is_new:
            self.glue.create_database(DatabaseInput={"Name": self.database})

    def close(self) -> None:
        """Ends the connections."""
        for client in (self.glue, self._loads_s3, self._loads_glue):
            client.close()

    def put_csv(self, text: str | bytes, day: str = DAY, name: str = "rows.csv") -> None:
        """The CSV of a day."""
        self.bucket.put(f"in/{day}/{name}", text.encode() if isinstance(text, str) else text)

    def store(self) -> S3Store:
        """The bucket as loads see it."""
        return S3Store(self.bucket.name, client=self._loads_s3, backoff=QUICK, setting="CSV_BUCKET_DSTN")

    def options(self, **changes: Any) -> TableOptions:
        """Those of every load here, but for the changes."""
        csv = changes.pop("csv", CsvOptions())
        usual: dict[str, Any] = {"pathoutput": PATH, "database": self.database, "table": TABLE}
        usual |= {"partitions_cols": ("day",), "table_format": self.table_format}
        return TableOptions(**{**usual, **changes}, csv=csv, bucket_dstn=self.bucket.name)

    def load(self, day: str = DAY, **changes: Any) -> LoadResult:
        """One load, a second after the one before."""
        self.loads += 1
        glue = self._loads_glue if changes.get("table", TABLE) else None
        task = TableTask(self.store(), self.store(), glue, self.options(**changes), "in", "", QUICK)
        return load_table(task, day, self.scratch, NOW + timedelta(seconds=self.loads))

    def keys(self, prefix: str = PATH) -> list[str]:
        """Keys of the dataset."""
        found = self.bucket.client.list_objects_v2(Bucket=self.bucket.name, Prefix=prefix)
        return [entry["Key"] for entry in found.get("Contents", [])]

    def read(self, key: str) -> bytes:
        """An object of the bucket."""
        return bytes(self.bucket.client.get_object(Bucket=self.bucket.name, Key=key)["Body"].read())

    def rows(self, prefix: str = PATH) -> list[dict[str, Any]]:
        """What a reader finds under a prefix, as DuckDB reads it; a vanished object makes it look again."""
        while True:
            try:
                tables = [pq.read_table(io.BytesIO(self.read(key))) for key in self.keys(prefix)]
            except ClientError as error:
                if error.response["Error"]["Code"] != "NoSuchKey":
                    raise
                continue
            return duck_rows(tables)

    def glue_rows(self) -> list[dict[str, Any]]:
        """What a reader of the catalogue finds, at the locations of the partitions."""
        try:
            found = self.glue.get_partitions(DatabaseName=self.database, TableName=TABLE)["Partitions"]
        except self.glue.exceptions.EntityNotFoundException:
            return []
        places = [urlsplit(entry["StorageDescriptor"]["Location"]) for entry in found]
        return [row for place in places for row in self.rows(place.path.lstrip("/"))]

    def columns(self) -> dict[str, str]:
        """Columns of the Glue table and their types."""
        storage = self.glue.get_table(DatabaseName=self.database, Name=TABLE)["Table"]["StorageDescriptor"]
        return {column["Name"]: column["Type"] for column in storage["Columns"]}

    def partitions(self) -> dict[str, str]:
        """Values and locations of the Glue partitions."""
        found = self.glue.get_partitions(DatabaseName=self.database, TableName=TABLE)["Partitions"]
        return {"/".join(entry["Values"]): entry["StorageDescriptor"]["Location"] for entry in found}


def ids(rows: list[dict[str, Any]]) -> list[int]:
    """The ids in rows, in order."""
    return sorted(row["id"] for row in rows)


def duck_rows(tables: list[pa.Table]) -> list[dict[str, Any]]:
    """All rows of several Parquet files."""
    if not tables:
        return []
    together = pa.concat_tables(tables, promote_options="default")
    with in_memory() as connection:
        connection.register("together", together)
        found = connection.sql("SELECT * FROM together").to_arrow_table()
    return list(found.to_pylist())


def quick_config(patience_s: float) -> Any:
    """Clients that leave retrying to us and do not wait long."""
    from botocore.config import Config

    retries: Any = {"total_max_attempts": 1, "mode": "standard"}
    return Config(connect_timeout=2, read_timeout=patience_s, retries=retries)
