"""What the checks of distances say of a day's clusters and of a day that was cut."""

from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest

from lightning_eda.checks.distances import check_all_rows_read, check_items_are_clustered
from lightning_eda.cluster_days import DayClusters
from lightning_eda.distances.graph import DistanceGraph, PairCounts
from lightning_eda.storage.object_store import ObjectInfo

DAY = date(2024, 1, 1)
WRITTEN = ObjectInfo("k", 1, "e", datetime(2024, 1, 1, tzinfo=UTC))
NO_PAIRS = np.zeros(0, np.int32)
GRAPH = DistanceGraph(pa.array(["a"]), NO_PAIRS, NO_PAIRS, np.zeros(0), PairCounts())


def day_of(*labels: int) -> DayClusters:
    """A day whose items have these labels."""
    return DayClusters(GRAPH, np.array(labels, np.int64), WRITTEN)


@pytest.mark.parametrize(
    ("labels", "noise", "single"),
    [
        ((0, 0, 0), "none", str(DAY)),
        ((0, 0, -1), "none", "none"),
        ((0, 0, 1), "none", "none"),
        ((0, 1, -1), "none", "none"),
        ((-1, -1), str(DAY), "none"),
        ((), "none", "none"),
    ],
)
def test_all_in_one_cluster_and_all_noise_are_suspect(labels, noise, single):
    """One cluster beside noise is a result, and so is a day without pairs."""
    check = check_items_are_clustered({DAY: day_of(*labels)})
    told = {name: value.value for name, value in check.metadata.items()}
    assert told == {"days_all_noise": noise, "days_one_cluster": single}
    assert check.passed == (noise == single == "none")


@pytest.mark.parametrize("truncated", [False, True])
def test_a_day_that_was_cut_is_told(truncated):
    """With the limit, and how to lift it."""
    check = check_all_rows_read({DAY: PairCounts(truncated=truncated)}, 1234)
    assert check.passed is not truncated
    assert check.metadata["days_cut"].value == int(truncated)
    if truncated:
        assert "Only the first 1,234 rows of a day were read" in check.description
