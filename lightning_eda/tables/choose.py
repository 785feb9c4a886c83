"""Which object holds the CSV: the latest whose name matches."""

from typing import TYPE_CHECKING

from lightning_eda.errors import CsvError
from lightning_eda.storage.content.names import holds_something, is_data
from lightning_eda.storage.object_store import ObjectInfo, ObjectStore
from lightning_eda.storage.s3.store import S3Store
from lightning_eda.tables.unpack.archive import MAX_BYTES
from lightning_eda.texts import named

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SHOWN = 5


def latest_object(store: ObjectStore, prefix: str, substr: str) -> ObjectInfo:
    """The object that was changed last among those that match, over every page of the listing.

    An object matches when the part of its key after `prefix` contains `substr` (as it is: case counts), so
    with the prefix "in/20240101" both "in/20240101/sales.csv" and "in/20240101_sales.csv" match "sales".
    Folder markers (keys ending in "/"), objects of 0 bytes, and names that are no CSV's
    (`content.names.is_data_name`) never match. Of two changed at the same time the one with the greater key
    is taken.

    Args:
        store: Where the objects are.
        prefix: What their keys start with, for instance "incoming/20240101".
        substr: What the rest of the key contains; "" matches all.

    Raises:
        CsvError: Nothing matches, or it is too large to be read.
        StorageError: The listing failed.
    """
    latest: ObjectInfo | None = None
    empty: list[str] = []
    other: list[str] = []
    unlike: list[str] = []
    for info in store.list_objects(prefix):
        if not holds_something(info):
            empty.append(info.key)
        elif substr not in info.key[len(prefix) :]:
            unlike.append(info.key)
        elif not is_data(info, prefix, substr):
            other.append(info.key)
        elif latest is None or (info.last_modified, info.key) > (latest.last_modified, latest.key):
            latest = info
    if latest is None:
        raise CsvError(_nothing(store.url(prefix), substr, empty, other, unlike))
    if latest.size > MAX_BYTES:
        url = store.url(latest.key)
        raise CsvError(f"{url} has {latest.size:,} bytes; most allowed: {MAX_BYTES:,}; split it")
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


def _nothing(place: str, substr: str, empty: list[str], other: list[str], unlike: list[str]) -> str:
    """Why none of the objects that are there was taken."""
    if other:
        return (
            f"no object under {place} is a CSV by its name: {named(other, SHOWN, ', ')} lie beside data, "
            "or are of another kind; wait for the file, or rename it (.csv, .txt, .csv.gz, .zip, no ending)"
        )
    if not empty and not unlike:
        return f"there is no object under {place}; wait for the file, or correct CSV_PREFIX or the day"
    if not unlike:
        return f"under {place} is only what is empty or a folder marker ({len(empty)}); wait for the file"
    others = f"; {len(empty)} more are empty or folder markers" if empty else ""
    return (
        f"none of the {len(unlike)} objects under {place} has {substr!r} in the rest of its key "
        f"({named(unlike, SHOWN, ', ')}){others}; wait for the file, or correct CSV_SUBSTR"
    )
