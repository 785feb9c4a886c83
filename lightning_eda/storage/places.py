"""Which store a text in a setting means."""

from pathlib import Path

from lightning_eda.storage.folder import FolderStore
from lightning_eda.storage.object_store import ObjectStore
from lightning_eda.storage.s3.store import S3Store


def open_store(bucket: str, setting: str, endpoint_url: str | None, region: str | None) -> ObjectStore:
    """A bucket with the usual AWS credentials; a local folder when the text has a slash in it.

    Errors about a bucket whose name is that of a folder here say how the folder is written.

    Args:
        bucket: Name of the bucket, or a path.
        setting: The variable it comes from, for the words of errors.
        endpoint_url: Server to use in place of AWS.
        region: AWS region; None leaves it to the standard AWS variables and files.
    """
    if "/" in bucket:
        return FolderStore(Path(bucket).expanduser().absolute(), setting=setting)
    return S3Store(
        bucket,
        signed=True,
        endpoint_url=endpoint_url,
        region=region,
        setting=setting,
        folder_advice=_folder_advice(bucket, setting),
    )


def _folder_advice(name: str, setting: str) -> str:
    """What to write for the folder of a name in the working directory; empty where there is none."""
    try:
        folder = Path(name).absolute()
        found = folder.is_dir()
    except OSError:  # too long a name, or one that may not be looked at
        return ""
    return f"; if the folder {folder} is meant, set {setting} to './{name}'" if found else ""
