"""The decoder against the true values of real granules of every era."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lightning_eda.errors import GranuleError, GranuleNameError
from lightning_eda.glm.granule import TIER_SCHEMAS, Granule
from lightning_eda.glm.lcfa import read_granule
from lightning_eda.glm.lcfa.reader import forget
from lightning_eda.series import TIERS
from lightning_eda_tests.conftest import SHARED

REAL = sorted(path.name for path in (SHARED / "granules").glob("*.nc"))
needs_real = pytest.mark.skipif(
    not REAL, reason="real granules are not beside this checkout: shared/granules"
)
each_real = pytest.mark.parametrize("name", REAL or [pytest.param("none", marks=needs_real)])

REFERENCE_COLUMNS = {
    ("flash", "n_groups"): "child_group_count",
    ("flash", "n_events"): "child_event_count",
    ("group", "n_events"): "child_event_count",
    ("group", "flash_id"): "group_parent_flash_id",
    ("event", "group_id"): "event_parent_group_id",
    ("event", "flash_id"): "event_parent_flash_id",
}
COMMON = ("satellite", "granule_start")


def difference(ours: pa.ChunkedArray, true: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Absolute difference and true values where there are values; the nulls must be the same."""
    assert ours.is_null().equals(true.is_null())
    ours, true = ours.drop_null(), true.drop_null()
    if pa.types.is_timestamp(ours.type):
        ours, true = ours.cast("int64"), true.cast("int64")
    values = true.to_numpy()
    return np.abs(ours.to_numpy() - values), values


def tolerance(column: str, true: np.ndarray) -> np.ndarray | float:
    """How far a value may be off, in the column's unit."""
    if column.endswith(("_area", "_energy")):
        return 1e-12 * np.abs(true)
    if "time" in column:
        return 1  # microsecond
    return 1e-9 if column in ("event_lat", "event_lon") else 0


@each_real
@pytest.mark.parametrize("tier", TIERS)
def test_every_value_is_true(name, tier, granules_folder, references_folder):
    """Every value and null of every column, in file order; ids, parents, counts and flags are exact."""
    table = read_granule(granules_folder / name).tier(tier)
    true = pq.read_table(references_folder / f"{Path(name).stem}.{tier}.parquet")
    assert table.schema == TIER_SCHEMAS[tier]
    assert len(table) == len(true)
    for column in table.column_names:
        if column not in COMMON:
            off, values = difference(table[column], true[REFERENCE_COLUMNS.get((tier, column), column)])
            assert (off <= tolerance(column, values)).all(), column


def facts(granule: Granule) -> tuple[object, ...]:
    header = granule.header
    return (
        header.era, header.time_basis, header.orbital_slot, round(header.subpoint_lon, 3), header.status,
        header.n_flashes, header.n_groups, header.n_events,
    )  # fmt: skip


FACTS = {
    "s20181830433000": ("milliseconds", "instrument", "GOES-East", -75.0, "ok", 302, 7182, 18361),
    "s20181830433200": ("milliseconds", "instrument", "GOES-East", -75.0, "ok", 277, 6919, 19956),
    "s20181830433400": ("milliseconds", "instrument", "GOES-East", -75.0, "ok", 274, 7478, 21480),
    "s20182901026200": ("do07", "source", "GOES-East", -75.2, "ok", 208, 4013, 9497),
    "s20210820633400": ("current", "source", "GOES-East", -75.2, "inconsistent", 125, 2905, 7258),
    "s20200160612000": ("current", "source", "GOES-West", -137.2, "empty", 0, 0, 0),
    "s20230261900000": ("current", "source", "GOES-West", -137.0, "ok", 34, 891, 2394),
    "s20250971300200": ("current", "source", "GOES-East", -75.2, "ok", 115, 3374, 7235),
}


@pytest.mark.parametrize("stamp", FACTS)
def test_the_header_states_the_facts(stamp, granules_folder):
    """Era, time basis, satellite, status and rows, as other readers found them."""
    paths = list(granules_folder.glob(f"*_{stamp}_*.nc"))
    if not paths:
        pytest.skip(f"the real granule {stamp} is not beside this checkout")
    assert [facts(read_granule(path)) for path in paths] == [FACTS[stamp]]


