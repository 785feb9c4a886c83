"""The removal of files that a Delta table has not named for some days."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lightning_eda.errors import LakeError, SettingError
from lightning_eda.storage.delta.log import LOG_FOLDER, DeltaLog

if TYPE_CHECKING:
    from deltalake import DeltaTable

SHORTEST_DAYS = 7
"""No run works so long on files that it has not committed yet, and no reader so long on one version."""
LONGEST_DAYS = 36_500


def vacuum_table(
    log: DeltaLog, now: datetime, days: float = SHORTEST_DAYS, dry_run: bool = False
) -> dict[str, int]:
    """Removes the files of a table that it does not name, and has not named for some days; keys and bytes.

    Args:
        log: The table's.
        now: The present, aware.
        days: How long a file stays after it was written, or after it was replaced.
        dry_run: Only says what would go.

    Raises:
        SettingError: `days` is less than a run or a reader may take.
        LakeError: There is no table, or its log cannot be used.
        StorageError: The store cannot be listed or written.
    """
    require_days(days)
    table = log.open()
    if table is None:
        raise LakeError(f"there is no Delta table at {log.address}")
    unnamed = unnamed_files(log, table, days)
    oldest = now - timedelta(days=days)
    going = {
        info.key: info.size
        for info in log.store.list_objects(log.prefix)
        if info.key in unnamed and info.last_modified < oldest
    }
    if not dry_run:
        for key in going:
            log.store.delete_object(key)
    return going


def require_days(days: float) -> None:
    """SettingError for less than a run or a reader may take, or more than a calendar has."""
    if not SHORTEST_DAYS <= days <= LONGEST_DAYS:
        allowed = f"a number from {SHORTEST_DAYS} to {LONGEST_DAYS}"
        raise SettingError("days", days, allowed, "Runs and readers may be at work.")


def unnamed_files(log: DeltaLog, table: "DeltaTable", days: float) -> set[str]:
    """Keys of files that no version of the last days names, as delta-rs reads the log; errors as its own."""
    with log.explained():
        paths = table.vacuum(int(days * 24), dry_run=True, enforce_retention_duration=False, full=True)
    keys = {log.prefix + path for path in paths}
    return {key for key in keys if not key.startswith(log.prefix + LOG_FOLDER)}
