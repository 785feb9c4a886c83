"""A local folder with a bucket's layout, used as if it were the bucket."""

import errno
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from lightning_eda.errors import (
    AccessDeniedError,
    BucketNotFoundError,
    ObjectChangedError,
    ObjectNotFoundError,
    StorageError,
)
from lightning_eda.storage.atomic import LITTER_SUFFIX, open_atomic, remove_file
from lightning_eda.storage.object_store import ObjectInfo, StoredObject
from lightning_eda.texts import plain


class FolderStore:
    """Objects are the regular files below a root; a key is the path from the root, with slashes.

    Links are followed wherever they lead, since an archive is often spread over disks and its owner made them
    (but not to folders below the prefix's own). A key never leads out of the root by itself.

    Args:
        root: The folder that stands for the bucket.
        setting: The variable that names it, for the words of errors.
        advice: What to do when no folder is meant, for the end of the error that it is not there.
    """

    def __init__(self, root: Path, setting: str = "GLM_ARCHIVE_DIR", advice: str = "") -> None:
        self.root = root
        self.setting = setting
        self.advice = advice

    @property
    def request_count(self) -> int:
        """Zero: nothing goes over the network."""
        return 0

    def list_objects(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every file whose key starts with `prefix`, in key order.

        The etag is made of size and time of change (nanoseconds), so it is never taken for an MD5.

        Raises:
            BucketNotFoundError: The root is not a folder.
            StorageError: The prefix leads out of the root, or a folder cannot be read.
            AccessDeniedError: A folder may not be read.
        """
        self._require_root()
        folder = prefix.rpartition("/")[0]
        self._inside(folder)
        found = (info for info in self._walk(self.root / folder) if info.key.startswith(prefix))
        return iter(sorted(found, key=lambda info: info.key))

    def has_folder(self, prefix: str) -> bool:
        """Whether there is any file in a folder; errors as for a listing.

        An empty folder counts for nothing, as in a bucket: it may be where a disk is not mounted.
        """
        self._require_root()
        return next(self._walk(self._inside(prefix)), None) is not None

    def read_object(self, key: str) -> bytes:
        """The bytes of a file.

        Raises:
            ObjectNotFoundError: There is no such regular file.
            StorageError: The key leads out of the root, or reading fails.
            AccessDeniedError: The file may not be read.
        """
        with self._reading(key) as file:
            return file.read()

    def open_object(self, info: ObjectInfo) -> BinaryIO:
        """The file, when it is still the one that was listed; errors as `read_object`, ObjectChangedError."""
        with self._explained(self._inside(info.key)) as path:
            file = path.open("rb")
        if _etag(os.fstat(file.fileno())) != info.etag:
            file.close()
            raise ObjectChangedError(f"{path} was replaced since it was listed; run it again")
        return file

    def stat_object(self, key: str) -> StoredObject:
        """What is known of one file without reading it; ObjectNotFoundError when there is none."""
        with self._explained(self._inside(key)) as path:
            return StoredObject(_info(key, path.stat()))

    def put_object(
        self,
        key: str,
        data: bytes | Path,
        metadata: Mapping[str, str] | None = None,  # noqa: ARG002 - a folder keeps none
    ) -> ObjectInfo:
        """Writes a file, whole or not at all; StorageError when the system refuses."""
        path = self._inside(key)
        with open_atomic(path, setting=self.setting) as file:
            if isinstance(data, Path):
                with data.open("rb") as source:
                    shutil.copyfileobj(source, file)
            else:
                file.write(data)
        return self.stat_object(key).info

    def start_upload(
        self, key: str, path: Path, metadata: Mapping[str, str] | None = None
    ) -> "CopyWhenWhole":
        """A copy of a file that is still being written, made when it is whole; errors as `put_object`."""
        return CopyWhenWhole(self, key, path, metadata)

    def delete_object(self, key: str) -> None:
        """Removes a file that may be absent."""
        remove_file(self._inside(key))

    def expected_md5(self, info: ObjectInfo) -> str | None:  # noqa: ARG002 - the store's contract
        """None: a folder states no MD5."""
        return None

    def url(self, key: str) -> str:
        """The path of a file."""
        return plain(str(self.root / key))

    def describe(self) -> str:
        """The folder."""
        return f"the folder {self.root}"

    def _require_root(self) -> None:
        try:
            if self.root.is_dir():
                return
        except OSError as error:
            _refuse(error)
        raise BucketNotFoundError(
            f"{self.root} is no folder; {self.setting} must name one that exists{self.advice}"
        )

    def _inside(self, key: str) -> Path:
        """The path of a key; StorageError when the key itself, and not a link the user made, leads out."""
        if "\0" in key or key.startswith("/") or ".." in Path(key).parts:
            raise StorageError(f"{key!r} leads out of {self.root}")
        return self.root / key

    def _walk(self, folder: Path) -> Iterator[ObjectInfo]:
        for place, _, names in os.walk(folder, onerror=_refuse):
            for name in names:
                key = (Path(place) / name).relative_to(self.root).as_posix()
                try:
                    facts = self._inside(key).stat()
                except OSError as error:
                    if error.errno != errno.ELOOP:
                        _refuse(error)
                    continue  # removed since, or a link to nothing or in a circle
                if stat.S_ISREG(facts.st_mode) and not name.endswith(LITTER_SUFFIX):
                    yield _info(key, facts)

    @contextmanager
    def _reading(self, key: str) -> Iterator[BinaryIO]:
        with self._explained(self._inside(key)) as path, path.open("rb") as file:
            yield file

    @contextmanager
    def _explained(self, path: Path) -> Iterator[Path]:
        """Our errors for those of the system, about a file that is there."""
        try:
            if not path.is_file():
                raise ObjectNotFoundError(f"{path} is not a file")
            yield path
        except FileNotFoundError as error:
            raise ObjectNotFoundError(f"{path} is gone") from error
        except PermissionError as error:
            raise AccessDeniedError(f"{path} may not be read by this user") from error
        except OSError as error:
            raise StorageError(f"{path} cannot be read: {error}") from error


class CopyWhenWhole:
    """An upload, as `object_store.Upload` promises, that copies the file when it is whole.

    Args:
        store: Where to.
        key: Its key.
        path: The file.
        metadata: As of `FolderStore.put_object`.
    """

    def __init__(
        self, store: FolderStore, key: str, path: Path, metadata: Mapping[str, str] | None = None
    ) -> None:
        self._store = store
        self._key = key
        self._path = path
        self._metadata = metadata

    def advance(self, size: int) -> None:
        """Nothing: a copy is quick."""

    def finish(self) -> ObjectInfo:
        """Copies the file."""
        return self._store.put_object(self._key, self._path, self._metadata)

    def abort(self) -> None:
        """Nothing: there is nothing yet, or all of it."""


def _info(key: str, facts: os.stat_result) -> ObjectInfo:
    changed = datetime.fromtimestamp(facts.st_mtime, UTC)
    return ObjectInfo(key, facts.st_size, _etag(facts), changed)


def _etag(facts: os.stat_result) -> str:
    return f"{facts.st_size}-{facts.st_mtime_ns}"


def _refuse(error: OSError) -> None:
    """Turns what cannot be looked at into an error; what is absent is not listed."""
    if isinstance(error, PermissionError):
        raise AccessDeniedError(f"{error.filename} may not be listed by this user") from error
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise StorageError(f"{error.filename} cannot be listed: {error}") from error
