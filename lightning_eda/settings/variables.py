"""Each setting, declared once: its variable, its default and its meaning."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from lightning_eda.settings.declaration import setting, values_of
from lightning_eda.texts import without_login

ADDRESSES = {"s3_endpoint_url", "glue_endpoint_url"}
DATABASE_FILE = "lightning.duckdb"


@dataclass(frozen=True)
class DistanceSettings:
    """Settings of distance clustering and of storm cells."""

    bucket: str | None = setting(
        "BUCKET", None, "; a text with a slash, such as ./data/bucket, is a local folder."
    )
    input_folder: str | None = setting("INPUT_FOLDER", None, "holds day=YYYY-MM-DD/*.csv.gz.")
    output_folder: str | None = setting("OUTPUT_FOLDER", None, "gets day=YYYY-MM-DD/clusters.csv.gz.")
    convert_key_to_int: str = setting(
        "CONVERT_KEY_TO_INT",
        "false",
        "items are 64-bit integers; else text, so that 007 stays 007.",
        kind=bool,
    )
    max_records: str = setting("MAX_RECORDS", "1000", "most rows of a day; 0 reads all.", kind=int)
    epsilon: str = setting(
        "EPSILON", "0.5", "largest distance of neighbours, in the unit of the distances.", kind=float
    )
    min_samples: str = setting("MIN_SAMPLES", "5", "neighbours of a core point, itself included.", kind=int)
    algorithm: str = setting("ALGORITHM", "DBSCAN", "DBSCAN, OPTICS or HDBSCAN.")
    hyper_params: str = setting("HYPER_PARAMS", "{}", "a JSON object; wins over EPSILON and MIN_SAMPLES.")
    flash_pairs_folder: str = setting(
        "FLASH_PAIRS_FOLDER", "flash_pairs", "gets the pairs of flashes, in the format of INPUT_FOLDER."
    )
    storm_cells_folder: str = setting("STORM_CELLS_FOLDER", "storm_cells", "gets the clusters of flashes.")

    @classmethod
    def from_mapping(cls, variables: Mapping[str, str]) -> Self:
        """The settings in a mapping."""
        return cls(**values_of(cls, variables))


@dataclass(frozen=True)
class CsvSettings:
    """Settings of the S3 tables; the Lambda's events have the same fields."""

    bucket_src: str | None = setting("CSV_BUCKET_SRC", None, "bucket of the CSVs.")
    prefix: str | None = setting("CSV_PREFIX", None, "what their keys begin with, before the day's YYYYMMDD.")
    substr: str = setting("CSV_SUBSTR", "", "what the name of the CSV contains.")
    schema: str = setting("CSV_SCHEMA", "", "names of the columns, a comma list; else the CSV's header.")
    bucket_dstn: str | None = setting("CSV_BUCKET_DSTN", None, "bucket of the dataset.")
    pathoutput: str | None = setting(
        "CSV_PATHOUTPUT", None, "the dataset's s3:// address, or its prefix in the bucket."
    )
    table: str | None = setting("CSV_TABLE", None, "name of the Glue table.")
    database: str | None = setting("CSV_DATABASE", None, "name of the Glue database.")
    table_format: str = setting(
        "CSV_TABLE_FORMAT",
        "parquet",
        "parquet, or delta: a table whose days are replaced in one commit.",
    )
    partitions_cols: str = setting(
        "CSV_PARTITIONS_COLS", "data_ref", "the column whose values are the partitions."
    )
    delimiter: str | None = setting("CSV_DELIMITER", None, "detected when left out.", is_white_space=True)
    encoding: str | None = setting("CSV_ENCODING", None, "detected when left out.")
    header: str = setting(
        "CSV_HEADER", "auto", "whether the first row names the columns: auto, true or false."
    )
    types: str = setting("CSV_TYPES", "", "name:type, ...; else those of the Glue table, else inferred.")
    bad_rows: str = setting(
        "CSV_BAD_ROWS", "error", "error, or set_aside rows with a wrong number of fields."
    )

    @classmethod
    def from_mapping(cls, variables: Mapping[str, str]) -> Self:
        """The settings in a mapping."""
        return cls(**values_of(cls, variables))


