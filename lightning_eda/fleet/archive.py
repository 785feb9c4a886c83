"""Pieces of a long window cleaned and summed on the workers of a cluster.

The workers read the lake, and leave the sums of a piece as an object beside its tables: neither rows nor sums
go through the scheduler. Here they are added to the others and removed; what a killed run leaves,
`lightning-eda lake vacuum` removes.
"""

import json
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial

import pyarrow as pa

from lightning_eda.errors import FleetError, LightningEdaError, StorageError
from lightning_eda.fleet.lake_hours import LakeHours
from lightning_eda.fleet.workers import each_done
from lightning_eda.lake.layout import CELL_SUMS
from lightning_eda.warehouse.cleaning.cell_sums import CleanCells, finished
from lightning_eda.warehouse.cleaning.piece_sums import PieceSums, SumOptions, needed_from, sum_piece
from lightning_eda.warehouse.cleaning.pieces import Span
from lightning_eda.warehouse.cleaning.rows import Account
from lightning_eda.warehouse.cleaning.window_sums import WindowSums, explained_memory, limit_memory

FACTS = b"lightning_eda"
PARTS = ("cells", "sample", "far")


@dataclass(frozen=True)
class PieceTask:
    """All that a worker is told of a piece.

    Attributes:
        hours: The hours it needs.
        start: Start of the piece.
        end: Its end.
        window_start: Start of the window.
        tables: The tables that cleaning asks.
        options: What is summed.
        key: Where the sums go, in the store of the lake.
    """

    hours: LakeHours
    start: datetime
    end: datetime
    window_start: datetime
    tables: tuple[str, ...]
    options: SumOptions
    key: str


def do_piece(task: PieceTask) -> str:
    """Sums a piece; the key of the object that holds them.

    Raises:
        LightningEdaError: A file of the lake cannot be read, or the sums cannot be written.
    """
    start = needed_from(task.start, task.window_start)
    rows = task.hours.rows(start, task.end, task.tables)
    with explained_memory(task.start, task.end), rows as connection:
        limit_memory(connection)
        piece = sum_piece(connection, task.start, task.end, task.window_start, task.options)
    task.hours.snapshot.lake.store.put_object(task.key, pack_piece(piece))
    return task.key


def sum_on_workers(
    scheduler: str,
    hours: LakeHours,
    pieces: Sequence[Span],
    tables: Sequence[str],
    options: SumOptions,
    most_cells: int,
    progress: Callable[[int, int], None],
) -> CleanCells:
    """What `cell_sums.sum_window` gives of the same pieces, bit for bit.

    Raises:
        FleetError: No scheduler answers, or a piece could not be summed; the text has its hours.
        FleetLostError: The scheduler went away.
        LightningEdaError: The lake cannot be read.
    """
    lake = hours.snapshot.lake
    folder = lake.key(CELL_SUMS, f"{secrets.token_hex(8)}/")
    tasks = {
        f"{start:%Y-%m-%dT%HZ} to {end:%Y-%m-%dT%HZ}": PieceTask(
            hours.part(needed_from(start, pieces[0][0]), end),
            start,
            end,
            pieces[0][0],
            tuple(tables),
            options,
            f"{folder}{number}",
        )
        for number, (start, end) in enumerate(pieces)
    }
    left = {task.key for task in tasks.values()}
    try:
        with WindowSums.open(options, most_cells) as sums:
            for done, (name, answer) in enumerate(each_done(scheduler, do_piece, tasks), start=1):
                key = _require(name, answer)
                sums.add(unpack_piece(lake.store.read_object(key)))
                lake.store.delete_object(key)
                left.discard(key)
                progress(done, len(tasks))
            return finished(sums, partial(hours.rows, tables=tables), pieces)
    finally:
        for key in left:
            with suppress(StorageError):  # the error that led here is the one to tell
                lake.store.delete_object(key)


def pack_piece(piece: PieceSums) -> bytes:
    """The sums of a piece as bytes: an Arrow stream for each of `PARTS`, compressed."""
    sink = pa.BufferOutputStream()
    for name in PARTS:
        table = getattr(piece, name)
        facts = {FACTS: json.dumps(asdict(piece.account)).encode()}
        schema = table.schema.with_metadata(facts)
        with pa.ipc.new_stream(sink, schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as stream:
            stream.write_table(table.replace_schema_metadata(facts))
    return bytes(sink.getvalue())


def unpack_piece(data: bytes) -> PieceSums:
    """The sums that `pack_piece` packed."""
    source = pa.BufferReader(data)
    tables = [pa.ipc.open_stream(source).read_all() for _ in PARTS]
    facts = json.loads(tables[0].schema.metadata[FACTS])
    account = Account(**{**facts, "notes": tuple(facts["notes"])})
    return PieceSums(account, *(table.replace_schema_metadata() for table in tables))


def _require(name: str, answer: str | LightningEdaError) -> str:
    if isinstance(answer, FleetError):
        raise FleetError(f"{name}: {answer}") from answer
    if isinstance(answer, LightningEdaError):
        raise answer
    return answer
