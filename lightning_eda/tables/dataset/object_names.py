"""The names of a dataset's objects: they tell the run that wrote them, in order, and what it wrote them from.

`20240102T030405678901Z-1f0a9c3e-9a3f5c0d7b21e864-00001-of-00001.parquet`: the time of the run, its random
part, the data version, and which of how many objects of the run it is. So one listing shows which of two
runs is the newer, whether a run is there whole, and whether its source is the one about to be loaded.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self

NAME: Final = re.compile(r"(\d{8}T\d{12}Z-[0-9a-f]{8})-([0-9a-f]{16})-(\d{5})-of-(\d{5})\.parquet")
TIME_FORMAT: Final = "%Y%m%dT%H%M%S%fZ"
MOST_OBJECTS: Final = 99_999


@dataclass(frozen=True)
class ObjectName:
    """The name of one object, without its folder.

    Attributes:
        run: Id of the run; the texts of two runs compare as the runs do in time.
        version: Data version of what it was written from, 16 hex digits.
        index: Number of the object within the run, from 1.
        count: Objects of the run.
    """

    run: str
    version: str
    index: int
    count: int

    def __str__(self) -> str:
        return f"{self.run}-{self.version}-{self.index:05d}-of-{self.count:05d}.parquet"

    @classmethod
    def of(cls, key: str) -> Self | None:
        """The name in a key; None when it is not one of ours."""
        match = NAME.fullmatch(key.rpartition("/")[2])
        return match and cls(match[1], match[2], int(match[3]), int(match[4]))


def new_run(now: datetime, token: str, present: Iterable[str]) -> str:
    """An id for a run that is newer than all it could see.

    Machines' clocks differ, so a run takes the time after the newest run that it finds, when its own clock
    is behind: what came later wins, whoever's clock is right.

    Args:
        now: Time of the run, aware.
        token: Eight random hex digits, which tell runs of one microsecond apart.
        present: Keys of the dataset when the run began.
    """
    stamp = now.astimezone(UTC).strftime(TIME_FORMAT)
    newest = max((name.run for name in map(ObjectName.of, present) if name), default="").partition("-")[0]
    if newest >= stamp:
        after = datetime.strptime(newest, TIME_FORMAT) + timedelta(microseconds=1)
        stamp = after.strftime(TIME_FORMAT)
    return f"{stamp}-{token}"


def loaded_run(present: Iterable[str], version: str) -> list[str]:
    """The keys of a run that has loaded a version already, and is whole and alone in all its partitions.

    Args:
        present: Keys of the dataset, or of the only partition in question.
        version: Data version looked for.

    Returns:
        Its keys, in their order; none when there is no such run.
    """
    keys = sorted(present)
    names = {key: name for key in keys if (name := ObjectName.of(key)) and name.version == version}
    for run in sorted({name.run for name in names.values()}, reverse=True):
        own = {key: name for key, name in names.items() if name.run == run}
        folders = {key.rpartition("/")[0] + "/" for key in own}
        is_alone = not any(_folders_of(key) & folders for key in keys if key not in own)
        if is_alone and all(len(own) == name.count for name in own.values()):
            return list(own)
    return []


def _folders_of(key: str) -> set[str]:
    """Every folder a key lies in, with the slash at its end."""
    return {key[: place + 1] for place, letter in enumerate(key) if letter == "/"}
