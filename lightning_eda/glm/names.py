"""Granule names: `OR_GLM-L2-LCFA_G18_s20223650500000_e20223650500200_c20223650500215.nc`.

Stamps are YYYYDDDHHMMSSt: year, day of year, hour, minute, second and tenth of a second, truncated, UTC.
A granule lies in the folder of the hour its START falls in: `<product>/YYYY/DDD/HH/`.

Source: GOES-R Product Definition and Users' Guide (PUG) volume 5, file naming; verified on real granules.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from lightning_eda.errors import GranuleNameError

PRODUCT = "GLM-L2-LCFA"
GRANULE_S = 20
GRANULES_PER_HOUR = 3600 // GRANULE_S
NAME_PATTERN = re.compile(
    r"OR_GLM-L2-LCFA_(?P<satellite>G1[6-9])_s(?P<start>\d{14})_e(?P<end>\d{14})_c(?P<created>\d{14})\.nc",
    re.ASCII,  # digits of other scripts are no digits here
)


@dataclass(frozen=True, order=True)
class GranuleName:
    """The facts a granule's file name states; sorts by satellite, then time.

    Attributes:
        satellite: "G16" to "G19".
        start: Nominal start, aware UTC, on a tenth of a second.
        end: Nominal end, normally start + 20 s.
        created: When the file was made; the newest wins between two files of one start.
    """

    satellite: str
    start: datetime
    end: datetime
    created: datetime

    @classmethod
    def parse(cls, name: str) -> Self:
        """The facts in a file name.

        Args:
            name: A bare file name, without folders.

        Raises:
            GranuleNameError: The name is not that of a GLM LCFA granule.
        """
        match = NAME_PATTERN.fullmatch(name)
        if match is None:
            expected = "OR_GLM-L2-LCFA_G16..G19_s<start>_e<end>_c<created>.nc"
            raise GranuleNameError(f"{name!r} is not a granule name; expected {expected}")
        start, end, created = (parse_stamp(match[field], name) for field in ("start", "end", "created"))
        if not start < end:
            raise GranuleNameError(f"{name!r} ends before it starts")
        return cls(match["satellite"], start, end, created)

    def __str__(self) -> str:
        stamps = "_".join(
            f"{letter}{format_stamp(time)}"
            for letter, time in (("s", self.start), ("e", self.end), ("c", self.created))
        )
        return f"OR_GLM-L2-LCFA_{self.satellite}_{stamps}.nc"


def parse_stamp(stamp: str, name: str) -> datetime:
    """The UTC time of a 14-digit stamp; GranuleNameError naming the file when there is no such time."""
    year, day, tenth = int(stamp[:4]), int(stamp[4:7]), int(stamp[13])
    try:
        hour, minute, second = int(stamp[7:9]), int(stamp[9:11]), int(stamp[11:13])
        midnight = datetime(year, 1, 1, hour, minute, second, 100_000 * tenth, UTC)
        time = midnight + timedelta(days=day - 1)
    except (ValueError, OverflowError) as error:
        raise GranuleNameError(f"{name!r} holds {stamp}, which is not a valid time: {error}") from error
    if time.year != year:
        raise GranuleNameError(f"{name!r} holds {stamp}, which is not a valid time: {year} has no day {day}")
    return time


def format_stamp(time: datetime) -> str:
    """The 14-digit stamp of a UTC time; tenths are truncated, as NOAA does."""
    return f"{time:%Y%j%H%M%S}{time.microsecond // 100_000}"


def hour_prefix(hour: datetime, product: str = PRODUCT) -> str:
    """The key prefix (it ends in a slash) under which the granules that start in `hour` lie."""
    return f"{product}/{hour:%Y/%j/%H}/"


def satellite_of_bucket(bucket: str) -> str | None:
    """The satellite a NOAA bucket is of ("noaa-goes18" is G18's); None for other buckets."""
    match = re.fullmatch(r"noaa-goes(1[6-9])", bucket)
    return f"G{match[1]}" if match else None
