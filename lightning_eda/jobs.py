"""The jobs: what schedules, sensors and people launch as one, and the variables each cannot do without."""

from datetime import timedelta
from typing import Final

import dagster as dg

from lightning_eda.settings import CsvSettings, DistanceSettings

# The schedule of the job `storms`, and when it asks for a day: so long after the day has ended, UTC.
DAILY_STORMS: Final = "daily_storms"
STORMS_AT: Final = timedelta(hours=7, minutes=30)

ingest = dg.define_asset_job(
    "ingest",
    selection="group:ingestor",
    description="Fetches, decodes and loads the granules of an hour, or of a range of hours in one run.",
)
lightning = dg.define_asset_job(
    "lightning",
    selection="group:ingestor or group:grids or group:clustering or group:evaluators or group:maps",
    description="Everything an hour gets: from its granules to density, clusters, their scores and the map.",
)
storms = dg.define_asset_job(
    "storms",
    selection="group:storm_cells",
    description="Finds the storm cells, tracks and lightning jumps of a day that is loaded, and draws them.",
)
cluster_distances = dg.define_asset_job(
    "cluster_distances",
    selection="key:distance_matrix or key:dbscan_clusters",
    description="Reads the distances of a day and writes its clusters.",
)
load_table = dg.define_asset_job(
    "load_table",
    selection="key:parquet_table",
    description="Replaces a day of the S3 dataset by the latest matching CSV.",
)

jobs = [ingest, lightning, storms, cluster_distances, load_table]


def distance_variables_missing(settings: DistanceSettings) -> list[str]:
    """The variables without which no distances can be clustered."""
    needed = {
        "BUCKET": settings.bucket,
        "INPUT_FOLDER": settings.input_folder,
        "OUTPUT_FOLDER": settings.output_folder,
    }
    return [variable for variable, value in needed.items() if not value]


def table_variables_missing(settings: CsvSettings) -> list[str]:
    """The variables without which no CSV can be loaded; without a Glue table the dataset alone is written."""
    needed = {
        "CSV_BUCKET_SRC": settings.bucket_src,
        "CSV_PREFIX": settings.prefix,
        "CSV_PATHOUTPUT": settings.pathoutput,
        "CSV_BUCKET_DSTN": settings.bucket_dstn or (settings.pathoutput or "").startswith("s3://"),
    }
    return [variable for variable, value in needed.items() if not value]


def not_set(missing: list[str]) -> dg.SkipReason:
    """Why a tick asks for nothing when variables are missing."""
    verb = "is" if len(missing) == 1 else "are"
    them = "it" if len(missing) == 1 else "them"
    return dg.SkipReason(f"{', '.join(missing)} {verb} not set: set {them} and restart Dagster")
