"""The files of an hour, written before anybody sees them: nothing is in the lake until `commit` says so."""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lightning_eda.errors import ObjectNotFoundError
from lightning_eda.lake.layout import DIGEST_DIGITS, LEDGER, PARTITIONS, TIERS, HourKey, LedgerName
from lightning_eda.lake.location import Lake, delta_schema
from lightning_eda.lake.parquet import read_parquet
from lightning_eda.series import LOADED_AT

FRESH = timedelta(days=1)
"""A file this young is safe from the removal of files that nobody names; an older one is written again."""


@dataclass(frozen=True)
class DataFile:
    """A Parquet file of an hour.

    Attributes:
        path: Relative to its table.
        size_bytes: Its size.
        rows: Its rows.
        first: Its least granule_start, UTC.
        last: Its greatest.
    """

    path: str
    size_bytes: int
    rows: int
    first: datetime
    last: datetime


@dataclass(frozen=True)
class HourFiles:
    """The files of an hour of a satellite; without a ledger the hour has no granule, and goes from the lake.

    Attributes:
        key: The hour.
        tiers: The file of each tier that has rows.
        ledger: The ledger's name; None when the hour is empty.
        ledger_file: The ledger's file; None when it is empty, or in the lake already.
    """

    key: HourKey
    tiers: Mapping[str, DataFile]
    ledger: LedgerName | None = None
    ledger_file: DataFile | None = None


def write_hour(
    lake: Lake, key: HourKey, tables: Mapping[str, pa.Table], known: LedgerName | None, now: datetime
) -> HourFiles:
    """Writes the files of an hour; two writers of the same rows write the same files.

    Args:
        lake: Where to.
        key: The hour.
        tables: By name the rows of the ledger, without `loaded_at`, and of the tiers; all of this hour.
        known: What the lake holds of the hour now; when it is these rows, nothing is written.
        now: The present, aware; goes into `loaded_at`.

    Raises:
        StorageError: The store cannot be written.
    """
    if tables[LEDGER].num_rows == 0:
        return HourFiles(key, {})
    with_rows = [tier for tier in TIERS if tier in tables and tables[tier].num_rows]
    packed = {tier: _packed(tier, tables[tier]) for tier in with_rows}
    digests = {tier: _digest(data) for tier, data in packed.items()}
    name = LedgerName(_digest(_packed(LEDGER, tables[LEDGER])), digests, now.astimezone(UTC))
    unchanged = known is not None and name.same_rows(known)
    tiers = {}
    for tier, data in packed.items():
        path = key.tier_path(digests[tier])
        if not unchanged:
            _put(lake, lake.key(tier, path), data, now)
        tiers[tier] = _described(path, data, tables[tier])
    if unchanged:
        return HourFiles(key, tiers, known)
    moment = pa.scalar(name.loaded_at.replace(tzinfo=None), pa.timestamp("us"))
    ledger = tables[LEDGER].append_column(LOADED_AT, pa.repeat(moment, len(tables[LEDGER])))
    data = _packed(LEDGER, ledger)
    lake.store.put_object(lake.key(LEDGER, name.path(key)), data)
    return HourFiles(key, tiers, name, _described(name.path(key), data, ledger))


def describe_file(lake: Lake, table: str, path: str) -> DataFile:
    """A file that is in the store already; ObjectNotFoundError when it is not there."""
    data = lake.store.read_object(lake.key(table, path))
    return _described(path, data, read_parquet(data, ["granule_start"]))


def _packed(table: str, rows: pa.Table) -> bytes:
    """The rows as Parquet; the partition columns are in the path."""
    schema = delta_schema(table)
    kept = [field for field in schema if field.name not in PARTITIONS and field.name in rows.column_names]
    out = io.BytesIO()
    pq.write_table(
        rows.select([field.name for field in kept]).cast(pa.schema(kept)),
        out,
        compression="zstd",
        store_schema=False,
    )
    return out.getvalue()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:DIGEST_DIGITS]


def _put(lake: Lake, key: str, data: bytes, now: datetime) -> None:
    """Writes a file that is named by its content, unless it is there and not about to be removed."""
    try:
        found = lake.store.stat_object(key).info
    except ObjectNotFoundError:
        found = None
    if found is None or found.size != len(data) or found.last_modified < now - FRESH:
        lake.store.put_object(key, data)


def _described(path: str, data: bytes, rows: pa.Table) -> DataFile:
    spread = pc.min_max(rows["granule_start"])
    first, last = (spread[edge].as_py().replace(tzinfo=UTC) for edge in ("min", "max"))
    return DataFile(path, len(data), rows.num_rows, first, last)
