"""A day's graph in the data folder: what `distance_matrix` hands to the assets after it.

Two Parquet files, of the items and of the pairs, each written whole or not at all. Both carry the digest of
the graph, so a pair of files of two different runs, or a damaged one, is refused.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lightning_eda.distances.graph import DistanceGraph, PairCounts
from lightning_eda.errors import PairsError
from lightning_eda.storage.atomic import open_atomic

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

ITEMS_NAME = "items.parquet"
PAIRS_NAME = "pairs.parquet"
FACTS = b"lightning_eda"
GROUP_ROWS = 1 << 20
PAIRS_SCHEMA = pa.schema({"i": pa.int32(), "j": pa.int32(), "distance": pa.float64()})
AGAIN = "materialise distance_matrix for this day again"


def write_graph(folder: Path, graph: DistanceGraph) -> str:
    """Writes a graph; whoever reads meanwhile, or after a crash, gets the old one, the new one or an error.

    Args:
        folder: Of this day alone; it is made.
        graph: The graph.

    Returns:
        The digest of the graph.

    Raises:
        StorageError: The files cannot be written.
    """
    digest = graph_digest(graph)
    facts = {"digest": digest, "pairs": len(graph.i), "counts": asdict(graph.counts)}
    item_schema = pa.schema({"item": graph.items.type})
    items = (pa.record_batch([part], schema=item_schema) for part in _slices(graph.items))
    _write(folder / ITEMS_NAME, item_schema, items, facts)
    columns = (graph.i, graph.j, graph.distance)
    pairs = (
        pa.record_batch(
            [pa.array(column[start : start + GROUP_ROWS]) for column in columns], schema=PAIRS_SCHEMA
        )
        for start in range(0, len(graph.i), GROUP_ROWS)
    )
    _write(folder / PAIRS_NAME, PAIRS_SCHEMA, pairs, facts)
    return digest


def read_graph(folder: Path) -> DistanceGraph:
    """The graph that `write_graph` wrote.

    Raises:
        PairsError: There is none, or its files are damaged or of two different graphs.
    """
    import pyarrow.parquet as pq

    try:
        with (
            pq.ParquetFile(folder / ITEMS_NAME) as items_file,
            pq.ParquetFile(folder / PAIRS_NAME) as pairs_file,
        ):
            facts = _facts(items_file)
            if facts != _facts(pairs_file):
                raise PairsError(f"{folder} holds items and pairs of two different graphs: {AGAIN}")
            items = items_file.read()["item"].combine_chunks()
            i, j, distance = _read_pairs(pairs_file)
            graph = DistanceGraph(items, i, j, distance, PairCounts(**facts["counts"]))
    except FileNotFoundError as error:
        raise PairsError(
            f"{folder} holds no graph: materialise distance_matrix for this day first"
        ) from error
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError) as error:
        raise PairsError(f"{folder} holds a damaged graph ({error}): {AGAIN}") from error
    if graph_digest(graph) != facts["digest"]:
        raise PairsError(f"{folder} holds a damaged graph: {AGAIN}")
    return graph


def graph_digest(graph: DistanceGraph) -> str:
    """A text that differs when items, pairs or distances differ: 16 hex digits of a SHA-256."""
    digest = hashlib.sha256(f"{graph.items.type} {len(graph.items)} {len(graph.i)}".encode())
    for part in _slices(graph.items):
        if pa.types.is_string(part.type):
            digest.update(pc.binary_length(part).to_numpy(zero_copy_only=False))
            whole = pa.ListArray.from_arrays(pa.array([0, len(part)], pa.int32()), part)
            digest.update(pc.binary_join(whole, "")[0].as_buffer())
        else:
            digest.update(part.to_numpy(zero_copy_only=False))
    for column in (graph.i, graph.j, graph.distance):
        digest.update(np.ascontiguousarray(column).data)
    return digest.hexdigest()[:16]


def _slices(items: pa.Array) -> Iterator[pa.Array]:
    return (items.slice(start, GROUP_ROWS) for start in range(0, len(items), GROUP_ROWS))


def _write(path: Path, schema: pa.Schema, batches: Iterator[pa.RecordBatch], facts: dict[str, Any]) -> None:
    import pyarrow.parquet as pq

    schema = schema.with_metadata({FACTS: json.dumps(facts).encode()})
    with (
        open_atomic(path) as file,
        pq.ParquetWriter(
            file, schema, compression="zstd", compression_level=1, use_dictionary=False
        ) as writer,
    ):
        for batch in batches:
            writer.write_batch(batch.cast(schema), row_group_size=GROUP_ROWS)


def _facts(file: "ParquetFile") -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(file.schema_arrow.metadata[FACTS])
    return facts


def _read_pairs(file: "ParquetFile") -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    """The pairs, one row group at a time."""
    rows = file.metadata.num_rows
    columns = (np.empty(rows, np.int32), np.empty(rows, np.int32), np.empty(rows))
    start = 0
    for group in range(file.num_row_groups):
        table = file.read_row_group(group)
        for column, name in zip(columns, PAIRS_SCHEMA.names, strict=True):
            column[start : start + len(table)] = table[name].to_numpy()
        start += len(table)
    return columns
