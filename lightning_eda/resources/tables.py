"""The resource of the S3 tables."""

from typing import TYPE_CHECKING, ClassVar

import dagster as dg
from pydantic import Field

from lightning_eda.resources.variables import settings_of
from lightning_eda.settings import CsvSettings, parse_required
from lightning_eda.storage.object_store import ObjectStore
from lightning_eda.storage.places import open_store

if TYPE_CHECKING:
    from lightning_eda.tables.task import Servers

CSV_FIELDS = {"schema": "schema_names"}  # pydantic's models have a method `schema`


class TablesResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Which CSV becomes a partition of which dataset; null in a field follows its variable."""

    variables: ClassVar[CsvSettings] = CsvSettings()
    endpoint_url: str | None = Field(None, description="AWS_ENDPOINT_URL_S3: another S3 server.")
    glue_endpoint_url: str | None = Field(None, description="AWS_ENDPOINT_URL_GLUE: another Glue server.")
    region: str | None = Field(None, description="AWS_REGION: else that of ~/.aws/config, else us-east-1.")
    bucket_src: str | None = Field(None, description="CSV_BUCKET_SRC: bucket of the CSVs.")
    prefix: str | None = Field(
        None, description="CSV_PREFIX: what their keys begin with, before the day's YYYYMMDD."
    )
    substr: str | None = Field(None, description="CSV_SUBSTR: what the name of the CSV contains.")
    schema_names: str | None = Field(
        None, description="CSV_SCHEMA: names of the columns, a comma list; else the CSV's header."
    )
    bucket_dstn: str | None = Field(None, description="CSV_BUCKET_DSTN: bucket of the dataset.")
    pathoutput: str | None = Field(
        None, description="CSV_PATHOUTPUT: the dataset's s3:// address, or its prefix in the bucket."
    )
    table: str | None = Field(None, description="CSV_TABLE: name of the Glue table.")
    database: str | None = Field(None, description="CSV_DATABASE: name of the Glue database.")
    partitions_cols: str | None = Field(
        None, description="CSV_PARTITIONS_COLS: the column whose values are the partitions."
    )
    delimiter: str | None = Field(None, description="CSV_DELIMITER: detected when left out.")
    encoding: str | None = Field(None, description="CSV_ENCODING: detected when left out.")
    header: str | None = Field(
        None, description="CSV_HEADER: whether the first row names the columns: auto, true or false."
    )
    types: str | None = Field(
        None, description="CSV_TYPES: name:type, ...; else those of the Glue table, else inferred."
    )
    bad_rows: str | None = Field(
        None, description="CSV_BAD_ROWS: error, or set_aside rows with a wrong number of fields."
    )

    def settings(self) -> CsvSettings:
        """The settings as texts, unchecked: a field that is left out follows its variable."""
        return settings_of(self, self.variables, CSV_FIELDS)

    def source(self) -> ObjectStore:
        """The bucket of the CSVs; SettingError when CSV_BUCKET_SRC is not set."""
        bucket = parse_required(self.settings().bucket_src, "CSV_BUCKET_SRC", "the name of a bucket")
        return open_store(bucket, "CSV_BUCKET_SRC", self.endpoint_url, self.region)

    def servers(self) -> "Servers":
        """Where AWS is."""
        from lightning_eda.tables.task import Servers

        return Servers(self.endpoint_url, self.glue_endpoint_url, self.region)

    def table_link(self) -> str | None:
        """The table's page in the AWS console; None without a Glue table."""
        settings = self.settings()
        if not (settings.table and settings.database):
            return None
        region = self.servers().region_used
        return (
            f"https://{region}.console.aws.amazon.com/glue/home?region={region}"
            f"#/v2/data-catalog/tables/view/{settings.table}?database={settings.database}"
        )
