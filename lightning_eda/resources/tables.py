"""The resource of the S3 tables."""

from typing import TYPE_CHECKING, ClassVar

from lightning_eda.resources.aws import AwsResource
from lightning_eda.resources.variables import following, from_setting, settings_of
from lightning_eda.settings import CsvSettings, parse_required
from lightning_eda.storage.object_store import ObjectStore
from lightning_eda.storage.places import open_store

if TYPE_CHECKING:
    from lightning_eda.tables.task import Servers

CSV_FIELDS = {"schema": "schema_names"}  # pydantic's models have a method `schema`


@following(CsvSettings, CSV_FIELDS)
class TablesResource(AwsResource):
    """Which CSV becomes a partition of which dataset; null in a field follows its variable."""

    variables: ClassVar[CsvSettings] = CsvSettings()
    glue_endpoint_url: str | None = from_setting("glue_endpoint_url")

    def settings(self) -> CsvSettings:
        """The settings as texts, unchecked: a field that is left out follows its variable."""
        return settings_of(self, self.variables, CSV_FIELDS)

    def source(self) -> ObjectStore:
        """The bucket of the CSVs; SettingError when CSV_BUCKET_SRC is not set."""
        bucket = parse_required(self.settings().bucket_src, "CSV_BUCKET_SRC", "the name of a bucket")
        return open_store(bucket, "CSV_BUCKET_SRC", self.access())

    def servers(self) -> "Servers":
        """Where AWS is."""
        from lightning_eda.tables.task import Servers

        return Servers(self.access(), self.glue_endpoint_url)

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
