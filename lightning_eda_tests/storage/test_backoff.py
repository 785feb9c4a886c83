from random import Random

from lightning_eda.storage.backoff import Backoff


def test_pauses_grow_are_jittered_and_bounded():
    """Each pause is a random part of a bound that doubles up to the longest; a seed repeats it."""
    pauses: list[float] = []
    backoff = Backoff(first_s=0.1, longest_s=5.0, sleep=pauses.append, random=Random(1))
    for tried in range(1, 12):
        backoff.pause(tried)
    bounds = [min(5.0, 0.1 * 2**n) for n in range(11)]
    assert all(0 <= pause <= bound for pause, bound in zip(pauses, bounds, strict=True))
    assert len(set(pauses)) == 11
    again: list[float] = []
    backoff = Backoff(first_s=0.1, longest_s=5.0, sleep=again.append, random=Random(1))
    for tried in range(1, 12):
        backoff.pause(tried)
    assert again == pauses


def test_a_large_number_of_tries_does_not_overflow():
    """The bound holds however often it is tried."""
    pauses: list[float] = []
    Backoff(longest_s=2.0, sleep=pauses.append).pause(1000)
    assert pauses[0] <= 2.0
