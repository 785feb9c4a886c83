"""Which store a text in a setting means."""

from pathlib import Path

from lightning_eda.storage.folder import FolderStore
from lightning_eda.storage.object_store import ObjectStore
from lightning_eda.storage.s3 import S3Store


def open_store(bucket: str, setting: str, endpoint_url: str | None, region: str | None) -> ObjectStore:
    """A bucket with the usual AWS credentials; a local folder when the text has a slash in it.

    Args:
        bucket: Name of the bucket, or a path.
        setting: The variable it comes from, for the words of errors.
        endpoint_url: Server to use in place of AWS.
        region: AWS region; None leaves it to the standard AWS variables and files.
    """
    if "/" in bucket:
        return FolderStore(Path(bucket).expanduser().absolute(), setting=setting)
    return S3Store(bucket, signed=True, endpoint_url=endpoint_url, region=region, setting=setting)
