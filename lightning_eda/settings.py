"""What the environment says: the only file that reads it.

Values are kept as text and checked where they are used (or by the `parse_*` functions here), so that a
mistake is reported by the run that needs the value, in one sentence that names the variable, and never keeps
the code location from loading. The run config of the launchpad wins over all of these.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Self, TypeVar

from lightning_eda.errors import SettingError

TIER_PLURALS = {"flash": "flashes", "group": "groups", "event": "events"}
TIERS = tuple(TIER_PLURALS)
DEFAULT_DATA_DIR = "data"
TRUE_WORDS = ("1", "true", "yes", "on")
FALSE_WORDS = ("0", "false", "no", "off", "")
WHITE_SPACE_COUNTS = ("CSV_DELIMITER",)  # a tab and a space are delimiters

Part = TypeVar("Part")


@dataclass(frozen=True)
class DistanceSettings:
    """Settings of distance clustering and of storm cells.

    Attributes:
        bucket: BUCKET; a text with a slash names a local folder that stands in for one.
        input_folder: INPUT_FOLDER, holds `day=YYYY-MM-DD/*.csv.gz`.
        output_folder: OUTPUT_FOLDER, gets `day=YYYY-MM-DD/clusters.csv.gz`.
        convert_key_to_int: CONVERT_KEY_TO_INT, whether items are 64-bit integers and not text.
        max_records: MAX_RECORDS, most rows of a day; 0 for all.
        epsilon: EPSILON, largest distance of neighbours, in the unit of the distances.
        min_samples: MIN_SAMPLES, neighbours of a core point, itself included.
        algorithm: ALGORITHM.
        hyper_params: HYPER_PARAMS, a JSON object.
        flash_pairs_folder: FLASH_PAIRS_FOLDER, gets the pairs of flashes.
        storm_cells_folder: STORM_CELLS_FOLDER, gets the clusters of flashes.
    """

    bucket: str | None = None
    input_folder: str | None = None
    output_folder: str | None = None
    convert_key_to_int: str = "false"
    max_records: str = "1000"
    epsilon: str = "0.5"
    min_samples: str = "5"
    algorithm: str = "DBSCAN"
    hyper_params: str = "{}"
    flash_pairs_folder: str = "flash_pairs"
    storm_cells_folder: str = "storm_cells"

    @classmethod
    def from_mapping(cls, variables: Mapping[str, str]) -> Self:
        """The settings in a mapping: each field's variable is its name in capitals."""
        return _fields_from(cls, variables, "")


@dataclass(frozen=True)
class CsvSettings:
    """Settings of the S3 tables; each variable is CSV_ and the field in capitals.

    Attributes:
        bucket_src: Bucket of the CSVs.
        prefix: What their keys begin with, before the day's YYYYMMDD.
        substr: What the name of the one to take contains.
        schema: Names of the columns, a comma list; the CSV's own header when left out.
        bucket_dstn: Bucket of the dataset.
        pathoutput: Its place: an s3:// address, or a prefix inside `bucket_dstn`.
        table: Name of the Glue table.
        database: Name of the Glue database.
        partitions_cols: The column whose values are the partitions.
        delimiter: What separates fields; detected when left out.
        encoding: Of the text; detected when left out.
        header: Whether the first row names the columns: auto, true or false.
        types: Types of columns, `name:type` in a comma list; the table's own, or inferred, when left out.
        bad_rows: What becomes of rows with a wrong number of fields: error or set_aside.
    """

    bucket_src: str | None = None
    prefix: str | None = None
    substr: str = ""
    schema: str = ""
    bucket_dstn: str | None = None
    pathoutput: str | None = None
    table: str | None = None
    database: str | None = None
    partitions_cols: str = "data_ref"
    delimiter: str | None = None
    encoding: str | None = None
    header: str = "auto"
    types: str = ""
    bad_rows: str = "error"

    @classmethod
    def from_mapping(cls, variables: Mapping[str, str]) -> Self:
        """The settings in a mapping."""
        return _fields_from(cls, variables, "CSV_")


