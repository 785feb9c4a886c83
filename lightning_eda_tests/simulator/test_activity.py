"""Simulated lightning is as frequent, as large and as gathered as real lightning."""

from datetime import timedelta

import numpy as np
import pytest

from lightning_eda.glm.names import GranuleName
from lightning_eda.simulator import EAST_PEAK, Activity, simulate_hour
from lightning_eda.simulator.eras import find_era, find_satellite
from lightning_eda.simulator.hour import cut_hour
from lightning_eda.simulator.sky.storms import storms_of_hour
from lightning_eda_tests.glm.raw_granule import read_raw
from lightning_eda_tests.simulator.conftest import HOUR


def extreme(ufunc: np.ufunc, values: np.ndarray, row: np.ndarray, size: int) -> np.ndarray:
    found = np.full(size, np.inf if ufunc is np.minimum else -np.inf)
    ufunc.at(found, row, values)
    return found


BANDS = {  # percentiles 10, 50, 90 of real granules in the current format, and how far off ours may be
    "groups per flash": ((2, 11, 51), 1.5),
    "events per group": ((1, 2, 5), 1.3),
    "events per flash": ((4.5, 22, 135), 1.6),
    "duration ms": ((35, 235, 632), 1.6),
    "event energy fJ": ((1.4, 2.9, 12.4), 1.4),
    "group energy fJ": ((1.6, 5.9, 33), 1.4),
    "flash energy fJ": ((12, 115, 841), 1.6),
    "group area km2": ((68, 136, 342), 1.4),
    "flash area km2": ((79, 329, 1039), 2.2),
    "flash extent km": ((0, 7.5, 24), 1.8),
}


def test_sizes_are_distributed_like_real_ones(west):
    """Percentiles lie within a factor of those of 570 real flashes."""
    sizes: dict[str, list[np.ndarray]] = {name: [] for name in BANDS}
    for one in west:
        flashes = one.rows("flash")
        first, last = one.first_and_last()
        row = one.flash_of_group
        sizes["groups per flash"].append(np.bincount(row))
        sizes["events per group"].append(np.bincount(one.group_of_event))
        sizes["events per flash"].append(np.bincount(row[one.group_of_event]))
        sizes["duration ms"].append(1e3 * (last - first))
        for tier in ("event", "group", "flash"):
            sizes[f"{tier} energy fJ"].append(1e15 * one[f"{tier}_energy"])
        for tier in ("group", "flash"):
            sizes[f"{tier} area km2"].append(1e-6 * one[f"{tier}_area"])
        spans = [
            extreme(np.maximum, one[name], row, flashes) - extreme(np.minimum, one[name], row, flashes)
            for name in ("group_lat", "group_lon")
        ]
        spans[1] = np.where(spans[1] > 180, 0, spans[1]) * np.cos(np.radians(one["flash_lat"]))
        sizes["flash extent km"].append(111.2 * np.hypot(*spans))
    for name, (real, factor) in BANDS.items():
        ours = np.percentile(np.concatenate(sizes[name]), [10, 50, 90])
        for found, wanted in zip(ours[1:], real[1:], strict=True):
            assert wanted / factor <= found <= wanted * factor, (name, ours, real)


@pytest.mark.parametrize(("satellite", "mean"), [("G18", 31.0), ("G16", 160.0)])
def test_the_usual_rate_depends_on_the_satellite(satellite, mean):
    """West has about 31 flashes in 20 s, East 160; numbers swing slowly, and more than chance makes them."""
    era = find_era("current")
    platform = find_satellite(satellite, era)
    hours = [cut_hour(platform, HOUR + timedelta(hours=hour), 4, era, Activity()) for hour in range(4)]
    counts = np.array([len(rows) for hour in hours for rows in hour.by_granule(180)])
    assert counts.mean() == pytest.approx(mean, rel=0.06)
    assert counts.var() / counts.mean() > 1.5
    assert np.corrcoef(counts[1:], counts[:-1])[0, 1] > 0.3


def test_an_hour_at_the_peak_of_the_east_can_be_made():
    """EAST_PEAK is 50 thousand flashes, 1.3 million groups and 3.6 million events in an hour."""
    era = find_era("current")
    cut = cut_hour(find_satellite("G16", era), HOUR, 4, era, EAST_PEAK)
    rows = np.concatenate(cut.by_granule(180))
    kept = np.isin(cut.groups.flash, rows)
    assert len(rows) == pytest.approx(50_000, rel=0.04)
    assert kept.sum() == pytest.approx(1_300_000, rel=0.05)
    assert cut.groups.n_events[kept].sum() == pytest.approx(3_600_000, rel=0.06)


def test_activity_is_what_was_asked_for():
    """Mean flashes per granule, groups per flash and events per group follow the request."""
    era = find_era("current")
    wanted = Activity(flashes_per_granule=60.0, groups_per_flash=12.0, events_per_group=4.0)
    cut = cut_hour(find_satellite("G18", era), HOUR, 4, era, wanted)
    rows = np.concatenate(cut.by_granule(180))
    assert len(rows) / 180 == pytest.approx(60.0, rel=0.05)
    assert cut.flashes.n_groups[rows].mean() == pytest.approx(12.0, rel=0.05)
    assert cut.groups.n_events.mean() == pytest.approx(4.0, rel=0.05)


def test_storms_live_on_into_the_next_hour():
    """Storms that peak in an hour are among those of the next one, at the same places."""
    satellite = find_satellite("G18", find_era("current"))
    now, later = (storms_of_hour(4, satellite, HOUR + timedelta(hours=hour), 5580.0) for hour in (0, 1))
    shared = np.isin(now.x, later.x)
    assert shared.mean() == pytest.approx(2 / 3, abs=0.01)
    np.testing.assert_allclose(
        np.sort(now.peak[shared]) - 3600.0, np.sort(later.peak[np.isin(later.x, now.x)]), atol=1e-6
    )


def test_flashes_are_gathered_in_storms(west):
    """Half of the flashes lie in a few per cent of the occupied places: a map shows storms, not snow."""
    lat = np.concatenate([granule["flash_lat"] for granule in west])
    lon = np.concatenate([granule["flash_lon"] for granule in west])
    _, counts = np.unique(np.floor(np.stack([lat, lon % 360.0]) / 0.5), axis=1, return_counts=True)
    counts = np.sort(counts)[::-1]
    busiest = np.searchsorted(np.cumsum(counts), counts.sum() / 2)
    assert busiest / len(counts) < 0.25
    assert np.percentile(np.abs(lat), [25, 50, 75]) == pytest.approx([9, 18, 30], abs=8)


def test_hours_follow_each_other(tmp_path, west_hour):
    """The last granule of an hour and the first of the next do not share ids, and names go on."""
    last = west_hour[-1]
    first = simulate_hour(tmp_path, "G18", HOUR + timedelta(hours=1), 12, granules=1)[0]
    assert GranuleName.parse(last.name).end == GranuleName.parse(first.name).start
    before, after = read_raw(last), read_raw(first)
    for tier in ("event", "group", "flash"):
        assert not set(before[f"{tier}_id"].tolist()) & set(after[f"{tier}_id"].tolist())
    assert after["group_id"].min() > before["group_id"].max()
