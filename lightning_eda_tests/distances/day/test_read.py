import gzip
import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.clustering.graph.dbscan import dbscan_pairs
from lightning_eda.distances import blocks, items, merging
from lightning_eda.distances.day import read_day
from lightning_eda.distances.graph import PairCounts
from lightning_eda.errors import BucketNotFoundError, PairsError, SettingError
from lightning_eda.storage import inflate
from lightning_eda.storage.folder import FolderStore
from lightning_eda_tests.distances.buckets import DAY, PREFIX, pairs, plain_graph, plain_rows, put, read
from lightning_eda_tests.support.examples import examples

ITEM = st.one_of(
    st.sampled_from(["a", "b", "c", "d", "", "NA", "ü", "007", "7"]),
    st.text(st.characters(exclude_characters="\0\r\n", exclude_categories=["Cs"]), max_size=5),
)
DISTANCE = st.one_of(st.sampled_from([0.0, 0.5, 1.0, -0.0]), st.floats(0, 1e9)).map(repr)
LINE = st.one_of(
    st.tuples(ITEM, ITEM, DISTANCE).map(lambda row: ",".join(map(as_field, row))),
    st.tuples(ITEM, ITEM, DISTANCE).map(lambda row: ",".join('"' + f.replace('"', '""') + '"' for f in row)),
    st.just(""),
)


def as_field(text):
    """A field as csv writes it: quoted where it must be."""
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"') else text


@st.composite
def objects_of_a_day(draw):
    """Up to three objects: LF or CRLF, with or without the last, plain, gzip or several gzip members."""
    objects = {}
    for name in draw(st.lists(st.sampled_from(["a.csv.gz", "b.csv", "sub/c.csv.gz"]), unique=True)):
        end = draw(st.sampled_from(["\n", "\r\n"]))
        data = (end.join(draw(st.lists(LINE, max_size=8))) + draw(st.sampled_from(["", end]))).encode()
        cut = draw(st.integers(0, len(data)))
        packings = [data, gzip.compress(data), gzip.compress(data[:cut]) + gzip.compress(data[cut:])]
        objects[name] = draw(st.sampled_from(packings if data[:1] != b"\x1f" else packings[1:]))
    return objects


@given(objects_of_a_day(), st.one_of(st.none(), st.integers(0, 12)), st.booleans())
@examples(500)
def test_a_day_is_what_a_plain_reader_says(tmp_path_factory, objects, max_records, small_pieces):
    """Items, pairs, counts and the cut, for any objects and MAX_RECORDS, in whatever pieces they are read."""
    rows = [row for name in sorted(objects) for row in plain_rows(objects[name])]
    kept = rows[: max_records or None]
    expected_items, expected_pairs, counts = plain_graph(kept)
    with pytest.MonkeyPatch.context() as patch:
        if small_pieces:
            for module, name, value in (
                (blocks, "PIECE_BYTES", 16), (blocks, "FIRST_BLOCK_BYTES", 8), (blocks, "BLOCK_BYTES", 16),
                (inflate, "PACKED_PIECE", 16), (items, "FLUSH_ITEMS", 2), (merging, "BUCKET_ROWS", 2),
            ):  # fmt: skip
                patch.setattr(module, name, value)
        graph = read(tmp_path_factory.mktemp("day"), objects, max_records=max_records)
    assert graph.items.to_pylist() == expected_items
    found = zip(graph.i.tolist(), graph.j.tolist(), graph.distance.tolist(), strict=True)
    assert [((i, j), distance) for i, j, distance in found] == list(expected_pairs.items())
    filled = sum(map(bool, objects.values()))
    assert graph.counts == PairCounts(filled, **counts, truncated=len(kept) < len(rows))
    assert (graph.i.dtype, graph.j.dtype, graph.distance.dtype) == (np.int32, np.int32, np.float64)


