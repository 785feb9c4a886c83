"""The busiest hour of GOES-East, all tiers, in bounded memory."""

import pytest

from benchmarks.peak_hour import run_step

LIMIT_MB = 1500


@pytest.mark.long
def test_the_busiest_hour_stays_below_the_limit(tmp_path):
    """Each step and its child, in a process of its own, so that one does not hide in another's peak."""
    run_step("simulate", tmp_path)
    size = sum(path.stat().st_size for path in (tmp_path / "archive").rglob("*.nc"))
    assert size > 100e6  # 3.6 million events
    peaks = {}
    for step in ("extract", "transform", "load"):
        figures = run_step(step, tmp_path)
        peaks[step] = figures["own_mb"] + figures["children_mb"]
    assert max(peaks.values()) < LIMIT_MB, peaks
    assert (tmp_path / "lightning.duckdb").stat().st_size > 50e6
