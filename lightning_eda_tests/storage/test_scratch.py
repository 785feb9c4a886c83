import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from lightning_eda.storage.scratch import private_folder, scratch_folder

CHILD = """
import sys, time
from pathlib import Path
from lightning_eda.storage.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    (folder / "half.parquet").write_bytes(b"x")
    print(folder, flush=True)
    time.sleep(60)
"""


def test_the_folder_is_gone_after_the_run(tmp_path: Path):
    """With its lock file, also when the run fails."""
    with scratch_folder(tmp_path / "scratch") as folder:
        (folder / "a").write_bytes(b"x")
    try:
        with scratch_folder(tmp_path / "scratch") as folder:
            (folder / "a").write_bytes(b"x")
            raise ValueError
    except ValueError:
        pass
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_killed_runs_folder_goes_with_the_next_and_a_living_ones_stays(tmp_path: Path):
    """A real process, killed with -9."""
    command = [sys.executable, "-c", CHILD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        with scratch_folder(tmp_path) as own:
            assert folder.is_dir()
            assert own != folder
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert (folder / "half.parquet").exists()
    with scratch_folder(tmp_path):
        assert not folder.exists()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's temporary folder, as all users share it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_the_private_folder_is_ones_own(temporary: Path):
    """One for all runs of a user, and closed to others even if an earlier version left it open."""
    with private_folder() as folder:
        assert folder.parent == temporary
        assert (folder.stat().st_mode & 0o777, folder.stat().st_uid) == (0o700, os.getuid())
        with scratch_folder(folder) as own:
            assert own.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o777)
    with private_folder() as again:
        assert (again, again.stat().st_mode & 0o777) == (folder, 0o700)


@pytest.mark.parametrize("kind", ["file", "link", "folder of another"])
def test_a_name_that_another_user_took_breaks_nothing(temporary: Path, tmp_path_factory, kind: str):
    """The load has a folder with a name nobody could know, gone afterwards; theirs is not touched."""
    taken, elsewhere = temporary / f"lightning_eda-{os.getuid()}", tmp_path_factory.mktemp("elsewhere")
    if kind == "file":
        taken.touch()
    elif kind == "link":
        taken.symlink_to(elsewhere)
    elif os.getuid() != 0:
        pytest.skip("only root can make a folder another's")
    else:
        taken.mkdir()
        os.chown(taken, 12345, 12345)
    with private_folder() as folder:
        assert folder != taken
        assert (folder.stat().st_mode & 0o777, folder.stat().st_uid) == (0o700, os.getuid())
        with scratch_folder(folder) as own:
            (own / "a").touch()
    assert list(temporary.iterdir()) == [taken]
    assert list(elsewhere.iterdir()) == []
