"""Granules for the benchmarks: the real ones beside the checkout, otherwise simulated."""

import atexit
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from lightning_eda.glm.simulator import simulate_hour

REAL = Path(__file__).parents[2] / "shared" / "granules"
HOUR = datetime(2024, 7, 1, 20, tzinfo=UTC)


def some_granules() -> list[Path]:
    """Paths of a few granules."""
    real = sorted(REAL.glob("*.nc"))
    if real:
        return real
    return simulated_hour("G19", granules=8)


def simulated_hour(satellite: str, granules: int = 180) -> list[Path]:
    """Paths of simulated granules with the satellite's usual lightning, in a folder that is removed at exit."""
    folder = tempfile.TemporaryDirectory(prefix="lightning-eda-")
    atexit.register(folder.cleanup)
    return simulate_hour(folder.name, satellite, HOUR, seed=1, granules=granules)
