"""One simulated hour, from storms to files."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from lightning_eda.errors import SettingError
from lightning_eda.glm.names import GRANULE_S, GRANULES_PER_HOUR, GranuleName
from lightning_eda.glm.windows import floor_hour
from lightning_eda.simulator.eras import Era, Satellite, find_era, find_satellite
from lightning_eda.simulator.faults.faults import faults_by_granule, spoil_draft, spoil_image
from lightning_eda.simulator.faults.planting import RESERVED_ID
from lightning_eda.simulator.granule.draft import Draft, pack_columns
from lightning_eda.simulator.granule.flashes import ID_SPAN, draw_groups, find_shape
from lightning_eda.simulator.granule.granules import Cut, granule_columns, shuffle_blocks
from lightning_eda.simulator.granule.template import tier_variables
from lightning_eda.simulator.granule.writer import granule_image, write_image
from lightning_eda.simulator.sky.storms import (
    EPOCH,
    draw_flashes,
    generator,
    hours_since_epoch,
    storms_of_hour,
)

LEAD_S = 5.0  # flashes that begin before the hour and close in it
SHUFFLED_SHARE = 0.4  # of granules have groups in another order than flashes
SPLIT_LEAD_S = 0.24  # 101 frames take 0.2 s
REISSUED_AFTER = timedelta(seconds=30)


@dataclass(frozen=True)
class Activity:
    """How much lightning there is.

    Attributes:
        flashes_per_granule: Mean number of flashes in 20 s; None: what is usual for the satellite.
        groups_per_flash: Mean, after flashes were cut at 101 groups.
        events_per_group: Mean.
    """

    flashes_per_granule: float | None = None
    groups_per_flash: float = 20.2
    events_per_group: float = 2.51


MOST_FLASHES = 10_000  # in 20 s; a peak hour has 278
EAST_PEAK = Activity(flashes_per_granule=278.0, groups_per_flash=26.0, events_per_group=2.77)


def simulate_hour(
    folder: str | Path,
    satellite: str,
    hour: datetime,
    seed: int,
    *,
    era: str = "current",
    activity: Activity | None = None,
    granules: int = GRANULES_PER_HOUR,
    faults: Iterable[tuple[str, int]] = (),
) -> list[Path]:
    """Writes one hour of simulated granules under the bucket's layout.

    The same arguments make the same bytes, wherever netCDF, HDF5 and numpy are of the same versions. Files in
    the folder stay, unless they have the name of a new one.

    Args:
        folder: Stands in for the bucket; granules go to `<folder>/GLM-L2-LCFA/YYYY/DDD/HH/`.
        satellite: "G16" to "G19".
        hour: Start of the hour; without a zone it is UTC.
        seed: Decides all chance; hours of one seed share their storms.
        era: "current", "do07" (2018-10: times lack `_Unsigned`) or "milliseconds" (before).
        activity: How much lightning; None is what is usual for the satellite.
        granules: How many to write, from the start of the hour.
        faults: Pairs of a fault's name (see `FAULTS`) and the granule it goes into, counted from 0.

    Returns:
        The files written, in name order.

    Raises:
        SettingError: An argument is not allowed.
    """
    format_, hour = find_era(era), _checked_hour(hour)
    platform = find_satellite(satellite, format_)
    if not 1 <= granules <= GRANULES_PER_HOUR:
        raise SettingError("granules", granules, f"a whole number from 1 to {GRANULES_PER_HOUR}")
    activity = _checked_activity(activity or Activity())
    plan = faults_by_granule(faults, granules, platform)
    cut = cut_hour(platform, hour, seed, format_, activity, _split_times(plan))
    paths: list[Path] = []
    for granule, rows in enumerate(cut.by_granule(granules)):
        rng = generator(seed, platform, 3, hours_since_epoch(hour), granule)
        draft = _draft(rng, cut, rows, hour, granule, format_)
        paths += _write(rng, draft, Path(folder), plan.get(granule, []))
    return sorted(paths)


def _checked_activity(activity: Activity) -> Activity:
    """The activity; SettingError when its flashes are no number, or so many that none could be written."""
    flashes = activity.flashes_per_granule
    if flashes is not None and not 0 <= flashes <= MOST_FLASHES:
        raise SettingError("flashes", flashes, f"a number from 0 to {MOST_FLASHES:,}")
    return activity


def _checked_hour(hour: datetime) -> datetime:
    """The hour in UTC; SettingError when it is not on the hour or before the archive."""
    if hour.tzinfo is None:
        hour = hour.replace(tzinfo=UTC)  # as everywhere here, and as on the command line
    if hour != floor_hour(hour) or hour < EPOCH:
        raise SettingError("hour", hour.isoformat(), "a full hour since 2018")
    return floor_hour(hour)


def _split_times(plan: dict[int, list[str]]) -> list[float]:
    """When the flashes to be cut just before the end of a granule begin, seconds from the hour's start."""
    return [GRANULE_S * (granule + 1) - SPLIT_LEAD_S for granule in plan if "split_flash" in plan[granule]]


