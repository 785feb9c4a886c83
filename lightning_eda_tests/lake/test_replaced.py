"""An hour that is replaced while it is read: whole, where a fixed key gives errors and mixtures."""

from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.fs as fs
import pyarrow.parquet as pq
import pytest

from lightning_eda.storage.folder import FolderStore
from lightning_eda_tests.lake.lakes import KEY, an_hour, committer, hour_rows, lake_at, load, same
from lightning_eda_tests.servers.s3 import S3Bucket

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]
pytestmark = pytest.mark.slow
REPLACEMENTS = 50


def test_between_any_two_files_the_hour_may_be_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """50 replacements, one before each file that is read: every read is the version it began with."""
    versions = [an_hour(seed=seed, granules=2, flashes=1) for seed in range(REPLACEMENTS + 4)]
    lake, read_plainly = lake_at(f"{tmp_path}/lake"), FolderStore.read_object
    load(lake, (KEY, versions[0]))
    replaced = 0

    def replace_and_read(store: FolderStore, key: str) -> bytes:
        nonlocal replaced
        if "_delta_log" not in key:  # commits read the log
            replaced += 1
            load(lake, (KEY, versions[replaced]))
        return read_plainly(store, key)

    monkeypatch.setattr(FolderStore, "read_object", replace_and_read)
    while replaced < REPLACEMENTS:
        began_with = versions[replaced]
        assert same(hour_rows(lake), began_with)


def two_groups(version: int, rows: int) -> bytes:
    """A Parquet file of two row groups; versions with as many rows have the same layout."""
    out = BytesIO()
    pq.write_table(
        pa.table({"version": [version] * 2 * rows}),
        out,
        row_group_size=rows,
        compression="none",
        use_dictionary=False,
        write_statistics=False,
    )
    return out.getvalue()


def test_the_control_with_one_fixed_key_shows_both(s3_bucket: S3Bucket) -> None:
    """As many replacements by PUT, one between two reads: with the same layout mixtures, else errors."""
    server = s3_bucket.endpoint_url.removeprefix("http://")
    s3 = fs.S3FileSystem(access_key="test", secret_key="test", endpoint_override=server, scheme="http")
    errors = mixed = 0
    for number in range(REPLACEMENTS):
        rows = 1000 if number % 2 else 1000 + number  # as before, or more
        s3_bucket.put("hour.parquet", two_groups(number, 1000))
        with pq.ParquetFile(s3.open_input_file(f"{s3_bucket.name}/hour.parquet")) as file:
            seen = set(file.read_row_group(0)["version"].to_pylist())
            s3_bucket.put("hour.parquet", two_groups(number + 1, rows))
            try:
                seen |= set(file.read_row_group(1)["version"].to_pylist())
            except (OSError, pa.ArrowException):
                errors += 1
                continue
        mixed += len(seen) > 1
    assert (errors > 0, mixed >= REPLACEMENTS // 2) == (True, True), (errors, mixed)


def test_a_reader_loops_while_another_process_replaces(tmp_path: Path) -> None:
    """Over 50 replacements: no error, nothing mixed, never back."""
    versions = [an_hour(seed=seed) for seed in range(REPLACEMENTS + 1)]
    lake = lake_at(f"{tmp_path}/lake")
    load(lake, (KEY, versions[0]))
    by_place = {version["flashes"]["flash_lat"][0].as_py(): n for n, version in enumerate(versions)}
    seen: list[int] = []
    for first in range(1, REPLACEMENTS, 5):  # the reader sees each fifth at least, however slow it is
        child = committer(lake.describe(), None, [(KEY, seed) for seed in range(first, first + 5)])
        while not seen or seen[-1] < first + 4:
            alive, found = child.is_alive(), hour_rows(lake)
            seen.append(by_place[found["flashes"]["flash_lat"][0].as_py()])
            assert same(found, versions[seen[-1]])
            assert alive or seen[-1] == first + 4
        child.join()
        assert child.exitcode == 0
    assert seen == sorted(seen)
