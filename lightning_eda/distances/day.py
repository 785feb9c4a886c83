"""A day of distances, from its objects to a graph."""

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lightning_eda.distances.blocks import MAX_LINES_PER_BYTE, Block, most_lines, read_blocks
from lightning_eda.distances.columns import Column
from lightning_eda.distances.folders import input_prefix
from lightning_eda.distances.graph import DistanceGraph, PairCounts
from lightning_eda.distances.items import ItemNumbers, first_appearances
from lightning_eda.distances.merging import merge_rows
from lightning_eda.distances.rows import Rows, parse_block
from lightning_eda.errors import LightningEdaError, PairsError, SettingError
from lightning_eda.settings import DistanceSettings
from lightning_eda.storage.content.names import holds_something, is_data
from lightning_eda.storage.object_store import ObjectInfo, ObjectStore
from lightning_eda.texts import named

WORKERS = 2
DEFAULT_MAX_RECORDS = int(DistanceSettings.max_records)
UNSEEN = (
    "\\x00-\\x20\\x7f-\u00a0\u00ad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f"
    "\u205f-\u206f\u3000\ufeff\ufff9-\ufffb"
)
"""Blanks, controls, and marks of no width, as a class of characters."""
PADDED = f"^[{UNSEEN}]|[{UNSEEN}]$"
MAX_DAY_BYTES = 64 << 30  # some 3 billion rows, 100 GB of memory


def read_day(
    store: ObjectStore,
    folder: str,
    day: date,
    convert_key_to_int: bool = False,
    max_records: int | None = DEFAULT_MAX_RECORDS,
) -> DistanceGraph:
    """The distances of a day: all objects below <folder>/day=YYYY-MM-DD/, in key order, as one graph.

    An object is rows of item,item,distance without headings, as text or gzip. Folder markers, objects of
    0 bytes, and names that are none of data (`content.names.is_data_name`) are skipped. A day without objects
    is an empty graph.

    Args:
        store: The bucket.
        folder: The input folder; "" for the top of the bucket.
        day: The day.
        convert_key_to_int: Items are 64-bit integers ("007" and "7" are one) and not text.
        max_records: Most rows, over all objects; None or 0 for all. What lies behind the last is not read,
            except to know whether there is a row.

    Raises:
        PairsError: A row or an object cannot be trusted; the text names the object and the line.
        SettingError: `max_records` is negative.
        StorageError: The bucket cannot be listed or an object cannot be read.
    """
    if max_records is not None and max_records < 0:
        raise SettingError("MAX_RECORDS", max_records, "a whole number from 0 (no limit)")
    prefix = input_prefix(folder, day)
    held = [info for info in store.list_objects(prefix) if holds_something(info)]
    objects = [info for info in held if is_data(info, prefix)]
    most_rows = _most_rows(store, prefix, objects, max_records)
    reading = _Reading(convert_key_to_int, max_records or None, most_rows)
    others = [info.key.removeprefix(prefix) for info in held if not is_data(info, prefix)]
    with closing(_parsed(store, objects, convert_key_to_int)) as blocks:
        for rows in blocks:
            if not reading.take(rows):
                break
    return reading.graph(len(objects), named(others, separator=", ") if others else "")


class _Reading:
    """The rows read so far."""

    def __init__(self, as_integers: bool, max_records: int | None, most_rows: int) -> None:
        self.numbers = ItemNumbers(pa.int64() if as_integers else pa.string())
        self.distances = Column(np.float64)
        self.rows = 0
        self.max_records = max_records
        self.most_rows = most_rows
        self.truncated = False

    def take(self, rows: Rows) -> bool:
        """Takes in rows, and says whether more are wanted.

        Raises:
            PairsError: The line after them is wanted and cannot be read, or there are more than the objects
                can hold.
        """
        there = len(rows.distance)
        wanted = there if self.max_records is None else min(there, self.max_records - self.rows)
        self.truncated = wanted < there or (rows.error is not None and self.rows + wanted == self.max_records)
        if rows.error is not None and not self.truncated:
            raise rows.error
        if wanted:
            self.numbers.add(rows.items if wanted == there else _head(rows.items, wanted))
            self.distances.append(rows.distance[:wanted])
            self.rows += wanted
        if self.rows > self.most_rows:
            raise PairsError(
                f"the day's objects unpack to over {self.most_rows:,} rows, {MAX_LINES_PER_BYTE} for each of "
                "their bytes, as only a bomb does; if they are honest, send them unpacked"
            )
        return not self.truncated

    def graph(self, objects: int, passed_over: str) -> DistanceGraph:
        """The graph of all rows; the rows are let go of."""
        items, numbers = self.numbers.finish()
        order, place = first_appearances(numbers, len(items))
        appeared = items.take(pa.array(order))
        merged = merge_rows(numbers, self.distances, place, len(order))
        counts = PairCounts(
            objects=objects,
            rows=self.rows,
            self_pairs=merged.self_pairs,
            repeated_pairs=merged.repeated,
            conflicting_pairs=merged.conflicting,
            zero_pairs=len(merged.distance) - int(np.count_nonzero(merged.distance)),
            truncated=self.truncated,
            padded_items=_padded(appeared) if pa.types.is_string(items.type) else 0,
            composed_items=_composed(appeared) if pa.types.is_string(items.type) else 0,
            passed_over=passed_over,
        )
        return DistanceGraph(appeared, merged.i, merged.j, merged.distance, counts)


def _most_rows(
    store: ObjectStore, prefix: str, objects: Sequence[ObjectInfo], max_records: int | None
) -> int:
    """How many rows objects can hold; PairsError where all rows of far too many bytes are wanted."""
    size = sum(info.size for info in objects)
    if not max_records and size > MAX_DAY_BYTES:
        raise PairsError(
            f"{store.url(prefix)} has {size:,} bytes of pairs; most allowed: {MAX_DAY_BYTES:,}, since all "
            "rows are held in memory. Set MAX_RECORDS, or take the large objects out"
        )
    return most_lines(size)


def _padded(items: pa.StringArray) -> int:
    """How many items have blanks, or characters that nobody sees, at an end."""
    return int(pc.sum(pc.match_substring_regex(items, PADDED)).as_py() or 0)


def _composed(items: pa.StringArray) -> int:
    """How many items are another one once letters and their accents are composed."""
    if pc.all(pc.string_is_ascii(items)).as_py() is not False:
        return 0
    return len(items) - int(pc.count_distinct(pc.utf8_normalize(items, "NFC")).as_py())


def _head(items: pa.DictionaryArray, rows: int) -> pa.DictionaryArray:
    """The items of the first rows of a block."""
    half = len(items) // 2
    return pa.concat_arrays([items[:rows], items[half : half + rows]])


def _parsed(store: ObjectStore, objects: list[ObjectInfo], as_integers: bool) -> Generator[Rows]:
    """The rows of all objects, block by block, in order; some blocks are parsed while others are read."""
    with ThreadPoolExecutor(WORKERS, "distances") as pool:
        waiting: deque[Future[Rows]] = deque()
        try:
            for block in _blocks(store, objects):
                waiting.append(pool.submit(parse_block, block, as_integers))
                if len(waiting) > WORKERS:
                    yield waiting.popleft().result()
        except LightningEdaError:
            while waiting:  # a bad line before what cannot be read is the one to report
                yield waiting.popleft().result()
            raise
        while waiting:
            yield waiting.popleft().result()


def _blocks(store: ObjectStore, objects: list[ObjectInfo]) -> Iterator[Block]:
    for info in objects:
        yield from read_blocks(store, info)
