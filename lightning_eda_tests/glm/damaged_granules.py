"""Decodes many damaged copies of granules and checks what comes of each; run in a process of its own.

    python -m lightning_eda_tests.glm.damaged_granules <seed> <share> <path>...

It takes one in `share` of the copies below of each granule.

It prints, as JSON, how many copies of each kind were refused, were the same as the sound granule or differed
from it. It ends with an error at the first copy that breaks the rules below, takes longer than 5 s, or needs
more than 1 GB. The rules: a damaged granule is refused with a GranuleError that names it, or it differs from
the sound one only in cells whose bytes carry no checksum, and it still obeys the accept rule.
"""

import faulthandler
import json
import random
import resource
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lightning_eda.errors import GranuleError
from lightning_eda.glm.granule import TIER_SCHEMAS, Granule
from lightning_eda.glm.lcfa import read_granule
from lightning_eda.glm.lcfa.reader import forget
from lightning_eda.series import TIERS
from lightning_eda_tests.glm.damage_map import DamageMap, Suspects
from lightning_eda_tests.glm.granule_edits import edited

COPIES = {
    "cut": 30, "flip": 90, "flip of metadata": 120, "flip of data": 60, "zeroed": 50, "noise": 50, "edit": 60,
}  # fmt: skip
HANG_S = 5
MEMORY_BYTES = 1 << 30
DERIVED = {"flash": ("n_groups", "n_events"), "group": ("n_events",), "event": ("flash_id",)}
HEADER_OF_SCALARS = ("flash_count", "group_count", "event_count", "subpoint_lon", "status", "reason")
HEADER_OF_IDS = ("orphan_groups", "orphan_events", "childless_groups", "status", "reason")

ABSURD_NUMBERS = (0.0, -1.0, np.nan, np.inf, -np.inf, 1e30, -1e30, 1e-30)
ABSURD_TEXTS = (
    "",
    "x",
    "true",
    "seconds since",
    "milliseconds since 1970-01-01 00:00:00",
    "\N{SNOWMAN}" * 300,
)
TYPES = ("<i1", "<i4", "<u2", ">i2", "<i8", "<f4", "<f8", "S3", "<c8")


