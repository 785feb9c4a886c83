"""Fixtures of the tests of fetching: an archive, and the folders of its hour."""

from pathlib import Path

import pytest

from lightning_eda.glm.paths import HourFolders
from lightning_eda_tests.glm.archive import Archive
from lightning_eda_tests.glm.hour_objects import HOUR


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """An empty folder with the bucket's layout."""
    return Archive(tmp_path / "noaa-goes18")


@pytest.fixture
def folders(tmp_path: Path) -> HourFolders:
    """Where the hour is fetched to."""
    return HourFolders(tmp_path / "data", "noaa-goes18", HOUR)
