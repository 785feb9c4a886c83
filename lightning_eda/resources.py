"""The outside world as Dagster resources: thin shells that hold settings and build the plain objects.

Each default comes from the environment (`settings`), each field can be set for one run in the launchpad.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import dagster as dg
from pydantic import Field, TypeAdapter, ValidationError, create_model

from lightning_eda.errors import SettingError
from lightning_eda.glm.names import PRODUCT, satellite_of_bucket
from lightning_eda.glm.windows import Pin
from lightning_eda.settings import (
    CsvSettings,
    DistanceSettings,
    Settings,
    parse_flag,
    parse_required,
    parse_tiers,
)
from lightning_eda.storage.object_store import ObjectStore

Part = TypeVar("Part", DistanceSettings, CsvSettings)
Resource = TypeVar("Resource", bound=dg.ConfigurableResource)  # type: ignore[type-arg]
DEFAULT_CONCURRENCY = 16
CSV_FIELDS = {"schema": "schema_names"}  # pydantic's models have a method `schema`


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
    region: str = Field("us-east-1", description="AWS_REGION.")
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
        from lightning_eda.storage.s3 import S3Store

        return S3Store(
            self.bucket,
            signed=parse_flag(self.signed, "GLM_SIGNED"),
            endpoint_url=self.endpoint_url,
            region=self.region,
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
    """The folder that holds extract/, transform/ and quarantine/."""

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


class DistancesResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Where distances come from, where clusters go, how to cluster; null in a field follows its variable."""

    variables: ClassVar[DistanceSettings] = DistanceSettings()
    endpoint_url: str | None = Field(None, description="AWS_ENDPOINT_URL_S3: another S3 server.")
    region: str = Field("us-east-1", description="AWS_REGION.")
    bucket: str | None = Field(
        None, description="BUCKET; a text with a slash, such as ./data/bucket, is a local folder."
    )
    input_folder: str | None = Field(None, description="INPUT_FOLDER: holds day=YYYY-MM-DD/*.csv.gz.")
    output_folder: str | None = Field(None, description="OUTPUT_FOLDER: gets day=YYYY-MM-DD/clusters.csv.gz.")
    convert_key_to_int: bool | None = Field(
        None, description="CONVERT_KEY_TO_INT: items are 64-bit integers; else text, so that 007 stays 007."
    )
    max_records: int | None = Field(None, description="MAX_RECORDS: most rows of a day; 0 reads all.")
    epsilon: float | None = Field(
        None, description="EPSILON: largest distance of neighbours, in the unit of the distances."
    )
    min_samples: int | None = Field(
        None, description="MIN_SAMPLES: neighbours of a core point, itself included."
    )
    algorithm: str | None = Field(None, description="ALGORITHM: DBSCAN, OPTICS or HDBSCAN.")
    hyper_params: str | None = Field(
        None, description="HYPER_PARAMS: a JSON object; wins over EPSILON and MIN_SAMPLES."
    )
    flash_pairs_folder: str | None = Field(
        None, description="FLASH_PAIRS_FOLDER: gets the pairs of flashes, in the format of INPUT_FOLDER."
    )
    storm_cells_folder: str | None = Field(
        None, description="STORM_CELLS_FOLDER: gets the clusters of flashes."
    )

    def settings(self) -> DistanceSettings:
        """The settings as texts, unchecked: a field that is left out follows its variable."""
        return _settings_of(self, self.variables, {})

    def store(self) -> ObjectStore:
        """The bucket, or the folder that stands in for it; SettingError when BUCKET is not set."""
        bucket = parse_required(self.settings().bucket, "BUCKET", "the name of a bucket, or a folder")
        return open_store(bucket, "BUCKET", self.endpoint_url, self.region)

    def storm_store(self, data_folder: Path) -> ObjectStore:
        """The bucket of the storm cells: BUCKET, or the folder `bucket` in the data folder."""
        bucket = self.settings().bucket or f"{data_folder}/bucket"
        return open_store(bucket, "BUCKET", self.endpoint_url, self.region)


class TablesResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Which CSV becomes a partition of which dataset; null in a field follows its variable."""

    variables: ClassVar[CsvSettings] = CsvSettings()
    endpoint_url: str | None = Field(None, description="AWS_ENDPOINT_URL_S3: another S3 server.")
    glue_endpoint_url: str | None = Field(None, description="AWS_ENDPOINT_URL_GLUE: another Glue server.")
    region: str = Field("us-east-1", description="AWS_REGION.")
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
        return _settings_of(self, self.variables, CSV_FIELDS)

    def source(self) -> ObjectStore:
        """The bucket of the CSVs; SettingError when CSV_BUCKET_SRC is not set."""
        bucket = parse_required(self.settings().bucket_src, "CSV_BUCKET_SRC", "the name of a bucket")
        return open_store(bucket, "CSV_BUCKET_SRC", self.endpoint_url, self.region)


def open_store(bucket: str, setting: str, endpoint_url: str | None, region: str) -> ObjectStore:
    """A bucket with the usual credentials; a local folder when the text has a slash in it."""
    if "/" in bucket:
        from lightning_eda.storage.folder import FolderStore

        return FolderStore(Path(bucket).expanduser().absolute(), setting=setting)
    from lightning_eda.storage.s3 import S3Store

    return S3Store(bucket, signed=True, endpoint_url=endpoint_url, region=region, setting=setting)


def build_resources(settings: Settings) -> dict[str, dg.ConfigurableResource]:  # type: ignore[type-arg]
    """The resources with the settings as defaults, by the names the assets use."""
    server = {"endpoint_url": settings.s3_endpoint_url, "region": settings.aws_region}
    glue = {"glue_endpoint_url": settings.glue_endpoint_url}
    return {
        "glm": _with_defaults(
            GlmResource,
            bucket=settings.bucket,
            product=settings.product,
            archive_dir=settings.archive_dir,
            signed=settings.signed,
            tiers=settings.tiers,
            **server,
        ),
        "pin": _with_defaults(
            PinResource, year=settings.goes_year, doy=settings.goes_doy, hour=settings.goes_hour
        ),
        "folders": _with_defaults(DataFolderResource, path=settings.data_dir),
        "warehouse": _with_defaults(WarehouseResource, path=settings.duckdb_path),
        "distances": _following(DistancesResource, settings.distances, {}, **server),
        "tables": _following(TablesResource, settings.csv, CSV_FIELDS, **server, **glue),
    }


def _following(
    kind: type[Resource],
    variables: DistanceSettings | CsvSettings,
    names: Mapping[str, str],
    **values: str | None,
) -> Resource:
    """A resource whose fields have the variables as defaults.

    A number that is none must fail the run that needs it, not the code location: its field has no default
    then, and the variable's text is kept beside the fields for the run to report.
    """
    for field in fields(variables):
        name = names.get(field.name, field.name)
        annotation: Any = kind.model_fields[name].annotation
        try:
            default = TypeAdapter(annotation).validate_python(getattr(variables, field.name))
        except ValidationError:
            default = None
        values[name] = default
    resource = _with_defaults(kind, **values)
    type(resource).variables = variables  # type: ignore[attr-defined]
    return resource


def _settings_of(
    resource: dg.ConfigurableResource,  # type: ignore[type-arg]
    variables: Part,
    names: Mapping[str, str],
) -> Part:
    """The settings with the resource's fields laid over the variables, as texts."""
    named = {field.name: names.get(field.name, field.name) for field in fields(variables)}
    given = {name: getattr(resource, field) for name, field in named.items()}
    return replace(variables, **{name: str(value) for name, value in given.items() if value is not None})


def _with_defaults(kind: type[Resource], **values: str | None) -> Resource:
    """A resource whose fields have these defaults.

    They are defaults of a class of its own: of an instance's values, Dagster forgets all that a run's config
    does not name, so setting one field in the launchpad would set the others back.
    """
    fields: dict[str, Any] = {
        name: (info.annotation, Field(values[name], description=info.description))
        for name, info in kind.model_fields.items()
        if name in values
    }
    return create_model(kind.__name__, __base__=kind, __doc__=kind.__doc__, **fields)()