@each_real
def test_a_sound_granule_has_the_counts_it_states(name, granules_folder):
    """And no orphans."""
    header = read_granule(granules_folder / name).header
    assert str(header.name) == name
    if header.status != "inconsistent":
        assert (header.flash_count, header.group_count, header.event_count) == (
            header.n_flashes, header.n_groups, header.n_events,
        )  # fmt: skip
        assert (header.orphan_groups, header.orphan_events, header.childless_groups) == (0, 0, 0)
        assert header.reason is None


def test_a_granule_that_lost_rows_is_kept_and_says_so(granules_folder):
    """G16 2021-082: its scalars count 8 flashes and 36 events that are not there."""
    name = "OR_GLM-L2-LCFA_G16_s20210820633400_e20210820634005_c20210820634025.nc"
    header = read_granule(granules_folder / name).header
    assert (header.flash_count, header.group_count, header.event_count) == (133, 2905, 7294)
    assert (header.orphan_groups, header.orphan_events, header.childless_groups) == (148, 382, 30)
    for part in (
        "flash_count says 133 but there are 125 rows",
        "event_count says 7294 but there are 7258 rows",
        "148 groups whose flash is missing",
        "382 events that lead to no flash",
        "30 groups without events",
    ):
        assert part in header.reason


@each_real
def test_flashes_that_lost_their_groups_are_told(name, granules_folder):
    """As many as have none in the table, in the words of the reason."""
    granule = read_granule(granules_folder / name)
    lost = granule.flashes["n_groups"].to_pylist().count(0)
    told = re.findall(r"(\d+) flashes without groups", granule.header.reason or "")
    assert told == ([str(lost)] if lost else [])


@each_real
def test_what_was_learnt_changes_nothing(name, granules_folder):
    """The first granule of a process, which HDF5 reads, and later ones, from the bytes, are the same."""
    forget()
    first = read_granule(granules_folder / name)
    for tiers in (TIERS, ("flash",), ("event", "flash"), ("group",), ()):
        again = read_granule(granules_folder / name, tiers)
        era = again.header.era if tiers else first.header.era  # the era is in the times
        assert replace(again.header, era=era) == first.header
        for tier in TIERS:
            assert (
                again.tier(tier) is None if tier not in tiers else again.tier(tier).equals(first.tier(tier))
            )


@needs_real
def test_source_may_be_text_path_or_bytes(granules_folder, tmp_path):
    """All give the same; bytes without a name go by their own attribute."""
    path = granules_folder / REAL[-1]
    expected = read_granule(path)
    for granule in (
        read_granule(str(path)),
        read_granule(path.read_bytes()),
        read_granule(path, name=path.name),
    ):
        assert granule.header == expected.header
        assert granule.flashes.equals(expected.flashes)
    unnamed = tmp_path / "unnamed"
    unnamed.symlink_to(path)
    assert read_granule(unnamed, name=path.name).header == expected.header


def test_an_unknown_tier_is_the_callers_mistake():
    """It is a ValueError, whatever the file."""
    with pytest.raises(ValueError, match=r"^tiers are flash, group, event; got \('pixel',\)$"):
        read_granule(b"", ("pixel",))


def test_a_file_that_cannot_be_read(tmp_path):
    """The error names the file and what the system said."""
    name = "OR_GLM-L2-LCFA_G18_s20241832000000_e20241832000200_c20241832000216.nc"
    with pytest.raises(GranuleError, match=rf"^{name}: it cannot be read: No such file or directory$"):
        read_granule(tmp_path / name)


def test_a_file_that_is_not_named_as_a_granule(granules_folder, tmp_path):
    """The error is that of the name."""
    other = tmp_path / "copy.nc"
    other.write_bytes((granules_folder / REAL[-1]).read_bytes())
    with pytest.raises(GranuleNameError, match=r"^'copy\.nc' is not a granule name; expected OR_GLM"):
        read_granule(other)
