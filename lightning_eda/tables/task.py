"""A day's CSV, from its bucket to a partition of a dataset: what the asset and the Lambda handler share."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import pyarrow as pa
import pyarrow.parquet as pq

from lightning_eda.errors import LightningEdaError, SettingError
from lightning_eda.settings import CsvSettings, parse_required
from lightning_eda.storage.aws import Access, explained_settings
from lightning_eda.storage.backoff import Backoff
from lightning_eda.storage.object_store import ObjectStore
from lightning_eda.storage.places import is_address, open_store
from lightning_eda.tables.csv.options import parse_options
from lightning_eda.tables.dataset.location import dataset_location
from lightning_eda.tables.glue.requests import glue_client
from lightning_eda.tables.load_result import LoadResult
from lightning_eda.tables.options import TableOptions, parse_table_format

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

DEFAULT_REGION = "us-east-1"
A_BUCKET = "the name of a bucket"
MOST_PREVIEWED = 8


@dataclass(frozen=True)
class Servers:
    """Where AWS is.

    Attributes:
        s3: How S3 is reached; its region and profile count for Glue too.
        glue_endpoint_url: Another Glue server, None for AWS.
    """

    s3: Access
    glue_endpoint_url: str | None = None

    @property
    def region_used(self) -> str:
        """The region, else that of the variables or ~/.aws/config, else one for a server of one's own."""
        import boto3

        region, profile = self.s3.region, self.s3.profile
        with explained_settings(region, profile):
            return region or boto3.session.Session(profile_name=profile).region_name or DEFAULT_REGION

    def glue_client(self) -> "GlueClient":
        """A client of Glue; errors as of `requests.glue_client`."""
        return glue_client(Access(self.glue_endpoint_url, self.region_used, self.s3.profile))


@dataclass(frozen=True)
class TableTask:
    """What to load and where to; checked, unlike the settings it is made from.

    Attributes:
        source: Bucket of the CSVs.
        destination: Bucket of the dataset.
        glue: The catalogue, None without.
        options: What is made of a CSV.
        prefix: What the CSVs' keys begin with, before the day.
        substr: What the rest of their keys contains.
        backoff: Tries and pauses of requests to Glue, and of looking again at what others load.
    """

    source: ObjectStore
    destination: ObjectStore
    glue: "GlueClient | None"
    options: TableOptions
    prefix: str
    substr: str
    backoff: Backoff | None = None

    @property
    def dataset(self) -> str:
        """Where the dataset is, for people."""
        location = dataset_location(self.options.pathoutput, self.options.bucket_dstn)
        return self.destination.url(location.prefix).rstrip("/")

    @classmethod
    def from_settings(cls, settings: CsvSettings, servers: Servers) -> Self:
        """The task the settings describe.

        Raises:
            SettingError: A setting is missing or not allowed.
        """
        source = parse_required(settings.bucket_src, "CSV_BUCKET_SRC", A_BUCKET)
        pathoutput = parse_required(
            settings.pathoutput, "CSV_PATHOUTPUT", "s3://bucket/prefix, or a prefix inside CSV_BUCKET_DSTN"
        )
        destination = dataset_location(pathoutput, settings.bucket_dstn or "").bucket
        if is_address(pathoutput) or is_address(settings.bucket_dstn or ""):
            destination = f"s3://{destination}"  # no folder, whatever its name
        return cls(
            source=open_store(source, "CSV_BUCKET_SRC", servers.s3),
            destination=open_store(destination, "CSV_BUCKET_DSTN", servers.s3),
            glue=servers.glue_client() if settings.table else None,
            options=_options(settings, pathoutput),
            prefix=required_prefix(settings),
            substr=settings.substr,
        )


def first_rows(task: TableTask, result: LoadResult) -> pa.Table | None:
    """The first rows of the first object that was written; None when there is none, or none any more."""
    if not result.files:
        return None
    try:
        info = task.destination.stat_object(result.files[0]).info
        with task.destination.open_object(info) as stream, pq.ParquetFile(stream) as file:
            batches = list(file.iter_batches(batch_size=MOST_PREVIEWED))[:1] if file.metadata.num_rows else []
            return pa.Table.from_batches(batches, file.schema_arrow)
    except LightningEdaError:
        return None  # a newer run may have replaced it; the load is done all the same


def required_prefix(settings: CsvSettings) -> str:
    """The prefix; that it is nothing must be said, or any CSV at the top of the bucket might be taken."""
    if settings.prefix is None:
        raise SettingError("CSV_PREFIX", None, "what the keys of the CSVs begin with, before the day")
    return settings.prefix


def _options(settings: CsvSettings, pathoutput: str) -> TableOptions:
    return TableOptions(
        pathoutput=pathoutput,
        bucket_dstn=settings.bucket_dstn or "",
        database=settings.database or "",
        table=settings.table or "",
        partitions_cols=_names(settings.partitions_cols),
        csv=parse_options(
            settings.schema,
            settings.types,
            settings.delimiter,
            settings.encoding,
            settings.header,
            settings.bad_rows,
        ),
        table_format=parse_table_format(settings.table_format),
    )


def _names(text: str) -> tuple[str, ...]:
    if ";" in text or "|" in text:  # it would be the name of a column that the CSV lacks, and be added
        raise SettingError("CSV_PARTITIONS_COLS", text, "a comma list of columns")
    return tuple(name.strip() for name in text.split(",") if name.strip())
