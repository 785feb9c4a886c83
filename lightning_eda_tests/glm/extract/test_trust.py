"""Bytes are taken only when they are those of the listing; what can never be a granule goes to quarantine."""

from pathlib import Path

import pytest

from lightning_eda.errors import ObjectNotFoundError, TransferError
from lightning_eda.glm.extract.source import fetch_hour
from lightning_eda.glm.paths import HourFolders
from lightning_eda.storage.folder import FolderStore
from lightning_eda.storage.object_store import ObjectInfo
from lightning_eda_tests.glm.archive import Archive, tree
from lightning_eda_tests.glm.hour_objects import (
    HOUR,
    PREFIX,
    by_name,
    files_in,
    granule_bytes,
    granule_file,
    hour_objects,
    quick_backoff,
)


def test_bytes_that_never_fit_and_never_repeat_are_a_transfer_error(archive: Archive, folders: HourFolders):
    """Only a body that is the same every time is held to be what the store has."""
    archive.put(hour_objects(1))

    class NoisyStore(FolderStore):
        reads = 0

        def read_object(self, key: str) -> bytes:  # noqa: ARG002
            self.reads += 1
            return b"noise" * self.reads

    store = NoisyStore(archive.root)
    with pytest.raises(TransferError, match="differs from its listing after 12 reads: 60 bytes"):
        fetch_hour(store, folders, backoff=quick_backoff())
    assert store.reads == 12
    assert not folders.quarantine.exists()


def test_an_etag_that_only_looks_like_an_md5_costs_one_read(archive: Archive, folders: HourFolders):
    """Under a KMS key only the reply tells it; later runs go by the record, and damage still heals."""
    archive.put(hour_objects(3))

    class EncryptedStore(FolderStore):
        def __init__(self, root: Path) -> None:
            super().__init__(root)
            self.read: set[str] = set()

        def read_object(self, key: str) -> bytes:
            self.read.add(key)
            return super().read_object(key)

        def expected_md5(self, info: ObjectInfo) -> str | None:
            return None if info.key in self.read else "0" * 32

    assert fetch_hour(EncryptedStore(archive.root), folders, backoff=quick_backoff()).fetched == 3
    store = EncryptedStore(archive.root)
    assert fetch_hour(store, folders, backoff=quick_backoff()).already_there == 3
    assert store.read == set()
    (folders.extract / granule_file(1)).write_bytes(granule_bytes(99))
    assert fetch_hour(store, folders, backoff=quick_backoff()).fetched == 1
    assert files_in(folders.extract) == by_name(hour_objects(3))


def test_a_file_damaged_on_disk_heals(archive: Archive, folders: HourFolders):
    """A flipped byte, a cut and a lost file are fetched again, and only these."""
    objects = hour_objects(10)
    archive.put(objects)
    fetch_hour(archive.store(), folders)
    names = sorted(by_name(objects))
    flipped = bytearray((folders.extract / names[0]).read_bytes())
    flipped[2000] ^= 1
    (folders.extract / names[0]).write_bytes(flipped)
    (folders.extract / names[1]).write_bytes(objects[PREFIX + names[1]][:100])
    (folders.extract / names[2]).unlink()
    archive.reads.clear()
    extraction = fetch_hour(archive.store(), folders)
    assert sorted(archive.reads) == [PREFIX + name for name in names[:3]]
    assert extraction.fetched == 3
    assert files_in(folders.extract) == by_name(objects)


def test_a_file_without_a_record_is_not_trusted_where_the_store_states_no_md5(
    archive: Archive, folders: HourFolders
):
    """Right length and name are not enough; a damaged record counts as none."""
    archive.put(hour_objects(3))
    fetch_hour(archive.store(), folders)
    (folders.extract / "extract.json").write_text("{")
    archive.reads.clear()
    assert fetch_hour(archive.store(), folders).fetched == 3
    assert len(archive.reads) == 3


BAD_BODIES = {
    b"": "the object is empty (0 bytes)",
    b"<html><body>502</body></html>": "not an HDF5 file: 29 bytes that begin with b'<html><body>502<'",
    b"\x89HDF": "not an HDF5 file: 4 bytes that begin with b'\\x89HDF'",
}


@pytest.mark.parametrize("body", list(BAD_BODIES))
def test_a_body_that_is_no_hdf5_goes_to_quarantine_with_its_reason(
    archive: Archive, folders: HourFolders, body: bytes
):
    """The hour goes on; the bytes are kept apart; the next run does not read them again."""
    objects = hour_objects(4)
    bad = PREFIX + granule_file(2)
    archive.put(objects | {bad: body})
    extraction = fetch_hour(archive.store(), folders)
    (rejected,) = extraction.rejected
    assert (rejected.key, rejected.rejected) == (bad, BAD_BODIES[body])
    assert extraction.path(rejected).read_bytes() == body
    assert tree(folders.quarantine) == [rejected.file, f"{rejected.file}.reason.txt"]
    reason = (folders.quarantine / f"{rejected.file}.reason.txt").read_text()
    assert reason == f"{BAD_BODIES[body]}\n{archive.root / bad}\n"
    assert sorted(files_in(folders.extract)) == sorted(set(by_name(objects)) - {rejected.file})
    assert (extraction.found, extraction.gaps[0]) == (4, HOUR.replace(minute=1, second=20))
    archive.reads.clear()
    assert fetch_hour(archive.store(), folders).rejected == (rejected,)
    assert archive.reads == []


