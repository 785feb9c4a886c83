"""An hour is fetched whole, and again only what changed."""

import os
import subprocess
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from lightning_eda.errors import BucketNotFoundError, StorageError
from lightning_eda.glm.extract.source import fetch_hour, read_extraction
from lightning_eda.glm.paths import HourFolders
from lightning_eda.storage.folder import FolderStore
from lightning_eda_tests.glm.archive import Archive, tree
from lightning_eda_tests.glm.hour_objects import (
    HOUR,
    PREFIX,
    by_name,
    files_in,
    granule_bytes,
    granule_file,
    hour_objects,
)


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
