"""One granule: from the store to its place on disk, verified, or to quarantine."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from lightning_eda.errors import ObjectNotFoundError, TransferError
from lightning_eda.glm.extract.record import FetchedGranule
from lightning_eda.glm.hdf5.limits import HDF5_SIGNATURE, MAX_BYTES
from lightning_eda.glm.paths import HourFolders
from lightning_eda.storage.atomic import remove_file, write_atomic
from lightning_eda.storage.backoff import Backoff
from lightning_eda.storage.object_store import ObjectInfo, ObjectStore

REASON_SUFFIX = ".reason.txt"


@dataclass(frozen=True)
class Outcome:
    """What became of one listed object.

    Attributes:
        granule: None when the object has vanished.
        bytes_fetched: Bytes read from the store; None when the granule was already there.
    """

    granule: FetchedGranule | None
    bytes_fetched: int | None = None


@dataclass(frozen=True)
class Fetcher:
    """Fetches single granules of one hour; safe in several threads.

    Args:
        store: Where the objects are.
        folders: Where they go.
        known: What earlier runs recorded, by file name.
        backoff: Tries and pauses for bodies that differ from the listing.
    """

    store: ObjectStore
    folders: HourFolders
    known: Mapping[str, FetchedGranule] = field(default_factory=dict)
    backoff: Backoff = field(default_factory=Backoff)

    def settle(self, info: ObjectInfo) -> Outcome:
        """Brings one listed object to its place, unless the right bytes are already there.

        Args:
            info: An object whose name `GranuleName.parse` has accepted.

        One that is too large to be a granule is rejected as listed, and no byte of it is read.

        Raises:
            TransferError: It kept failing, or its bytes are not those the listing states.
            StorageError: Any other refusal of the store or of the disk.
        """
        if info.size > MAX_BYTES:
            return self._refused(info)
        present = self._already_there(info)
        if present is not None:
            return Outcome(present)
        try:
            granule, data = self._verified(info)
        except ObjectNotFoundError:
            return Outcome(None)
        self._place(granule, data)
        return Outcome(granule, len(data))

    def _already_there(self, info: ObjectInfo) -> FetchedGranule | None:
        """The granule on disk when its bytes are those listed, read whole, so that damage on disk is seen."""
        file = file_name(info.key)
        for folder in (self.folders.extract, self.folders.quarantine):
            data = _read_if_size(folder / file, info.size)
            if data is None:
                continue
            granule = _describe(info, data)
            in_its_folder = (granule.rejected is None) == (folder == self.folders.extract)
            if in_its_folder and self._is_trusted(info, granule):
                return granule
        return None

    def _is_trusted(self, info: ObjectInfo, granule: FetchedGranule) -> bool:
        expected = self.store.expected_md5(info)
        if expected == granule.md5:
            return True
        # An ETag that looks like an MD5 need not be one (encryption): the record of a full fetch then counts.
        return self.known.get(granule.file) == granule and (expected is None or granule.rejected is None)

    def _verified(self, info: ObjectInfo) -> tuple[FetchedGranule, bytes]:
        """The object's bytes and facts, read until they agree with its listing, which is renewed in between.

        Bytes that never agree, yet are the same every time and no HDF5 file, are returned as they are: they
        will be rejected.
        """
        seen: set[str] = set()
        for tried in count(1):
            data = self.store.read_object(info.key)
            granule = _describe(info, data)
            if granule.size == info.size and self.store.expected_md5(info) in (None, granule.md5):
                return granule, data
            seen.add(granule.md5)
            if tried >= self.backoff.tries:
                break
            self.backoff.pause(tried)
            info = self._listed_again(info)
        if len(seen) == 1 and granule.rejected is not None:
            return granule, data
        raise TransferError(
            f"{self.store.url(info.key)} differs from its listing after {tried} reads: {len(data)} bytes, "
            f"MD5 {granule.md5}; listed {info.size}, ETag {info.etag}; run it again later"
        )

    def _refused(self, info: ObjectInfo) -> Outcome:
        """What becomes of an object by its listing alone: its reason is in quarantine, its bytes are not."""
        reason = f"the object has {info.size:,} bytes, and a granule at most {MAX_BYTES:,}: it was not read"
        granule = FetchedGranule(file_name(info.key), info.key, info.size, info.etag, "", reason)
        self._explain(granule)
        remove_file(self.folders.quarantine / granule.file)  # of an earlier version
        return Outcome(granule)

    def _listed_again(self, info: ObjectInfo) -> ObjectInfo:
        """The object's listing of now; it may have been replaced since the hour was listed."""
        for found in self.store.list_objects(info.key):
            if found.key == info.key:
                if found.size > MAX_BYTES:
                    raise TransferError(f"{self.store.url(info.key)} is being replaced; run it again later")
                return found
        raise ObjectNotFoundError(f"{self.store.url(info.key)} has vanished")

    def _place(self, granule: FetchedGranule, data: bytes) -> None:
        """Puts bytes under their final name; what was wrong with an earlier version leaves quarantine."""
        kept, quarantined = self.folders.extract / granule.file, self.folders.quarantine / granule.file
        if granule.rejected is not None:
            self._explain(granule)
            write_atomic(quarantined, data)
        else:
            write_atomic(kept, data, sync_folder=False)  # the record, written last, does it for all
            remove_file(quarantined)
            remove_file(reason_path(quarantined))

    def _explain(self, granule: FetchedGranule) -> None:
        """Puts the reason into quarantine."""
        path = reason_path(self.folders.quarantine / granule.file)
        write_atomic(path, f"{granule.rejected}\n{self.store.url(granule.key)}\n".encode())


def reason_path(quarantined: Path) -> Path:
    """Where the reason for a quarantined file is."""
    return quarantined.with_name(quarantined.name + REASON_SUFFIX)


def file_name(key: str) -> str:
    """What follows the last slash of a key."""
    return key.rpartition("/")[2]


def rejection(data: bytes) -> str | None:
    """Why bytes are no HDF5 file; None when they begin like one."""
    if not data:
        return "the object is empty (0 bytes)"
    if not data.startswith(HDF5_SIGNATURE):
        return f"not an HDF5 file: {len(data)} bytes that begin with {data[:16]!r}"
    return None


def _describe(info: ObjectInfo, data: bytes) -> FetchedGranule:
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return FetchedGranule(file_name(info.key), info.key, len(data), info.etag, md5, rejection(data))


def _read_if_size(path: Path, size: int) -> bytes | None:
    """The bytes of a file of that size; None when there is no such readable file."""
    try:
        return path.read_bytes() if path.stat().st_size == size else None
    except OSError:
        return None  # it will be fetched and replaced, and the replacing reports what is wrong
