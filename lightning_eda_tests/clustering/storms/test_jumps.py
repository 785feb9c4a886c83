"""Sigmas as published, by a slow loop of the definition."""

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.clustering.storms import jump_sigmas
from lightning_eda.errors import PointsError


def sigma(counts, k):
    """The definition, one step."""
    changes = [counts[i] - counts[i - 1] for i in range(k - 5, k)]
    spread = statistics.stdev(changes)
    return (counts[k] - counts[k - 1]) / spread if spread else 0.0


@given(st.lists(st.integers(0, 500), max_size=40))
def test_every_sigma_is_that_of_the_definition(counts):
    """Counts of any length; the first six have none."""
    found = jump_sigmas(counts)
    assert found.dtype == np.float64
    assert len(found) == len(counts)
    assert np.isnan(found[:6]).all()
    assert found[6:] == pytest.approx([sigma(counts, k) for k in range(6, len(counts))], rel=1e-9, abs=1e-12)


def test_rates_that_are_no_whole_numbers_have_them_too():
    """A steady rise in tenths has no spread, though its changes differ in the last bit."""
    assert jump_sigmas([0.1 * k for k in range(9)])[6:] == pytest.approx([0.0] * 3)
    assert jump_sigmas([1, 3, 2, 5, 4, 4, 10])[6] == pytest.approx(6 / statistics.stdev([2, -1, 3, -1, 0]))


def test_counts_that_are_none_are_refused():
    """Not a list of finite numbers."""
    for counts in ([1.0, float("nan")], [[1.0, 2.0]], 3.0):
        with pytest.raises(PointsError, match="counts"):
            jump_sigmas(counts)
