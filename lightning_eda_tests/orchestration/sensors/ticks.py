"""A sensor's ticks one after the other, as the daemon does them."""

from collections.abc import Callable
from datetime import datetime

import dagster as dg

from lightning_eda.resources import build_resources
from lightning_eda.sensors import build_sensors
from lightning_eda.settings import Settings


class Ticks:
    """Ticks of one sensor; the cursor is kept from one to the next.

    Args:
        settings: The settings.
        name: The sensor's.
        clock: Gives the present.
        resources: To use in place of those of the settings.
    """

    def __init__(
        self, settings: Settings, name: str, clock: Callable[[], datetime] | None = None, **resources
    ) -> None:
        self.sensor = next(sensor for sensor in build_sensors(settings, clock) if sensor.name == name)
        self.resources = {**build_resources(settings), **resources}
        self.cursor: str | None = None
        self.instance = dg.DagsterInstance.ephemeral()

    def tick(self, keep_cursor: bool = True):
        """One tick; a daemon that dies in it does not keep the cursor."""
        context = dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursor,
            sensor_name=self.sensor.name,
            resources={name: self.resources[name] for name in self.sensor.required_resource_keys},
        )
        result = self.sensor(context)
        if keep_cursor and isinstance(result, dg.SensorResult):
            self.cursor = result.cursor
        return result

    def partitions(self, **options) -> list[str]:
        """The partitions that one tick asks for."""
        return [request.partition_key for request in self.tick(**options).run_requests]

    def run_keys(self, **options) -> list[str]:
        """The run keys of what one tick asks for."""
        return [request.run_key for request in self.tick(**options).run_requests]
