"""Each fault does to a granule what its name says, and nothing to the others."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from lightning_eda.glm.names import GranuleName
from lightning_eda.simulator import FAULTS, Activity, simulate_hour
from lightning_eda_tests.glm.raw_granule import RawGranule, read_raw

HOUR = datetime(2024, 7, 1, 20, tzinfo=UTC)
CALM = Activity(flashes_per_granule=12.0)
ERAS = ("current", "do07", "milliseconds")
TIERS = ("event", "group", "flash")


def simulate(folder: Path, *faults: tuple[str, int], **options) -> list[Path]:
    arguments = {"satellite": "G18", "hour": HOUR, "seed": 8, "granules": 3, "activity": CALM} | options
    return simulate_hour(folder, faults=faults, **arguments)


def faulty(folder: Path, fault: str, **options) -> tuple[RawGranule, RawGranule]:
    """Granule 1 without the fault and with it."""
    sound = simulate(folder / "sound", **options)[1]
    spoiled = simulate(folder / "spoiled", (fault, 1), **options)[1]
    return read_raw(sound), read_raw(spoiled)


def orphans(granule: RawGranule) -> tuple[int, int]:
    return int((granule.group_of_event < 0).sum()), int((granule.flash_of_group < 0).sum())


def rows(granule: RawGranule) -> tuple[int, ...]:
    return tuple(granule.rows(tier) for tier in TIERS)


def counts(granule: RawGranule) -> tuple[int, ...]:
    return tuple(int(granule[f"{tier}_count"]) for tier in TIERS)


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> list[Path]:
    """The granules without a fault."""
    return simulate(tmp_path_factory.mktemp("sound"))


@pytest.mark.parametrize("fault", [name for name in FAULTS if name != "split_flash"])
def test_a_fault_spoils_only_its_own_granule(tmp_path, sound, fault):
    """The granules before and after are the same bytes as without the fault, and its own is not."""
    spoiled = simulate(tmp_path / "spoiled", (fault, 1))
    assert spoiled[0].read_bytes() == sound[0].read_bytes()
    assert spoiled[-1].read_bytes() == sound[-1].read_bytes()
    assert [path.read_bytes() for path in spoiled[1:-1]] != [sound[1].read_bytes()]


@pytest.mark.parametrize(
    "era", [pytest.param(era, marks=() if era == "current" else pytest.mark.slow) for era in ERAS]
)
@pytest.mark.parametrize("fault", [name for name, kind in FAULTS.items() if kind.draft])
def test_faults_of_granules_leave_files_that_libraries_read(tmp_path, fault, era):
    """What real granules may hold is in a sound file, in every era, also when it had no flashes."""
    quiet = Activity(flashes_per_granule=0.0)
    for activity in (CALM, quiet):
        path = simulate(tmp_path, (fault, 1), era=era, activity=activity)[1]
        assert len(netCDF4.Dataset(path).variables) == (45 if era == "milliseconds" else 48)
        granule = read_raw(path)
        if fault not in ("lost_blocks", "duplicate_ids"):
            assert orphans(granule) == (0, 0)
            assert all(len(np.unique(granule[f"{tier}_id"])) == granule.rows(tier) for tier in TIERS)


def test_missing(tmp_path):
    """The granule is not there."""
    starts = [GranuleName.parse(path.name).start for path in simulate(tmp_path, ("missing", 1))]
    assert starts == [HOUR, HOUR + timedelta(seconds=40)]


def test_reissued(tmp_path):
    """Two files of the same start and end; the newer one is the whole granule."""
    paths = simulate(tmp_path, ("reissued", 1))
    first, second = (GranuleName.parse(path.name) for path in paths[1:3])
    assert (first.start, first.end) == (second.start, second.end)
    assert second.created - first.created == timedelta(seconds=30)
    one, two = read_raw(paths[1]), read_raw(paths[2])
    assert one.rows("flash") == two.rows("flash") - 1
    assert set(one["flash_id"].tolist()) < set(two["flash_id"].tolist())
    with netCDF4.Dataset(paths[1]) as old, netCDF4.Dataset(paths[2]) as new:
        assert old.id != new.id
        assert new.dataset_name == paths[2].name


def test_split_flash(tmp_path):
    """A flash of 101 groups ends just before the end; close by, another goes on in the next granule."""
    before, after = (read_raw(path) for path in simulate(tmp_path, ("split_flash", 0))[:2])
    cut = int(np.flatnonzero(before["flash_quality_flag"] == 3)[-1])
    assert (before.flash_of_group == cut).sum() == 101
    end = before["flash_frame_time_offset_of_last_event"][cut]
    starts = after["flash_frame_time_offset_of_first_event"] + 20.0
    gone_on = int(np.argmin(np.abs(starts - end)))
    assert 0 < starts[gone_on] - end < 0.330
    assert 19.9 < end < 20.0
    apart = np.hypot(*(after[name][gone_on] - before[name][cut] for name in ("flash_lat", "flash_lon")))
    assert 111.2 * apart < 16.5
    assert (after.flash_of_group == gone_on).sum() == 39


def test_empty(tmp_path):
    """No rows, and the scalars say 0."""
    _, granule = faulty(tmp_path, "empty")
    assert rows(granule) == counts(granule) == (0, 0, 0)


def test_short(tmp_path):
    """The stated end is 11 s after the start, and what came later is gone."""
    path = simulate(tmp_path, ("short", 1), activity=None)[1]
    name, granule = GranuleName.parse(path.name), read_raw(path)
    assert name.end - name.start == timedelta(seconds=11)
    assert np.ptp(granule["product_time_bounds"]) == 11.0
    assert granule["flash_time_offset_of_last_event"].max() < 11.0
    assert rows(granule) == counts(granule)
    assert granule.rows("flash") > 0


def test_late_end(tmp_path):
    """Stamp and attributes say 20.4 s, truncated; the bounds carry the microseconds."""
    path = simulate(tmp_path, ("late_end", 1))[1]
    name = GranuleName.parse(path.name)
    assert name.end - name.start == timedelta(seconds=20.4)
    assert np.diff(read_raw(path)["product_time_bounds"]) == pytest.approx(20.469121, abs=1e-6)
    with netCDF4.Dataset(path) as file:
        assert file.time_coverage_end == "2024-07-01T20:00:40.4Z"


def test_lost_blocks(tmp_path):
    """A run of flashes and a run of events are missing while the scalars say what there was."""
    sound, granule = faulty(tmp_path, "lost_blocks", activity=None)
    assert counts(granule) == counts(sound) == rows(sound)
    lost = np.flatnonzero(~np.isin(sound["flash_id"], granule["flash_id"]))
    assert len(lost) >= 1
    assert (np.diff(lost) == 1).all()
    lost_events = np.flatnonzero(~np.isin(sound["event_id"], granule["event_id"]))
    assert len(lost_events) == 36
    assert (np.diff(lost_events) == 1).all()
    assert orphans(granule)[1] > 0
    childless = granule.rows("group") - len(np.unique(granule.group_of_event))
    assert childless > 0


def test_count_mismatch(tmp_path):
    """The scalars disagree with the rows, which are all there."""
    sound, granule = faulty(tmp_path, "count_mismatch")
    assert rows(granule) == rows(sound)
    assert counts(granule) == (rows(sound)[0] + 7, rows(sound)[1], rows(sound)[2] + 1)


@pytest.mark.parametrize("era", ERAS)
def test_fill_energy(tmp_path, era):
    """One event has raw energy 65535; its group has the energy that the event could not hold."""
    path = simulate(tmp_path, ("fill_energy", 1), era=era)[1]
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        assert (file["event_energy"][...] == -1).sum() == 1
        assert np.ma.count_masked(netCDF4.Dataset(path)["event_energy"][...]) == 1
    granule = read_raw(path)
    group = granule.group_of_event[np.argmax(granule["event_energy"])]
    assert granule["group_energy"][group] == pytest.approx(2.0e-12, rel=1e-2)


def test_fill_area(tmp_path):
    """A flash and its groups have raw area 65535."""
    path = simulate(tmp_path, ("fill_area", 1))[1]
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        flash = file["flash_id"][...][file["flash_area"][...] == -1]
        groups = file["group_parent_flash_id"][...][file["group_area"][...] == -1]
    assert len(flash) == 1
    assert set(groups.tolist()) == set(flash.tolist())


def test_past_dateline(tmp_path):
    """Events at -180.5 belong to a group and a flash at 179.5."""
    _, granule = faulty(tmp_path, "past_dateline")
    event = int(np.argmin(np.abs(granule["event_lon"] + 180.5)))
    assert granule["event_lon"][event] == pytest.approx(-180.5, abs=0.0011)
    group = granule.group_of_event[event]
    assert granule["group_lon"][group] == pytest.approx(179.5)
    assert granule["flash_lon"][granule.flash_of_group[group]] == pytest.approx(179.5)


def test_flash_id_rollover(tmp_path):
    """Numbers up to 65535 and from 0 occur in one granule, in the order of time."""
    sound, granule = faulty(tmp_path, "flash_id_rollover")
    ids = granule["flash_id"]
    assert ids.max() > 65_000
    assert 0 in ids.tolist()
    assert ids.min() < 1000
    np.testing.assert_array_equal((ids - ids[0]) % 65536, (sound["flash_id"] - sound["flash_id"][0]) % 65536)
    np.testing.assert_array_equal(granule.flash_of_group, sound.flash_of_group)


def test_ids_above_2_31(tmp_path):
    """Every event and group number has its highest bit set."""
    sound, granule = faulty(tmp_path, "ids_above_2_31")
    for tier in ("event", "group"):
        np.testing.assert_array_equal(granule[f"{tier}_id"], sound[f"{tier}_id"] + 2**31)
    assert orphans(granule) == (0, 0)


@pytest.mark.parametrize("satellite", ["G16", "G18"])
def test_raw_32769(tmp_path, satellite):
    """An event has 32769 as packed latitude and longitude: it lies at the middle of the field of view."""
    path = simulate(tmp_path, ("raw_32769", 1), satellite=satellite)[1]
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        both = (file["event_lat"][...] == -32767) & (file["event_lon"][...] == -32767)
    assert both.sum() == 2
    granule = read_raw(path)
    group = granule.group_of_event[both][0]
    assert granule["group_lat"][group] == pytest.approx(0.003, abs=0.001)
    assert granule["group_lon"][group] == pytest.approx({"G16": -75.0, "G18": -137.0}[satellite], abs=0.01)


@pytest.mark.parametrize(("era", "seconds"), [("current", 20.0), ("do07", 20.0), ("milliseconds", -0.002)])
def test_time_65535(tmp_path, era, seconds):
    """All times of a flash are packed as 65535: the end of the range, or 2 ms before the granule."""
    path = simulate(tmp_path, ("time_65535", 1), era=era)[1]
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        names = [name for name in file.variables if "time_offset" in name]
        for name in names:
            at_the_top = file[name][...] == -1
            assert at_the_top.sum() == (1 if name.startswith("flash") else 2)
    granule = read_raw(path)
    flash = int(np.argmin(np.abs(granule["flash_time_offset_of_last_event"] - seconds)))
    assert granule["flash_time_offset_of_last_event"][flash] == pytest.approx(seconds, abs=1e-5)


def test_duplicate_ids(tmp_path):
    """In each tier one number occurs twice."""
    _, granule = faulty(tmp_path, "duplicate_ids")
    for tier in TIERS:
        assert granule.rows(tier) - len(np.unique(granule[f"{tier}_id"])) == 1


def test_nan_coordinates(tmp_path):
    """A group latitude and a flash longitude are NaN."""
    _, granule = faulty(tmp_path, "nan_coordinates")
    assert np.isnan(granule["group_lat"]).sum() == np.isnan(granule["flash_lon"]).sum() == 1


def test_every_fault_has_one_line_of_text():
    """The table of faults says what each does, and each is done in one place."""
    for name, kind in FAULTS.items():
        assert kind.text, name
        assert not (kind.draft and kind.damage), name
