"""Whether a store keeps the promise that commits rest on: a PUT that must not replace does not."""

from lightning_eda.errors import LakeError, StorageError
from lightning_eda.lake.location import VARIABLE, Lake
from lightning_eda.storage.s3.store import S3Store

PROBE = "_lightning_eda/conditional_put"


def require_conditional_put(lake: Lake) -> None:
    """Raises LakeError for a store that answers "written" when an object is there already.

    Two committers would both be told that they were first, and the work of one would be lost. Folders are
    safe: the system itself refuses to make a file twice.
    """
    if not isinstance(lake.store, S3Store):
        return
    key = lake.prefix + PROBE
    try:
        safe = not lake.store.put_new(key, b"probe") or not lake.store.put_new(key, b"probe")
    except StorageError as error:
        raise LakeError(f"{lake.describe()} cannot be a lake: {error}") from error
    if not safe:
        raise LakeError(
            f"{lake.describe()} cannot be a lake: its server ignores `If-None-Match: *` and replaces what is "
            f"there, so two runs could undo each other's hours; set {VARIABLE} to a store with conditional "
            "writes, such as S3, or to a folder"
        )
