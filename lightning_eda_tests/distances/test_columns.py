import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.distances import columns as module
from lightning_eda.distances.columns import Column


@given(st.lists(st.integers(0, 9), max_size=6), st.integers(1, 7), st.integers(1, 4), st.integers(1, 2))
def test_rows_come_back_whatever_the_pieces(lengths, piece, work, width):
    """In order; and piece by piece from the last, after which they are gone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PIECE_ROWS", piece)
        patch.setattr(module, "WORK_ROWS", work)
        column = Column(np.int32, width)
        rows = np.arange(sum(lengths) * width, dtype=np.int32).reshape(width, -1)
        start = 0
        for length in lengths:
            column.append(*rows[:, start : start + length])
            start += length
        assert len(column) == rows.shape[1]
        parts = list(column)
        np.testing.assert_array_equal(np.concatenate([rows[:, :0], *parts], axis=1), rows)
        drained = [part.copy() for part in column.drain()]
    assert sorted(part.tolist() for part in drained) == sorted(part.tolist() for part in parts)
    assert list(column) == []