@pytest.mark.parametrize("pieces", ["large", "small"])
def test_a_larger_day_is_what_a_plain_reader_says(tmp_path, monkeypatch, pieces):
    """Forty thousand rows over three objects, with repeats, self pairs and zeros."""
    if pieces == "small":
        for module, name, value in (
            (blocks, "PIECE_BYTES", 4096), (blocks, "FIRST_BLOCK_BYTES", 4096), (blocks, "BLOCK_BYTES", 9000),
            (inflate, "PACKED_PIECE", 4096), (items, "FLUSH_ITEMS", 50), (merging, "BUCKET_ROWS", 1000),
        ):  # fmt: skip
            monkeypatch.setattr(module, name, value)
    rng, objects = random.Random(1), {}
    for name in ("1.csv.gz", "10.csv.gz", "2.csv"):
        rows = [f"{rng.randrange(400)},{rng.randrange(400)},{rng.randrange(9) / 8}\n" for _ in range(13_000)]
        objects[name] = "".join(rows).encode() if name == "2.csv" else gzip.compress("".join(rows).encode())
    expected = plain_graph([row for name in sorted(objects) for row in plain_rows(objects[name])])
    graph = read(tmp_path, objects)
    assert graph.items.to_pylist() == expected[0]
    assert list(zip(graph.i.tolist(), graph.j.tolist(), strict=True)) == list(expected[1])
    assert graph.distance.tolist() == list(expected[1].values())
    assert graph.counts == PairCounts(3, **expected[2])


def test_integers_are_items_under_conversion(tmp_path):
    """The texts 007 and 7 are one item then, and two without."""
    objects = {"a.csv": "007,8,0.5\n7,9,0.25\n+9,7,0.125\n"}
    graph = read(tmp_path, objects, convert_key_to_int=True)
    assert str(graph.items.type) == "int64"
    assert pairs(graph) == {(7, 8): 0.5, (7, 9): 0.125}
    assert read(tmp_path, objects).items.to_pylist() == ["007", "8", "7", "9", "+9"]


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from([0.25, 0.5, 0.75])), max_size=40)
)
@examples(60)
def test_order_of_rows_and_columns_changes_only_the_first_appearance(tmp_path_factory, rows):
    """The clusters are the same sets of items."""
    swapped = [(b, a, d) for a, b, d in reversed(rows)]
    found = []
    for each in (rows, swapped):
        text = "".join(f"{a},{b},{d}\n" for a, b, d in each)
        graph = read(tmp_path_factory.mktemp("day"), {"a.csv": text})
        labels = dbscan_pairs(graph.i, graph.j, graph.distance, len(graph.items), 0.5, 4)
        cores = dbscan_pairs(graph.i, graph.j, graph.distance, len(graph.items), 0.5, 1)
        names = np.array(graph.items.to_pylist(), object)
        found.append(({frozenset(names[cores == k]) for k in set(cores.tolist())}, set(names[labels >= 0])))
    assert found[0] == found[1]


def test_items_that_are_only_in_self_pairs_are_items(tmp_path):
    """Noise, unless one is enough."""
    graph = read(tmp_path, {"a.csv": "a,a,0\nb,c,1\n"})
    assert graph.items.to_pylist() == ["a", "b", "c"]
    assert (graph.counts.self_pairs, graph.counts.zero_pairs, pairs(graph)) == (1, 0, {("b", "c"): 1.0})


def test_folder_markers_and_empty_objects_are_no_input(tmp_path):
    """And neither are other days or folders with a longer name."""
    put(tmp_path, {"b.csv": "b,c,1\n"}, "in/day=2024-10-02/")
    put(tmp_path, {"b.csv": "c,d,1\n"}, "in2/day=2024-10-01/")
    put(tmp_path, {"b.csv": "d,e,1\n"}, "in/day=2024-10-011/")
    graph = read(tmp_path, {"a.csv": "a,b,1\n", "empty.csv.gz": b""})
    assert (graph.items.to_pylist(), graph.counts.objects) == (["a", "b"], 1)


@pytest.mark.parametrize("folder", ["in", "/in/", "in/"])
def test_slashes_around_the_folder_do_not_count(tmp_path, folder):
    """People write them."""
    assert len(read_day(put(tmp_path, {"a.csv": "a,b,1\n"}), folder, DAY).items) == 2


