"""What a healing sensor remembers from one tick to the next: a few texts in its cursor."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

FORMAT = 1


@dataclass(frozen=True)
class HealingCursor:
    """Where healing stands.

    Attributes:
        last_compared: The newest hour or day compared, UTC; None before the first time.
        asked: Start of an hour or day to the digest of the state it was last asked for in.
        times: How often it was asked for in that state, where that is more than once.
    """

    last_compared: datetime | None = None
    asked: dict[datetime, str] = field(default_factory=dict)
    times: dict[datetime, int] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str | None) -> Self:
        """The cursor in a text; that of the first time when there is none, or it is not one of ours."""
        try:
            record = json.loads(text or "{}")
            if record.get("format") != FORMAT:
                return cls()
            asked = {_time(start): str(digest) for start, digest in record["asked"].items()}
            times = {_time(start): int(number) for start, number in record.get("times", {}).items()}
            return cls(_time(record["last_compared"]), asked, times)
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls()

    def times_asked(self, start: datetime, digest: str) -> int:
        """How often an hour or day was asked for as it is now."""
        return self.times.get(start, 1) if self.asked.get(start) == digest else 0

    def moved_on(self, starts: Collection[datetime], newly_asked: Mapping[datetime, str]) -> Self:
        """The cursor after these hours or days were compared, and some asked for in the states given."""
        asked = {start: digest for start, digest in self.asked.items() if start in starts} | {**newly_asked}
        times = {start: number for start, number in self.times.items() if start in asked}
        for start, digest in newly_asked.items():
            times[start] = self.times_asked(start, digest) + 1
        known = [] if self.last_compared is None else [self.last_compared]
        return type(self)(
            max([*starts, *known], default=None),
            asked,
            {start: number for start, number in times.items() if number > 1},
        )

    def text(self) -> str:
        """The cursor as the text that `parse` reads."""
        asked = {start.isoformat(): digest for start, digest in sorted(self.asked.items())}
        times = {start.isoformat(): number for start, number in sorted(self.times.items())}
        last = self.last_compared.isoformat() if self.last_compared else None
        return json.dumps({"format": FORMAT, "last_compared": last, "asked": asked, "times": times})


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
