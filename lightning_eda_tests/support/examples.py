"""How much is tried in `make test`, which is run often, and how much when asked for.

Of the examples of Hypothesis a fifth; half by `make properties`, all by `pytest -m hypothesis
--hypothesis-profile whole`. Of the requests at which a load can fail every eighth; all by `make slow`.
"""

from typing import Any

import pytest
from hypothesis import settings

PARTS = {"quick": 5, "thorough": 2, "whole": 1}
MOST, FEWEST = 100, 5
EIGHTH = 8


def each_request_in_turn(quick: int, names: str, *cases: tuple[str, ...]) -> pytest.MarkDecorator:
    """Gives a test its `step` over all requests of a load, for each of the cases, which begin with a scene.

    Args:
        quick: How many of the cases, the first, are tried at every eighth request in `make test`; in the slow
            tests all are tried at every request.
        names: Of the values of a case, separated by commas.
        cases: The values.
    """
    some = [pytest.param(EIGHTH, *case, id="-".join((*case, "eighth"))) for case in cases[:quick]]
    whole = [pytest.param(1, *case, id="-".join(case), marks=pytest.mark.slow) for case in cases]
    return pytest.mark.parametrize(f"step,{names}", [*some, *whole], indirect=["scene"])


def register_profiles() -> None:
    """Names all three and takes the quick one, unless pytest was told of another."""
    for name, part in PARTS.items():
        settings.register_profile(name, deadline=None, max_examples=MOST // part)
    settings.load_profile("quick")


def examples(most: int, **options: Any) -> settings:
    """The settings of a property: at most so many examples, and the profile's part of them."""
    part = PARTS.get(settings.get_current_profile_name(), 1)
    return settings(max_examples=max(FEWEST, most // part), **options)