@dataclass(frozen=True)
class Settings:
    """Every setting, with its default; Attributes names each one's variable.

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
        glue_endpoint_url: AWS_ENDPOINT_URL_GLUE or AWS_ENDPOINT_URL.
        aws_region: AWS_REGION or AWS_DEFAULT_REGION; that of ~/.aws/config when neither is set.
        heal_hours: HEAL_HOURS, how many past hours are compared with the bucket again and again.
        failure_webhook_url: FAILURE_WEBHOOK_URL, told of each failed run.
        distances: Settings of distance clustering and of storm cells.
        csv: Settings of the S3 tables.
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
    glue_endpoint_url: str | None = None
    aws_region: str | None = None
    heal_hours: str = "6"
    failure_webhook_url: str | None = None
    distances: DistanceSettings = field(default_factory=DistanceSettings)
    csv: CsvSettings = field(default_factory=CsvSettings)

    @classmethod
    def from_mapping(cls, variables: Mapping[str, str]) -> Self:
        """The settings in a mapping such as `os.environ`; a variable set to nothing counts as not set."""
        get = _reader(variables)
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
            glue_endpoint_url=get("AWS_ENDPOINT_URL_GLUE", "AWS_ENDPOINT_URL"),
            aws_region=get("AWS_REGION", "AWS_DEFAULT_REGION"),
            heal_hours=get("HEAL_HOURS") or cls.heal_hours,
            failure_webhook_url=get("FAILURE_WEBHOOK_URL"),
            distances=DistanceSettings.from_mapping(variables),
            csv=CsvSettings.from_mapping(variables),
        )

    @property
    def pinned(self) -> bool:
        """Whether any of GOES_YEAR, GOES_DOY, GOES_HOUR is set."""
        return any((self.goes_year, self.goes_doy, self.goes_hour))


def read_settings() -> Settings:
    """The settings of this process's environment."""
    return Settings.from_mapping(os.environ)


def parse_tiers(text: str) -> tuple[str, ...]:
    """The tiers in a comma list, in the order flash, group, event.

    Raises:
        SettingError: A word is not a tier, or there is none.
    """
    words = {word.strip().lower() for word in text.split(",") if word.strip()}
    if not words or words - set(TIERS):
        raise SettingError("GLM_TIERS", text, "a comma list of flash, group and event")
    return tuple(tier for tier in TIERS if tier in words)


def parse_flag(text: str, variable: str) -> bool:
    """Whether the text says yes; SettingError when it says neither yes nor no."""
    word = text.strip().lower()
    if word not in TRUE_WORDS + FALSE_WORDS:
        raise SettingError(variable, text, "true or false")
    return word in TRUE_WORDS


def parse_integer(text: str, variable: str, least: int = 0) -> int:
    """The whole number in a text; SettingError when it is none, or smaller than `least`."""
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least:
        raise SettingError(variable, text, f"a whole number from {least}")
    return number


def parse_distance(text: str, variable: str) -> float:
    """The distance in a text; SettingError when it is none, negative or not finite."""
    try:
        distance = float(text)
    except ValueError:
        distance = -1.0
    if not 0 <= distance < float("inf"):
        raise SettingError(variable, text, "a number from 0, in the unit of the distances")
    return distance


def parse_object(text: str, variable: str) -> dict[str, object]:
    """The JSON object in a text; SettingError when it is none."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise SettingError(variable, text, 'a JSON object such as {"eps": 0.3}')
    return value


def parse_required(value: str | None, variable: str, allowed: str) -> str:
    """A setting without a default; SettingError when it is not set."""
    if not value:
        raise SettingError(variable, None, allowed)
    return value


def environment_with(changes: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with some variables set, for a command that is started from here."""
    return {**os.environ, **changes}


def _reader(variables: Mapping[str, str]) -> Callable[..., str | None]:
    """Gives the first of some variables that is set to something."""

    def value(name: str) -> str:
        text = variables.get(name, "")
        return text if name in WHITE_SPACE_COUNTS else text.strip()

    def get(*names: str) -> str | None:
        return next((value(name) for name in names if value(name)), None)

    return get


def _fields_from(kind: type[Part], variables: Mapping[str, str], prefix: str) -> Part:
    """A dataclass of settings, each field from the variable of its name."""
    get = _reader(variables)
    found = {one.name: get(prefix + one.name.upper()) for one in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in found.items() if value is not None})
