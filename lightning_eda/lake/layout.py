"""Names in the lake: `<table>/satellite=G18/day=2022-12-31/05-<digest>.parquet`, a file an hour.

The digest is of the file's bytes, so one name never stands for two contents, and a file never changes.

The file of the ledger names the hour's other files in its own name:
`05-<content>.<time of loading>.<events>.<groups>.<flashes>.parquet`, `none` for a tier without rows. So one
version of the ledger's log says exactly which files make up each hour; the logs of the other tables serve
readers that know nothing of this.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Self

from lightning_eda.series import EVENTS, FLASHES, GRANULES, GROUPS

LEDGER: Final = GRANULES.name
TIERS: Final = (EVENTS.name, GROUPS.name, FLASHES.name)
"""In the order of their commits; the ledger comes last."""
CELL_SUMS: Final = "cell_sums"
"""The folder beside the tables where workers leave the sums of a window's pieces, for moments."""
PARTITIONS: Final = ("satellite", "day")
DIGEST_DIGITS: Final = 20
NO_FILE: Final = "none"
STAMP: Final = "%Y%m%dT%H%M%S%f"
_DIGEST = rf"[0-9a-f]{{{DIGEST_DIGITS}}}"
_HOUR = re.compile(r"satellite=(?P<satellite>[^/]+)/day=(?P<day>\d{4}-\d\d-\d\d)/(?P<hour>\d\d)-(?P<rest>.+)")
_LEDGER = re.compile(
    rf"(?P<content>{_DIGEST})\.(?P<loaded_at>\d{{8}}T\d{{12}})"
    + "".join(rf"\.(?P<{tier}>{_DIGEST}|{NO_FILE})" for tier in TIERS)
    + r"\.parquet"
)


@dataclass(frozen=True, order=True)
class HourKey:
    """An hour of a satellite, the unit that is replaced whole.

    Attributes:
        hour: Start of the hour, aware UTC.
        satellite: G16 to G19.
    """

    hour: datetime
    satellite: str

    @property
    def partition(self) -> dict[str, str | None]:
        """The values of the partition columns."""
        return {"satellite": self.satellite, "day": f"{self.hour:%Y-%m-%d}"}

    @property
    def text(self) -> str:
        """For example G18/2022-12-31T05."""
        return f"{self.satellite}/{self.hour:%Y-%m-%dT%H}"

    def path(self, rest: str) -> str:
        """A file of the hour, relative to its table."""
        return f"satellite={self.satellite}/day={self.hour:%Y-%m-%d}/{self.hour:%H}-{rest}"

    def tier_path(self, digest: str) -> str:
        """The file of a tier with this content."""
        return self.path(f"{digest}.parquet")


@dataclass(frozen=True)
class LedgerName:
    """What the name of a ledger's file says.

    Attributes:
        content: Digest of the hour's ledger without the time of loading.
        tiers: The digest of each tier that has rows.
        loaded_at: When this content came, aware UTC.
    """

    content: str
    tiers: Mapping[str, str]
    loaded_at: datetime

    @classmethod
    def parse(cls, rest: str) -> Self | None:
        """Reads what follows the hour in a path; None for another file."""
        found = _LEDGER.fullmatch(rest)
        if found is None:
            return None
        try:
            loaded_at = datetime.strptime(found["loaded_at"], STAMP).replace(tzinfo=UTC)
        except ValueError:  # as of the 30th of February
            return None
        return cls(
            found["content"], {tier: found[tier] for tier in TIERS if found[tier] != NO_FILE}, loaded_at
        )

    def path(self, key: HourKey) -> str:
        """The file, relative to its table."""
        digests = ".".join(self.tiers.get(tier, NO_FILE) for tier in TIERS)
        return key.path(f"{self.content}.{self.loaded_at.astimezone(UTC):{STAMP}}.{digests}.parquet")

    def same_rows(self, other: "LedgerName | None") -> bool:
        """Whether the hour is the same but for the time of loading."""
        return other is not None and (self.content, dict(self.tiers)) == (other.content, dict(other.tiers))


def parse_path(path: str) -> tuple[HourKey, str] | None:
    """The hour of a file, and what follows it in the name; None for a file that is not of this layout."""
    found = _HOUR.fullmatch(path)
    if found is None:
        return None
    try:
        hour = datetime.fromisoformat(f"{found['day']}T{found['hour']}:00+00:00").astimezone(UTC)
    except ValueError:
        return None
    return HourKey(hour, found["satellite"]), found["rest"]
