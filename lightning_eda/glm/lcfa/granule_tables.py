"""Decoding GLM L2 LCFA granules: all three tiers, every era of the archive.

The accept rule runs before and while values are read: the name is a granule's, the platform is the name's,
the variables have the types, rank and layout of a granule and lie inside the file, units and scales are sane,
the epoch is the start in the name, ids are unique, every time is in [start - 5.01 s, end + 0.01 s] and every
coordinate on the globe. What breaks it raises GranuleError. A file that is readable but lost rows (orphans,
counts that disagree) is kept whole and marked "inconsistent".

Source: the facts were verified on real files of GOES-16 to GOES-19, 2018 to 2025.
"""

import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightning_eda.errors import GranuleError, GranuleNameError
from lightning_eda.glm.granule import TIER_SCHEMAS, TIME, Granule, GranuleHeader
from lightning_eda.glm.hdf5.image import DAMAGE_ERRORS, Hdf5Image
from lightning_eda.glm.lcfa.columns import array, degrees, derived_columns, key_columns
from lightning_eda.glm.lcfa.packing import EPOCH, TimePacking, microseconds
from lightning_eda.glm.lcfa.reader import Reader
from lightning_eda.glm.lcfa.tree import Tree, build_tree, check_unique
from lightning_eda.glm.lcfa.variables import TIER_VARIABLES, Kind, Variable
from lightning_eda.glm.names import GranuleName
from lightning_eda.series import TIERS

MAX_FILE_BYTES = 1 << 27  # 630,000 rows of every tier are 42 MB
LEAD_US = 5_010_000  # an event may be written up to 5 s after it happened
TAIL_US = 10_000
SUBPOINT_LON = (-150.0, -60.0)  # degrees east: East -75.2, West -137.2, test -89.5, spare -105
EPOCH_TOLERANCE_US = 100_000  # the name truncates to tenths of a second


def read_granule(
    source: str | Path | bytes, tiers: Sequence[str] = TIERS, name: str | None = None
) -> Granule:
    """The tables of one granule.

    Args:
        source: Path of the file, or its bytes.
        tiers: Which of "flash", "group" and "event" to decode; the others stay None (their ids are read all
            the same, for the numbers of children and the orphans).
        name: File name, where it is not that of the path; without one, bytes are named by their own
            `dataset_name` attribute.

    Raises:
        GranuleError: It is not a granule that can be trusted; the text names the file and the reason.
        ValueError: `tiers` holds an unknown tier.
    """
    if not set(tiers) <= set(TIERS):
        raise ValueError(f"tiers are {', '.join(TIERS)}; got {tiers!r}")
    if not isinstance(source, bytes):
        name = name or Path(source).name
    label = name or "the granule"
    try:
        content = source if isinstance(source, bytes) else _read_file(source)
        with Hdf5Image(content) as image, np.errstate(invalid="ignore"):  # damage may be a signalling NaN
            return _Decoder(image, GranuleName.parse(name or _own_name(image)), tiers).granule()
    except GranuleNameError:
        raise
    except GranuleError as error:
        raise GranuleError(f"{label}: {error}") from error
    except DAMAGE_ERRORS as error:
        raise GranuleError(f"{label}: the file is damaged: {error}") from error


def _read_file(path: str | Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY)
        try:
            size = os.fstat(handle).st_size
            if size > MAX_FILE_BYTES:
                raise GranuleError(f"{size:,} bytes is more than any granule has ({MAX_FILE_BYTES:,})")
            return os.read(handle, size)
        finally:
            os.close(handle)
    except OSError as error:
        raise GranuleError(f"it cannot be read: {error.strerror}") from error


def _own_name(image: Hdf5Image) -> str:
    name = image.text("dataset_name")
    if name is None:
        raise GranuleError("no file name was given, and it has no attribute dataset_name")
    return name


