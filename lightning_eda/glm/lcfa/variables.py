"""The variables of a GLM L2 LCFA granule that the decoder reads: one table a tier.

Source: the files themselves (16 granules of GOES-16 to GOES-19, 2018 to 2025) and the attributes in them.
"""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """How the values of a variable are stored and what they mean."""

    ID = "id"  # unsigned counter, marked by `_Unsigned` on a signed type
    TIME = "time"  # 16-bit packed offset from the epoch in `units`
    PACKED_DEGREES = "packed degrees"  # 16-bit packed
    DEGREES = "degrees"  # float32
    PACKED_VALUE = "packed value"  # 16-bit packed, with a fill value: area and energy
    FLAG = "flag"  # 16-bit, unpacked, with a fill value


@dataclass(frozen=True)
class Variable:
    """One variable of a tier.

    Attributes:
        name: Name in the file.
        column: Name in the tables of this project.
        kind: How it is stored.
        size: Bytes of one value on disk.
        optional: Whether files before 2018-10-15 lack it.
    """

    name: str
    column: str
    kind: Kind
    size: int
    optional: bool = False

    @property
    def storage(self) -> str:
        """Class of the values on disk: "f" for floating point, "i" for integers."""
        return "f" if self.kind is Kind.DEGREES else "i"


FLASH_VARIABLES = (
    Variable("flash_id", "flash_id", Kind.ID, 2),
    Variable("flash_time_offset_of_first_event", "flash_time_of_first_event", Kind.TIME, 2),
    Variable("flash_time_offset_of_last_event", "flash_time_of_last_event", Kind.TIME, 2),
    Variable("flash_frame_time_offset_of_first_event", "flash_frame_time_of_first_event", Kind.TIME, 2, True),
    Variable("flash_frame_time_offset_of_last_event", "flash_frame_time_of_last_event", Kind.TIME, 2, True),
    Variable("flash_lat", "flash_lat", Kind.DEGREES, 4),
    Variable("flash_lon", "flash_lon", Kind.DEGREES, 4),
    Variable("flash_area", "flash_area", Kind.PACKED_VALUE, 2),
    Variable("flash_energy", "flash_energy", Kind.PACKED_VALUE, 2),
    Variable("flash_quality_flag", "flash_quality_flag", Kind.FLAG, 2),
)
GROUP_VARIABLES = (
    Variable("group_id", "group_id", Kind.ID, 4),
    Variable("group_parent_flash_id", "flash_id", Kind.ID, 2),
    Variable("group_time_offset", "group_time", Kind.TIME, 2),
    Variable("group_frame_time_offset", "group_frame_time", Kind.TIME, 2, True),
    Variable("group_lat", "group_lat", Kind.DEGREES, 4),
    Variable("group_lon", "group_lon", Kind.DEGREES, 4),
    Variable("group_area", "group_area", Kind.PACKED_VALUE, 2),
    Variable("group_energy", "group_energy", Kind.PACKED_VALUE, 2),
    Variable("group_quality_flag", "group_quality_flag", Kind.FLAG, 2),
)
EVENT_VARIABLES = (
    Variable("event_id", "event_id", Kind.ID, 4),
    Variable("event_parent_group_id", "group_id", Kind.ID, 4),
    Variable("event_time_offset", "event_time", Kind.TIME, 2),
    Variable("event_lat", "event_lat", Kind.PACKED_DEGREES, 2),
    Variable("event_lon", "event_lon", Kind.PACKED_DEGREES, 2),
    Variable("event_energy", "event_energy", Kind.PACKED_VALUE, 2),
)
TIER_VARIABLES = {"flash": FLASH_VARIABLES, "group": GROUP_VARIABLES, "event": EVENT_VARIABLES}
