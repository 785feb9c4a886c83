"""What a run tells people: metadata per partition, progress in the log, failures in one sentence."""

import math
import random
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field, ValidationError

from lightning_eda.errors import LightningEdaError
from lightning_eda.glm.paths import WindowFolders
from lightning_eda.glm.windows import Window
from lightning_eda.partitions import is_range, run_window
from lightning_eda.resources import DataFolderResource, PinResource
from lightning_eda.texts import plain

if TYPE_CHECKING:
    from typing import NoReturn

    import pyarrow as pa
    from tqdm import tqdm

PREVIEW_ROWS = 8
LOG_STEPS = 10
LOG_EVERY_S = 1.0
FIRST_RETRY_S = 10.0
MOST_RETRIES = 2

Number = int | float
Metadata = dict[str, dg.MetadataValue | Number | str | bool]


class RunConfig(dg.Config):
    """A run's config whose mistakes are told in a sentence, and not tried again."""

    def __init__(self, **values: object) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            mistakes = [
                f"{'.'.join(map(str, one['loc']))}: found {one['input']!r}; {one['msg']}"
                for one in error.errors()
            ]
            found = "; ".join(mistakes).replace("Input should", "it should")
            raise dg.Failure(f"the run's config has a mistake. {found}", allow_retries=False) from None


SATELLITES: Any = Field([], description="Satellites to take, such as G18; empty takes all that are loaded.")
DROP_ARTIFACTS: Any = Field(
    True, description="Leave out flashes of a stuck pixel; seen only where groups are loaded."
)
"""What several runs can be told."""


@dataclass
class PartitionReport:
    """What an asset has to say of one hour or day.

    Attributes:
        partition: Its key.
        numbers: What adds up over partitions, under the names shown in the UI.
        details: What does not: links, previews, texts.
    """

    partition: str
    numbers: dict[str, Number]
    details: Metadata = field(default_factory=dict)


