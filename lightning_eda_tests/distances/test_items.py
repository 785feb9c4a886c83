import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.distances import items as module
from lightning_eda.distances.columns import Column
from lightning_eda.distances.items import ItemNumbers, first_appearances
from lightning_eda.errors import PairsError

BLOCKS = st.lists(st.lists(st.tuples(*[st.sampled_from("abcdefgh")] * 2), max_size=6), max_size=6)


@pytest.mark.parametrize("flush", [0, 3, 1000])
@given(blocks=BLOCKS)
def test_items_are_numbered_by_first_appearance(flush, blocks):
    """Row by row, the first column first, however often the dictionaries are merged."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "FLUSH_ITEMS", flush)
        numbers = ItemNumbers(pa.string())
        for rows in blocks:
            columns = [row[0] for row in rows] + [row[1] for row in rows]
            numbers.add(pa.array(columns, pa.string()).dictionary_encode())
        items, numbered = numbers.finish()
    order, place = first_appearances(numbered, len(items))
    in_order = list(dict.fromkeys(item for rows in blocks for row in rows for item in row))
    assert items.take(pa.array(order)).to_pylist() == in_order
    found = [tuple(in_order[place[k]] for k in row) for part in numbered for row in part.T]
    assert found == [row for rows in blocks for row in rows]


@pytest.mark.long
def test_more_text_than_arrow_holds_is_refused():
    """Two gigabytes of distinct items: an error of ours with what to do."""
    numbers = ItemNumbers(pa.string())
    with pytest.raises(PairsError, match="over 2 GB of text: use shorter ones"):
        for block in range(3):
            numbers.add(pa.array([f"{block}-{k:0>1000d}" for k in range(800_000)]).dictionary_encode())


def test_items_that_do_not_appear_are_left_out():
    """Those of rows behind the cut."""
    numbers = Column(np.int32, width=2)
    numbers.append(np.array([3], np.int32), np.array([1], np.int32))
    order, place = first_appearances(numbers, 4)
    assert order.tolist() == [3, 1]
    assert place.tolist() == [-1, 1, -1, 0]