@dataclass(frozen=True)
class Settings:
    """Every setting: of the lightning, of what runs unattended, of AWS, and of the two other systems."""

    bucket: str = setting("S3_BUCKET", "noaa-goes18", "the bucket with GLM granules.")
    product: str = setting("PRODUCT", "GLM-L2-LCFA", "first part of the granules' keys.")
    goes_year: str | None = setting("GOES_YEAR", None, ", for example 2022; this year when left out.")
    goes_doy: str | None = setting(
        "GOES_DOY", None, "day of the year, 1 to 366, or days, such as 335-365; today when left out."
    )
    goes_hour: str | None = setting("GOES_HOUR", None, "0 to 23, UTC; the whole day when left out.")
    archive_dir: str | None = setting(
        "GLM_ARCHIVE_DIR", None, "a local folder with the bucket's layout, read in place of S3."
    )
    signed: str = setting(
        "GLM_SIGNED", "false", "true sends your AWS credentials; NOAA's buckets are read without."
    )
    tiers: str = setting(
        "GLM_TIERS",
        "flash",
        "comma list of flash, group and event. Loading an hour again with fewer tiers empties the others for "
        "that hour.",
    )
    data_dir: str = setting("LIGHTNING_DATA_DIR", "data", "made when it is not there.")
    duckdb_path: str = setting("DUCKDB_PATH", f"data/{DATABASE_FILE}", "made when it is not there.")
    lake: str | None = setting(
        "LIGHTNING_LAKE",
        None,
        "s3://bucket/prefix or a folder with a slash: the hours go into Delta tables there, not into DuckDB.",
    )
    dask_scheduler: str | None = setting(
        "DASK_SCHEDULER",
        None,
        "address of a Dask scheduler, such as tcp://10.0.0.1:8786, whose workers fetch and decode; "
        "LIGHTNING_LAKE must be set.",
    )
    s3_endpoint_url: str | None = setting(
        "AWS_ENDPOINT_URL_S3", None, "another S3 server.", general="AWS_ENDPOINT_URL"
    )
    glue_endpoint_url: str | None = setting(
        "AWS_ENDPOINT_URL_GLUE", None, "another Glue server.", general="AWS_ENDPOINT_URL"
    )
    aws_region: str | None = setting(
        "AWS_REGION", None, "else that of ~/.aws/config, else us-east-1.", general="AWS_DEFAULT_REGION"
    )
    heal_hours: str = setting(
        "HEAL_HOURS", "6", "how many past hours are compared with the bucket again and again."
    )
    failure_webhook_url: str | None = setting("FAILURE_WEBHOOK_URL", None, "told of each failed run.")
    distances: DistanceSettings = field(default_factory=DistanceSettings)
    csv: CsvSettings = field(default_factory=CsvSettings)

    @classmethod
    def from_mapping(cls, variables: Mapping[str, str]) -> Self:
        """The settings in a mapping such as `os.environ`; a variable set to nothing counts as not set."""
        values = values_of(cls, variables)
        for name in ADDRESSES & values.keys():
            values[name] = without_login(values[name])  # the launchpad shows it
        if "data_dir" in values:  # the database follows, unless it has a place of its own
            values.setdefault("duckdb_path", str(Path(values["data_dir"]) / DATABASE_FILE))
        return cls(
            distances=DistanceSettings.from_mapping(variables),
            csv=CsvSettings.from_mapping(variables),
            **values,
        )

    @property
    def pinned(self) -> bool:
        """Whether any of GOES_YEAR, GOES_DOY, GOES_HOUR is set."""
        return any((self.goes_year, self.goes_doy, self.goes_hour))


def read_settings() -> Settings:
    """The settings of this process's environment."""
    return Settings.from_mapping(os.environ)


def environment_with(changes: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with some variables set, for a command that is started from here."""
    return {**os.environ, **changes}
