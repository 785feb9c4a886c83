from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from lightning_eda.errors import BucketNotFoundError, CsvError
from lightning_eda.storage.object_store import ObjectInfo
from lightning_eda.tables.choose import get_latest_matching_object, latest_object
from lightning_eda.tables.unpack.archive import MAX_BYTES
from lightning_eda_tests.servers.s3 import S3Bucket

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


@dataclass
class Listing:
    """A store of which only the listing matters: times of objects cannot be set on a server."""

    objects: list[ObjectInfo] = field(default_factory=list)

    def add(self, key: str, minutes: int = 0, size: int = 5) -> "Listing":
        self.objects.append(ObjectInfo(key, size, "e", NOON + timedelta(minutes=minutes)))
        return self

    def list_objects(self, prefix: str):
        return iter([info for info in self.objects if info.key.startswith(prefix)])

    def url(self, key: str) -> str:
        return f"s3://b/{key}"


def test_the_latest_is_taken():
    """By time, whatever the order of the keys; that a listing has every page is tested with the store."""
    store = Listing().add("in/a_sales.csv", 5).add("in/b_sales.csv", 9).add("in/c_sales.csv", 7)
    assert latest_object(store, "in/", "sales").key == "in/b_sales.csv"


@pytest.mark.parametrize("keys", [("in/a.csv", "in/b.csv"), ("in/b.csv", "in/a.csv")])
def test_of_two_of_the_same_time_the_greater_key_is_taken(keys):
    """In any order of the listing; that of S3 is the first."""
    store = Listing()
    for key in keys:
        store.add(key)
    assert latest_object(store, "in/", "").key == "in/b.csv"


def test_folder_markers_and_empty_objects_are_skipped():
    """Though they are the latest."""
    store = Listing().add("in/sales/", 9).add("in/sales/x.csv", 8, size=0).add("in/sales/y.csv", 1)
    assert latest_object(store, "in/", "sales").key == "in/sales/y.csv"


def test_the_prefix_itself_does_not_count_as_name():
    """Else a substring of the prefix would match everything; what follows the prefix counts whole."""
    store = Listing().add("sales/20240101/x.csv", 9).add("sales/20240101/eu/sales.csv", 1)
    store.add("sales/20240101_sales.csv", 2)
    assert latest_object(store, "sales/20240101", "sales").key == "sales/20240101_sales.csv"


@pytest.mark.parametrize(
    "name",
    ["orders.csv.md5", "orders.csv.metadata", "orders.csv.filepart", "_orders.csv", "x/_SUCCESS_orders",
     ".orders.csv.crc", "orders.csv.gz.part", "orders.json", "orders.csv.sig", "_temporary/0/orders.csv"],
)  # fmt: skip
def test_case_1_a_side_file_never_wins(name):
    """Though it is the latest, or written in the same second under a greater key."""
    store = Listing().add("in/20240101/orders.csv", 1).add(f"in/20240101/{name}", 9)
    store.add("in/20240101/z/" + name, 1)
    assert latest_object(store, "in/20240101", "orders").key == "in/20240101/orders.csv"


def test_case_1_side_files_alone_are_told_by_name():
    """The CSV itself has not come yet."""
    store = Listing().add("in/20240101/orders.csv.filepart").add("in/20240101/a.csv")
    with pytest.raises(
        CsvError, match=r"no object under s3://b/in/20240101 is a CSV by its name: .*filepart"
    ):
        latest_object(store, "in/20240101", "orders")


def test_a_name_that_is_asked_for_with_its_ending_is_taken():
    """Whoever names it knows what it is."""
    store = Listing().add("in/orders.json", 2).add("in/orders.csv", 1)
    assert latest_object(store, "in/", "orders").key == "in/orders.csv"
    assert latest_object(store, "in/", "orders.json").key == "in/orders.json"


@pytest.mark.parametrize(
    ("store", "message"),
    [
        (Listing(), r"no object under s3://b/in/20240101; wait for the file, or correct CSV_PREFIX"),
        (
            Listing().add("in/20240101/").add("in/20240101/s", size=0),
            r"only what is empty or a folder marker \(2\)",
        ),
        (
            Listing().add("in/20240101/").add("in/20240101/a.csv").add("in/20240101/B_Sales.csv"),
            r"none of the 2 objects under s3://b/in/20240101 has 'sales' .*"
            r"\(in/20240101/a.csv, in/20240101/B_Sales.csv\); 1 more .*CSV_SUBSTR",
        ),
    ],
)
def test_nothing_that_matches_is_an_error_that_says_what_was_seen(store, message):
    """How many objects, where, and why none was taken."""
    with pytest.raises(CsvError, match=message):
        latest_object(store, "in/20240101", "sales")


def test_the_function_of_the_loading_lambda_gives_the_key(s3_bucket: S3Bucket):
    """With a client of the caller's; an absent bucket is our error and names the variable."""
    client = boto3.client(
        "s3", endpoint_url=s3_bucket.endpoint_url, region_name="us-east-1",
        aws_access_key_id="x", aws_secret_access_key="x",
    )  # fmt: skip
    s3_bucket.put("in/20240101/sales.csv", b"x")
    assert (
        get_latest_matching_object(client, s3_bucket.name, "in/20240101", "sales") == "in/20240101/sales.csv"
    )
    with pytest.raises(BucketNotFoundError, match="CSV_BUCKET_SRC"):
        get_latest_matching_object(client, "no-such-bucket", "in/", "")


def test_an_object_too_large_for_a_csv_is_refused_by_its_listed_size():
    """A terabyte, before any of it is read."""
    store = Listing().add("in/a.csv", 1).add("in/b.csv", 2, size=1 << 40)
    words = r"s3://b/in/b\.csv has 1,099,511,627,776 bytes; most allowed: 274,877,906,944; split it"
    with pytest.raises(CsvError, match=words):
        latest_object(store, "in/", "")
    assert latest_object(store.add("in/c.csv", 3, size=MAX_BYTES), "in/", "").key == "in/c.csv"
