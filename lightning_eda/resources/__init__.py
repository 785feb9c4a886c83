"""The outside world as Dagster resources: thin shells that hold settings and build the plain objects.

Each default comes from the environment (`settings`), each field can be set for one run in the launchpad.
"""

import dagster as dg

from lightning_eda.resources.distances import DistancesResource
from lightning_eda.resources.lightning import DataFolderResource, GlmResource, PinResource, WarehouseResource
from lightning_eda.resources.tables import CSV_FIELDS, TablesResource
from lightning_eda.resources.variables import following, with_defaults
from lightning_eda.settings import Settings

__all__ = [
    "DataFolderResource",
    "DistancesResource",
    "GlmResource",
    "PinResource",
    "TablesResource",
    "WarehouseResource",
    "build_resources",
]


def build_resources(settings: Settings) -> dict[str, dg.ConfigurableResource]:  # type: ignore[type-arg]
    """The resources with the settings as defaults, by the names the assets use."""
    server = {"endpoint_url": settings.s3_endpoint_url, "region": settings.aws_region}
    glue = {"glue_endpoint_url": settings.glue_endpoint_url}
    return {
        "glm": with_defaults(
            GlmResource,
            bucket=settings.bucket,
            product=settings.product,
            archive_dir=settings.archive_dir,
            signed=settings.signed,
            tiers=settings.tiers,
            **server,
        ),
        "pin": with_defaults(
            PinResource, year=settings.goes_year, doy=settings.goes_doy, hour=settings.goes_hour
        ),
        "folders": with_defaults(DataFolderResource, path=settings.data_dir),
        "warehouse": with_defaults(WarehouseResource, path=settings.duckdb_path),
        "distances": following(DistancesResource, settings.distances, {}, **server),
        "tables": following(TablesResource, settings.csv, CSV_FIELDS, **server, **glue),
    }
