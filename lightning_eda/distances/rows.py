"""A block of lines as columns: parsed whole by Arrow where that is sure to agree with `parse_line`.

What Arrow refuses, or might read otherwise, goes through `parse_line` line by line; that finds the bad line,
or reads what is only unusual.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lightning_eda.distances.blocks import UTF8_MARK, Block
from lightning_eda.distances.lines import MAX_ITEM_BYTES, parse_line
from lightning_eda.errors import PairsError

COLUMNS = {"first": pa.string(), "second": pa.string(), "distance": pa.float64()}
BLANK = b" \t\r\n"
QUOTE, COMMA, LINE_FEED, RETURN = b'",\n\r'


@dataclass(frozen=True)
class Rows:
    """Rows of a block.

    Attributes:
        items: The first items of all rows and then the second ones, numbers into a dictionary of distinct
            items, string or int64.
        distance: Shape (m,), finite and >= 0.
        error: What the line after these rows has against it; None where the rows are all.
    """

    items: pa.DictionaryArray
    distance: NDArray[np.float64]
    error: PairsError | None


def parse_block(block: Block, as_integers: bool) -> Rows:
    """The rows of a block, up to the first line that is none.

    Args:
        block: Whole lines.
        as_integers: Items are 64-bit integers.
    """
    rows = _by_arrow(block.text, as_integers)
    return rows if rows is not None else _by_line(block, as_integers)


def _by_arrow(text: bytes, as_integers: bool) -> Rows | None:
    """The rows of a block of which Arrow's reading is sure; None when it is not."""
    from pyarrow import csv

    if not _is_plain(text):
        return None
    try:
        table = csv.read_csv(
            pa.BufferReader(text),
            csv.ReadOptions(column_names=list(COLUMNS), block_size=len(text) + 1, use_threads=False),
            csv.ParseOptions(newlines_in_values=False),
            csv.ConvertOptions(column_types=COLUMNS, null_values=[], strings_can_be_null=False),
        )
        distance = table["distance"].combine_chunks().to_numpy(zero_copy_only=False)
        items = _encoded([*table["first"].chunks, *table["second"].chunks], as_integers)
    except pa.ArrowInvalid:
        return None
    if not (distance.min() >= 0 and distance.max() < np.inf):
        return None
    longest = pc.max(pc.binary_length(items.dictionary)).as_py() if not as_integers else 0
    # Adding 0.0 makes -0.0 0.0 and a copy that outlives the table's buffers.
    return Rows(items, distance + 0.0, None) if longest <= MAX_ITEM_BYTES else None


def _is_plain(text: bytes) -> bool:
    """Whether line ends, quotes and marks are such that Arrow reads the lines as CSV does."""
    if text.startswith(UTF8_MARK) or not text.strip(BLANK) or b"\0" in text:
        return False  # Arrow drops the mark from each block, wants a row, and takes a NUL for a character
    if b"\r" in text and text.count(b"\r") != text.count(b"\r\n"):
        return False
    return b'"' not in text or _quotes_are_plain(np.frombuffer(text, np.uint8))


def _quotes_are_plain(text: NDArray[np.uint8]) -> bool:
    """Whether all quotes are pairs around a whole field of one line, with none inside."""
    quotes = np.flatnonzero(text == QUOTE)
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    framed = np.concatenate([[LINE_FEED], text, [LINE_FEED]])
    starts_field = np.isin(framed[opening], [COMMA, LINE_FEED]).all()
    ends_field = np.isin(framed[closing + 2], [COMMA, LINE_FEED, RETURN]).all()
    ends = np.flatnonzero(text == LINE_FEED)
    on_one_line = np.array_equal(np.searchsorted(ends, opening), np.searchsorted(ends, closing))
    return bool(starts_field and ends_field and on_one_line)


def _by_line(block: Block, as_integers: bool) -> Rows:
    first, second, distance = [], [], []
    problem = None
    for number, line in enumerate(block.text.split(b"\n"), start=block.line):
        try:
            row = parse_line(line, as_integers)
        except PairsError as error:
            problem = PairsError(f"{block.name}, line {number}: {error}")
            problem.__cause__ = error.__cause__
            break
        if row is not None:
            first.append(row[0])
            second.append(row[1])
            distance.append(row[2])
    items = _encoded([pa.array(first, pa.string()), pa.array(second, pa.string())], as_integers)
    return Rows(items, np.array(distance, np.float64), problem)


def _encoded(columns: list[pa.Array], as_integers: bool) -> pa.DictionaryArray:
    """Strings as numbers into a dictionary of the distinct ones; ArrowInvalid for one that is no integer."""
    encoded = pa.concat_arrays(columns).dictionary_encode()
    if not as_integers:
        return encoded
    bare = pc.ascii_trim_whitespace(encoded.dictionary)
    if not pc.all(pc.match_substring_regex(bare, r"^[+-]?[0-9]+$"), min_count=0).as_py():
        raise pa.ArrowInvalid("not all integers")
    integers = pc.replace_substring_regex(bare, r"^\+", "").cast(pa.int64()).dictionary_encode()
    indices = integers.indices.take(encoded.indices)  # "7" and "007" are one
    return pa.DictionaryArray.from_arrays(indices, integers.dictionary)
