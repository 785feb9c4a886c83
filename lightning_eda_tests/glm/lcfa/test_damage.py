"""Thousands of damaged copies of granules, read in a child process: each is refused, or read rightly."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from lightning_eda.simulator import write_granule
from lightning_eda_tests.glm.damaged_granules import COPIES

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the child limits its memory as Linux does")

DAMAGED = "lightning_eda_tests.glm.damaged_granules"
ROOT = Path(__file__).parents[3]
START = datetime(2018, 7, 2, 4, 33, tzinfo=UTC)
ONE_OF_A_KIND = ("s20181830433000", "s2018290", "s2021082", "s2020016", "s2023026", "s2025097")


def outcomes(seed: int, share: int, paths: list[Path]) -> dict[str, dict[str, int]]:
    """What came of the damaged copies of the granules, by kind of damage."""
    child = subprocess.run(
        [sys.executable, "-m", DAMAGED, str(seed), str(share), *map(str, paths)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert child.returncode == 0, child.stderr[-3000:]
    counts: dict[str, dict[str, int]] = json.loads(child.stdout)
    assert {kind: sum(count.values()) for kind, count in counts.items()} == {
        kind: copies // share * len(paths) for kind, copies in COPIES.items()
    }
    return counts


def check(counts: dict[str, dict[str, int]]) -> None:
    """No copy broke a rule, or the child would have failed; what has to be seen was seen."""
    assert set(counts["cut"]) == {"refused"}
    assert set(counts["flip of metadata"]) == {"refused", "same"}
    for kind in ("flip", "zeroed", "noise", "edit"):
        assert counts[kind]["refused"] > 0


@pytest.mark.parametrize("share", [10, pytest.param(1, marks=pytest.mark.slow)], ids=["some", "all"])
def test_damaged_simulated_granules(tmp_path, share):
    """2,300 copies of granules of every era, of one that lost rows and of an empty one; or a tenth."""
    places = {"lat": np.linspace(-30, 30, 300), "lon": np.linspace(-110, -60, 300)}
    paths = [
        write_granule(tmp_path, satellite="G16", start=START, era=era, flashes=places, faults=faults)
        for era, faults in (
            ("milliseconds", ()), ("do07", ["fill_energy"]), ("current", ["lost_blocks", "fill_area"]),
        )
    ]  # fmt: skip
    paths.append(write_granule(tmp_path, satellite="G17", start=START.replace(year=2020), faults=["empty"]))
    paths.append(write_granule(tmp_path, satellite="G18", flashes=places, faults=["past_dateline"]))
    assert len(paths) * sum(COPIES.values()) == 2300
    check(outcomes(1, share, paths))


@pytest.mark.slow
def test_damaged_real_granules(granules_folder):
    """460 copies of each real granule, of which three alike count as one."""
    paths = [path for stamp in ONE_OF_A_KIND for path in granules_folder.glob(f"*_{stamp}*.nc")]
    check(outcomes(2, 1, paths))
