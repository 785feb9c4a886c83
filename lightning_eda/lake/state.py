"""What a table names at one version: the files of some hours."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from lightning_eda.errors import LakeError, ObjectNotFoundError
from lightning_eda.lake.layout import HourKey, LedgerName, parse_path
from lightning_eda.storage.delta.log import LOG_FOLDER, DeltaLog

if TYPE_CHECKING:
    from deltalake import DeltaTable

VERSIONS = "versions_of_tiers"
"""In the metadata of the ledger's commits: the versions of the other tables it goes with, as JSON."""
STRANGE = (
    "which lightning_eda did not write: restore the table to the version before (`DeltaTable.restore`); "
    "OPTIMIZE must not be run on it"
)
COMMITS_LOOKED_AT = 20  # others' between ours, such as a VACUUM


@dataclass(frozen=True)
class StoredFile:
    """A file that a table names: its size in bytes, and its rows."""

    size_bytes: int
    rows: int


@dataclass(frozen=True)
class TableState:
    """The files of some hours in a table at one version.

    Attributes:
        version: The version.
        hours: By hour the files by path.
        strangers: Paths that are not of the layout.
    """

    version: int
    hours: Mapping[HourKey, Mapping[str, StoredFile]] = field(default_factory=dict)
    strangers: tuple[str, ...] = ()

    def ledger(self, key: HourKey) -> LedgerName | None:
        """What the ledger says of an hour; None when the hour is not in the lake.

        Raises:
            LakeError: It has another file than the one, or the name is not of the layout.
        """
        paths = list(self.hours.get(key, {}))
        if not paths:
            return None
        found = parse_path(paths[0])
        name = LedgerName.parse(found[1]) if found else None
        if len(paths) > 1 or name is None:
            raise LakeError(f"the ledger has {', '.join(sorted(paths))} for {key.text}, {STRANGE}")
        return name

    def require_own(self, address: str) -> None:
        """LakeError where the table, which is at this address, names files that are not of the layout."""
        if self.strangers:
            raise LakeError(f"{address} names {self.strangers[0]}, {STRANGE}")


def read_state(
    table: "DeltaTable | None",
    days: Collection[date] | None = None,
    satellites: Collection[str] | None = None,
) -> TableState:
    """The files of a table that is open; None for `days` or `satellites` is all of them."""
    if table is None:
        return TableState(-1)
    actions = pa.table(table.get_add_actions(flatten=True))
    if actions.num_rows and days is not None:
        actions = actions.filter(_among(actions["partition.day"], days, pa.date32()))
    if actions.num_rows and satellites is not None:
        actions = actions.filter(_among(actions["partition.satellite"], satellites, pa.string()))
    hours: dict[HourKey, dict[str, StoredFile]] = {}
    strangers = []
    columns = [actions[name].to_pylist() for name in ("path", "size_bytes", "num_records")]
    for path, size, rows in zip(*columns, strict=True):
        found = parse_path(path)
        if found is None:
            strangers.append(path)
        else:
            hours.setdefault(found[0], {})[path] = StoredFile(size, rows or 0)
    return TableState(table.version(), hours, tuple(strangers))


def named_versions(log: DeltaLog, version: int) -> dict[str, int]:
    """The versions of the other tables that the ledger's latest commit of ours, at a version, goes with.

    `DeltaTable.history` would list the log and read all of these commits, with Python's lock held meanwhile.
    """
    for number in range(version, max(version - COMMITS_LOOKED_AT, -1), -1):
        try:
            commit = log.store.read_object(f"{log.prefix}{LOG_FOLDER}{number:020}.json")
        except ObjectNotFoundError:  # the log was cleaned up
            break
        for action in map(json.loads, commit.splitlines()):
            if VERSIONS in action.get("commitInfo", {}):
                found = json.loads(action["commitInfo"][VERSIONS])
                return {str(tier): int(number) for tier, number in found.items()}
    return {}


def _among(column: pa.ChunkedArray, values: Collection[object], kind: pa.DataType) -> pa.ChunkedArray:
    return pc.is_in(column.cast(kind), pa.array(sorted(values), kind))  # type: ignore[type-var]
