"""Pairs that are written are read back by distance clustering."""

import gzip
import io
from datetime import date
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from lightning_eda.distances.day import read_day
from lightning_eda.distances.files.pairs import PAIRS_NAME, write_pairs
from lightning_eda.distances.folders import input_prefix
from lightning_eda.errors import PairsError
from lightning_eda.storage.folder import FolderStore

DAY = date(2024, 7, 1)
ITEMS = pa.array(["G18_20240701T200000.0_1", "G18_20240701T200000.0_2", "G18_20240701T200020.0_3"])


def batch(i, j, metres):
    return SimpleNamespace(i=np.array(i, int), j=np.array(j, int), metres=np.array(metres, int))


def packed(*batches) -> bytes:
    stream = io.BytesIO()
    write_pairs(stream, ITEMS, batches)
    return stream.getvalue()


def test_rows_are_item_item_kilometres():
    """No header, three decimals, a line end after each row; batches follow each other."""
    data = packed(batch([0], [1], [0]), batch([], [], []), batch([0, 1], [2, 2], [15_000, 7]))
    assert gzip.decompress(data).decode() == (
        "G18_20240701T200000.0_1,G18_20240701T200000.0_2,0.000\n"
        "G18_20240701T200000.0_1,G18_20240701T200020.0_3,15.000\n"
        "G18_20240701T200000.0_2,G18_20240701T200020.0_3,0.007\n"
    )


def test_the_same_pairs_are_the_same_bytes():
    """No time is in the gzip header."""
    assert packed(batch([0], [1], [5])) == packed(batch([0], [1], [5]))
    assert packed()[4:8] == b"\0\0\0\0"


@pytest.mark.parametrize("rows", [0, 3])
def test_distance_clustering_reads_them(tmp_path, rows):
    """With the very distances, also a day that has none."""
    store = FolderStore(tmp_path)
    pairs = batch([0, 0, 1][:rows], [1, 2, 2][:rows], [12_000, 12_001, 14_999][:rows])
    store.put_object(input_prefix("flash_pairs", DAY) + PAIRS_NAME, packed(pairs))
    graph = read_day(store, "flash_pairs", DAY, max_records=None)
    assert graph.distance.tolist() == [12.0, 12.001, 14.999][:rows]
    assert graph.items.to_pylist() == (ITEMS.to_pylist() if rows else [])


@pytest.mark.parametrize("item", ["a,b", 'a"b', "a\nb", "a\rb"])
def test_an_item_that_needs_quotes_is_refused(item):
    """It is named."""
    with pytest.raises(PairsError, match="has a comma, a quote or a line end in it"):
        write_pairs(io.BytesIO(), pa.array(["fine", item]), [])