def main(seed: int, share: int, paths: list[Path]) -> dict[str, dict[str, int]]:
    """Damage copies of each granule, decode them, and count what came of them."""
    faulthandler.enable()
    _limit_memory()
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in COPIES}
    for number, path in enumerate(paths):
        trial = Trial(path, random.Random(1000 * seed + number))
        for kind, copies in COPIES.items():
            for copy in range(copies // share):
                counts[kind][trial.outcome(kind, learnt=copy % 4 != 0)] += 1
    return {kind: dict(count) for kind, count in counts.items()}


def _limit_memory() -> None:
    """Let the process have 1 GB of addresses more than it has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


class Trial:
    """One sound granule, and the damage done to it."""

    def __init__(self, path: Path, rng: random.Random) -> None:
        self.image, self.name, self.rng = path.read_bytes(), path.name, rng
        self.map = DamageMap(self.image)
        self.sound = read_granule(self.image, name=self.name)

    def damaged(self, kind: str) -> bytes:
        """A copy with damage of a kind."""
        size = len(self.image)
        if kind == "cut":
            return self.image[: self.rng.randrange(size)]
        if kind == "edit":
            return self._edited()
        copy = bytearray(self.image)
        if kind in ("zeroed", "noise"):
            length = min(size, 1 << self.rng.randint(3, 13))
            place = self.rng.randrange(size - length + 1)
            copy[place : place + length] = bytes(length) if kind == "zeroed" else self.rng.randbytes(length)
        else:
            places = {"flip of metadata": self.map.checked, "flip of data": self.map.unchecked}.get(kind)
            place = self.rng.randrange(size) if places is None else int(self.rng.choice(places))
            copy[place] ^= 1 << self.rng.randrange(8)
        return bytes(copy)

    def _edited(self) -> bytes:
        """A copy in which a variable has another type or an attribute an absurd value."""

        def edit(file: h5py.File) -> None:
            name = self.rng.choice([name for name in file if name.startswith(("flash_", "group_", "event_"))])
            attributes = dict(file[name].attrs)
            if self.rng.random() < 0.3:
                del file[name]
                file.create_dataset(
                    name, (self.rng.randrange(900),), self.rng.choice(TYPES), maxshape=(None,)
                )
            else:
                key = self.rng.choice([*attributes, "_Unsigned", "units"])
                file[name].attrs[key] = self.rng.choice([*ABSURD_NUMBERS, *ABSURD_TEXTS, np.full(3, 2.0)])

        return edited(self.image, edit)

    def outcome(self, kind: str, learnt: bool) -> str:
        """What comes of decoding a copy: "refused", "same" or "differs"."""
        copy = self.damaged(kind)
        if not learnt:
            forget()
        faulthandler.dump_traceback_later(HANG_S, exit=True)
        try:
            granule = read_granule(copy, name=self.name)
        except GranuleError as error:
            if not str(error).startswith(f"{self.name}: "):
                raise AssertionError(f"the error does not name the file: {error}") from error
            return "refused"
        finally:
            faulthandler.cancel_dump_traceback_later()
        self.check_rules(granule)
        if granule.header == self.sound.header and not list(differences(granule, self.sound)):
            return "same"
        if kind != "edit":  # its checksums fit: the file says other things, and says them soundly
            places = np.frombuffer(copy, np.uint8) != np.frombuffer(self.image, np.uint8)
            self.check_explained(granule, self.map.suspects(np.flatnonzero(places)))
        return "differs"

    def check_explained(self, granule: Granule, suspects: Suspects) -> None:
        """Every difference is in a cell that the damage may have changed."""
        for tier, column, rows in differences(granule, self.sound):
            if suspects.ids and column in DERIVED[tier]:
                continue
            unexplained = {(tier, column, row) for row in rows} - suspects.cells
            if unexplained:
                raise AssertionError(f"{self.name}: {sorted(unexplained)[:5]} changed without a reason")
        allowed = (HEADER_OF_SCALARS if suspects.scalars else ()) + (HEADER_OF_IDS if suspects.ids else ())
        for field in self.sound.header.__dataclass_fields__:
            if field not in allowed and getattr(granule.header, field) != getattr(self.sound.header, field):
                got = getattr(granule.header, field)
                raise AssertionError(f"{self.name}: {field} of the header became {got} without a reason")

    def check_rules(self, granule: Granule) -> None:
        """The tables have their types, ids are unique, times and coordinates in range, children counted."""
        start, end = (pa.scalar(time, pa.timestamp("us", "UTC")).value for time in
                      (granule.header.granule_start, granule.header.granule_end))  # fmt: skip
        for tier in TIERS:
            table = granule.tier(tier)
            _check(table.schema == TIER_SCHEMAS[tier], "schema")
            table.validate(full=True)
            _check(len(pc.unique(table[f"{tier}_id"])) == len(table), "ids are given twice")
            for column in table.column_names:
                if "time" in column:
                    times = table[column].drop_null().cast("int64").to_numpy()
                    _check(((times >= start - 5_010_000) & (times <= end + 10_000)).all(), "times")
            lat, lon = table[f"{tier}_lat"].to_numpy(), table[f"{tier}_lon"].to_numpy()
            _check((np.abs(lat) <= 90).all() and ((lon >= -180) & (lon < 180)).all(), "coordinates")
        groups, events = granule.groups["flash_id"].to_pylist(), granule.events["group_id"].to_pylist()
        for table, key, column, children in (
            (granule.flashes, "flash_id", "n_groups", Counter(groups)),
            (granule.groups, "group_id", "n_events", Counter(events)),
            (granule.flashes, "flash_id", "n_events", Counter(granule.events["flash_id"].to_pylist())),
        ):
            _check(table[column].to_pylist() == [children[item] for item in table[key].to_pylist()], column)


def _check(is_obeyed: bool, rule: str) -> None:
    if not is_obeyed:
        raise AssertionError(f"a damaged granule was accepted that breaks the accept rule: {rule}")


def differences(one: Granule, other: Granule) -> Iterator[tuple[str, str, list[int]]]:
    """Tier, column and rows in which two granules differ."""
    for tier in TIERS:
        table, true = one.tier(tier), other.tier(tier)
        if len(table) != len(true):
            raise AssertionError(f"there are {len(table)} rows of {tier} where there were {len(true)}")
        for column in true.column_names:
            if not table[column].equals(true[column]):
                same = pc.fill_null(pc.equal(table[column], true[column]), False)
                both_null = pc.and_(table[column].is_null(), true[column].is_null())
                rows = np.flatnonzero(~pc.or_(same, both_null).to_numpy()).tolist()
                yield tier, column, rows


if __name__ == "__main__":
    json.dump(main(int(sys.argv[1]), int(sys.argv[2]), [Path(path) for path in sys.argv[3:]]), sys.stdout)