def test_the_folder_may_be_the_top_of_the_bucket(tmp_path):
    """INPUT_FOLDER="" ."""
    store = put(tmp_path, {"a.csv": "a,b,1\n"}, "day=2024-10-01/")
    assert len(read_day(store, "", DAY).items) == 2


def test_a_day_without_objects_is_an_empty_graph(tmp_path):
    """With items of the right kind, and no error."""
    for as_integers, kind in ((False, "string"), (True, "int64")):
        graph = read_day(FolderStore(tmp_path), "in", DAY, as_integers)
        assert (len(graph.items), str(graph.items.type), len(graph.i)) == (0, kind, 0)
        assert graph.counts == PairCounts()


def test_objects_of_blank_lines_alone_have_no_rows(tmp_path):
    """Plain, packed, and a gzip of nothing."""
    objects = {"a.csv": "\n \r\n\n", "b.csv.gz": gzip.compress(b"\n"), "c.csv.gz": gzip.compress(b"")}
    graph = read(tmp_path, objects)
    assert graph.counts == PairCounts(objects=3)


ROWS = "".join(f"a{k},b{k},1\n" for k in range(5))


@pytest.mark.parametrize(
    ("objects", "max_records", "rows", "truncated"),
    [
        ({"a.csv": ROWS}, 5, 5, False),
        ({"a.csv": ROWS}, 6, 5, False),
        ({"a.csv": ROWS}, 4, 4, True),
        ({"a.csv": ROWS + "\n \n"}, 5, 5, False),
        ({"a.csv": ROWS, "b.csv": ROWS}, 5, 5, True),
        ({"a.csv": ROWS, "b.csv": ROWS}, 7, 7, True),
        ({"a.csv": ROWS, "b.csv": "\n\n"}, 5, 5, False),
        ({"a.csv": ROWS, "b.csv.gz": gzip.compress(b""), "c.csv": "x,y,1"}, 5, 5, True),
        ({"a.csv": ROWS}, 0, 5, False),
        ({"a.csv": ROWS}, None, 5, False),
    ],
)
def test_the_cut_is_told_truly(tmp_path, objects, max_records, rows, truncated):
    """Rows are counted over all objects; exactly as many as allowed is no cut."""
    counts = read(tmp_path, objects, max_records=max_records).counts
    assert (counts.rows, counts.truncated) == (rows, truncated)


def test_items_behind_the_cut_are_not_there(tmp_path):
    """Although they were in the block that was parsed."""
    graph = read(tmp_path, {"a.csv": "a,b,1\nc,d,1\ne,f,1\n"}, max_records=2)
    assert graph.items.to_pylist() == ["a", "b", "c", "d"]


def test_what_is_wrong_behind_the_cut_does_not_matter(tmp_path):
    """Nor is an object read that is not needed to know that there is a cut."""
    objects = {"a.csv": ROWS + "not a row\n", "b.csv.gz": gzip.compress(b"a,b,1\n")[:-4]}
    assert read(tmp_path, objects, max_records=5).counts.truncated
    with pytest.raises(PairsError, match=r"a\.csv, line 6"):
        read(tmp_path, objects, max_records=6)


def test_the_default_is_a_thousand_rows(tmp_path):
    """As MAX_RECORDS."""
    store = put(tmp_path, {"a.csv": "".join(f"a,b{k},1\n" for k in range(1001))})
    assert read_day(store, "in", DAY).counts == PairCounts(1, 1000, truncated=True)


@pytest.mark.parametrize(
    ("line", "as_integers", "text"),
    [
        ("a,b", False, "2 columns"),
        ("a,b,c,1", False, "4 columns"),
        ("a,b,far", False, "the distance 'far' is no number"),
        ("a,b,nan", False, "the distance 'nan'"),
        ("a,b,inf", False, "the distance 'inf'"),
        ("a,b,-1", False, "the distance '-1'"),
        ("a,b,", False, "the distance ''"),
        ("x1,2,1", True, "the item 'x1' is no integer"),
        ('"1,2,1', False, "quotes that are wrong"),
    ],
)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_bad_row_is_named_by_object_and_line(tmp_path, line, as_integers, text, packed):
    """Blank lines count as lines; the object is the second of the day."""
    data = f"1,2,1\r\n\r\n3,4,1\r\n{line}\r\n5,6,1\r\n".encode()
    objects = {"a.csv": "1,2,1\n", "b.csv.gz": gzip.compress(data) if packed else data}
    with pytest.raises(PairsError) as caught:
        read(tmp_path, objects, convert_key_to_int=as_integers)
    assert str(caught.value).startswith(f"{tmp_path}/{PREFIX}b.csv.gz, line 4: ")
    assert text in str(caught.value)