def report_partitions(
    context: dg.AssetExecutionContext,
    reports: Sequence[PartitionReport],
    checks: Sequence[dg.AssetCheckResult] = (),
    data_version: str | None = None,
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """The result of an asset: each partition of a range gets its own numbers, a longer pin their sums."""
    _warn(context, checks)
    if is_range(context):
        for report in reports:
            shown = _shown({**report.numbers, **report.details})
            context.add_asset_metadata(shown, partition_key=report.partition)
        return dg.MaterializeResult(metadata={"partitions_in_run": len(reports)}, check_results=list(checks))
    metadata: Metadata = dict(total(reports))
    if len(reports) == 1:
        metadata |= _shown(reports[0].details)
    else:
        metadata["partitions"] = partitions_table(reports)
    version = dg.DataVersion(data_version) if data_version else None
    return dg.MaterializeResult(metadata=metadata, check_results=list(checks), data_version=version)


def open_window(
    context: dg.AssetExecutionContext, pin: PinResource, folders: DataFolderResource
) -> tuple[Window, WindowFolders]:
    """The hours of a run as one window, and the folders of its analysis; SettingError as `run_window`."""
    window = run_window(context, pin.pin())
    return window, WindowFolders(folders.folder(), window.start, window.end)


def report_window(
    context: dg.AssetExecutionContext,
    window: Window,
    metadata: Metadata,
    checks: Sequence[dg.AssetCheckResult] = (),
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """The result of an asset that takes its hours as one window; each partition of a range shows the same."""
    _warn(context, checks)
    hours = sum(1 for _ in window.hours())
    if is_range(context):
        metadata = {**metadata, "partitions_in_run": hours}
    return dg.MaterializeResult(
        metadata={"window": str(window), **_shown(metadata)}, check_results=list(checks)
    )


def total(reports: Sequence[PartitionReport]) -> dict[str, Number]:
    """The sums of the numbers."""
    names = dict.fromkeys(name for report in reports for name in report.numbers)
    return {name: sum(report.numbers.get(name, 0) for report in reports) for name in names}


def partitions_table(reports: Sequence[PartitionReport]) -> dg.TableMetadataValue:
    """One line a partition with its numbers."""
    return dg.MetadataValue.table([dg.TableRecord({"partition": r.partition, **r.numbers}) for r in reports])


def count_table(what: str, counts: Mapping[str, int]) -> dg.TableMetadataValue:
    """Counts by name as a table the UI draws."""
    records = [dg.TableRecord({what: plain(name), "rows": count}) for name, count in counts.items()]
    return dg.MetadataValue.table(records or [dg.TableRecord({what: "none", "rows": 0})])


def picture(png: bytes, words: str) -> dg.MetadataValue:
    """A small PNG that the UI shows behind "Show Markdown"; keep it under 100 kB, the event log holds it."""
    return dg.MetadataValue.md(f"![{words}](data:image/png;base64,{b64encode(png).decode()})")


def preview(rows: "pa.Table", rows_shown: int = PREVIEW_ROWS) -> dg.TableMetadataValue:
    """The first rows as a table the UI draws; times and NULLs as text."""
    records = [
        dg.TableRecord({plain(name): _cell(value) for name, value in row.items()})
        for row in rows.slice(0, rows_shown).to_pylist()
    ]
    schema = dg.TableSchema([dg.TableColumn(plain(name)) for name in rows.column_names])
    return dg.MetadataValue.table(records, schema=schema)


def file_link(path: Path | str) -> dg.MetadataValue:
    """A path, with a button in the UI that copies it."""
    return dg.MetadataValue.path(str(path))


class Progress:
    """Progress of one hour: call it with (done, total).

    The end goes to the run's log, and on the way at most every tenth and a line a second: each takes Dagster
    10 ms. Where stderr is a terminal there is a bar as well.

    Args:
        context: Of the asset; its log is written to.
        words: What is making progress.
        unit: What is counted.
    """

    def __init__(self, context: dg.AssetExecutionContext, words: str, unit: str = "granules") -> None:
        self._log = context.log
        self._words = words
        self._unit = unit
        self._begin = time.monotonic()
        self._bar: tqdm[NoReturn] | None = None
        self._tenths = 0
        self._told = self._begin

    def __call__(self, done: int, total: int) -> None:
        """Says that `done` of `total` are there."""
        from tqdm import tqdm

        self._bar = self._bar or tqdm(total=total, desc=self._words, disable=None, leave=False)
        self._bar.update(done - self._bar.n)
        now, tenths = time.monotonic(), done * LOG_STEPS // total
        if done == total or (tenths > self._tenths and now - self._told >= LOG_EVERY_S):
            self._tenths, self._told = tenths, now
            self._log.info(f"{self._words}: {done} of {total} {self._unit}, {now - self._begin:.1f} s")
        if done == total:
            self._bar.close()


def granules_told(counts: "pa.Table", hours: int) -> str:
    """How much of some hours is loaded, for people.

    Args:
        counts: What the ledger holds of them, `queries.hour_counts`; of each satellite in it all is expected.
        hours: How many hours.
    """
    from lightning_eda.glm.names import GRANULES_PER_HOUR

    expected = GRANULES_PER_HOUR * hours * max(1, len(counts["satellite"].unique()))
    quarantined = sum(counts["quarantined"].to_pylist())
    told = f"{sum(counts['granules'].to_pylist()):,} of {expected:,}"
    return told + (f", {quarantined:,} of them quarantined" if quarantined else "")


@contextmanager
def readable_failures() -> Iterator[None]:
    """Turns our errors into a failure that says only what happened; retried only where that can help."""
    try:
        yield
    except LightningEdaError as error:
        raise dg.Failure(description=str(error), allow_retries=error.retryable) from None


@contextmanager
def retried_failures(context: dg.AssetExecutionContext) -> Iterator[None]:
    """As `readable_failures`, and the step is tried again, later, where that can help.

    A database that another process holds, or a store that does not answer, may be free a little later. The
    asset has no RetryPolicy for it: by that Dagster also runs again what a person terminated.
    """
    try:
        with readable_failures():
            yield
    except dg.Failure as failure:
        if not failure.allow_retries:
            raise
        seconds = FIRST_RETRY_S * 2**context.retry_number * random.uniform(0.5, 1.5)
        raise dg.RetryRequested(max_retries=MOST_RETRIES, seconds_to_wait=seconds) from failure


def _warn(context: dg.AssetExecutionContext, checks: Sequence[dg.AssetCheckResult]) -> None:
    """Says in the log, too, which checks did not pass: on a command line nothing is yellow."""
    for check in checks:
        if not check.passed:
            context.log.warning(f"{check.check_name} did not pass. {check.description}")


def _shown(metadata: Metadata) -> Metadata:
    """Metadata whose bare texts, which may quote what comes from outside, are plain."""
    return {name: plain(value) if isinstance(value, str) else value for name, value in metadata.items()}


def _cell(value: object) -> str | int | float | bool | None:
    if isinstance(value, float):
        # A preview is for the eye; JSON has no word for what is not finite.
        return float(f"{value:.6g}") if math.isfinite(value) else str(value)
    return value if isinstance(value, int | bool) or value is None else plain(str(value))