def test_a_rejected_granule_leaves_quarantine_when_it_is_mended_or_gone(
    archive: Archive, folders: HourFolders
):
    """Good bytes take their place in the hour; a good file that turns bad goes the other way."""
    objects = hour_objects(3)
    bad, gone = (PREFIX + granule_file(slot) for slot in (1, 2))
    archive.put(objects | {bad: b"", gone: b"no"})
    fetch_hour(archive.store(), folders)
    assert len(tree(folders.quarantine)) == 4
    archive.put({bad: objects[bad], PREFIX + granule_file(0): b"bad now"})
    (archive.root / gone).unlink()
    extraction = fetch_hour(archive.store(), folders)
    assert list(files_in(folders.extract)) == [granule_file(1)]
    assert tree(folders.quarantine) == [granule_file(0), f"{granule_file(0)}.reason.txt"]
    assert [granule.file for granule in extraction.rejected] == [granule_file(0)]


def test_an_object_that_vanishes_before_it_is_read_is_counted(archive: Archive, folders: HourFolders):
    """It was listed and is gone: the hour goes on without it."""
    archive.put(hour_objects(4))
    fetch_hour(archive.store(), folders)
    archive.put({PREFIX + granule_file(1): b"another version"})

    class VanishingStore(FolderStore):
        def read_object(self, key: str) -> bytes:
            raise ObjectNotFoundError(key)

    extraction = fetch_hour(VanishingStore(archive.root), folders)
    assert (extraction.found, extraction.vanished) == (3, 1)
    assert granule_file(1) not in files_in(folders.extract)


def test_an_object_replaced_after_the_listing_is_taken_as_it_is_now(archive: Archive, folders: HourFolders):
    """The listing is asked again when the bytes do not fit it; the record has the new version's mark."""
    archive.put(hour_objects(2))
    key = PREFIX + granule_file(1)

    class ChangingStore(FolderStore):
        def read_object(self, key_read: str) -> bytes:
            if key_read == key:
                (self.root / key).write_bytes(granule_bytes(77, size=5000))
            return super().read_object(key_read)

    extraction = fetch_hour(ChangingStore(archive.root), folders, backoff=quick_backoff())
    assert files_in(folders.extract)[granule_file(1)] == granule_bytes(77, size=5000)
    assert extraction.granules[1].etag.startswith("5000-")


def test_an_object_that_grows_too_large_while_it_is_read_is_not_read_again(
    archive: Archive, folders: HourFolders, monkeypatch: pytest.MonkeyPatch
):
    """One that is just as large as a granule may be is taken."""
    archive.put(hour_objects(2))
    monkeypatch.setattr("lightning_eda.glm.extract.fetch.MAX_BYTES", 3000)
    reads: list[str] = []

    class GrowingStore(FolderStore):
        def read_object(self, key: str) -> bytes:
            reads.append(key)
            if key.endswith(granule_file(1)):
                (self.root / key).write_bytes(granule_bytes(77, size=3001))
            return super().read_object(key)

    with pytest.raises(TransferError, match=r"1 of 2 .*is being replaced; run it again later"):
        fetch_hour(GrowingStore(archive.root), folders, backoff=quick_backoff())
    assert files_in(folders.extract) == by_name(hour_objects(1))
    assert len(reads) == 2


def test_an_object_too_large_for_a_granule_is_refused_unread(archive: Archive, folders: HourFolders):
    """By its listed size: 1.5 GB under a granule's name; the reason is in quarantine, the others come."""
    archive.put(hour_objects(2))
    large = archive.root / PREFIX / granule_file(2)
    with large.open("wb") as file:
        file.truncate(1_500_000_000)  # no disk is used

    class Store(FolderStore):
        def read_object(self, key: str) -> bytes:
            assert not key.endswith(large.name)
            return super().read_object(key)

    for _ in range(2):  # run again, nothing changes
        found = fetch_hour(Store(archive.root), folders, backoff=quick_backoff())
        (refused,) = found.rejected
        assert refused.file == large.name
        assert refused.rejected == (
            "the object has 1,500,000,000 bytes, and a granule at most 67,108,864: it was not read"
        )
        assert tree(folders.quarantine) == [f"{large.name}.reason.txt"]
        assert files_in(folders.extract) == by_name(hour_objects(2))
    large.write_bytes(granule_bytes(2))
    assert fetch_hour(FolderStore(archive.root), folders, backoff=quick_backoff()).rejected == ()
    assert tree(folders.quarantine) == []
