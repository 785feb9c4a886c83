import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lightning_eda.errors import StorageError
from lightning_eda.storage.atomic import open_atomic, remove_file, remove_litter, write_atomic

REPOSITORY = Path(__file__).parents[2]
LIMITED_WRITE = """
import resource, sys
from pathlib import Path
from lightning_eda.errors import StorageError
from lightning_eda.storage.atomic import write_atomic
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_atomic(Path(sys.argv[1]), b"x" * 5000)
except StorageError as error:
    sys.exit(str(error))
"""


@pytest.fixture
def mount_point(tmp_path: Path) -> Iterator[Path]:
    """A folder that whatever a test mounts on it leaves again."""
    folder = tmp_path / "disk"
    folder.mkdir()
    yield folder
    subprocess.run(["umount", folder], check=False, stderr=subprocess.DEVNULL)


def mount_tmpfs(folder: Path, options: str) -> None:
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("mounting a small file system needs root rights")


def test_a_file_is_written_whole_in_a_new_folder_and_nothing_else_is_left(tmp_path: Path):
    """The folder is made, the bytes are exact, the rights follow the umask, no temporary file stays."""
    path = tmp_path / "a" / "b" / "file.bin"
    write_atomic(path, b"one")
    write_atomic(path, b"two")
    assert path.read_bytes() == b"two"
    assert [p.name for p in path.parent.iterdir()] == ["file.bin"]
    (tmp_path / "plain").write_bytes(b"")
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("sync_folder", [True, False])
def test_bytes_are_forced_to_the_disk_before_the_name_is(tmp_path: Path, monkeypatch, sync_folder: bool):
    """First the whole file, while the old one has the name; then the folder, where that was asked for."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    forced, force = [], os.fsync

    def note(descriptor: int) -> None:
        found = os.fstat(descriptor)
        forced.append((found.st_ino == tmp_path.stat().st_ino or found.st_size, path.read_bytes()))
        force(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    with open_atomic(path, sync_folder) as file:
        file.write(b"newer")
    assert forced == [(5, b"old"), (True, b"newer")][: 1 + sync_folder]


def test_the_name_appears_only_at_the_end(tmp_path: Path):
    """While the block writes, the old bytes are there under the name."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with open_atomic(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize(
    "error", [ValueError("mine"), KeyboardInterrupt(), FileNotFoundError(2, "no", "other")]
)
def test_an_error_of_the_block_passes_through_and_changes_nothing(tmp_path: Path, error: BaseException):
    """An error that is not about the file keeps its type; the old bytes stay; no temporary file stays."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(type(error)), open_atomic(path) as file:
        file.write(b"half")
        raise error
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"file": b"old"}


def test_many_writers_of_one_name_leave_one_whole_file(tmp_path: Path):
    """Writers never share a temporary file: the result is what one of them wrote."""
    path = tmp_path / "file"
    bodies = [bytes([n]) * 50_000 for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda body: write_atomic(path, body), bodies))
    assert path.read_bytes() in bodies
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_one_clear_error(mount_point: Path):
    """The error names the file and what to do; the old bytes stay and the half-written ones are gone."""
    mount_tmpfs(mount_point, "size=64k")
    path = mount_point / "file"
    write_atomic(path, b"old")
    with pytest.raises(
        StorageError, match=r"disk/file: No space left on device: the disk is full; free some"
    ):
        write_atomic(path, b"x" * 200_000)
    assert {p.name: p.read_bytes() for p in mount_point.iterdir()} == {"file": b"old"}


def test_a_read_only_disk_is_one_clear_error(mount_point: Path):
    """The error names the file and what to do."""
    mount_tmpfs(mount_point, "ro")
    with pytest.raises(StorageError, match=r"disk/sub/file: .*the file system is read-only; choose a folder"):
        write_atomic(mount_point / "sub" / "file", b"x")


def test_a_limit_on_file_size_is_one_clear_error(tmp_path: Path):
    """A write that the system cuts short leaves nothing behind."""
    command = [sys.executable, "-c", LIMITED_WRITE, str(tmp_path / "file")]
    run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert "file: File too large: the file is larger than allowed" in run.stderr
    assert run.returncode == 1
    assert list(tmp_path.iterdir()) == []


def test_a_path_below_a_file_or_onto_a_folder_is_one_clear_error(tmp_path: Path):
    """Both name the path and the culprit."""
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError, match="a part of this path is a file"):
        write_atomic(tmp_path / "file" / "x", b"")
    with pytest.raises(StorageError, match="folder: Is a directory: a folder has the name of this file"):
        write_atomic(tmp_path / "folder", b"")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]


def test_every_name_that_the_file_system_takes_can_be_written(tmp_path: Path):
    """Names are measured in bytes there: 85 Chinese characters are 255."""
    write_atomic(tmp_path / ("雷" * 85), b"x")
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"x"]


def test_an_error_of_the_disk_inside_the_block_is_explained(tmp_path: Path):
    """A full disk that shows while the block writes is a StorageError about the file."""
    with pytest.raises(StorageError, match="the disk is full"), open_atomic(tmp_path / "file"):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_litter_of_killed_writers_is_removed_when_old_and_nothing_else_is(tmp_path: Path):
    """A young temporary file may belong to a living writer; other files are nobody's litter."""
    for name in (".a.1-2.part", ".b.3-4.part", "c.part", ".d"):
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, (1, 1))
    os.utime(tmp_path / ".b.3-4.part")
    assert remove_litter(tmp_path) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == [".b.3-4.part", ".d", "c.part"]
    assert remove_litter(tmp_path / "absent") == 0


def test_removing_an_absent_file_is_fine_and_a_folder_is_not(tmp_path: Path):
    """Only a refusal of the system is an error."""
    remove_file(tmp_path / "absent")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError, match="folder"):
        remove_file(tmp_path / "folder")
