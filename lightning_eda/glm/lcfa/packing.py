"""How 16-bit values become physical ones, for every era of the files.

physical = float64(raw) * float64(float32 scale_factor) + float64(float32 add_offset), where raw is unsigned
when the variable says `_Unsigned = "true"` - but for times the units decide: "milliseconds since" is signed,
"seconds since" is unsigned, whatever `_Unsigned` says (files of 2018-10-15 to 2018-11-06 lack it; read as
signed, half of their times are 25 s early).

Source: verified on 16 granules of 2018 to 2025: with this rule, and no other, every flash spans its events.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightning_eda.errors import GranuleError
from lightning_eda.glm.hdf5.image import integers_attribute, number_attribute, text_attribute
from lightning_eda.glm.lcfa.variables import Kind

TIME_UNITS = re.compile(
    r"(milliseconds|seconds) since (\d{4}-\d{1,2}-\d{1,2} \d{1,2}:\d{2}:\d{2}(?:\.\d{1,6})?)"
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AREA_UNITS = {"m2": 1.0, "km2": 1e6}

# Largest value that 16 bits may stand for, as (low, high): a scale outside was damaged. The bounds are a
# hundred times wider than the scales of all eras (area 1e10 m2; energy 1.2e-12 to 1e-10 J; time 20 s).
FULL_SCALE = {"area": (1e8, 1e12), "energy": (1e-14, 1e-8)}
DEGREES_FULL_SCALE = (133.0, 133.3)  # 65535 steps of 0.00203128 degrees, in every file


@dataclass(frozen=True)
class Packing:
    """How one packed variable is decoded.

    Attributes:
        scale: Physical units per step.
        offset: Physical value of raw 0.
        unsigned: Whether the 16 bits are read as 0..65535.
        fill: Raw value that means "no value", None when every bit pattern is data.
        valid: Lowest and highest raw value that is data, None when all are.
    """

    scale: float
    offset: float
    unsigned: bool
    fill: int | None = None
    valid: tuple[int, int] | None = None

    def decode(self, raw: NDArray[np.int16]) -> tuple[NDArray[np.float64], NDArray[np.bool_] | None]:
        """Physical values, and which of them are no value (None when all are values)."""
        numbers = raw.view(np.uint16) if self.unsigned else raw
        values = np.multiply(numbers, self.scale, dtype=np.float64)
        values += self.offset
        return values, self._missing(numbers)

    def _missing(self, numbers: NDArray[Any]) -> NDArray[np.bool_] | None:
        if not len(numbers) or (self.fill is None and self.valid is None):
            return None
        low, high = self.valid or (-32768, 65535)
        if (
            low <= numbers.min()
            and numbers.max() <= high
            and (self.fill is None or low > self.fill or self.fill > high)
        ):
            return None
        missing = (numbers < low) | (numbers > high)
        if self.fill is not None:
            missing |= numbers == self.fill
        return missing if missing.any() else None


@dataclass(frozen=True)
class TimePacking:
    """How a time variable is decoded: epoch in microseconds since 1970, and its packing in seconds."""

    epoch_us: int
    packing: Packing
    era: str

    def decode(self, raw: NDArray[np.int16]) -> NDArray[np.int64]:
        """UTC microseconds since 1970, rounded half to even."""
        offsets, _ = self.packing.decode(raw)
        offsets *= 1e6
        microseconds: NDArray[np.int64] = np.rint(offsets, out=offsets).astype(np.int64)
        microseconds += self.epoch_us
        return microseconds


def time_packing(dataset: Any, name: str) -> TimePacking:  # noqa: ANN401 - h5py publishes no types
    """The packing of a time variable; GranuleError when its units or scale are not those of a granule."""
    units = text_attribute(dataset, b"units")
    match = TIME_UNITS.fullmatch(units or "")
    if match is None:
        raise GranuleError(f"variable {name} has units {units!r}, not '(milli)seconds since <date> <time>'")
    try:
        epoch = datetime.fromisoformat(_padded(match[2])).replace(tzinfo=UTC)
    except ValueError as error:
        raise GranuleError(f"variable {name} has units {units!r}, whose date is not valid") from error
    in_milliseconds = match[1] == "milliseconds"
    divisor = 1e3 if in_milliseconds else 1.0
    scale, offset = _scale_and_offset(dataset, name)
    if not 0 < scale / divisor * 65535 < 200 or abs(offset / divisor) > 100:
        raise GranuleError(f"variable {name} has scale {scale} and offset {offset} in {match[1]}: damaged")
    if in_milliseconds:
        era = "milliseconds"
    else:
        era = "current" if text_attribute(dataset, b"_Unsigned") == "true" else "do07"
    return TimePacking(
        microseconds(epoch), Packing(scale / divisor, offset / divisor, not in_milliseconds), era
    )


def value_packing(dataset: Any, name: str, kind: Kind) -> Packing:  # noqa: ANN401
    """The packing of a latitude, longitude, area (decoded to m2) or energy (J).

    Raises:
        GranuleError: Scale, offset or units are absent or cannot be those of a granule.
    """
    scale, offset = _scale_and_offset(dataset, name)
    unsigned = text_attribute(dataset, b"_Unsigned") == "true"
    if kind is Kind.PACKED_DEGREES:
        low, high = DEGREES_FULL_SCALE
        if not low < scale * 65535 < high:
            raise GranuleError(f"variable {name} has scale {scale}: damaged")
        return Packing(scale, offset, unsigned)
    unit = 1.0
    if name.endswith("_area"):
        units = text_attribute(dataset, b"units") or ""
        if units not in AREA_UNITS:
            raise GranuleError(f"variable {name} has units {units!r}, not m2 or km2")
        unit = AREA_UNITS[units]
    low, high = FULL_SCALE[name.rpartition("_")[2]]
    if not (low < scale * unit * 65535 < high and abs(offset * unit) < high):
        raise GranuleError(f"variable {name} has scale {scale} and offset {offset}: damaged")
    fill, valid = _fill_and_range(dataset, unsigned)
    return Packing(scale * unit, offset * unit, unsigned, fill, valid)


def flag_packing(dataset: Any) -> Packing:  # noqa: ANN401
    """The packing of a quality flag: no scale, but a fill value and a valid range."""
    unsigned = text_attribute(dataset, b"_Unsigned") == "true"
    fill, valid = _fill_and_range(dataset, unsigned)
    return Packing(1.0, 0.0, unsigned, fill, valid)


def _fill_and_range(dataset: Any, unsigned: bool) -> tuple[int | None, tuple[int, int] | None]:  # noqa: ANN401
    """Fill value and valid range as raw numbers of the right sign."""
    mask = 0xFFFF if unsigned else -1
    fill = integers_attribute(dataset, b"_FillValue")
    valid = integers_attribute(dataset, b"valid_range", 2)
    return fill[0] & mask if fill else None, (valid[0] & mask, valid[1] & mask) if valid else None


def _scale_and_offset(dataset: Any, name: str) -> tuple[float, float]:  # noqa: ANN401
    scale = number_attribute(dataset, b"scale_factor")
    offset = number_attribute(dataset, b"add_offset")
    if scale is None or offset is None:
        raise GranuleError(f"variable {name} lacks a number as scale_factor or add_offset")
    if not (np.isfinite(scale) and np.isfinite(offset) and scale > 0):
        raise GranuleError(f"variable {name} has scale {scale} and offset {offset}")
    return scale, offset


def _padded(text: str) -> str:
    """`2018-7-2 4:33:00.0` as ISO wants it."""
    date, clock = text.split(" ")
    year, month, day = date.split("-")
    hour, minute, second = clock.split(":")
    whole, _, fraction = second.partition(".")
    return f"{year}-{month:0>2}-{day:0>2}T{hour:0>2}:{minute}:{whole}.{fraction:0<6}"


def microseconds(time: datetime) -> int:
    """Microseconds from 1970 to an aware time, exact."""
    delta = time - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
