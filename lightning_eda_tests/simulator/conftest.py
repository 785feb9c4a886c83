"""A simulated hour that several tests look at."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lightning_eda.simulator import simulate_hour
from lightning_eda_tests.glm.raw_granule import RawGranule, read_raw

HOUR = datetime(2024, 7, 1, 20, tzinfo=UTC)


@pytest.fixture(scope="session")
def west_hour(tmp_path_factory) -> list[Path]:
    """An hour of GOES-West."""
    return simulate_hour(tmp_path_factory.mktemp("west"), "G18", HOUR, 12)


@pytest.fixture(scope="session")
def west(west_hour: list[Path]) -> list[RawGranule]:
    """Every third granule of it."""
    return [read_raw(path) for path in west_hour[::3]]
