"""What the healing sensor remembers from one tick to the next: a few texts in its cursor."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

FORMAT = 1


@dataclass(frozen=True)
class HealingCursor:
    """Where healing stands.

    Attributes:
        last_compared: The newest hour compared, UTC; None before the first time.
        asked: Hour to the digest of the state it was last asked for in.
    """

    last_compared: datetime | None = None
    asked: dict[datetime, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str | None) -> Self:
        """The cursor in a text; that of the first time when there is none, or it is not one of ours."""
        try:
            record = json.loads(text or "{}")
            if record.get("format") != FORMAT:
                return cls()
            asked = {_time(hour): str(digest) for hour, digest in record["asked"].items()}
            return cls(_time(record["last_compared"]), asked)
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls()

    def moved_on(self, hours: Collection[datetime], newly_asked: dict[datetime, str]) -> Self:
        """The cursor after these hours were compared and some of them asked for."""
        asked = {hour: digest for hour, digest in self.asked.items() if hour in hours}
        newest = max(hours) if self.last_compared is None else max(*hours, self.last_compared)
        return type(self)(newest, {**asked, **newly_asked})

    def text(self) -> str:
        """The cursor as the text that `parse` reads."""
        asked = {hour.isoformat(): digest for hour, digest in sorted(self.asked.items())}
        last = self.last_compared.isoformat() if self.last_compared else None
        return json.dumps({"format": FORMAT, "last_compared": last, "asked": asked})


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
