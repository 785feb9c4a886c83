"""The sensors. All but `failures` are off until they are turned on: installing this must not start downloads.

| sensor | every | asks for |
|---|---|---|
| `distance_objects` | 60 s | each day under INPUT_FOLDER with a new or changed object |
| `csv_objects` | 60 s | each day under CSV_PREFIX with a new or changed CSV |
| `heal_hours` | 5 min | hours with granules that the database lacks, once also empty ones never fetched |
| `heal_storms` | 5 min | storm cells of days whose hours have changed since the cells were made |
| `failures` | 30 s | nothing: writes a line for each failed run |

heal_hours, heal_storms, failures   one sensor each
new_objects      `distance_objects` and `csv_objects`
seen_versions    which versions of objects are dealt with
seen_file        where that is kept
healing_cursor   what the healing sensors keep
asking           asking again, a bounded number of times
notices          lines for people

docs/decisions/10-sensors.md says why nothing is lost, and nothing asked for twice.
"""

from collections.abc import Callable
from datetime import UTC, datetime

import dagster as dg

from lightning_eda.sensors.failures import failures_sensor
from lightning_eda.sensors.heal_hours import heal_hours_sensor
from lightning_eda.sensors.heal_storms import heal_storms_sensor
from lightning_eda.sensors.new_objects import csv_objects, distance_objects
from lightning_eda.settings import Settings


def build_sensors(
    settings: Settings, clock: Callable[[], datetime] | None = None
) -> list[dg.SensorDefinition]:
    """The sensors for given settings; one whose settings are missing says so at each tick.

    Args:
        settings: The settings.
        clock: Gives the present, aware; that of the machine when left out.
    """
    return [
        distance_objects,
        csv_objects,
        heal_hours_sensor(settings, clock or _now),
        heal_storms_sensor(clock or _now),
        failures_sensor(settings.failure_webhook_url),
    ]


def _now() -> datetime:
    return datetime.now(UTC)
