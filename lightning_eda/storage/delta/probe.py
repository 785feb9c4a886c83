"""Whether a store keeps the promise that commits rest on: a PUT that must not replace does not."""

from lightning_eda.errors import LakeError, StorageError
from lightning_eda.storage.object_store import ObjectStore
from lightning_eda.storage.s3.store import S3Store

PROBE = "_lightning_eda/conditional_put"


def require_conditional_put(store: ObjectStore, prefix: str, refused: str, setting: str) -> None:
    """Raises LakeError for a store that answers "written" when an object is there already.

    Two committers would both be told that they were first, and the work of one would be lost. Folders are
    safe: the system itself refuses to make a file twice.

    Args:
        store: The bucket, or a folder.
        prefix: Where a small object may be written, "" or ending in a slash.
        refused: What the place cannot be, for the error.
        setting: The variable to change, for the error.
    """
    if not isinstance(store, S3Store):
        return
    key = prefix + PROBE
    place = store.url(prefix).rstrip("/")
    try:
        safe = not store.put_new(key, b"probe") or not store.put_new(key, b"probe")
    except StorageError as error:
        failed = LakeError(f"{place} cannot {refused}: {error}")
        failed.retryable = error.retryable
        raise failed from error
    if not safe:
        raise LakeError(
            f"{place} cannot {refused}: its server ignores `If-None-Match: *` and replaces what is there, so "
            f"two runs could undo each other's work; set {setting} to a store with conditional writes, such "
            "as S3, or to a folder"
        )
