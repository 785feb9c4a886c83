import os
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lightning_eda.errors import BucketNotFoundError, ObjectNotFoundError, StorageError, TransferError
from lightning_eda.glm.paths import HourFolders
from lightning_eda.glm.source import choose, fetch_hour, read_extraction
from lightning_eda.storage.folder import FolderStore
from lightning_eda.storage.object_store import ObjectInfo
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


class Archive:
    """A folder with the bucket's layout that counts the reads from it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.root.mkdir()
        self.reads: list[str] = []

    def put(self, objects: dict[str, bytes]) -> None:
        for key, data in objects.items():
            path = self.root / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def store(self) -> FolderStore:
        archive = self

        class CountingStore(FolderStore):
            def read_object(self, key: str) -> bytes:
                archive.reads.append(key)
                return super().read_object(key)

        return CountingStore(self.root)


class ListedStore:
    """A store whose listing is given, whatever it says; every object has the same bytes."""

    request_count = 0

    def __init__(self, keys: list[str]) -> None:
        self.keys = keys

    def list_objects(self, prefix: str) -> Iterator[ObjectInfo]:  # noqa: ARG002
        return (info(key, size=len(granule_bytes(1))) for key in self.keys)

    def read_object(self, key: str) -> bytes:  # noqa: ARG002
        return granule_bytes(1)

    def expected_md5(self, info: ObjectInfo) -> str | None:  # noqa: ARG002
        return None

    def url(self, key: str) -> str:
        return key

    def describe(self) -> str:
        return "a given listing"


def info(key: str, size: int = 10, etag: str = "e") -> ObjectInfo:
    return ObjectInfo(key, size, etag, datetime(2023, 1, 1, tzinfo=UTC))


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "noaa-goes18")


@pytest.fixture
def folders(tmp_path: Path) -> HourFolders:
    return HourFolders(tmp_path / "data", "noaa-goes18", HOUR)


def tree(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def test_the_newest_creation_wins_per_satellite_and_start():
    """Two files of one start cannot both be rows; another satellite's file of the same start is its own."""
    old, new = granule_file(3), granule_file(3, created_s=400)
    longer = new.replace("_e20223650501200", "_e20223650501205")
    other = granule_file(3, "G16")
    assert longer != new
    choice = choose([info(PREFIX + name) for name in (new, old, other)], PREFIX, HOUR)
    assert [i.key for i in choice.objects] == [PREFIX + other, PREFIX + new]
    assert (choice.unrecognised, choice.superseded) == (0, 1)
    for order in ((new, longer, old), (old, longer, new)):
        choice = choose([info(PREFIX + name) for name in order], PREFIX, HOUR)
        assert [i.key for i in choice.objects] == [PREFIX + longer]
        assert choice.superseded == 2


HOSTILE = [
    "../../escape.nc",
    f"../../{granule_file(0)}",
    f"/{granule_file(0)}",
    f"sub/{granule_file(0)}",
    f"..\\{granule_file(0)}",
    f"{granule_file(0)}\n",
    f"{granule_file(0)}\0",
    f" {granule_file(0)}",
    granule_file(0).replace("G18", "G15"),
    granule_file(0).replace("s20223650500000", "s20223670500000"),
    granule_file(0, hour=HOUR.replace(hour=6)),
    "index.html",
    "",
]


def test_only_names_of_granules_that_start_in_the_hour_are_chosen():
    """Folders, dots, line ends, other hours and impossible days are counted; a folder mark is not."""
    choice = choose([info(PREFIX + name) for name in HOSTILE], PREFIX, HOUR)
    assert choice.objects == ()
    assert choice.unrecognised == len(HOSTILE) - 1


def test_hostile_names_never_write_outside_the_hour(folders: HourFolders, tmp_path: Path):
    """Whatever a listing says, only the one good name is written, in its folder."""
    keys = [PREFIX + name for name in HOSTILE] + ["/etc/x.nc", "../x.nc", PREFIX + granule_file(1)]
    extraction = fetch_hour(ListedStore(keys), folders)
    place = folders.extract.relative_to(tmp_path).as_posix()
    assert tree(tmp_path) == [f"{place}/{granule_file(1)}", f"{place}/extract.json"]
    assert (extraction.found, extraction.unrecognised) == (1, len(HOSTILE) - 1 + 2)


def test_hostile_file_names_in_a_folder_stay_there(archive: Archive, folders: HourFolders, tmp_path: Path):
    """A line end or a backslash in a real file's name makes it no granule."""
    names = [f"{granule_file(0)}\n", f"..\\..\\{granule_file(0)}", f"-{granule_file(0)}", granule_file(1)]
    archive.put({PREFIX + name: granule_bytes(1) for name in names})
    extraction = fetch_hour(archive.store(), folders)
    assert (extraction.found, extraction.unrecognised) == (1, 3)
    assert tree(tmp_path / "data") == [
        (folders.extract / name).relative_to(tmp_path / "data").as_posix()
        for name in (granule_file(1), "extract.json")
    ]


def test_no_more_granules_are_read_at_once_than_asked(archive: Archive, folders: HourFolders):
    """Concurrency is bounded, and it is used."""
    archive.put(hour_objects(20))
    lock, active, most = threading.Lock(), 0, 0

    class SlowStore(FolderStore):
        def read_object(self, key: str) -> bytes:
            nonlocal active, most
            with lock:
                active += 1
                most = max(most, active)
            time.sleep(0.02)
            with lock:
                active -= 1
            return super().read_object(key)

    assert fetch_hour(SlowStore(archive.root), folders, concurrency=3).found == 20
    assert most == 3


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


