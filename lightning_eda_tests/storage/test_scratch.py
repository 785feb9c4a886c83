import os
import signal
import subprocess
import sys
from pathlib import Path

from lightning_eda.storage.scratch import scratch_folder

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
