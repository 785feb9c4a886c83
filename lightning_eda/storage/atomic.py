"""Files that appear whole under their final name, or not at all.

The bytes go to a hidden temporary file in the same folder, are forced to the disk, and are then renamed.
"""

import errno
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from lightning_eda.errors import StorageError

LITTER_SUFFIX = ".part"
LITTER_AGE_S = 3600.0  # no writer here holds a temporary file open that long
DATA_FOLDER = "LIGHTNING_DATA_DIR"
ADVICE = {
    errno.ENOSPC: "the disk is full; free some space or choose another folder ({setting})",
    errno.EDQUOT: "the disk quota is used up; free some space or choose another folder ({setting})",
    errno.EFBIG: "the file is larger than allowed here; raise the limit or choose another folder",
    errno.EROFS: "the file system is read-only; choose a folder that can be written ({setting})",
    errno.EACCES: "this user may not write there; change its rights or choose another ({setting})",
    errno.EPERM: "this user may not write there; change its rights or choose another ({setting})",
    errno.ENOTDIR: "a part of this path is a file, not a folder; move that file away",
    errno.EEXIST: "a part of this path is a file, not a folder; move that file away",
    errno.EISDIR: "a folder has the name of this file; move that folder away",
    errno.ENOENT: "a part of this path cannot be made; choose another folder ({setting})",
    errno.ENAMETOOLONG: "the path is too long; choose a shorter folder ({setting})",
    errno.ELOOP: "links lead in a circle; mend them or choose another folder ({setting})",
    errno.EIO: "the disk reports an input/output error; check the disk",
}


def storage_error(path: Path, error: OSError, setting: str = DATA_FOLDER) -> StorageError:
    """The error for people: names the path, what the system said and what to do; `setting` led there."""
    advice = ADVICE.get(error.errno or 0, "").format(setting=setting)
    return StorageError(f"{path}: {error.strerror or error}" + (f": {advice}" if advice else ""))


def write_atomic(path: Path, data: bytes, sync_folder: bool = True, setting: str = DATA_FOLDER) -> None:
    """Writes a file whole or not at all; makes its folder.

    Args:
        path: Final name.
        data: The bytes.
        sync_folder: As in `open_atomic`.
        setting: Likewise.

    Raises:
        StorageError: The system refused (full, read-only, not allowed); whatever had the name is unchanged.
    """
    with open_atomic(path, sync_folder, setting) as file:
        file.write(data)


@contextmanager
def open_atomic(path: Path, sync_folder: bool = True, setting: str = DATA_FOLDER) -> Iterator[BinaryIO]:
    """A binary file to write that takes its name when the block ends without an error; makes its folder.

    Any number of processes may write one path at once: each has its own temporary file and the last rename
    wins. On an error the temporary file is removed and whatever had the name is unchanged.

    Args:
        path: Final name.
        sync_folder: Force the name to the disk too. False for all but the last of many files of one folder:
            a power cut may then lose a name, never leave it with the wrong bytes.
        setting: The variable that names the folder, for the words of errors.

    Raises:
        StorageError: The system refused (full, read-only, not allowed).
    """
    # Short, since a name in other scripts may already be as many bytes long as a name can be.
    part = path.with_name(f".{os.getpid()}-{secrets.token_hex(6)}{LITTER_SUFFIX}")
    with _explained(path, setting):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = part.open("xb")
    try:
        with file:
            yield file
            with _explained(path, setting):
                file.flush()
                os.fsync(file.fileno())
        with _explained(path, setting):
            part.replace(path)
            if sync_folder:
                _sync_folder(path.parent)
    except OSError as error:
        _remove(part)
        if error.filename is None and error.errno in ADVICE:
            raise storage_error(path, error, setting) from error
        raise  # the block's own error, about something else
    except BaseException:
        _remove(part)
        raise


def remove_litter(folder: Path) -> int:
    """Removes the temporary files that killed writers left in a folder.

    Those younger than `LITTER_AGE_S` stay, since a living process may be writing them.

    Args:
        folder: Only its own files are looked at; it may be absent.

    Returns:
        How many were removed.
    """
    removed = 0
    for part in folder.glob(f".*{LITTER_SUFFIX}"):
        with suppress(FileNotFoundError):
            if time.time() - part.stat().st_mtime > LITTER_AGE_S:
                remove_file(part)
                removed += 1
    return removed


def remove_file(path: Path) -> None:
    """Removes a file that may be absent.

    Raises:
        StorageError: The system refused.
    """
    with _explained(path, DATA_FOLDER), suppress(NotADirectoryError):
        path.unlink(missing_ok=True)


@contextmanager
def _explained(path: Path, setting: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise storage_error(path, error, setting) from error


def _remove(part: Path) -> None:
    with suppress(OSError):  # the error that led here is the one to report
        part.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Forces a rename to the disk, on file systems that can."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)
