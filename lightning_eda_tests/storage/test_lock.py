"""One process at a time in a folder."""

from pathlib import Path

import pytest

from lightning_eda.errors import FolderBusyError, StorageError
from lightning_eda.storage.lock import sole_use


def test_a_folder_in_use_is_waited_for_within_a_bound(tmp_path: Path) -> None:
    """The error says how long; afterwards the folder is free again, and another is free all the time."""
    folder = tmp_path / "new" / "folder"
    with (
        sole_use(folder),
        sole_use(tmp_path / "other"),
        pytest.raises(FolderBusyError, match=r"has been in use by another run for more than 0\.1 s"),
        sole_use(folder, wait_s=0.1),
    ):
        pytest.fail("two at once")
    with sole_use(folder, wait_s=0.1):
        pass


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    """A file is in its place."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="a part of this path is a file"), sole_use(tmp_path / "file"):
        pytest.fail("it was made")
