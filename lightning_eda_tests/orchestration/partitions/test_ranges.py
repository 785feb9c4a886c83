"""Ranges of partitions that mean nothing are failures in a sentence."""

import pytest


@pytest.mark.parametrize(
    ("group", "first", "last"),
    [
        ("ingestor", "2024-03-10-04:00", "2024-03-10-02:00"),
        ("clustering", "2024-03-10-04:00", "2024-03-10-02:00"),
        ("storm_cells", "2024-03-10", "2024-03-09"),
    ],
)
def test_a_range_that_ends_before_it_begins_is_refused(settings, run, group, first, last):
    """Of hours or of days; the failure has the two keys and what is allowed."""
    result = run(settings(), (first, last), group=group)
    assert not result.success
    failure, *_ = result.get_step_failure_events()
    assert failure.step_failure_data.user_failure_data, failure.step_failure_data.error.message
    assert failure.step_failure_data.user_failure_data.description == (
        f"partition range: found '{first}...{last}'; allowed: a first partition that is not after the last. "
        "This range ends before it begins."
    )
