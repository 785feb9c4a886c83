import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lightning_eda.distances.files import graph as graph_file
from lightning_eda.distances.files.graph import graph_digest, read_graph, write_graph
from lightning_eda.distances.graph import DistanceGraph, PairCounts
from lightning_eda.errors import PairsError


def graph(seed=0, items=40, pairs=200, integers=False, **counts):
    """Any graph."""
    rng = np.random.default_rng(seed)
    codes = np.sort(rng.choice(items * items, pairs, replace=False))
    i, j = (part.astype(np.int32) for part in np.divmod(codes, items))
    names = pa.array(range(items), pa.int64()) if integers else pa.array([f"ü{k}" for k in range(items)])
    return DistanceGraph(names, i, j, rng.random(pairs), PairCounts(2, pairs + 3, **counts))


def assert_equal(one, two):
    assert one.items.equals(two.items)
    assert one.counts == two.counts
    for name in ("i", "j", "distance"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
        assert getattr(one, name).dtype == getattr(two, name).dtype


@pytest.mark.parametrize("integers", [False, True], ids=["text", "integers"])
@pytest.mark.parametrize("rows_at_once", [7, 1 << 20])
def test_a_graph_comes_back(tmp_path, monkeypatch, rows_at_once, integers):
    """Whatever the row groups, with its counts."""
    monkeypatch.setattr(graph_file, "GROUP_ROWS", rows_at_once)
    written = graph(integers=integers, truncated=True, zero_pairs=4)
    digest = write_graph(tmp_path / "day", written)
    assert_equal(read_graph(tmp_path / "day"), written)
    assert digest == graph_digest(written)


@pytest.mark.parametrize("kind", [pa.string(), pa.int64()], ids=str)
def test_an_empty_graph_comes_back(tmp_path, kind):
    """A day without input is a result."""
    none = np.zeros(0, np.int32)
    empty = DistanceGraph(pa.array([], kind), none, none, np.zeros(0), PairCounts())
    write_graph(tmp_path, empty)
    assert_equal(read_graph(tmp_path), empty)


def test_a_graph_replaces_another(tmp_path):
    """Written twice, it is there once."""
    write_graph(tmp_path, graph(1))
    write_graph(tmp_path, graph(2))
    write_graph(tmp_path, graph(2))
    assert_equal(read_graph(tmp_path), graph(2))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["items.parquet", "pairs.parquet"]


def test_the_digest_tells_graphs_apart():
    """By items, pairs and distances; not by how the arrays lie in memory."""
    base = graph()
    assert graph_digest(base) == graph_digest(graph())
    spread = DistanceGraph(
        base.items, *(np.repeat(a, 2)[::2] for a in (base.i, base.j, base.distance)), base.counts
    )
    assert graph_digest(spread) == graph_digest(base)
    moved = pa.concat_arrays([pa.array(["x"]), base.items])[1:]
    assert graph_digest(DistanceGraph(moved, base.i, base.j, base.distance, base.counts)) == graph_digest(
        base
    )
    shifted = pa.array(["ü", "0ü1", *base.items.to_pylist()[2:]])
    others = [
        graph(1),
        graph(integers=True),
        DistanceGraph(shifted, base.i, base.j, base.distance, base.counts),
        DistanceGraph(base.items, base.j, base.i, base.distance, base.counts),
        DistanceGraph(base.items, base.i, base.j, base.distance + 1e-9, base.counts),
    ]
    digests = {graph_digest(other) for other in (base, *others)}
    assert len(digests) == 6


def test_the_file_is_readable_by_others(tmp_path):
    """Plain Parquet columns."""
    written = graph()
    write_graph(tmp_path, written)
    table = pq.read_table(tmp_path / "pairs.parquet")
    assert table.column_names == ["i", "j", "distance"]
    np.testing.assert_array_equal(table["distance"], written.distance)
    assert pq.read_table(tmp_path / "items.parquet")["item"].to_pylist() == written.items.to_pylist()


def test_items_of_one_graph_and_pairs_of_another_are_refused(tmp_path):
    """What a crash between the two files leaves."""
    write_graph(tmp_path / "old", graph(1))
    write_graph(tmp_path / "new", graph(2))
    shutil.copy(tmp_path / "new" / "items.parquet", tmp_path / "old" / "items.parquet")
    with pytest.raises(
        PairsError, match="two different graphs: materialise distance_matrix for this day again"
    ):
        read_graph(tmp_path / "old")


@pytest.mark.parametrize("name", ["items.parquet", "pairs.parquet"])
def test_a_cut_or_changed_file_is_refused(tmp_path, name):
    """Wherever the damage is, never a wrong graph."""
    write_graph(tmp_path, graph())
    whole = (tmp_path / name).read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", bytes(len(whole)), b"PAR1" + whole[20:]):
        (tmp_path / name).write_bytes(damaged)
        with pytest.raises(PairsError, match="materialise distance_matrix for this day again"):
            read_graph(tmp_path)
    for place in range(4, len(whole) - 8, max(1, len(whole) // 150)):
        (tmp_path / name).write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            assert_equal(read_graph(tmp_path), graph())  # a byte that carries nothing
        except PairsError:
            continue


def test_a_file_of_the_same_shape_by_another_writer_is_refused(tmp_path):
    """The digest is checked against the rows, not only between the files."""
    written = graph()
    write_graph(tmp_path, written)
    table = pq.read_table(tmp_path / "pairs.parquet")
    changed = table.set_column(2, table.field(2), pa.array(written.distance[::-1]))
    pq.write_table(changed, tmp_path / "pairs.parquet")
    with pytest.raises(PairsError, match="holds a damaged graph: materialise"):
        read_graph(tmp_path)


def test_an_absent_graph_says_what_to_run(tmp_path):
    """Also when one of the two files is missing."""
    with pytest.raises(PairsError, match="holds no graph: materialise distance_matrix for this day first"):
        read_graph(tmp_path)
    write_graph(tmp_path, graph())
    (tmp_path / "pairs.parquet").unlink()
    with pytest.raises(PairsError, match="holds no graph"):
        read_graph(tmp_path)
