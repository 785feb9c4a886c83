"""One granule with chosen values, for tests and for trying a decoder."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypedDict, Unpack

import numpy as np

from lightning_eda.errors import SettingError
from lightning_eda.glm.names import GRANULE_S, GranuleName
from lightning_eda.simulator.eras import find_era, find_satellite
from lightning_eda.simulator.faults.faults import FAULTS, check_faults, spoil_draft, spoil_image
from lightning_eda.simulator.granule.completion import Rows, complete
from lightning_eda.simulator.granule.draft import Draft, pack_columns, signed
from lightning_eda.simulator.granule.writer import granule_image, write_image
from lightning_eda.simulator.sky.storms import generator

START = datetime(2024, 7, 1, 20, tzinfo=UTC)
CREATED_AFTER = timedelta(seconds=1.6)
ONE_FILE_FAULTS = tuple(name for name, kind in FAULTS.items() if kind.draft or kind.damage)


class Content(TypedDict, total=False):
    """What a granule of `write_granule` is to hold; all of it may be left out.

    Columns go by NOAA's names, of which the leading tier may be left out: `lat` of flashes is `flash_lat`.
    They are in physical values: degrees, joules, m2, seconds from the granule's start. One value
    stands for all rows.

    Attributes:
        satellite: "G16" to "G19"; "G18" when left out.
        start: Nominal start, aware UTC; 2024-07-01 20:00:00.
        end: Nominal end; start + 20 s.
        created: When the file is said to be made; end + 1.6 s.
        era: "current", "do07" or "milliseconds"; "current".
        flashes: Columns such as lat, lon, energy, area, id, quality_flag, time_offset_of_first_event.
        groups: Columns; parent_flash_id says where each belongs.
        events: Columns; parent_group_id says where each belongs, lon may run on past -180.
        raw: Packed columns by full name, as signed or unsigned integers; they replace what was packed and may
            hold any values and have any length, e.g. {"event_energy": [65535, 3]}.
        counts: What the scalars say of "event", "group" and "flash", when that is not the number of rows.
        faults: Names of `FAULTS`, but for "missing", "reissued" and "split_flash".
        seed: Chance used by faults; 0.
    """

    satellite: str
    start: datetime
    end: datetime
    created: datetime
    era: str
    flashes: Rows
    groups: Rows
    events: Rows
    raw: Rows
    counts: Mapping[str, int]
    faults: Iterable[str]
    seed: int


def write_granule(folder: str | Path, **content: Unpack[Content]) -> Path:
    """Writes a granule that holds what is given, and what makes a sound tree of it where nothing is.

    With no rows at all the granule is empty. Given only flashes, each gets two groups of one event; given
    only events, each is a group and all are one flash. So this is a sound granule of two flashes:

        write_granule(folder, flashes={"lat": [10.0, 11.0], "lon": [-120.0, -121.0]})

    Args:
        folder: Stands in for the bucket: the file goes to `<folder>/GLM-L2-LCFA/YYYY/DDD/HH/<name>`.
        content: See `Content`.

    Returns:
        The path written.

    Raises:
        SettingError: A name, or the value of an argument, is not allowed.
    """
    image, name = granule_bytes(**content)
    return write_image(image, Path(folder), name)


def granule_bytes(**content: Unpack[Content]) -> tuple[bytes, GranuleName]:
    """The bytes and the name of the granule that `write_granule` would write."""
    faults = list(content.get("faults", ()))
    draft = draft_granule(**content)
    check_faults(faults, draft.satellite, ONE_FILE_FAULTS)
    rng = generator(content.get("seed", 0), draft.satellite, 5)
    spoil_draft(draft, faults, rng)
    return spoil_image(granule_image(draft), faults, rng), draft.name


def draft_granule(**content: Unpack[Content]) -> Draft:
    """The granule of `write_granule` before its faults, and before it is bytes."""
    era = find_era(content.get("era", "current"))
    satellite = find_satellite(content.get("satellite", "G18"), era)
    start = content.get("start", START)
    if start.tzinfo is None:
        raise SettingError(
            "start", start, "an aware datetime", "A naive one does not say in which time zone it is."
        )
    start = start.astimezone(UTC)
    end = content.get("end", start + timedelta(seconds=GRANULE_S))
    name = GranuleName(satellite.name, start, end, content.get("created", end + CREATED_AFTER))
    physical = complete(
        content.get("flashes"), content.get("groups"), content.get("events"), satellite.subpoint_lon
    )
    identity = hashlib.sha256(str(name).encode()).digest()[:16]
    draft = Draft(name, era, satellite, pack_columns(physical, era, satellite), identity=identity)
    for variable, values in content.get("raw", {}).items():
        if variable not in draft.columns:
            raise SettingError(f"raw {variable}", "no such variable", ", ".join(draft.columns))
        draft.columns[variable] = signed(np.asarray(values), draft.columns[variable].dtype.str)
    draft.count_rows()
    draft.counts |= content.get("counts", {})
    return draft
