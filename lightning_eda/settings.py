"""What the environment says: the only file that reads it.

Values are kept as text and checked where they are used (or by the `parse_*` functions here), so that a
mistake is reported by the run that needs the value, in one sentence that names the variable, and never keeps
the code location from loading. The run config of the launchpad wins over all of these.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from lightning_eda.errors import SettingError

TIERS = ("flash", "group", "event")
DEFAULT_DATA_DIR = "data"
TRUE_WORDS = ("1", "true", "yes", "on")
FALSE_WORDS = ("0", "false", "no", "off", "")


@dataclass(frozen=True)
class Settings:
    """Every setting, with its default; the field comments give the variable.

    Attributes:
        bucket: S3_BUCKET, the bucket with GLM granules.
        product: PRODUCT, the first part of the granules' keys.
        goes_year: GOES_YEAR of the pin.
        goes_doy: GOES_DOY, day of the year, of the pin.
        goes_hour: GOES_HOUR of the pin.
        archive_dir: GLM_ARCHIVE_DIR, a local folder with the bucket's layout, read in place of S3.
        signed: GLM_SIGNED, whether requests carry the AWS credentials; NOAA's buckets are read without.
        tiers: GLM_TIERS, comma list of flash, group, event.
        data_dir: LIGHTNING_DATA_DIR, where files go.
        duckdb_path: DUCKDB_PATH, the database.
        s3_endpoint_url: AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL.
        aws_region: AWS_REGION or AWS_DEFAULT_REGION.
    """

    bucket: str = "noaa-goes18"
    product: str = "GLM-L2-LCFA"
    goes_year: str | None = None
    goes_doy: str | None = None
    goes_hour: str | None = None
    archive_dir: str | None = None
    signed: str = "false"
    tiers: str = "flash"
    data_dir: str = DEFAULT_DATA_DIR
    duckdb_path: str = f"{DEFAULT_DATA_DIR}/lightning.duckdb"
    s3_endpoint_url: str | None = None
    aws_region: str = "us-east-1"

    @classmethod
    def from_mapping(cls, variables: Mapping[str, str]) -> Self:
        """The settings in a mapping such as `os.environ`; a variable set to nothing counts as not set."""

        def get(*names: str) -> str | None:
            return next((variables[name].strip() for name in names if variables.get(name, "").strip()), None)

        data_dir = get("LIGHTNING_DATA_DIR") or cls.data_dir
        return cls(
            bucket=get("S3_BUCKET") or cls.bucket,
            product=get("PRODUCT") or cls.product,
            goes_year=get("GOES_YEAR"),
            goes_doy=get("GOES_DOY"),
            goes_hour=get("GOES_HOUR"),
            archive_dir=get("GLM_ARCHIVE_DIR"),
            signed=get("GLM_SIGNED") or cls.signed,
            tiers=get("GLM_TIERS") or cls.tiers,
            data_dir=data_dir,
            duckdb_path=get("DUCKDB_PATH") or str(Path(data_dir) / "lightning.duckdb"),
            s3_endpoint_url=get("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
            aws_region=get("AWS_REGION", "AWS_DEFAULT_REGION") or cls.aws_region,
        )

    @property
    def pinned(self) -> bool:
        """Whether any of GOES_YEAR, GOES_DOY, GOES_HOUR is set."""
        return any((self.goes_year, self.goes_doy, self.goes_hour))


def read_settings() -> Settings:
    """The settings of this process's environment."""
    return Settings.from_mapping(os.environ)


def parse_tiers(text: str, variable: str = "GLM_TIERS") -> tuple[str, ...]:
    """The tiers in a comma list, in the order flash, group, event.

    Raises:
        SettingError: A word is not a tier, or there is none.
    """
    words = {word.strip().lower() for word in text.split(",") if word.strip()}
    if not words or words - set(TIERS):
        raise SettingError(variable, text, "a comma list of flash, group and event")
    return tuple(tier for tier in TIERS if tier in words)


def parse_flag(text: str, variable: str) -> bool:
    """Whether the text says yes; SettingError when it says neither yes nor no."""
    word = text.strip().lower()
    if word not in TRUE_WORDS + FALSE_WORDS:
        raise SettingError(variable, text, "true or false")
    return word in TRUE_WORDS


def environment_with(changes: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with some variables set, for a command that is started from here."""
    return {**os.environ, **changes}
