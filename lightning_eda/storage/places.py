"""Which store a text in a setting means."""

import re
from pathlib import Path

from lightning_eda.errors import SettingError
from lightning_eda.storage.aws import Access
from lightning_eda.storage.folder import FolderStore
from lightning_eda.storage.object_store import ObjectStore
from lightning_eda.storage.s3.store import S3Store

ADDRESS = re.compile(r"s3[an]?://", re.IGNORECASE)
OTHER_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
BUCKET_ARN = re.compile(r"arn:[a-z-]+:s3:::")
ARN = re.compile(r"arn:[a-z-]+:s3[a-z-]*:")
# Source: botocore, `handlers.VALID_BUCKET`, and that no bucket's name begins with a mark.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")


def open_store(bucket: str, setting: str, access: Access) -> ObjectStore:
    """A bucket; a local folder when the text has a slash in it.

    Errors about a bucket whose name is that of a folder here say how the folder is written, and the other
    way round; of s3://name nothing is said, since it can be no folder.

    Args:
        bucket: Name of the bucket, as `bucket_name` takes it, or a path.
        setting: The variable it comes from, for the words of errors.
        access: How the bucket is asked.

    Raises:
        SettingError: It is neither.
    """
    if is_folder(bucket):
        path = Path(bucket).expanduser().absolute()
        return FolderStore(path, setting=setting, advice=_bucket_advice(bucket, setting))
    return S3Store(
        bucket_name(bucket, setting),
        signed=access.signed,
        endpoint_url=access.endpoint_url,
        region=access.region,
        profile=access.profile,
        setting=setting,
        folder_advice=_folder_advice(bucket, setting),
    )


def is_folder(text: str) -> bool:
    """Whether a text names a local folder: it has a slash, and is neither an address nor an ARN."""
    return "/" in text and not OTHER_ADDRESS.match(text.strip()) and not ARN.match(text.strip())


def is_address(text: str) -> bool:
    """Whether a text is an address of S3, so that it can name no folder."""
    return bool(ADDRESS.match(text.strip()))


def bucket_name(text: str, setting: str) -> str:
    """The bucket as requests name it.

    Args:
        text: The name, s3://name, the ARN of a bucket, or the ARN of an access point, which stays as it is.
        setting: The variable it comes from, for the words of errors.

    Raises:
        SettingError: It is the address of something else, or has a folder in it.
    """
    bare = BUCKET_ARN.sub("", ADDRESS.sub("", text.strip())).rstrip("/")
    if ARN.match(bare):
        return bare
    name, slash, folder = bare.partition("/")
    if OTHER_ADDRESS.match(bare) or not name:
        raise SettingError(setting, text, "the name of a bucket, such as my-bucket")
    if slash:
        hint = f"Write {name!r}: the folder in it, {folder!r}, belongs into another setting."
        raise SettingError(setting, text, "the name of a bucket alone", hint)
    return name


def bucket_of_event(name: str) -> str:
    """The text that means the bucket an event names, and can mean no folder.

    Raises:
        SettingError: No bucket has that name.
    """
    if not NAME.fullmatch(name) and not ARN.match(name):
        raise SettingError("the event's bucket", name, "the name of a bucket; an event names no folder")
    return f"s3://{name}"


def _folder_advice(name: str, setting: str) -> str:
    """What to write for the folder of a name in the working directory; empty where there is none."""
    try:
        folder = Path(name).absolute()
        found = not ADDRESS.match(name) and folder.is_dir()
    except OSError:  # too long a name, or one that may not be looked at
        return ""
    return f"; if the folder {folder} is meant, set {setting} to './{name}'" if found else ""


def _bucket_advice(text: str, setting: str) -> str:
    """What to write for the bucket a path may have been meant for; empty where none can be."""
    name = text.strip().partition("/")[0]
    return f"; if the bucket {name} is meant, set {setting} to {name!r}" if NAME.fullmatch(name) else ""
