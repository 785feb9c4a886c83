"""The resources of the lightning assets: granules, the pin, the data folder."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import dagster as dg
from pydantic import Field

from lightning_eda.errors import SettingError
from lightning_eda.glm.names import PRODUCT, satellite_of_bucket
from lightning_eda.glm.windows import Pin
from lightning_eda.resources.aws import AwsResource
from lightning_eda.resources.variables import from_setting
from lightning_eda.settings import Settings, declared, parse_flag, parse_tiers
from lightning_eda.storage.aws import Access
from lightning_eda.storage.object_store import ObjectStore
from lightning_eda.storage.places import bucket_name, is_folder

DEFAULT_CONCURRENCY = 16
NOAA_REGION = "us-east-1"  # of its buckets, so that a user's own region is no detour


class GlmResource(AwsResource):
    """Where granules come from, and what is taken out of them."""

    variables: ClassVar[Settings] = Settings()
    use_unsigned_session: bool | None = Field(
        None,
        description=f"true sends no credentials; null follows {declared(Settings)['signed'].description}",
    )
    region_name: str | None = from_setting(
        "aws_region", "AWS_REGION: else us-east-1, or with credentials that of ~/.aws/config."
    )
    bucket: str = from_setting("bucket")
    product: str = from_setting("product")
    archive_dir: str | None = from_setting("archive_dir")
    tiers: str = from_setting("tiers")
    concurrency: int = Field(DEFAULT_CONCURRENCY, ge=1, le=256, description="Granules fetched at once.")

    def store(self) -> ObjectStore:
        """The bucket, or the folder that stands in for it."""
        if self.archive_dir:
            from lightning_eda.storage.folder import FolderStore

            return FolderStore(Path(self.archive_dir).expanduser())
        from lightning_eda.storage.s3.store import S3Store

        access = self.access()
        return S3Store(
            self.bucket_name(),
            signed=access.signed,
            endpoint_url=access.endpoint_url,
            region=access.region or (None if access.signed else NOAA_REGION),
            profile=access.profile,
            concurrency=self.concurrency,
        )

    def access(self) -> Access:
        """How requests reach the bucket; SettingError when GLM_SIGNED counts and says neither yes nor no."""
        if self.use_unsigned_session is not None:
            return super().access()
        return replace(super().access(), signed=parse_flag(self.variables.signed, "GLM_SIGNED"))

    def bucket_name(self) -> str:
        """The bucket without what may stand around its name; SettingError where none is named.

        Its files are kept under that name.
        """
        if is_folder(self.bucket):
            hint = "A local folder is named by GLM_ARCHIVE_DIR."
            raise SettingError("S3_BUCKET", self.bucket, "the name of a bucket", hint)
        return bucket_name(self.bucket, "S3_BUCKET")

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
        satellite = None if self.archive_dir else satellite_of_bucket(self.bucket_name())
        return (satellite,) if satellite else ()

    def bucket_doubt(self, satellites: Collection[str]) -> str:
        """What to say of a bucket that is not read, since a folder with other satellites is; else empty."""
        named = satellite_of_bucket(self.bucket_name())
        is_meant = named and self.bucket != Settings().bucket
        if not (self.archive_dir and is_meant and satellites) or named in satellites:
            return ""
        return (
            f"S3_BUCKET, {self.bucket}, is not read: GLM_ARCHIVE_DIR is, and has granules of "
            f"{', '.join(sorted(satellites))}. Unset the one that is not meant"
        )


class PinResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The day or hour of a run that has no partition; all empty means the hour before the run."""

    year: str | None = from_setting("goes_year")
    doy: str | None = from_setting("goes_doy")
    hour: str | None = from_setting("goes_hour")

    def pin(self) -> Pin:
        """The pin, unchecked."""
        return Pin(self.year or None, self.doy or None, self.hour or None)


class DataFolderResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The folder of all files: those the assets hand on, figures, what sensors have seen, and scratch."""

    path: str = from_setting("data_dir")

    def folder(self) -> Path:
        """The folder, absolute, so that links in the UI work."""
        return Path(self.path).expanduser().absolute()
