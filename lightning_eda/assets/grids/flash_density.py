"""Lightning density of an hour by minute, on the 2 km grid of the satellite's imager.

Flash and group extent density, average and minimum flash area, and total energy of each cell of the full
disk that saw lightning, as in the gridded GLM product that forecasters look at. The pixels of the sensor are
learned from the granules of the hour. It decodes the granules that `extract` left by itself, so it needs no
tier to be loaded; with DASK_SCHEDULER `extract` leaves none, and it fetches them. One Parquet file a
satellite; sums of 5 minutes or the hour where the run's config asks.
"""

import time
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from lightning_eda.assets.catalog import LIGHTNING, OWNERS, about
from lightning_eda.assets.grids.gridding import density_pictures, grid_hour, numbers, warnings
from lightning_eda.assets.ingestor.extract import extract
from lightning_eda.checks.grids import (
    ENERGY_IS_CONSERVED,
    NO_GRANULE_REFUSED,
    PIXEL_SIZES_ARE_LEARNED,
    check_energy_is_conserved,
    check_granules,
    check_pixel_sizes,
)
from lightning_eda.glm.origin import source_text
from lightning_eda.glm.paths import HourFolders
from lightning_eda.partitions import hourly, one_run, partition_key, run_window
from lightning_eda.reporting import (
    PartitionReport,
    RunConfig,
    file_link,
    picture,
    report_partitions,
    retried_failures,
)
from lightning_eda.resources import DaskResource, DataFolderResource, GlmResource, PinResource
from lightning_eda.series.files import FLASH_DENSITY

if TYPE_CHECKING:
    from lightning_eda.glm.extract.record import Extraction
    from lightning_eda.grids.hour import HourGrids


class FlashDensityConfig(RunConfig):
    """Which sums."""

    five_minutes: bool = Field(False, description="Sums of 5 minutes too, in <satellite>_5min.parquet.")
    whole_hour: bool = Field(False, description="The sum of the hour too, in <satellite>_60min.parquet.")

    def sums(self) -> tuple[int, ...]:
        """The steps in minutes."""
        return (5,) * self.five_minutes + (60,) * self.whole_hour


@dg.asset(
    group_name="grids",
    description=__doc__,
    owners=OWNERS,
    tags=LIGHTNING,
    metadata=about(FLASH_DENSITY),
    code_version="3",
    partitions_def=hourly,
    backfill_policy=one_run,
    kinds={"python", "parquet"},
    deps=[extract],
    check_specs=[ENERGY_IS_CONSERVED, NO_GRANULE_REFUSED, PIXEL_SIZES_ARE_LEARNED],
)
def flash_density(
    context: dg.AssetExecutionContext,
    config: FlashDensityConfig,
    glm: GlmResource,
    pin: PinResource,
    folders: DataFolderResource,
    dask: DaskResource,
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """See the module."""
    from lightning_eda.glm.transform.decoder import Decoder

    all_grids, reports = [], []
    with retried_failures(context), Decoder() as decoder:
        from lightning_eda.glm.extract.record import read_extraction
        from lightning_eda.glm.extract.source import fetch_hour

        for hour in run_window(context, pin.pin()).hours():
            begin = time.monotonic()
            place = HourFolders(folders.folder(), glm.bucket_name(), hour)
            if dask.is_set():
                extraction = fetch_hour(glm.store(), place, glm.product_prefix(), glm.concurrency)
            else:
                extraction = read_extraction(place)
            grids = grid_hour(extraction, decoder, glm.own_satellites(), config.sums())
            for warning in warnings(grids):
                context.log.warning(warning)
            all_grids.append(grids)
            reports.append(_report(extraction, grids, begin))
    checks = [check(all_grids) for check in (check_energy_is_conserved, check_granules, check_pixel_sizes)]
    return report_partitions(context, reports, checks)


def _report(extraction: "Extraction", grids: "HourGrids", begin: float) -> PartitionReport:
    pictures = density_pictures(extraction.folders.data_dir, grids.hour, grids.densities)
    slots = {satellite: density.slot or "no event" for satellite, density in grids.densities.items()}
    return PartitionReport(
        partition_key(grids.hour),
        {**numbers(grids), "seconds": round(time.monotonic() - begin, 3)},
        {
            "source": source_text(extraction.store, extraction.folders.extract),
            "slots": ", ".join(f"{satellite}: {slot}" for satellite, slot in slots.items()) or "none",
            **{f"map_{satellite}": picture(png, words) for satellite, (png, words) in pictures.items()},
            **{f"file_{path.stem}": file_link(path) for path in grids.files},
        },
    )
