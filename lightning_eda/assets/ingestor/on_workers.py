"""Steps of `extract` and `transform` with a cluster: list here, fetch and decode on the workers."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import dagster as dg

from lightning_eda.errors import LightningEdaError
from lightning_eda.glm.paths import HourFolders
from lightning_eda.glm.windows import Window
from lightning_eda.reporting import Progress
from lightning_eda.resources import DaskResource, DataFolderResource, GlmResource, LakeResource
from lightning_eda.series import HOUR
from lightning_eda.texts import counted

if TYPE_CHECKING:
    from lightning_eda.fleet.hour import HourTask
    from lightning_eda.glm.transform.hour import HourSeries


def write_on_workers(
    context: dg.AssetExecutionContext,
    window: Window,
    glm: GlmResource,
    folders: DataFolderResource,
    lake: LakeResource,
    dask: DaskResource,
    now: datetime,
) -> Iterator[tuple["HourSeries", float]]:
    """Has the workers write the files of the hours into the lake's store, and leaves each for `load`.

    An hour that fails is told in the log and left to `load` as one that failed.

    Yields:
        The series of each hour that is written, in order, and the seconds it took.

    Raises:
        FleetError: No scheduler answers, or it went away; nothing of these hours is in the lake.
        LightningEdaError: No hour could be written; the error of the first.
    """
    from lightning_eda.fleet.hour import WrittenHour, do_hour, save_written
    from lightning_eda.fleet.workers import each_done

    tasks = {f"{task.hour:%Y-%m-%dT%HZ}": task for task in _tasks(window, glm, lake, now)}
    progress = Progress(context, f"{counted(len(tasks), 'hour')} on {dask.scheduler}", "hours")
    written: list[WrittenHour] = []
    errors: list[LightningEdaError] = []
    for done, (name, answer) in enumerate(each_done(dask.scheduler, do_hour, tasks), start=1):
        place = HourFolders(folders.folder(), glm.bucket_name(), tasks[name].hour)
        if isinstance(answer, WrittenHour):
            answer = replace(answer, series=replace(answer.series, folders=place))
            written.append(answer)
            save_written(place, answer)
        else:
            context.log.error(f"{name}: {answer}")
            errors.append(answer)
            save_written(place, str(answer))
        progress(done, len(tasks))
    if not written:
        raise errors[0]
    for one in sorted(written, key=lambda one: one.series.folders.hour):
        yield one.series, one.seconds


def _tasks(window: Window, glm: GlmResource, lake: LakeResource, now: datetime) -> Sequence["HourTask"]:
    from lightning_eda.fleet.hour import HourTask, known_hours

    place = lake.lake()
    known = known_hours(place, window.start, window.end)
    return [
        HourTask(
            hour,
            glm.bucket_name(),
            glm.store(),
            glm.product_prefix(),
            glm.tier_names(),
            glm.own_satellites(),
            glm.concurrency,
            place,
            {key: name for key, name in known.items() if hour <= key.hour < hour + HOUR},
            now,
        )
        for hour in window.hours()
    ]
