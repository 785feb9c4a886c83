"""A folder of one run's own for files on their way, gone when the run has ended, however it ended."""

import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from lightning_eda.storage.atomic import storage_error

LOCK_SUFFIX = ".lock"
PRIVATE = 0o700


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder below the system's temporary folder that only this user can read or write.

    It has one name for all runs of a user, so that each removes what killed ones left; where another user
    has taken that name, a folder with a name nobody could know, for this block alone.

    Raises:
        StorageError: The system refused (full, read-only, not allowed).
    """
    user = os.getuid() if hasattr(os, "getuid") else 0  # Windows has a temporary folder for each user
    place = Path(tempfile.gettempdir()) / f"lightning_eda-{user}"
    try:
        with suppress(FileExistsError):
            place.mkdir(mode=PRIVATE)
        facts = place.lstat()
        own = stat.S_ISDIR(facts.st_mode) and facts.st_uid == user
        if own:
            place.chmod(PRIVATE)
        folder = place if own else Path(tempfile.mkdtemp(prefix="lightning_eda-"))
    except OSError as error:
        raise storage_error(place, error) from error
    try:
        yield folder
    finally:
        if not own:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def scratch_folder(root: Path) -> Iterator[Path]:
    """An empty folder below `root` that is removed at the end of the block.

    A lock file beside the folder is held as long as the process lives, so that the next run can tell the
    folder of a killed run, which it removes, from that of a living one.

    Args:
        root: Where such folders are made; made when it is not there.

    Raises:
        StorageError: The system refused (full, read-only, not allowed).
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        remove_dead(root)
        lock = _new_lock(root)
        folder = _folder_of(Path(lock.lock_file))
        folder.mkdir(mode=PRIVATE)
    except OSError as error:
        raise storage_error(root, error) from error
    try:
        yield folder
    finally:
        _remove(lock)


def remove_dead(root: Path) -> int:
    """Removes the folders whose runs have died; returns how many."""
    removed = 0
    for path in root.glob(f"load-*{LOCK_SUFFIX}"):
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue  # it is at work
        _remove(lock)
        removed += 1
    return removed


def _new_lock(root: Path) -> FileLock:
    while True:
        path = root / f"load-{secrets.token_hex(6)}{LOCK_SUFFIX}"
        lock = FileLock(path)
        lock.acquire()
        if path.exists():
            return lock
        lock.release()  # another run took it for a dead one's before it was held


def _remove(lock: FileLock) -> None:
    path = Path(lock.lock_file)
    shutil.rmtree(_folder_of(path), ignore_errors=True)
    path.unlink(missing_ok=True)
    lock.release()


def _folder_of(lock_file: Path) -> Path:
    return lock_file.with_suffix("")
