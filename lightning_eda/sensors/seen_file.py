"""What a sensor has seen, kept in a file of its own; the sensor's cursor only names the file.

Dagster stores the cursor with every tick: 25,000 objects in it (400 kB) would be 580 MB a day at one tick a
minute. A file's name is the hash of its bytes, so a damaged one is noticed. The file that the cursor named
before is kept beside the new one: a tick that dies before its cursor is stored is repeated from there.
"""

from hashlib import blake2b
from pathlib import Path

import numpy as np

from lightning_eda.sensors.seen_versions import SeenVersions
from lightning_eda.storage.atomic import remove_file, remove_litter, storage_error, write_atomic

MARK = "seen-1:"  # the format, at the beginning of each cursor
STORED = np.dtype("<u8")


class SeenFile:
    """The memory of one sensor in a folder of its own.

    Args:
        folder: Made when something is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, cursor: str | None) -> SeenVersions | None:
        """What a cursor stands for; None when its file is lost, damaged or of another version.

        Raises:
            StorageError: The file is there and cannot be read.
        """
        if cursor is None:
            return {}
        name = _name(cursor)
        if name is None:
            return None
        path = self.folder / name
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise storage_error(path, error) from error
        if _digest(data) != name or len(data) % (2 * STORED.itemsize):
            return None
        objects, versions = np.frombuffer(data, STORED).reshape(2, -1).tolist()
        return dict(zip(objects, versions, strict=True))

    def write(self, seen: SeenVersions, cursor: str | None) -> str:
        """Writes what is known now.

        Args:
            seen: What is known.
            cursor: The cursor of before; its file stays, all older ones go.

        Returns:
            The new cursor.

        Raises:
            StorageError: The folder cannot be written; nothing was lost.
        """
        pairs = np.array(sorted(seen.items()), STORED).reshape(-1, 2)
        data = pairs.T.tobytes()
        name = _digest(data)
        if not _holds(self.folder / name, data):
            write_atomic(self.folder / name, data)
        for path in self.folder.iterdir():
            if _is_digest(path.name) and path.name not in {name, _name(cursor or "")}:
                remove_file(path)
        remove_litter(self.folder)
        return MARK + name


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes() == data
    except OSError:
        return False  # it is written then, and that reports what is wrong


def _name(cursor: str) -> str | None:
    """The file a cursor names; None for a cursor that is not ours."""
    name = cursor.removeprefix(MARK)
    return name if cursor.startswith(MARK) and _is_digest(name) else None


def _is_digest(name: str) -> bool:
    return len(name) == 32 and set(name) <= set("0123456789abcdef")


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()
