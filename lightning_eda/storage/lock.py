"""One process at a time in a folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from lightning_eda.errors import FolderBusyError
from lightning_eda.storage.atomic import storage_error

WAIT_S = 600.0


@contextmanager
def sole_use(folder: Path, wait_s: float = WAIT_S) -> Iterator[None]:
    """Keeps other processes that ask for the same folder waiting; the folder is made when it is not there.

    The lock ends with the process, however that ends.

    Raises:
        FolderBusyError: Another process held it all that time.
        StorageError: The folder cannot be written.
    """
    lock = FileLock(folder / ".lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=wait_s)
    except Timeout as error:
        raise FolderBusyError(
            f"{folder} has been in use by another run for more than {wait_s:g} s: try again when it has ended"
        ) from error
    except OSError as error:
        raise storage_error(folder, error) from error
    try:
        yield
    finally:
        lock.release()
