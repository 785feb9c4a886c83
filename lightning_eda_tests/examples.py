"""How much is tried: a part in `make test`, which is run often, all of it in CI.

`make thorough` runs the tests with the mark `slow`, and those of Hypothesis with its profile of that name.
"""

from typing import Any

import pytest
from hypothesis import settings

THOROUGH, QUICK = "thorough", "quick"
MOST, SHARE, FEWEST = 100, 5, 5

each_in_turn = pytest.mark.parametrize(
    "step", [5, pytest.param(1, marks=pytest.mark.slow)], ids=["some", "all"]
)
"""Gives a test its `step` over a range: every fifth of it, and in CI every one."""


def register_profiles() -> None:
    """Names both and takes the quick one, unless pytest was told of the other."""
    settings.register_profile(QUICK, deadline=None, max_examples=MOST // SHARE)
    settings.register_profile(THOROUGH, deadline=None, max_examples=MOST)
    settings.load_profile(QUICK)


def examples(most: int, **options: Any) -> settings:
    """The settings of a property: at most so many examples in CI, a fifth of them in `make test`."""
    is_thorough = settings.get_current_profile_name() == THOROUGH
    return settings(max_examples=most if is_thorough else max(FEWEST, most // SHARE), **options)
