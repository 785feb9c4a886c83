"""GLM granules of an hour, fetched from S3 and verified.

Lists the hour's prefix in the bucket (or in the folder that stands in for it) and brings the extract folder
up to date: a granule's length, MD5 and HDF5 signature are checked before it gets its name, what is already
there is not fetched again, and of two files of one satellite and start the newest counts. An hour without
granules is a result, not an error. With DASK_SCHEDULER it only lists: the workers fetch. Feeds `transform`.
"""

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from lightning_eda.assets.catalog import LIGHTNING, OWNERS, about
from lightning_eda.assets.ingestor.noaa_granules import NOAA_GRANULES
from lightning_eda.checks.lightning import HOUR_IS_COMPLETE, check_hour_is_complete
from lightning_eda.glm.names import hour_prefix
from lightning_eda.glm.origin import source_text
from lightning_eda.glm.paths import HourFolders
from lightning_eda.partitions import hourly, one_run, partition_key, run_window
from lightning_eda.reporting import PartitionReport, Progress, file_link, report_partitions, retried_failures
from lightning_eda.resources import DaskResource, DataFolderResource, GlmResource, LakeResource, PinResource
from lightning_eda.texts import named

if TYPE_CHECKING:
    from lightning_eda.glm.extract.record import Extraction
    from lightning_eda.storage.object_store import ObjectStore

GAPS_NAMED = 12


@dg.asset(
    group_name="ingestor",
    code_version="1",
    description=__doc__,
    owners=OWNERS,
    tags=LIGHTNING,
    metadata=about(),
    partitions_def=hourly,
    backfill_policy=one_run,
    kinds={"s3", "netcdf"},
    deps=[NOAA_GRANULES],
    check_specs=[HOUR_IS_COMPLETE],
)
def extract(
    context: dg.AssetExecutionContext,
    glm: GlmResource,
    pin: PinResource,
    folders: DataFolderResource,
    lake: LakeResource,
    dask: DaskResource,
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """See the module."""
    from lightning_eda.glm.extract.source import fetch_hour, list_hour

    with retried_failures(context):
        window = run_window(context, pin.pin())
        store = glm.store()
        _require_later_settings(glm, lake, dask)
        context.log.info(f"granules of {window} from {store.describe()}")
        extractions, reports = [], []
        for hour in window.hours():
            begin = time.monotonic()
            place = HourFolders(folders.folder(), glm.bucket_name(), hour)
            if dask.is_set():
                extraction = list_hour(store, place, glm.product_prefix())
            else:
                progress = Progress(context, f"{hour:%Y-%m-%dT%HZ}")
                extraction = fetch_hour(store, place, glm.product_prefix(), glm.concurrency, progress)
            extractions.append(extraction)
            for doubt in _doubts(extraction, glm, store):
                context.log.warning(doubt)
            reports.append(_report(extraction, time.monotonic() - begin))
    complete = check_hour_is_complete(extractions, bool(glm.archive_dir))
    return report_partitions(context, reports, [complete])


def _require_later_settings(glm: GlmResource, lake: LakeResource, dask: DaskResource) -> None:
    """SettingError or LakeError for what `transform` and `load` would refuse when all is fetched."""
    glm.tier_names()
    if lake.is_set() or dask.is_set():
        from lightning_eda.storage.delta.log import require_deltalake

        lake.lake()
        require_deltalake()


def _doubts(extraction: "Extraction", glm: GlmResource, store: "ObjectStore") -> Iterator[str]:
    """What the log should warn of."""
    hour = extraction.folders.hour
    if not extraction.source_known:
        yield (
            f"nothing of the product is in {store.describe()}: is it the right place? What is loaded of "
            "this hour stays"
        )
    elif not extraction.found:
        yield f"no granule under {store.url(hour_prefix(hour, glm.product_prefix()))}"
    elif doubt := glm.bucket_doubt(extraction.satellites):
        yield doubt


def _report(extraction: "Extraction", seconds: float) -> PartitionReport:
    return PartitionReport(
        partition_key(extraction.folders.hour),
        {
            "granules_found": extraction.found,
            "granules_expected": extraction.expected,
            "granules_fetched": extraction.fetched,
            "granules_already_there": extraction.already_there,
            "granules_superseded": extraction.superseded,
            "granules_vanished": extraction.vanished,
            "objects_unrecognised": extraction.unrecognised,
            "size_bytes": extraction.size_bytes,
            "fetched_bytes": extraction.bytes_fetched,
            "requests": extraction.requests,
            "seconds": round(seconds, 3),
        },
        {
            "source": source_text(extraction.store, extraction.folders.extract),
            "satellites": ", ".join(extraction.satellites) or "none",
            "gaps": _gap_text(extraction.gaps, extraction.found),
            "folder": file_link(Path(extraction.folders.extract)),
        },
    )


def _gap_text(gaps: tuple[datetime, ...], found: int) -> str:
    """The starts of missing granules, the first few by name."""
    return named([f"{gap:%H:%M:%S}" for gap in gaps], GAPS_NAMED, ", ") if found else "the whole hour"
