"""What `preprocessor` does with a window that is too long for memory."""

import pytest

from lightning_eda.assets.clustering.window_cleaning import PreprocessorConfig, refuse_too_many
from lightning_eda.errors import SettingError

YEAR = 63_000_000
GB = 10**9


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"features": ["time"]},
            r"features: found \['time'\]; allowed: none in so long a window. 63,000,000 rows",
        ),
        ({"row_limit": 10**9}, "row_limit: found 1000000000; allowed: less than 63000000. 63,000,000 rows"),
    ],
)
def test_rows_beyond_all_memory_are_refused(options, words):
    """Before they are read, with what they would take and what there is."""
    with pytest.raises(SettingError, match=words) as error:
        refuse_too_many(YEAR, PreprocessorConfig(**options), 8 * GB)
    assert "GB, and this machine has 8.0 GB" in str(error.value)


@pytest.mark.parametrize(
    ("count", "options", "memory"),
    [
        (1_000_000, {"features": ["time"]}, 8 * GB),
        (YEAR, {"features": ["time"], "west": -90.0}, 8 * GB),
        (YEAR, {"features": ["time"], "min_energy_fj": 1.0}, 8 * GB),
        (YEAR, {"features": ["time"]}, None),
    ],
)
def test_rows_that_may_fit_are_read(count, options, memory):
    """Also where a box leaves nobody knows how many, or the system does not say what it has."""
    refuse_too_many(count, PreprocessorConfig(**options), memory)
