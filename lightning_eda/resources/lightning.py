"""The resources of the lightning assets: granules, the pin, the data folder, the database."""

from pathlib import Path

import dagster as dg
from pydantic import Field

from lightning_eda.errors import SettingError
from lightning_eda.glm.names import PRODUCT, satellite_of_bucket
from lightning_eda.glm.windows import Pin
from lightning_eda.settings import parse_flag, parse_tiers
from lightning_eda.storage.object_store import ObjectStore

DEFAULT_CONCURRENCY = 16
NOAA_REGION = "us-east-1"  # of its buckets, so that a user's own region is no detour


class GlmResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Where granules come from, and what is taken out of them."""

    bucket: str = Field("noaa-goes18", description="S3_BUCKET: the bucket with GLM granules.")
    product: str = Field(PRODUCT, description="PRODUCT: first part of the granules' keys.")
    archive_dir: str | None = Field(
        None, description="GLM_ARCHIVE_DIR: a local folder with the bucket's layout, read in place of S3."
    )
    signed: str = Field(
        "false", description="GLM_SIGNED: true sends your AWS credentials; NOAA's buckets are read without."
    )
    endpoint_url: str | None = Field(None, description="AWS_ENDPOINT_URL_S3: another S3 server.")
    region: str | None = Field(
        None, description="AWS_REGION: else us-east-1, or with GLM_SIGNED that of ~/.aws/config."
    )
    tiers: str = Field(
        "flash",
        description="GLM_TIERS: comma list of flash, group and event. Loading an hour again with fewer "
        "tiers empties the others for that hour.",
    )
    concurrency: int = Field(DEFAULT_CONCURRENCY, ge=1, le=256, description="Granules fetched at once.")

    def store(self) -> ObjectStore:
        """The bucket, or the folder that stands in for it."""
        if self.archive_dir:
            from lightning_eda.storage.folder import FolderStore

            return FolderStore(Path(self.archive_dir).expanduser())
        from lightning_eda.storage.s3.store import S3Store

        signed = parse_flag(self.signed, "GLM_SIGNED")
        return S3Store(
            self.bucket,
            signed=signed,
            endpoint_url=self.endpoint_url,
            region=self.region or (None if signed else NOAA_REGION),
            concurrency=self.concurrency,
        )

    def product_prefix(self) -> str:
        """The product without slashes; SettingError for another than the one that is decoded here."""
        product = self.product.strip("/")
        if product != PRODUCT:
            raise SettingError("PRODUCT", self.product, PRODUCT)
        return product

    def tier_names(self) -> tuple[str, ...]:
        """The tiers to decode; SettingError when the setting names none."""
        return parse_tiers(self.tiers)

    def own_satellites(self) -> tuple[str, ...]:
        """The satellite whose bucket this is, () where the name or a local folder does not say."""
        satellite = None if self.archive_dir else satellite_of_bucket(self.bucket)
        return (satellite,) if satellite else ()


class PinResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The day or hour of a run that has no partition; all empty means the hour before the run."""

    year: str | None = Field(None, description="GOES_YEAR, for example 2022; this year when left out.")
    doy: str | None = Field(None, description="GOES_DOY: day of the year, 1 to 366; today when left out.")
    hour: str | None = Field(None, description="GOES_HOUR: 0 to 23, UTC; the whole day when left out.")

    def pin(self) -> Pin:
        """The pin, unchecked."""
        return Pin(self.year or None, self.doy or None, self.hour or None)


class DataFolderResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The folder of all files: those the assets hand on, figures, what sensors have seen, and scratch."""

    path: str = Field("data", description="LIGHTNING_DATA_DIR: made when it is not there.")

    def folder(self) -> Path:
        """The folder, absolute, so that links in the UI work."""
        return Path(self.path).expanduser().absolute()


class WarehouseResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The DuckDB database."""

    path: str = Field("data/lightning.duckdb", description="DUCKDB_PATH: made when it is not there.")

    def database(self) -> Path:
        """The database file, absolute."""
        return Path(self.path).expanduser().absolute()
