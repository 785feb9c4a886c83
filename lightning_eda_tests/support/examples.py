"""How much is tried: a fifth in `make test`, which is run often, half when asked for, all by hand.

Half are the tests with the mark `slow` (`make slow`), and those of Hypothesis with the profile `thorough`
(`make properties`). All examples are tried by `pytest -m hypothesis --hypothesis-profile whole`.
"""

from typing import Any

import pytest
from hypothesis import settings

PARTS = {"quick": 5, "thorough": 2, "whole": 1}
MOST, FEWEST = 100, 5

each_in_turn = pytest.mark.parametrize(
    "step",
    [8, pytest.param(2, marks=pytest.mark.slow), pytest.param(1, marks=pytest.mark.long)],
    ids=["some", "half", "all"],
)
"""Gives a test its `step` over a range: every eighth of it; every second in `make slow`."""


def register_profiles() -> None:
    """Names all three and takes the quick one, unless pytest was told of another."""
    for name, part in PARTS.items():
        settings.register_profile(name, deadline=None, max_examples=MOST // part)
    settings.load_profile("quick")


def examples(most: int, **options: Any) -> settings:
    """The settings of a property: at most so many examples, and the profile's part of them."""
    part = PARTS.get(settings.get_current_profile_name(), 1)
    return settings(max_examples=max(FEWEST, most // part), **options)
