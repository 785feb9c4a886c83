"""Windows of hours and the pin."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from lightning_eda.errors import SettingError
from lightning_eda.glm.windows import Pin, Window
from lightning_eda.series import HOUR

NOW = datetime(2024, 3, 1, 0, 30, tzinfo=UTC)  # day 61 of a leap year


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pin", "start", "hours"),
    [
        (Pin("2022", "365", "05"), utc(2022, 12, 31, 5), 1),
        (Pin("2022", "365", "5"), utc(2022, 12, 31, 5), 1),
        (Pin("2022", "365"), utc(2022, 12, 31), 24),
        (Pin("2020", "366", "23"), utc(2020, 12, 31, 23), 1),
        (Pin("2022", "335-365"), utc(2022, 12, 1), 31 * 24),
        (Pin("2020", "1-366"), utc(2020, 1, 1), 366 * 24),
        (Pin(None, "60-60"), utc(2024, 2, 29), 24),
        (Pin(None, "060"), utc(2024, 2, 29), 24),  # this year
        (Pin(None, None, "0"), utc(2024, 3, 1, 0), 1),  # today
        (Pin(None, "1", "0"), utc(2024, 1, 1, 0), 1),
        (Pin(), utc(2024, 2, 29, 23), 1),  # the hour before, across midnight
    ],
)
def test_the_pin_selects(pin, start, hours):
    """What is left out of the pin is filled in from the present."""
    assert pin.window(NOW) == Window(start, start + hours * HOUR)


@pytest.mark.parametrize(
    ("pin", "variable"),
    [
        (Pin("2022"), "GOES_DOY"),
        (Pin("2022", None, "5"), "GOES_DOY"),
        (Pin("2022", "366"), "GOES_DOY"),  # not a leap year
        (Pin("2022", "0"), "GOES_DOY"),
        (Pin("2022", "1-366"), "GOES_DOY"),
        (Pin("2022", "31-1"), "GOES_DOY"),
        (Pin("2022", "0-31"), "GOES_DOY"),
        (Pin("2022", "1-"), "GOES_DOY"),
        (Pin("2022", "-5"), "GOES_DOY"),
        (Pin("2022", "1-2-3"), "GOES_DOY"),
        (Pin("2022", "1-31", "5"), "GOES_HOUR"),
        (Pin("2022", "365", "24"), "GOES_HOUR"),
        (Pin("2022", "365", "-1"), "GOES_HOUR"),
        (Pin("2022", "365", "five"), "GOES_HOUR"),
        (Pin("2017", "1"), "GOES_YEAR"),
        (Pin("2025", "1"), "GOES_YEAR"),  # not yet
        (Pin("22", "1"), "GOES_YEAR"),
    ],
)
def test_a_pin_out_of_range_names_its_variable(pin, variable):
    """The error names the variable, what was found and what is allowed."""
    with pytest.raises(SettingError) as error:
        pin.window(NOW)
    assert error.value.variable == variable
    assert error.value.allowed in str(error.value)


def test_a_year_alone_says_what_to_do():
    """A whole year is a backfill, not a pin."""
    with pytest.raises(SettingError, match="use a backfill"):
        Pin("2022").window(NOW)


def test_the_present_may_have_any_zone():
    """The window is of UTC hours whatever the zone of the clock."""
    local = NOW.astimezone(timezone(timedelta(hours=-7)))
    assert Pin().window(local) == Pin().window(NOW)
    assert Pin(None, None, "0").window(local) == Pin(None, None, "0").window(NOW)


def test_a_window_lists_its_hours_across_a_year_end():
    """Hours follow each other over midnight, year end and day 366."""
    window = Window(utc(2020, 12, 31, 22), utc(2021, 1, 1, 2))
    assert [f"{hour:%Y %j %H}" for hour in window.hours()] == [
        "2020 366 22",
        "2020 366 23",
        "2021 001 00",
        "2021 001 01",
    ]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (utc(2024, 1, 1, 0, 30), utc(2024, 1, 1, 1)),
        (utc(2024, 1, 1, 1), utc(2024, 1, 1, 1)),
        (utc(2024, 1, 1, 2), utc(2024, 1, 1, 1)),
        (datetime(2024, 1, 1), datetime(2024, 1, 2)),
    ],
)
def test_other_spans_are_no_windows(start, end):
    """A window has whole hours, at least one, and a zone."""
    with pytest.raises(ValueError, match=r"hour|UTC"):
        Window(start, end)
