"""What a daemon loads in the tests of a live feed: what it always does, with a clock that runs faster."""

import os
import time
from datetime import UTC, datetime

import dagster as dg

from lightning_eda.definitions import build_definitions
from lightning_eda.sensors import build_sensors, heal_hours, heal_storms
from lightning_eda.settings import read_settings

LOOK_EVERY_S = 5
FEED_CLOCK = (
    "LIGHTNING_TEST_CLOCK"  # when the feed began and, on its clock, begins and ends, s since 1970; speed
)


def clock_text(began: float, start: datetime, end: datetime, speed: float) -> str:
    """The value for a feed that began at a moment of the real clock; the feed's stops at `end`."""
    return f"{began} {start.timestamp()} {end.timestamp()} {speed}"


def feed_now(text: str) -> datetime:
    """The present of a feed, by the variable's value."""
    began, start, end, speed = map(float, text.split())
    return datetime.fromtimestamp(min(start + (time.time() - began) * speed, end), UTC)


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions; the healing sensors ask the feed's clock, and more often."""
    heal_hours.HEAL_SECONDS = heal_storms.HEAL_SECONDS = LOOK_EVERY_S
    settings = read_settings()
    usual = build_definitions(settings)
    return dg.Definitions(
        assets=usual.assets,
        resources=usual.resources,
        jobs=usual.jobs,
        schedules=usual.schedules,
        sensors=build_sensors(settings, lambda: feed_now(os.environ[FEED_CLOCK])),
        executor=usual.executor,
    )
