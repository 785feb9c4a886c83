"""A decoded granule: three tables and what the file says of itself."""

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from lightning_eda.glm.names import GranuleName
from lightning_eda.series import TIER_TABLES

TIME = pa.timestamp("us", tz="UTC")
TIER_SCHEMAS = {
    tier: pa.schema(
        [pa.field(column.name, column.decoded_type, column.nullable) for column in table.series_columns]
    )
    for tier, table in TIER_TABLES.items()
}


@dataclass(frozen=True)
class GranuleHeader:
    """What is known of a granule besides its rows.

    Attributes:
        name: The facts of the file name.
        orbital_slot: "GOES-East", "GOES-West" or "GOES-Test"; None where the file does not say.
        subpoint_lon: Nominal satellite subpoint, degrees east.
        time_basis: What the times are: "source" (when the light left the cloud) or, before 2018-10-15,
            "instrument" (when it reached the satellite, about 0.12 s later).
        era: "milliseconds" (before 2018-10-15), "do07" (to 2018-11-06; `_Unsigned` is missing on times),
            "current"; None for an empty file that does not say.
        n_flashes: Rows in the file.
        n_groups: Rows in the file.
        n_events: Rows in the file.
        flash_count: What the file's scalar says, None where it is absent.
        group_count: Likewise.
        event_count: Likewise.
        orphan_groups: Groups whose flash is not in the file.
        orphan_events: Events that lead to no flash: their group, or its flash, is not in the file.
        childless_groups: Groups without an event.
        status: "ok", "empty" (sound, no rows) or "inconsistent" (readable, but counts or parents disagree).
        reason: What is inconsistent, in words; None for the others.
    """

    name: GranuleName
    orbital_slot: str | None
    subpoint_lon: float | None
    time_basis: str | None
    era: str | None
    n_flashes: int
    n_groups: int
    n_events: int
    flash_count: int | None
    group_count: int | None
    event_count: int | None
    orphan_groups: int
    orphan_events: int
    childless_groups: int
    status: str
    reason: str | None

    @property
    def satellite(self) -> str:
        """G16 to G19."""
        return self.name.satellite

    @property
    def granule_start(self) -> datetime:
        """Nominal start, aware UTC."""
        return self.name.start

    @property
    def granule_end(self) -> datetime:
        """Nominal end, aware UTC."""
        return self.name.end

    @property
    def granule_created(self) -> datetime:
        """When the file was made, aware UTC."""
        return self.name.created


@dataclass(frozen=True)
class Granule:
    """The tiers of one granule, each in file order; a tier that was not asked for is None.

    Units: degrees north and east (longitudes in [-180, 180)), m2, J, UTC. Columns: `TIER_SCHEMAS` of
    this module.
    """

    header: GranuleHeader
    flashes: pa.Table | None
    groups: pa.Table | None
    events: pa.Table | None

    def tier(self, tier: str) -> pa.Table | None:
        """The table of "flash", "group" or "event"."""
        return {"flash": self.flashes, "group": self.groups, "event": self.events}[tier]