def test_a_row_of_headings_is_told_for_what_it_is(tmp_path):
    """The likeliest mistake of a newcomer, with either kind of items."""
    for as_integers in (False, True):
        with pytest.raises(PairsError, match=r"a\.csv, line 1: .*without a row of headings"):
            read(tmp_path, {"a.csv": "key1,key2,distance\n1,2,1\n"}, convert_key_to_int=as_integers)


def test_a_byte_that_is_no_utf8_is_named_by_line(tmp_path):
    """Latin-1, say."""
    with pytest.raises(PairsError, match=r"a\.csv, line 2: byte 2 is not UTF-8; save the list as UTF-8"):
        read(tmp_path, {"a.csv": b"a,b,1\nZ\xfcrich,b,1\n"})


def test_a_bad_line_far_inside_is_named(tmp_path):
    """In a later block of a later object, and the first of two bad lines."""
    lines = [f"item-{k},item-{k + 1},0.5" for k in range(300_000)]
    lines[250_000] = lines[250_007] = "item,item"
    objects = {"a.csv": "a,b,1\n", "b.csv.gz": gzip.compress("\n".join(lines).encode(), 1)}
    with pytest.raises(PairsError, match=r"b\.csv\.gz, line 250001: 2 columns"):
        read(tmp_path, objects)


def test_a_bad_line_is_told_before_a_cut_object_after_it(tmp_path):
    """What is read ahead does not get ahead of the order of the day."""
    objects = {"a.csv": "a,b\n", "b.csv.gz": gzip.compress(b"a,b,1\n" * 100)[:-3]}
    with pytest.raises(PairsError, match=r"a\.csv, line 1: 2 columns"):
        read(tmp_path, objects)
    with pytest.raises(PairsError, match=r"b\.csv\.gz: the gzip data end too early"):
        read(tmp_path, {"a.csv": "a,b,1\n"})


def test_an_object_of_another_kind_is_refused(tmp_path):
    """A clusters file of ours, for one, if both folders are the same."""
    with pytest.raises(PairsError, match=r"clusters\.csv\.gz, line 1: 2 columns in 'cluster,key'"):
        read(tmp_path, {"a.csv": "a,b,1\n", "clusters.csv.gz": gzip.compress(b"cluster,key\n0,a\n")})


def test_a_negative_limit_is_refused(tmp_path):
    """It would otherwise mean something by accident."""
    with pytest.raises(SettingError, match="MAX_RECORDS: found -1"):
        read_day(FolderStore(tmp_path), "in", DAY, max_records=-1)


def test_a_missing_bucket_is_the_error_of_the_store(tmp_path):
    """It is no day without input."""
    with pytest.raises(BucketNotFoundError):
        read_day(FolderStore(tmp_path / "absent"), "in", DAY)


def test_files_are_closed_after_a_cut_and_after_an_error(tmp_path):
    """A worker that reads many days does not run out of handles."""
    objects = {"a.csv": ROWS, "b.csv": "a,b\n"}
    before = len(list(Path("/proc/self/fd").iterdir()))
    read(tmp_path, objects, max_records=2)
    with pytest.raises(PairsError):
        read(tmp_path, objects)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_pairs_are_sorted_and_each_there_once(tmp_path):
    """What `dbscan_pairs` is fastest with."""
    rng = random.Random(2)
    text = "".join(f"{rng.randrange(50)},{rng.randrange(50)},1\n" for _ in range(2000))
    graph = read(tmp_path, {"a.csv": text})
    places = list(zip(graph.i.tolist(), graph.j.tolist(), strict=True))
    assert all(a < b for a, b in pairwise(places))
    assert all(i < j for i, j in places)