def cut_hour(
    satellite: Satellite,
    hour: datetime,
    seed: int,
    era: Era,
    activity: Activity,
    split_times: Sequence[float] = (),
) -> Cut:
    """Draws the flashes and groups of an hour, ready to be cut into granules."""
    per_granule = activity.flashes_per_granule
    if per_granule is None:
        per_granule = satellite.flashes_per_granule
    shape = find_shape(activity.groups_per_flash, activity.events_per_group)
    wanted = per_granule * GRANULES_PER_HOUR
    storms = storms_of_hour(seed, satellite, hour, wanted)
    rng = generator(seed, satellite, 4, hours_since_epoch(hour))
    mean = wanted / shape.flashes_per_draw * (1 + LEAD_S / 3600)
    drawn = draw_flashes(rng, storms, mean, -LEAD_S, 3600.0)
    strongest = int(np.argmax(storms.weight))
    split = {
        "time": np.array(split_times, "f8"),
        "x": np.full(len(split_times), storms.x[strongest]),
        "y": np.full(len(split_times), storms.y[strongest]),
    }
    drawn = {name: np.concatenate([drawn[name], split[name]]) for name in drawn}
    drawn["n_groups"] = np.r_[
        np.zeros(len(drawn["time"]) - len(split_times), int), np.full(len(split_times), 140)
    ]
    flashes, groups = draw_groups(rng, drawn, shape)
    index = hours_since_epoch(hour)
    first_ids = {tier: (index * span) % (RESERVED_ID - span) for tier, span in ID_SPAN.items()}
    return Cut(flashes, groups, satellite, first_ids, source_times=era.frame_times)


def _draft(
    rng: np.random.Generator, cut: Cut, rows: np.ndarray, hour: datetime, granule: int, era: Era
) -> Draft:
    """One granule without faults."""
    columns = granule_columns(rng, cut, rows, granule)
    if not columns:
        columns = {variable.name: np.zeros(0) for variable in tier_variables(era, cut.satellite, "")}
    elif rng.random() < SHUFFLED_SHARE:
        columns = shuffle_blocks(rng, columns)
    start = hour + timedelta(seconds=GRANULE_S * granule)
    end = start + timedelta(seconds=GRANULE_S)
    created = end + timedelta(milliseconds=100 * int(10 + rng.gamma(4.0, 1.6)))
    draft = Draft(
        GranuleName(cut.satellite.name, start, end, created), era, cut.satellite,
        pack_columns(columns, era, cut.satellite), identity=rng.bytes(16),
    )  # fmt: skip
    draft.count_rows()
    return draft


def _write(rng: np.random.Generator, draft: Draft, folder: Path, faults: list[str]) -> list[Path]:
    """Writes a granule with its faults; a re-issued one makes two files."""
    spoil_draft(draft, faults, rng)
    if "missing" in faults:
        return []
    paths = []
    if "reissued" in faults:
        first = first_issue(draft)
        paths.append(write_image(granule_image(first), folder, first.name))
        draft.name = replace(draft.name, created=draft.name.created + REISSUED_AFTER)
    paths.append(write_image(spoil_image(granule_image(draft), faults, rng), folder, draft.name))
    return paths


def first_issue(draft: Draft) -> Draft:
    """A copy of a granule that lacks its last flash and has another id."""
    copy = replace(
        draft, columns=dict(draft.columns), counts=dict(draft.counts), identity=draft.identity[::-1]
    )
    copy.keep_flashes(np.arange(copy.rows("flash")) < copy.rows("flash") - 1)
    return copy
