"""Which object holds the CSV: the latest whose name matches."""

from typing import TYPE_CHECKING

from lightning_eda.errors import CsvError
from lightning_eda.storage.object_store import ObjectInfo, ObjectStore
from lightning_eda.storage.s3.store import S3Store

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SHOWN = 5


def latest_object(store: ObjectStore, prefix: str, substr: str) -> ObjectInfo:
    """The object that was changed last among those that match, over every page of the listing.

    An object matches when the part of its key after `prefix` contains `substr` (as it is: case counts), so
    with the prefix "in/20240101" both "in/20240101/sales.csv" and "in/20240101_sales.csv" match "sales".
    Folder markers (keys ending in "/") and objects of 0 bytes never match. Of two changed at the same time
    the one with the greater key is taken.

    Args:
        store: Where the objects are.
        prefix: What their keys start with, for instance "incoming/20240101".
        substr: What the rest of the key contains; "" matches all.

    Raises:
        CsvError: Nothing matches.
        StorageError: The listing failed.
    """
    latest: ObjectInfo | None = None
    seen: list[str] = []
    count = empty = 0
    for info in store.list_objects(prefix):
        count += 1
        if info.key.endswith("/") or info.size == 0:
            empty += 1
        elif substr not in info.key[len(prefix) :]:
            seen = [*seen, info.key][:SHOWN]
        elif latest is None or (info.last_modified, info.key) > (latest.last_modified, latest.key):
            latest = info
    if latest is None:
        raise CsvError(_nothing(store.url(prefix), substr, count, empty, seen))
    return latest


def get_latest_matching_object(s3_client: "S3Client", bucket_src: str, prefix: str, substr: str) -> str:
    """The key of the latest matching object in a bucket.

    Args:
        s3_client: A boto3 client of S3.
        bucket_src: The bucket.
        prefix: As in `latest_object`.
        substr: As in `latest_object`.

    Raises:
        CsvError: Nothing matches.
        StorageError: The listing failed.
    """
    store = S3Store(bucket_src, signed=True, setting="CSV_BUCKET_SRC", client=s3_client)
    return latest_object(store, prefix, substr).key


def _nothing(place: str, substr: str, count: int, empty: int, seen: list[str]) -> str:
    if count == 0:
        return f"there is no object under {place}; wait for the file, or correct CSV_PREFIX or the day"
    if not seen:
        return f"all {count} objects under {place} are empty or folder markers; wait for the file"
    others = f"; {empty} more are empty or folder markers" if empty else ""
    shown = ", ".join(seen) + (", ..." if count - empty > len(seen) else "")
    return (
        f"none of the {count - empty} objects under {place} has {substr!r} in the rest of its key ({shown})"
        f"{others}; wait for the file, or correct CSV_SUBSTR"
    )
