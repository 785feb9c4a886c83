"""Decoding GLM L2 LCFA granules: all three tiers, every era of the archive.

The accept rule runs before and while values are read: the name is a granule's, the platform is the name's, the
variables have the types, rank and layout of a granule and lie inside the file, units and scales are sane, the
epoch is the start in the name, ids are unique, every time is in [start - 5.01 s, end + 0.01 s] and every
coordinate on the globe. What breaks it raises GranuleError. A file that is readable but lost rows (orphans,
counts that disagree) is kept whole and marked "inconsistent".

Source: the facts were verified on real files of GOES-16 to GOES-19, 2018 to 2025.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightning_eda.errors import GranuleError
from lightning_eda.glm.granule import TIER_SCHEMAS, TIME, Granule, GranuleHeader
from lightning_eda.glm.hdf5_image import DAMAGE_ERRORS, Hdf5Image
from lightning_eda.glm.lcfa_packing import Packings, TimePacking, microseconds
from lightning_eda.glm.lcfa_tree import Tree, build_tree, check_unique
from lightning_eda.glm.lcfa_variables import TIER_VARIABLES, Kind, Variable
from lightning_eda.glm.names import GranuleName

TIERS = ("flash", "group", "event")
MAX_FILE_BYTES = 1 << 27  # 630,000 rows of every tier are 42 MB
LEAD_US = 5_010_000  # an event may be written up to 5 s after it happened
TAIL_US = 10_000
EPOCH_TOLERANCE_US = 100_000  # the name truncates to tenths of a second


def read_granule(
    source: str | Path | bytes, tiers: Sequence[str] = TIERS, name: str | None = None
) -> Granule:
    """The tables of one granule.

    Args:
        source: Path of the file, or its bytes.
        tiers: Which of "flash", "group" and "event" to decode; the others stay None (their ids are read all the
            same, for the numbers of children and the orphans).
        name: File name, where it is not that of the path; without one, bytes are named by their own
            `dataset_name` attribute.

    Raises:
        GranuleError: It is not a granule that can be trusted; the text names the file and the reason.
        ValueError: `tiers` holds an unknown tier.
    """
    if not set(tiers) <= set(TIERS):
        raise ValueError(f"tiers are {', '.join(TIERS)}; got {tiers!r}")
    if isinstance(source, bytes):
        label = name or "the granule"
    else:
        label = name or Path(source).name
        name = label
    try:
        image = source if isinstance(source, bytes) else _read_file(Path(source))
        with Hdf5Image(image) as opened:
            return _Decoder(opened, name or opened.text("dataset_name") or "", tiers).granule()
    except GranuleError as error:
        text = str(error)
        raise GranuleError(text if label in text else f"{label}: {text}") from error
    except DAMAGE_ERRORS as error:
        raise GranuleError(f"{label}: the file is damaged: {error}") from error


def _read_file(path: Path) -> bytes:
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise GranuleError(f"{size:,} bytes is more than any granule has ({MAX_FILE_BYTES:,})")
    return path.read_bytes()


class _Decoder:
    """One pass over one image; holds what the tiers share."""

    def __init__(self, image: Hdf5Image, name: str, tiers: Sequence[str]) -> None:
        self.image = image
        self.name = GranuleName.parse(name)
        self.packings = Packings(image, self.name.start)
        self.tiers = tiers
        self.eras: set[str] = set()
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
        )
        if "event" in self.tiers:
            check_unique(ids["event"]["event_id"], "event_id")
        tables = {tier: self._table(tier, ids[tier], tree, rows[tier]) for tier in self.tiers}
        self.image.check_runs()
        header = self._header(rows, tree)
        return Granule(header, tables.get("flash"), tables.get("group"), tables.get("event"))

    def _read_ids(self, tier: str) -> dict[str, NDArray[Any]]:
        """Ids and parents of a tier by column, unsigned, all of one length."""
        ids = {}
        for variable in TIER_VARIABLES[tier]:
            if variable.kind is Kind.ID and (variable.name != "event_id" or "event" in self.tiers):
                raw = self.image.vector(variable.name, "i", variable.size).values
                ids[variable.column] = raw.view(f"u{variable.size}")
        lengths = {len(values) for values in ids.values()}
        if len(lengths) > 1:
            raise GranuleError(f"the {tier} variables differ in length: {sorted(lengths)}")
        return ids

    def _check_platform(self, rows: int) -> None:
        """Files without a row may lack every attribute of the file; others must name their satellite."""
        platform = self.image.text("platform_ID")
        if platform != self.name.satellite and not (platform is None and rows == 0):
            raise GranuleError(f"the file is of platform {platform!r}, its name says {self.name.satellite}")

    def _table(self, tier: str, ids: dict[str, NDArray[Any]], tree: Tree, rows: int) -> pa.Table:
        columns = {**_key_columns(self.name.satellite, self.start_us, rows), **_derived_columns(tier, tree)}
        for variable in TIER_VARIABLES[tier]:
            if variable.kind is Kind.ID:
                columns[variable.column] = _array(
                    ids[variable.column].astype(f"i{min(8, 2 * variable.size)}")
                )
            else:
                columns[variable.column] = self._column(variable, rows)
        schema = TIER_SCHEMAS[tier]
        return pa.Table.from_arrays([columns[field] for field in schema.names], schema=schema)

    def _column(self, variable: Variable, rows: int) -> pa.Array:
        if variable.optional and variable.name not in self.image:
            return pa.nulls(rows, TIME)
        kind = "f" if variable.kind is Kind.DEGREES else "i"
        vector = self.image.vector(variable.name, kind, variable.size)
        raw = vector.values
        if len(raw) != rows:
            raise GranuleError(f"variable {variable.name} has {len(raw)} rows, its tier {rows}")
        if variable.kind is Kind.TIME:
            return self._times(self.packings.time(variable.name, vector), raw, variable.name)
        if variable.kind is Kind.DEGREES:
            return _array(_degrees(raw.astype(np.float64), variable.name))
        values, missing = self.packings.value(variable.name, variable.kind, vector).decode(raw)
        if variable.kind is Kind.FLAG:
            return _array(values.astype(np.int32), missing)
        if variable.kind is Kind.PACKED_DEGREES:
            return _array(_degrees(values, variable.name))
        return _array(values, missing)

    def _times(self, packing: TimePacking, raw: NDArray[np.int16], name: str) -> pa.Array:
        self.eras.add(packing.era)
        if abs(packing.epoch_us - self.start_us) >= EPOCH_TOLERANCE_US:
            raise GranuleError(f"variable {name} counts from another time than the file name's start")
        times = packing.decode(raw)
        if len(times):
            early, late = self.start_us - int(times.min()), int(times.max()) - self.end_us
            if early > LEAD_US or late > TAIL_US:
                raise GranuleError(
                    f"variable {name} reaches from {early / 1e6:.3f} s before the start "
                    f"to {late / 1e6:.3f} s after the end"
                )
        return _array(times, of=TIME)

    def _header(self, rows: dict[str, int], tree: Tree) -> GranuleHeader:
        counts = {tier: self._count(f"{tier}_count") for tier in TIERS}
        reason = _inconsistency(rows, counts, tree)
        if len(self.eras) > 1:
            raise GranuleError(f"its time variables are of different eras: {', '.join(sorted(self.eras))}")
        has_frames = "flash_frame_time_offset_of_first_event" in self.image
        return GranuleHeader(
            name=self.name,
            orbital_slot=self.image.text("orbital_slot"),
            subpoint_lon=self.image.number("nominal_satellite_subpoint_lon"),
            time_basis="source" if has_frames else "instrument",
            era=next(iter(self.eras), None),
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

    def _count(self, name: str) -> int | None:
        value = self.image.number(name)
        return int(value) if value is not None and abs(value) < 2**31 else None


def _array(
    values: NDArray[Any], missing: NDArray[np.bool_] | None = None, of: pa.DataType = None
) -> pa.Array:
    """The values as an Arrow array, without a copy where all are there."""
    if missing is not None:
        return pa.array(values, mask=missing)
    kind = of or pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def _key_columns(satellite: str, start_us: int, rows: int) -> dict[str, pa.Array]:
    """The columns that say which granule a row is of."""
    text = satellite.encode()
    ends = np.arange(0, len(text) * (rows + 1), len(text), dtype=np.int32)
    return {
        "satellite": pa.StringArray.from_buffers(rows, pa.py_buffer(ends), pa.py_buffer(text * rows)),
        "granule_start": _array(np.full(rows, start_us), of=TIME),
    }


def _derived_columns(tier: str, tree: Tree) -> dict[str, pa.Array]:
    """The columns that come from the tree, and not from a variable of the tier."""
    if tier == "flash":
        return {"n_groups": _array(tree.groups_of_flash), "n_events": _array(tree.events_of_flash)}
    if tier == "group":
        return {"n_events": _array(tree.events_of_group)}
    absent = tree.flash_of_event < 0
    return {"flash_id": _array(tree.flash_of_event, absent if absent.any() else None)}


def _degrees(values: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    """Latitudes as they are, longitudes wrapped to [-180, 180); GranuleError for what is not on the globe.

    Events west of the antimeridian are stored below -180, down to -203.56.
    """
    limit = 360.0 if name.endswith("_lon") else 90.0
    if len(values) and not (-limit <= values.min() and values.max() <= limit):  # also false for NaN
        raise GranuleError(f"variable {name} has values that are no coordinates")
    if limit == 90.0 or not len(values):
        return values
    if values.min() < -180.0:
        values[values < -180.0] += 360.0
    if values.max() >= 180.0:
        values[values >= 180.0] -= 360.0
    return values


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
