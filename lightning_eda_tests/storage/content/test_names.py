from datetime import UTC, datetime

import pytest

from lightning_eda.storage.content.names import is_data, is_data_name
from lightning_eda.storage.object_store import ObjectInfo


@pytest.mark.parametrize(
    "name",
    [
        "orders.csv", "ORDERS.CSV", "orders.csv.gz", "orders.tsv", "orders.txt", "orders.dat", "orders.zip",
        "orders", "part-00000", "20240101_orders", "orders.csv.20240101", "orders.2024-01-01", "data.v1.2",
        "orders.csv.1", "a.b.c", "orders.prn", "distances.pairs", "eu/orders.csv", "orders (1).csv",
        "Größe.csv", "orders.csv.bz2", "orders.tar.gz", "orders.7z", "cargo_manifest.csv",
        "json_orders.csv", "my.data.final", "2024-01-01T00:00:00Z.csv", "orders.2024.01.01T01Z",
    ],
)  # fmt: skip
def test_names_of_data_may_be_data(name):
    """Any case, packed or not, with dates behind, and without an ending; what nobody knows too."""
    assert is_data_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "orders.csv.md5", "orders.csv.sha256", "orders.csv.metadata", "orders.csv.filepart",
        "orders.csv.part", "orders.csv.tmp", "orders.csv.crdownload", ".orders.csv.crc", "orders.csv.asc",
        "orders.csv.gz.filepart", "orders.csv.what-nobody-knows", "orders.csv.bak", "orders.csv~",
        "orders.md5", "ORDERS.CSV.MD5", "orders.gz.part", "orders.csv.json", "orders.csv.xlsx",
        "~$orders.csv", ".~lock.orders.csv#", "_SUCCESS", "_temporary/0/part-00000.csv", "_orders.csv",
        ".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX/._orders.csv", ".hidden/orders.csv", "manifest",
        "manifest.json", "manifest.csv", "0a1b2c3d-0000-1111-2222-333344445555-manifest.csv", "README.md",
        "readme.txt", "MD5SUMS", "orders.json.gz", "orders.parquet", "orders.png", "eu/", "",
    ],
)  # fmt: skip
def test_case_1_names_of_side_files_are_never_data(name):
    """Checksums, uploads under way, lists, marks of programs and of systems; packed or not."""
    assert not is_data_name(name)


def test_an_ending_that_is_asked_for_is_taken():
    """So that there is a way for whoever means it."""
    assert is_data_name("orders.csv.bak", "orders.csv.bak")
    assert is_data_name("orders.log", ".log")
    assert not is_data_name("orders.csv.md5", "orders.csv")
    assert not is_data_name("_orders.log", ".log")


def test_only_what_follows_the_folder_counts():
    """A folder of hidden name may be asked for; what it holds is judged by itself."""

    def object_of(key: str, size: int = 1) -> ObjectInfo:
        return ObjectInfo(key, size, "e", datetime(2024, 1, 1, tzinfo=UTC))

    assert is_data(object_of("_raw/20240101/a.csv"), "_raw/20240101")
    assert not is_data(object_of("raw/20240101/_a/b.csv"), "raw/20240101")
    assert not is_data(object_of("raw/20240101/a.csv", size=0), "raw/20240101")
    assert not is_data(object_of("raw/20240101/"), "raw/20240101")
