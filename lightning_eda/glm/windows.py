"""Windows of whole UTC hours, and the pin (GOES_YEAR, GOES_DOY, GOES_HOUR) that selects one.

An hour is the granules whose name starts in it (their S3 folder), so hours add up with nothing lost or
counted twice; detections keep their own times.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from lightning_eda.errors import SettingError
from lightning_eda.series import HOUR

DAYS_OF_A_SPAN = 2  # the first and the last
FIRST_YEAR = 2018  # the first public GLM object is of 2018-02-13


@dataclass(frozen=True)
class Window:
    """Whole hours, half open: [start, end), aware UTC.

    Raises:
        ValueError: An edge is not on the hour or not UTC, or the window is empty.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        for edge in (self.start, self.end):
            if edge.utcoffset() != timedelta(0):
                raise ValueError(f"{edge} is not UTC")
            if edge != floor_hour(edge):
                raise ValueError(f"{edge} is not on the hour: windows are whole UTC hours")
        if not self.start < self.end:
            raise ValueError(f"the window {self.start} to {self.end} holds no hour")

    @classmethod
    def of_hour(cls, hour: datetime) -> Self:
        """The window of the hour that `hour` falls in."""
        start = floor_hour(hour)
        return cls(start, start + HOUR)

    def hours(self) -> Iterator[datetime]:
        """The start of each hour, in order."""
        hour = self.start
        while hour < self.end:
            yield hour
            hour += HOUR

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%dT%H:%MZ} to {self.end:%Y-%m-%dT%H:%MZ}"


def floor_hour(time: datetime) -> datetime:
    """The UTC hour that an aware time falls in."""
    return time.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


@dataclass(frozen=True)
class Pin:
    """The pin as the user wrote it, None for what is not given; checked when it is resolved, not before.

    So a mistake in it is reported by the run that needs it and never keeps the code location from loading.

    Attributes:
        year: GOES_YEAR, for example "2022".
        doy: GOES_DOY, day of the year, "1" to "366", or several as one window, such as "335-365".
        hour: GOES_HOUR, "0" to "23".
    """

    year: str | None = None
    doy: str | None = None
    hour: str | None = None

    def is_set(self) -> bool:
        """Whether any of the three is given."""
        return any(part is not None for part in (self.year, self.doy, self.hour))

    def window(self, now: datetime) -> Window:
        """The window the pin selects.

        A day of year without a year is of this year; an hour without a day is of today; nothing at all is
        the previous UTC hour.

        Args:
            now: The present, aware.

        Raises:
            SettingError: A value is out of range, the year stands alone, or an hour with several days.
        """
        now = now.astimezone(UTC)
        if not self.is_set():
            return Window.of_hour(now - HOUR)
        year = _number("GOES_YEAR", self.year, FIRST_YEAR, now.year, now.year)
        if self.doy is None and self.year is not None:
            raise SettingError(
                "GOES_DOY",
                None,
                "a day of the year, 1 to 366, when GOES_YEAR is set",
                "A whole year is 8,760 hours: use a backfill (--partition-range, or the UI) to load it; to "
                "analyse what is loaded as one window, write GOES_DOY=1-365.",
            )
        first, last = self._days(year, int(f"{now:%j}"))
        start = datetime(year, 1, 1, tzinfo=UTC)
        day, end = start + timedelta(days=first - 1), start + timedelta(days=last)
        if self.hour is None:
            return Window(day, end)
        if first < last:
            raise SettingError(
                "GOES_HOUR", self.hour, f"nothing beside GOES_DOY={self.doy}, which is whole days"
            )
        return Window.of_hour(day + timedelta(hours=_number("GOES_HOUR", self.hour, 0, 23, 0)))

    def _days(self, year: int, today: int) -> tuple[int, int]:
        """The first and the last day of the year."""
        longest = int(f"{datetime(year, 12, 31):%j}")
        parts = (self.doy or "").split("-")
        if len(parts) != DAYS_OF_A_SPAN:
            day = _number("GOES_DOY", self.doy, 1, longest, today)
            return day, day
        days = [int(part) if part.strip().isdecimal() else 0 for part in parts]
        if not 1 <= days[0] <= days[1] <= longest:
            allowed = f"a whole number from 1 to {longest}, or two, the smaller first, such as 1-31"
            raise SettingError("GOES_DOY", self.doy, allowed)
        return days[0], days[1]


def _number(variable: str, text: str | None, low: int, high: int, default: int) -> int:
    """The whole number in `text`, or `default` when there is none; SettingError when it is out of range."""
    if text is None:
        return default
    if not text.strip().isdecimal() or not low <= int(text) <= high:
        raise SettingError(variable, text, f"a whole number from {low} to {high}")
    return int(text)
