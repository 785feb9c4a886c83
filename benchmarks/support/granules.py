"""Granules for the benchmarks: the real ones beside the checkout, and simulated ones."""

import atexit
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from lightning_eda.simulator import simulate_hour

REAL = Path(__file__).parents[3] / "shared" / "granules"
HOUR = datetime(2024, 7, 1, 20, tzinfo=UTC)


def real_granules() -> list[Path]:
    """Paths of the real granules; none where they are not beside the checkout."""
    return sorted(REAL.glob("*.nc"))


def simulated_hour(satellite: str, granules: int = 180) -> list[Path]:
    """Paths of simulated granules with the usual lightning, in a folder that is removed at exit."""
    folder = tempfile.TemporaryDirectory(prefix="lightning-eda-")
    atexit.register(folder.cleanup)
    return simulate_hour(folder.name, satellite, HOUR, seed=1, granules=granules)
