import csv
import gzip
import io

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.distances.files import clusters as module
from lightning_eda.distances.files.clusters import clusters_csv
from lightning_eda.errors import PairsError

ITEMS = st.lists(
    st.tuples(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), st.integers(-1, 3)), max_size=20
)


def rows_of(data: bytes) -> list[list[str]]:
    """Cluster and item of each row, as any reader of CSV has them."""
    heading, *rows = csv.reader(io.StringIO(gzip.decompress(data).decode(), newline=""), strict=True)
    assert heading == ["cluster", "key"]
    return rows


@pytest.mark.parametrize("rows_at_once", [3, 1 << 20])
@given(ITEMS)
def test_it_is_what_the_csv_module_would_write(rows_at_once, rows):
    """Quotes only where CSV needs them, LF, sorted by cluster and then as the items are, noise left out."""
    items, labels = [row[0] for row in rows], [row[1] for row in rows]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "ROWS_AT_ONCE", rows_at_once)
        data = clusters_csv(pa.array(items, pa.string()), labels)
    expected = sorted(((c, k) for k, c in enumerate(labels) if c >= 0))
    lines = ["cluster,key\n"]
    for cluster, place in expected:
        item = items[place]
        odd = any(mark in item for mark in ',"\r\n')
        lines.append(f"{cluster}," + ('"' + item.replace('"', '""') + '"' if odd else item) + "\n")
    assert gzip.decompress(data) == "".join(lines).encode()
    assert rows_of(data) == [[str(c), items[k]] for c, k in expected]


def test_any_reader_of_csv_reads_it():
    """Commas and quotes in items come back."""
    data = clusters_csv(pa.array(["a,b", 'say "hi"', "c"]), [1, 0, 1])
    rows = list(csv.DictReader(io.StringIO(gzip.decompress(data).decode(), newline="")))
    assert [(row["cluster"], row["key"]) for row in rows] == [("0", 'say "hi"'), ("1", "a,b"), ("1", "c")]


def test_integers_are_written_as_such():
    """Without a point or quotes."""
    assert (
        gzip.decompress(clusters_csv(pa.array([-7, 2**62]), [0, 0])) == b"cluster,key\n0,-7\n0,%d\n" % 2**62
    )


def test_noise_alone_leaves_the_headings():
    """And so does no item at all."""
    for items in ([], ["a", "b"]):
        data = clusters_csv(pa.array(items, pa.string()), np.full(len(items), -1))
        assert gzip.decompress(data) == b"cluster,key\n"
        assert rows_of(data) == []


def test_the_bytes_state_no_time():
    """The same clusters are the same object: the gzip header has no time, name or system."""
    data = clusters_csv(pa.array(["a"]), [0])
    assert data[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"


def test_labels_must_fit_the_items():
    """One each."""
    with pytest.raises(PairsError, match=r"2 items but labels of shape \(1,\)"):
        clusters_csv(pa.array(["a", "b"]), [0])
