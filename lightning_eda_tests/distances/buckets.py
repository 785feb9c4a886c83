"""Days of distances in a folder that stands for a bucket, and a plain reader that says what they mean."""

import csv
import gzip
import io
import math
import unicodedata
from datetime import date

from lightning_eda.distances.day import read_day
from lightning_eda.storage.folder import FolderStore

UNSEEN = "".join(
    chr(number)
    for number in (*range(0x21), *range(0x7F, 0xA1), 0xAD, 0x61C, 0x1680, 0x180E, *range(0x2000, 0x2010),
                   *range(0x2028, 0x2030), *range(0x205F, 0x2070), 0x3000, 0xFEFF, *range(0xFFF9, 0xFFFC))
)  # fmt: skip
DAY = date(2024, 10, 1)
PREFIX = "in/day=2024-10-01/"


def put(root, objects, prefix=PREFIX):
    """Writes objects, name -> bytes or text, below a prefix."""
    for name, data in objects.items():
        path = root / (prefix + name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    return FolderStore(root)


def read(root, objects, **options):
    """The graph of a day of such objects; all rows unless told otherwise."""
    root.mkdir(exist_ok=True)
    return read_day(put(root, objects), "in", DAY, **{"max_records": None, **options})


def pairs(graph):
    """The pairs of a graph by their items."""
    items = graph.items.to_pylist()
    return {
        (items[i], items[j]): d
        for i, j, d in zip(graph.i.tolist(), graph.j.tolist(), graph.distance.tolist(), strict=True)
    }


def plain_rows(data):
    """The rows of an object, by csv and float, one at a time."""
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    text = data.decode("utf-8-sig")
    for row in csv.reader(io.StringIO(text, newline=""), strict=True):
        if row and "".join(row).strip():
            first, second, distance = row
            number = float(distance)
            assert math.isfinite(number)
            assert number >= 0
            yield first, second, abs(number)


def plain_graph(rows):
    """Items in order of first appearance, pairs with their distances, and the counts."""
    items, given, self_pairs = {}, {}, 0
    for first, second, distance in rows:
        a, b = items.setdefault(first, len(items)), items.setdefault(second, len(items))
        if a == b:
            self_pairs += 1
        else:
            given.setdefault((min(a, b), max(a, b)), []).append(distance)
    counts = {
        "rows": len(rows),
        "self_pairs": self_pairs,
        "repeated_pairs": sum(len(found) > 1 for found in given.values()),
        "conflicting_pairs": sum(len(set(found)) > 1 for found in given.values()),
        "zero_pairs": sum(min(found) == 0 for found in given.values()),
        "padded_items": sum(str(item) != str(item).strip(UNSEEN) for item in items),
        "composed_items": len(items) - len({unicodedata.normalize("NFC", str(item)) for item in items}),
    }
    return list(items), {pair: min(found) for pair, found in sorted(given.items())}, counts