class _Decoder:
    """One pass over one image; holds what the tiers share."""

    def __init__(self, image: Hdf5Image, name: GranuleName, tiers: Sequence[str]) -> None:
        self.name = name
        self.reader = Reader(image, self.name.start)
        self.tiers = tiers
        self.era: str | None = None
        self.start_us = microseconds(self.name.start)
        self.end_us = microseconds(self.name.end)

    def granule(self) -> Granule:
        ids = {tier: self._read_ids(tier) for tier in TIERS}
        rows = {tier: len(next(iter(ids[tier].values()))) for tier in TIERS}
        self._check_platform(sum(rows.values()))
        tree = build_tree(
            ids["flash"]["flash_id"],
            ids["group"]["group_id"],
            ids["group"]["flash_id"],
            ids["event"]["group_id"],
            with_events="event" in self.tiers,
        )
        if "event" in self.tiers:
            check_unique(ids["event"]["event_id"], "event_id")
        tables = {tier: self._table(tier, ids[tier], tree, rows[tier]) for tier in self.tiers}
        header = self._header(rows, tree)
        self.reader.check_runs()
        return Granule(header, tables.get("flash"), tables.get("group"), tables.get("event"))

    def _read_ids(self, tier: str) -> dict[str, NDArray[Any]]:
        """Ids and parents of a tier by column, unsigned, all of one length."""
        ids = {}
        for variable in TIER_VARIABLES[tier]:
            if variable.kind is Kind.ID and (variable.name != "event_id" or "event" in self.tiers):
                raw, _ = self.reader.column(variable)
                ids[variable.column] = raw.view(f"u{variable.size}")
        lengths = {len(values) for values in ids.values()}
        if len(lengths) > 1:
            raise GranuleError(f"the {tier} variables differ in length: {sorted(lengths)}")
        return ids

    def _check_platform(self, rows: int) -> None:
        """Files without a row may lack every attribute of the file; others must name their satellite."""
        platform = self.reader.text("platform_ID", self.name.satellite)
        if platform != self.name.satellite and not (platform is None and rows == 0):
            raise GranuleError(f"its platform_ID is {platform!r}, its name says {self.name.satellite}")

    def _table(self, tier: str, ids: dict[str, NDArray[Any]], tree: Tree, rows: int) -> pa.Table:
        columns = {**key_columns(self.name.satellite, self.start_us, rows), **derived_columns(tier, tree)}
        for variable in TIER_VARIABLES[tier]:
            if variable.kind is Kind.ID:
                columns[variable.column] = array(ids[variable.column].astype(f"i{min(8, 2 * variable.size)}"))
            else:
                columns[variable.column] = self._column(variable, rows)
        schema = TIER_SCHEMAS[tier]
        return pa.Table.from_arrays([columns[field] for field in schema.names], schema=schema)

    def _column(self, variable: Variable, rows: int) -> pa.Array:
        if variable.optional and not self.reader.has(variable.name, self.era):
            return pa.nulls(rows, TIME)
        raw, packing = self.reader.column(variable)
        if len(raw) != rows:
            raise GranuleError(f"variable {variable.name} has {len(raw)} rows, its tier {rows}")
        if isinstance(packing, TimePacking):
            return self._times(packing, raw, variable.name)
        if packing is None:
            return array(degrees(raw, variable.name))
        values, missing = packing.decode(raw)
        if variable.kind is Kind.FLAG:
            return array(values.astype(np.int32), missing)
        if variable.kind is Kind.PACKED_DEGREES:
            return array(degrees(values, variable.name))
        return array(values, missing)

    def _times(self, packing: TimePacking, raw: NDArray[np.int16], name: str) -> pa.Array:
        if packing.era != (self.era or packing.era):
            raise GranuleError(f"variable {name} is of the {packing.era} era, others of the {self.era} era")
        self.era = packing.era
        if abs(packing.epoch_us - self.start_us) >= EPOCH_TOLERANCE_US:
            epoch = EPOCH + timedelta(microseconds=packing.epoch_us)
            raise GranuleError(f"variable {name} counts from {epoch}, its name says {self.name.start}")
        times = packing.decode(raw)
        if len(times):
            first, last = int(times.min()), int(times.max())
            if first < self.start_us - LEAD_US or last > self.end_us + TAIL_US:
                raise GranuleError(
                    f"variable {name} has times from {(first - self.start_us) / 1e6:.3f} s to "
                    f"{(last - self.start_us) / 1e6:.3f} s after the start, which are not in the granule"
                )
        return array(times, of=TIME)

    def _header(self, rows: dict[str, int], tree: Tree) -> GranuleHeader:
        counts = {tier: self.reader.count(f"{tier}_count", rows[tier]) for tier in TIERS}
        reason = _inconsistency(rows, counts, tree)
        has_frames = self.reader.has("flash_frame_time_offset_of_first_event", self.era)
        return GranuleHeader(
            name=self.name,
            orbital_slot=self.reader.text("orbital_slot"),
            subpoint_lon=self._subpoint_lon(),
            time_basis="source" if has_frames else "instrument",
            era=self.era,
            n_flashes=rows["flash"],
            n_groups=rows["group"],
            n_events=rows["event"],
            flash_count=counts["flash"],
            group_count=counts["group"],
            event_count=counts["event"],
            orphan_groups=tree.orphan_groups,
            orphan_events=tree.orphan_events,
            childless_groups=tree.childless_groups,
            status="inconsistent" if reason else "ok" if any(rows.values()) else "empty",
            reason=reason,
        )

    def _subpoint_lon(self) -> float | None:
        lon = self.reader.number("nominal_satellite_subpoint_lon")
        west, east = SUBPOINT_LON
        if lon is not None and not west <= lon <= east:
            raise GranuleError(f"nominal_satellite_subpoint_lon is {lon}, which no GOES satellite is at")
        return lon


def _inconsistency(rows: dict[str, int], counts: dict[str, int | None], tree: Tree) -> str | None:
    """What disagrees inside a readable file, in words; None when nothing does."""
    found = [
        f"{tier}_count says {counts[tier]} but there are {rows[tier]} rows"
        for tier in TIERS
        if counts[tier] is not None and counts[tier] != rows[tier]
    ]
    for number, words in (
        (tree.orphan_groups, "groups whose flash is missing"),
        (tree.orphan_events, "events that lead to no flash"),
        (tree.childless_flashes, "flashes without groups"),
        (tree.childless_groups, "groups without events"),
    ):
        if number:
            found.append(f"{number} {words}")
    return "; ".join(found) or None