def test_an_hour_comes_whole_and_a_second_run_reads_nothing(archive: Archive, folders: HourFolders):
    """Bytes are identical; the record reads back; progress counts to the end in both runs."""
    objects = hour_objects(180)
    archive.put(objects)
    steps: list[tuple[int, int]] = []
    extraction = fetch_hour(
        archive.store(), folders, progress=lambda done, total: steps.append((done, total))
    )
    assert files_in(folders.extract) == by_name(objects)
    assert (extraction.found, extraction.expected, extraction.gaps) == (180, 180, ())
    assert (extraction.fetched, extraction.bytes_fetched, extraction.requests) == (180, 180 * 3000, 0)
    assert [granule.file for granule in extraction.granules] == sorted(by_name(objects))
    assert steps == [(n, 180) for n in range(1, 181)]
    assert read_extraction(folders) == extraction
    archive.reads.clear()
    again = fetch_hour(archive.store(), folders)
    assert archive.reads == []
    assert (again.fetched, again.already_there, again.bytes_fetched) == (0, 180, 0)
    assert again.granules == extraction.granules


def test_an_hour_without_objects_is_a_result_and_a_missing_root_is_not(
    archive: Archive, folders: HourFolders
):
    """An absent hour has found 0 and a record; an absent archive is an error and leaves no record."""
    extraction = fetch_hour(archive.store(), folders)
    assert (extraction.found, extraction.fetched, len(extraction.gaps)) == (0, 0, 180)
    assert read_extraction(folders) == extraction
    with pytest.raises(BucketNotFoundError):
        fetch_hour(FolderStore(archive.root / "absent"), folders)


def test_an_archive_that_is_not_mounted_takes_no_fetched_granule_away(archive: Archive, folders: HourFolders):
    """Its empty product folder does not mean that the hour was emptied at its source."""
    objects = hour_objects(3)
    archive.put(objects)
    fetch_hour(archive.store(), folders)
    for path in (archive.root / PREFIX).iterdir():
        path.unlink()
    assert not fetch_hour(archive.store(), folders).source_known
    assert files_in(folders.extract) == by_name(objects)


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


def test_a_newer_creation_or_version_replaces_and_what_is_gone_leaves(archive: Archive, folders: HourFolders):
    """Late, re-issued, changed and deleted objects each change one file; nobody else's files are touched."""
    objects = hour_objects(6)
    archive.put(objects)
    fetch_hour(archive.store(), folders)
    (folders.extract / "notes.txt").write_text("mine")
    names = sorted(by_name(objects))
    reissued = PREFIX + granule_file(1, created_s=90)
    changes = {
        reissued: granule_bytes(101),
        PREFIX + names[2]: granule_bytes(102),
        PREFIX + granule_file(9): granule_bytes(9),
    }
    archive.put(changes)
    (archive.root / PREFIX / names[3]).unlink()
    archive.reads.clear()
    extraction = fetch_hour(archive.store(), folders)
    assert sorted(archive.reads) == sorted(changes)
    expected = objects | changes
    del expected[PREFIX + names[1]], expected[PREFIX + names[3]]
    assert files_in(folders.extract) == by_name(expected)
    assert [granule.file for granule in extraction.granules] == sorted(by_name(expected))
    assert (extraction.superseded, extraction.fetched, extraction.already_there) == (1, 3, 3)
    assert (folders.extract / "notes.txt").read_text() == "mine"


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


def test_old_litter_of_killed_runs_is_removed(archive: Archive, folders: HourFolders):
    """What a killed writer left an hour ago goes; a younger file may be a living writer's."""
    archive.put(hour_objects(1))
    folders.extract.mkdir(parents=True)
    for name, age_s in ((".a.nc.1-2.part", 7200), (".b.nc.3-4.part", 5)):
        (folders.extract / name).write_bytes(b"x")
        stamp = datetime.now(UTC).timestamp() - age_s
        os.utime(folders.extract / name, (stamp, stamp))
    fetch_hour(archive.store(), folders)
    assert tree(folders.extract) == [".b.nc.3-4.part", granule_file(0), "extract.json"]


def test_a_full_disk_stops_the_hour_with_one_clear_error(archive: Archive, folders: HourFolders):
    """What was in place stays, no half file stays, and with room the hour completes."""
    folders.extract.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", folders.extract]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting a small file system needs root rights")
    try:
        objects = hour_objects(20, size=50_000)
        archive.put(objects)
        with pytest.raises(StorageError, match=r"No space left on device: the disk is full"):
            fetch_hour(archive.store(), folders)
        left = files_in(folders.extract)
        assert left.items() <= by_name(objects).items()
        assert set(tree(folders.extract)) == set(left)
        subprocess.run(["mount", "-o", "remount,size=8m", folders.extract], check=True)
        fetch_hour(archive.store(), folders)
        assert files_in(folders.extract) == by_name(objects)
    finally:
        subprocess.run(["umount", folders.extract], check=True)


def test_a_data_folder_that_is_a_file_is_one_clear_error(archive: Archive, folders: HourFolders):
    """The error names the path."""
    archive.put(hour_objects(1))
    folders.data_dir.write_bytes(b"")
    with pytest.raises(StorageError, match=r"data/extract/noaa-goes18.*a part of this path is a file"):
        fetch_hour(archive.store(), folders)


def test_the_hours_of_a_folder_do_not_mix(archive: Archive, folders: HourFolders):
    """The neighbouring hour's granules stay where they are."""
    archive.put(hour_objects(2))
    later = HOUR.replace(hour=6)
    archive.put({PREFIX.replace("/05/", "/06/") + granule_file(0, hour=later): granule_bytes(5)})
    assert fetch_hour(archive.store(), folders).found == 2
    assert fetch_hour(archive.store(), replace(folders, hour=later)).found == 1
    assert len(files_in(folders.extract)) == 2
