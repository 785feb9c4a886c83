"""Where a dataset lives and how its partitions are spelled: Hive's `<path>/<column>=<value>/`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from lightning_eda.errors import DatasetError, SettingError
from lightning_eda.storage.places import bucket_name, is_folder

NULL_PARTITION: Final = "__HIVE_DEFAULT_PARTITION__"
"""How Hive spells a value that is NULL or empty; every reader gives NULL for it."""
UNSAFE: Final = re.compile(r"""[\x00-\x1f\x7f"#%'*/:=?\\{\[\]^]""")
"""What Hive and Spark write as %XX. Source: Hive, `FileUtils.charToEscape`; Spark, `ExternalCatalogUtils`."""
LONGEST_KEY_BYTES: Final = 900
"""An S3 key has at most 1,024 bytes (S3 User Guide, "Naming objects"); the rest is for the object's name."""
SETTING = "CSV_PATHOUTPUT"

PartitionValues = tuple[str | None, ...]
"""One value for each partition column, in their order; None for NULL."""


@dataclass(frozen=True)
class DatasetLocation:
    """Where a dataset lives.

    Attributes:
        bucket: Name of the bucket.
        prefix: What the keys start with; empty, or ends in a slash.
    """

    bucket: str
    prefix: str


def dataset_location(pathoutput: str, bucket_dstn: str = "") -> DatasetLocation:
    """The bucket and prefix that `pathoutput` means.

    Args:
        pathoutput: s3://bucket/prefix (s3a and s3n are the same), or a prefix inside `bucket_dstn`; slashes
            at its ends mean nothing.
        bucket_dstn: The bucket, as `places.bucket_name` takes it, or a local folder; may be empty when
            `pathoutput` is an address.

    Raises:
        SettingError: It names no bucket, two buckets, or a prefix that no dataset should have.
    """
    scheme, mark, rest = pathoutput.strip().partition("://")
    allowed = "s3://bucket/prefix, or a prefix inside CSV_BUCKET_DSTN"
    if mark and scheme.lower() not in ("s3", "s3a", "s3n"):
        raise SettingError(SETTING, pathoutput, allowed)
    if bucket_dstn and not is_folder(bucket_dstn):
        bucket_dstn = bucket_name(bucket_dstn, "CSV_BUCKET_DSTN")
    bucket, _, prefix = rest.partition("/") if mark else (bucket_dstn, "", scheme)
    if not bucket:
        raise SettingError("CSV_BUCKET_DSTN", None, "the bucket the dataset is written to", f"Or {allowed}.")
    if mark and bucket_dstn and bucket != bucket_dstn:
        hint = f"CSV_BUCKET_DSTN is {bucket_dstn!r}: make the two agree, or leave it empty."
        raise SettingError(SETTING, pathoutput, allowed, hint)
    prefix = prefix.strip("/")
    if any(part in ("", ".", "..") for part in prefix.split("/")) and prefix:
        raise SettingError(SETTING, pathoutput, allowed, "No part of the path may be empty, '.' or '..'.")
    return DatasetLocation(bucket, prefix + "/" if prefix else "")


def partition_folder(prefix: str, columns: Sequence[str], values: PartitionValues) -> str:
    """The key prefix of a partition, with the slash at its end.

    Args:
        prefix: Of the dataset; empty, or ends in a slash.
        columns: The partition columns.
        values: Their values.

    Raises:
        DatasetError: A value is one that no reader would give back.
    """
    pairs = zip(columns, values, strict=True)
    folder = prefix + "".join(f"{escape(column)}={_spelled(column, value)}/" for column, value in pairs)
    if len(folder.encode()) > LONGEST_KEY_BYTES:
        raise DatasetError(
            f"the partition {folder[:80]}... needs a key of more than {LONGEST_KEY_BYTES} bytes; "
            "partition by a column of short values (CSV_PARTITIONS_COLS)"
        )
    return folder


def partition_values(prefix: str, columns: Sequence[str], key: str) -> PartitionValues | None:
    """The values a key stands for; None when it lies in no partition of these columns."""
    parts = key.removeprefix(prefix).split("/")[: len(columns)]
    pairs = [part.partition("=")[::2] for part in parts]
    if not key.startswith(prefix) or [unquote(name) for name, _ in pairs] != list(columns):
        return None
    return tuple(None if value == NULL_PARTITION else unquote(value) for _, value in pairs)


def catalogue_values(values: PartitionValues) -> list[str]:
    """The values as the Glue catalogue holds them: as they are, NULL by its name."""
    return [value or NULL_PARTITION for value in values]


def escape(text: str) -> str:
    """A text as a part of a key."""
    return UNSAFE.sub(lambda match: f"%{ord(match[0]):02X}", text)


def _spelled(column: str, value: str | None) -> str:
    if value == NULL_PARTITION:
        raise DatasetError(
            f"the partition column {column} has the value {value!r}, which every reader takes for NULL; "
            "correct the CSV"
        )
    return escape(value) if value else NULL_PARTITION
