"""The outside world as Dagster resources: thin shells that hold settings and build the plain objects.

Each default comes from the environment (`settings`), each field can be set for one run in the launchpad.

lightning   granules, the pin, the data folder
warehouse   the database
lake        where hours are read from, and the cluster that makes them
distances   distance clustering and storm cells
tables      the S3 tables
aws         fields that resources with a bucket share
variables   settings as fields
"""

import dagster as dg

from lightning_eda.resources.distances import DistancesResource
from lightning_eda.resources.lake import DaskResource, LakeResource
from lightning_eda.resources.lightning import DataFolderResource, GlmResource, PinResource
from lightning_eda.resources.tables import CSV_FIELDS, TablesResource
from lightning_eda.resources.variables import of_following, of_settings
from lightning_eda.resources.warehouse import WarehouseResource
from lightning_eda.settings import Settings

__all__ = [
    "DaskResource",
    "DataFolderResource",
    "DistancesResource",
    "GlmResource",
    "LakeResource",
    "PinResource",
    "TablesResource",
    "WarehouseResource",
    "build_resources",
]


def build_resources(settings: Settings) -> dict[str, dg.ConfigurableResource]:  # type: ignore[type-arg]
    """The resources with the settings as defaults, by the names the assets use."""
    return {
        "glm": of_settings(GlmResource, settings),
        "pin": of_settings(PinResource, settings),
        "folders": of_settings(DataFolderResource, settings),
        "lake": of_settings(LakeResource, settings),
        "dask": of_settings(DaskResource, settings),
        "warehouse": of_settings(WarehouseResource, settings),
        "distances": of_following(DistancesResource, settings, settings.distances, {}),
        "tables": of_following(TablesResource, settings, settings.csv, CSV_FIELDS),
    }
