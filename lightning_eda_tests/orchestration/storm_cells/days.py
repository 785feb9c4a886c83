"""Days with storms in the database, and what the tests of storm cells ask of a run."""

import gzip
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import dagster as dg
import numpy as np

from lightning_eda.definitions import build_definitions
from lightning_eda.partitions import RANGE_TAGS

DAY = "2024-07-01"
START = datetime(2024, 7, 1)
GROUP = "storm_cells"
STORMS = ((10.0, -130.0, 40), (10.5, -130.0, 30), (-12.0, 179.98, 25))  # the third on the antimeridian


def storms_of_day(satellite: str = "G18", day: datetime = START, seed: int = 1) -> list[dict]:
    """Flashes of three storms within half an hour, and ten far from everything."""
    random = np.random.default_rng(seed)
    rows = []
    for lat, lon, count in STORMS:
        for second in np.sort(random.uniform(0, 1800, count)):
            north, east = random.normal(0, 0.02, 2)
            rows.append(flash(satellite, day, second, lat + north, lon + east))
    rows += [flash(satellite, day, 100.0 * k, -40.0 + 3 * k, -100.0) for k in range(10)]
    return [row | {"flash_id": number} for number, row in enumerate(rows)]


def flash(satellite: str, day: datetime, second: float, lat: float, lon: float) -> dict:
    moment = day + timedelta(microseconds=round(second * 1e6))
    granule = day + timedelta(seconds=second // 20 * 20)
    return {
        "satellite": satellite, "granule_start": granule, "flash_time_of_first_event": moment,
        "flash_time_of_last_event": moment, "flash_lat": lat, "flash_lon": (lon + 180.0) % 360.0 - 180.0,
    }  # fmt: skip


def metadata(result, asset, number=0):
    """The metadata of one materialization."""
    materialization = result.asset_materializations_for_node(asset)[number]
    return {name: value.value for name, value in materialization.metadata.items()}


def failure(result) -> str:
    (found,) = failures(result)
    return found


def failures(result) -> list[str]:
    """What each step that failed by itself says."""
    data = [event.step_failure_data.user_failure_data for event in result.get_step_failure_events()]
    return [one.description for one in data if one]


def config(**ops):
    return {"ops": {name: {"config": values} for name, values in ops.items()}}


def pairs_path(tmp_path: Path, day: str = DAY) -> Path:
    return tmp_path / "data" / "bucket" / "flash_pairs" / f"day={day}" / "flash_pairs.csv.gz"


def clusters_of(path: Path) -> dict[str, int]:
    header, *lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert header == "cluster,key"
    return {item: int(cluster) for cluster, item in (line.split(",") for line in lines)}


defined = lru_cache(4)(build_definitions)
"""One code location serves many runs, and building it takes a tenth of a small one."""


def range_tags(key: str | tuple[str, str] | None) -> dict[str, str]:
    """The tags of a run of a range of partitions; none for another run."""
    return dict(zip(RANGE_TAGS, key, strict=True)) if isinstance(key, tuple) else {}


def only(*names: str):
    """Picks assets of the group, to be run by themselves."""

    def materialize(settings, key=DAY, run_config=None, instance=None):
        definitions = defined(settings)
        chosen = [asset for asset in definitions.assets if asset.key.to_user_string() in names]
        return dg.materialize(
            chosen,
            resources=dict(definitions.resources),
            partition_key=key if isinstance(key, str) else None,
            tags=range_tags(key),
            run_config=run_config,
            raise_on_error=False,
            instance=instance,
        )

    return materialize
