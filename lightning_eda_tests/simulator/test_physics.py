"""Simulated lightning obeys the rules that real granules obey."""

import numpy as np
import pytest

from lightning_eda.simulator import simulate_hour
from lightning_eda_tests.glm.raw_granule import RawGranule, read_raw
from lightning_eda_tests.simulator.conftest import HOUR

FRAME = 0.00198803
LIGHT_KM_PER_S = 299_792.458


@pytest.fixture(scope="module", params=["current", "do07", "milliseconds"])
def era(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def granules(era, tmp_path_factory) -> list[RawGranule]:
    """Six contiguous granules of GOES-East."""
    paths = simulate_hour(tmp_path_factory.mktemp(era), "G16", HOUR, 11, era=era, granules=6)
    return [read_raw(path) for path in paths]


def total(values: np.ndarray, row: np.ndarray, size: int) -> np.ndarray:
    return np.bincount(row, values, size)


def extreme(ufunc: np.ufunc, values: np.ndarray, row: np.ndarray, size: int) -> np.ndarray:
    found = np.full(size, np.inf if ufunc is np.minimum else -np.inf)
    ufunc.at(found, row, values)
    return found


def test_ids_are_unique_and_parents_resolve(granules):
    """In a granule no id repeats; every event has a group and every group a flash of two groups at least."""
    for granule in granules:
        for tier in ("event", "group", "flash"):
            assert len(np.unique(granule[f"{tier}_id"])) == granule.rows(tier) == granule[f"{tier}_count"]
        assert granule.group_of_event.min() >= 0
        assert granule.flash_of_group.min() >= 0
        assert len(np.unique(granule.group_of_event)) == granule.rows("group")
        assert np.bincount(granule.flash_of_group, minlength=granule.rows("flash")).min() >= 2


def test_contiguous_granules_share_no_ids(granules):
    """Numbers are counters over the platform, so the next granule has others."""
    for tier in ("event", "group", "flash"):
        ids = np.concatenate([granule[f"{tier}_id"] for granule in granules])
        assert len(np.unique(ids)) == len(ids)


def test_ids_grow_with_time_and_have_gaps(west):
    """Within a granule the numbers of flashes follow their first times; some numbers are left out."""
    granule = max(west, key=lambda one: one.rows("flash"))
    frames = granule["flash_frame_time_offset_of_first_event"]
    by_time = granule["flash_id"][np.lexsort((granule["flash_id"], np.rint(frames / FRAME)))]
    steps = np.diff(by_time) % 65536
    assert (steps > 0).all()
    assert (steps < 1000).all()
    assert (steps > 1).any()
    spans = [np.ptp(one["group_id"]) + 1 for one in west]
    filled = [one.rows("group") / span for one, span in zip(west, spans, strict=True)]
    assert 0.5 < np.median(filled) < 0.97


def test_energies_close(granules):
    """A group's energy is the sum of its events', a flash's that of its groups, up to rounding."""
    for granule in granules:
        for parent, child, row in (
            ("group", "event", granule.group_of_event),
            ("flash", "group", granule.flash_of_group),
        ):
            size = granule.rows(parent)
            difference = granule[f"{parent}_energy"] - total(granule[f"{child}_energy"], row, size)
            members = np.bincount(row, minlength=size)
            q_parent, q_child = granule.scales[f"{parent}_energy"], granule.scales[f"{child}_energy"]
            assert (np.abs(difference) <= 0.5001 * (q_parent + members * q_child)).all()


def test_areas_close(granules):
    """A flash covers at least its largest group and at most all of them together."""
    for granule in granules:
        size = granule.rows("flash")
        area, row = granule["group_area"], granule.flash_of_group
        slack = 160_000.0
        assert (granule["flash_area"] >= extreme(np.maximum, area, row, size) - slack).all()
        members = np.bincount(row, minlength=size)
        assert (granule["flash_area"] <= total(area, row, size) + slack * members).all()


def test_centres_are_energy_weighted_means(granules):
    """Groups and flashes lie at the means of their members, weighted by energy."""
    for granule in granules:
        for parent, child, row in (
            ("group", "event", granule.group_of_event),
            ("flash", "group", granule.flash_of_group),
        ):
            size = granule.rows(parent)
            weight = granule[f"{child}_energy"] + granule.scales[f"{child}_energy"]
            mean = total(weight * granule[f"{child}_lat"], row, size) / total(weight, row, size)
            coarse = granule.scales["event_energy"] > 1e-16
            assert np.percentile(np.abs(mean - granule[f"{parent}_lat"]), 99) < (0.1 if coarse else 0.004)


def test_a_group_of_one_event_lies_on_it(granules):
    """Positions of events are rounded to the nearest packed value."""
    for granule in granules:
        alone = (np.bincount(granule.group_of_event) == 1)[granule.group_of_event]
        for axis in ("lat", "lon"):
            group = granule[f"group_{axis}"][granule.group_of_event[alone]]
            assert np.abs(group - granule[f"event_{axis}"][alone]).max() < 0.00203128 / 2 + 1e-5


def test_times_follow_from_the_groups(granules, era):
    """Events have the time of their group, flashes the first and last of theirs; none is late or too old."""
    for granule in granules:
        times = granule["group_time_offset"]
        np.testing.assert_array_equal(granule["event_time_offset"], times[granule.group_of_event])
        first, last = granule.first_and_last()
        size, row = granule.rows("flash"), granule.flash_of_group
        np.testing.assert_array_equal(first, extreme(np.minimum, times, row, size))
        np.testing.assert_array_equal(last, extreme(np.maximum, times, row, size))
        assert times.min() > -5.0
        assert times.max() < 20.0
    if era == "milliseconds":
        assert "group_frame_time_offset" not in granules[0].columns


def test_a_flash_lies_in_the_granule_in_which_it_closes(granules, era):
    """330 ms after its last frame, or at once when it was cut at 101 groups."""
    name = "time" if era == "milliseconds" else "frame_time"
    old = 0
    for granule in granules:
        cut = np.bincount(granule.flash_of_group) == 101
        closed = granule[f"flash_{name}_offset_of_last_event"] + np.where(cut, 0.0, 0.330)
        assert closed.min() > -0.002
        assert closed.max() < 20.002
        old += (granule["flash_time_offset_of_first_event"] < 0).sum()
    assert old > 0


def test_times_are_frames_less_flight_time(west):
    """Frame times lie on a grid of 1.98803 ms; the source time is earlier by range / c and 1 ms."""
    granule = west[0]
    frames = granule["group_frame_time_offset"]
    assert np.abs(frames / FRAME - np.rint(frames / FRAME)).max() * FRAME < 0.0002
    lat, lon = np.radians(granule["group_lat"]), np.radians(granule["group_lon"] + 137.0)
    height, orbit = 6392.0, 42164.0
    distance = np.sqrt(height**2 + orbit**2 - 2 * height * orbit * np.cos(lat) * np.cos(lon))
    residual = frames - granule["group_time_offset"] - distance / LIGHT_KM_PER_S - 0.001
    assert np.abs(residual).max() < 0.0005
    assert (frames - granule["group_time_offset"]).min() > 0.119
    assert (frames - granule["group_time_offset"]).max() < 0.135


def test_flags_mark_flashes_of_101_groups(granules):
    """Flash flag 3 is exactly 101 groups; flag 1 is the last group of such a flash."""
    flagged = 0
    for granule in granules:
        sizes = np.bincount(granule.flash_of_group)
        assert sizes.max() <= 101
        np.testing.assert_array_equal(granule["flash_quality_flag"], np.where(sizes == 101, 3, 0))
        marked = granule["group_quality_flag"] == 1
        assert set(np.unique(granule["group_quality_flag"])) <= {0, 1}
        np.testing.assert_array_equal(
            np.bincount(granule.flash_of_group[marked], minlength=len(sizes)), sizes == 101
        )
        flagged += (sizes == 101).sum()
    assert flagged > 5


def test_children_are_contiguous_but_not_always_in_order(west):
    """Groups of a flash and events of a group stand together, sometimes in another order than parents."""
    shuffled = 0
    for granule in west:
        for row, tier in ((granule.flash_of_group, "flash"), (granule.group_of_event, "group")):
            assert 1 + np.count_nonzero(np.diff(row)) == granule.rows(tier)
        shuffled += (np.diff(granule.flash_of_group) < 0).any()
    assert 10 < shuffled < 50


def test_everything_is_in_view(west):
    """No event is farther from the subpoint than an earth-central angle of 63.2 degrees."""
    for granule in west:
        lat, east = np.radians(granule["event_lat"]), np.radians(granule["event_lon"] + 137.0)
        assert np.degrees(np.arccos(np.cos(lat) * np.cos(east))).max() < 63.2


def test_west_runs_past_the_date_line(west):
    """Event longitudes run on past -180; those of groups and flashes are wrapped."""
    events = np.concatenate([granule["event_lon"] for granule in west])
    groups = np.concatenate([granule["group_lon"] for granule in west])
    assert -203.56 < events.min() < -181.0
    assert (groups > 170.0).any()
    assert groups.min() >= -180.0
