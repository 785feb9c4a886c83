"""GLM granules as NOAA publishes them: one file of 20 s, about half a minute after its end.

Nothing here makes them: this names the bucket (or the folder that stands in for it) that `extract` reads.
Keys are `GLM-L2-LCFA/YYYY/DDD/HH/OR_GLM-L2-LCFA_...nc`, by the UTC hour the granule starts in.
"""

import dagster as dg

from lightning_eda.assets.catalog import LIGHTNING, OWNERS, about
from lightning_eda.settings import Settings

NOAA_GRANULES = dg.AssetKey("noaa_granules")


def noaa_granules(settings: Settings) -> dg.AssetsDefinition:
    """The external asset before `extract`, with the place these settings name."""
    place = settings.archive_dir or f"s3://{settings.bucket}"
    spec = dg.AssetSpec(
        NOAA_GRANULES,
        group_name="ingestor",
        description=__doc__,
        owners=OWNERS,
        tags=LIGHTNING,
        kinds={"s3", "netcdf"},
        metadata={**about(), "place": f"{place}/{settings.product}/"},
    )
    return dg.AssetsDefinition(specs=[spec])
